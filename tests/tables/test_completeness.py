"""Which answers are truncated, by their content."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.tables.completeness import incomplete

KIE = Task.KEY_INFORMATION_EXTRACTION
LINES = Task.ADVANCED_RECOGNITION
TABLE = Task.TABLE_PARSING
DOCUMENT = Task.DOCUMENT_PARSING
FORMULA = Task.FORMULA_RECOGNITION
PLAIN = Task.TEXT_RECOGNITION
FREE = Task.CUSTOM_PROMPT


@pytest.mark.parametrize(
    ("task", "text"),
    [
        (KIE, '```json\n{"a": "x"}\n```'),
        (KIE, '```json\n{"a": "x"}'),
        (KIE, "{'a': 'x'}"),
        (KIE, '{"a": "5" pipe", "b": [1,],}'),
        (KIE, '{"a": "{["}'),
        (LINES, '[{"rotate_rect": [1, 2, 3, 4, 90], "text": "a"}]'),
        (TABLE, "```html\n<table><tr><td>a</td></tr></table>\n```"),
        (TABLE, "<tr><td>a</td></tr>"),
        (TABLE, "There is no table."),
        (TABLE, "```html\n\n```"),
        (DOCUMENT, "\\documentclass{article}\n\\begin{document}\nx\n\\end{document}"),
        (DOCUMENT, "\\section{a} costs 5\\% or \\{ more, $5"),
        (DOCUMENT, "% \\begin{document}\nx"),
        (DOCUMENT, "\\begin{verbatim}\\begin{document} {\\end{verbatim}"),
        (DOCUMENT, "Just text."),
        (FORMULA, "$$x^{2}$$"),
        (FORMULA, "\\[ \\left( x \\right) \\]"),
        (FORMULA, "x^2"),
        (FORMULA, "a \\\\"),
        (PLAIN, "a\nb"),
        (PLAIN, "```\na\n```"),
        (FREE, '{"a": 1}'),
        (FREE, "a"),
        *((task, "") for task in Task),
        *((task, " \n") for task in Task),
    ],
)
def test_complete(task: Task, text: str) -> None:
    assert incomplete(task, Answer(text)) is None


@pytest.mark.parametrize(
    ("task", "text", "reason"),
    [
        (KIE, '```json\n{"a": "x", "b": "y', "the JSON breaks off, } is missing"),
        (KIE, '{"a": [{"b": "x"}', "the JSON breaks off, ]} is missing"),
        (KIE, "{'a': 'x', 'b", "the JSON breaks off, } is missing"),
        (KIE, "Nothing of that kind.", "the answer holds no JSON"),
        (LINES, '[{"rotate_rect": [1, 2, 3, 4, 90], "te', "the JSON breaks off, }] is missing"),
        (
            LINES,
            '```json\n[{"pos_list": [{"rotate_rect": [740, 374, 599, 1459, 90]}]}```',
            "the answer holds places on the page without the text that stands there",
        ),
        (LINES, '[{"text": "a"}, ', "the JSON breaks off, ] is missing"),
        (TABLE, "<table><tr><td>a</td></tr>", "the HTML ends without </table>"),
        (TABLE, "```html\n<table><tr><td>AB 1575</```", "the HTML breaks off inside a tag"),
        (TABLE, "```html\n<table><tr><td>a</table>", "the code fence around the answer is never closed"),
        (
            DOCUMENT,
            "\\documentclass{article}\n\\begin{document}\nx",
            "the LaTeX ends without \\end{document}",
        ),
        (DOCUMENT, "\\documentclass{article}\n\\title{x", "the LaTeX breaks off before \\begin{document}"),
        (DOCUMENT, "\\begin{tabular}{cc} a & b", "the LaTeX ends without \\end{tabular}"),
        (DOCUMENT, "\\begin{document}\\begin{itemize}\\item a", "the LaTeX ends without \\end{itemize}"),
        (DOCUMENT, "\\begin{verbatim} a", "the LaTeX ends without \\end{verbatim}"),
        (DOCUMENT, "\\section{Intro", "the LaTeX breaks off with 1 of its braces open"),
        (DOCUMENT, "x \\begin", "the LaTeX breaks off inside a command"),
        (FORMULA, "$$x^{2}", "the formula ends without $$"),
        (FORMULA, "\\[ x", "the formula ends without \\]"),
        (FORMULA, "\\frac{1}{2", "the formula breaks off with 1 of its braces open"),
        (FORMULA, "\\begin{array}{c} 1", "the formula ends without \\end{array}"),
        (FORMULA, "\\left( x", "the formula breaks off before a \\right"),
        (FORMULA, "x + \\", "the formula breaks off inside a command"),
        (PLAIN, "```\na", "the code fence around the answer is never closed"),
        (FREE, '```json\n{"a": "x', "the JSON breaks off, } is missing"),
        (FREE, "<table><tr><td>a", "the HTML breaks off inside a cell"),
        (FREE, "\\documentclass{article}", "the LaTeX breaks off before \\begin{document}"),
    ],
)
def test_truncated(task: Task, text: str, reason: str | None) -> None:
    assert incomplete(task, Answer(text)) == reason


DOCUMENT_TEXT = r"""\documentclass{article}
\title{A {nested} title}
\begin{document}
\section{One} Text with $x^{2}$ and 5\%.
\begin{tabular}{cc} a & b \\ c & d \end{tabular}
\[ \left( x \right) \]
\end{document}"""


@given(st.integers(min_value=1, max_value=len(DOCUMENT_TEXT) - 1))
def test_a_document_cut_anywhere_is_truncated(length: int) -> None:
    assert incomplete(DOCUMENT, Answer(DOCUMENT_TEXT[:length])) is not None


@given(st.sampled_from(Task), st.text() | st.text("{}[]\"'<>/tdr\\$`begin ", max_size=60))
def test_any_text_is_judged_without_error(task: Task, text: str) -> None:
    incomplete(task, Answer(text))
