"""LaTeX → blocks, formulas and tables."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.tables.cell_grid import table_rows
from qwenocr_assets.tables.document.rows import block_rows, formula_rows
from qwenocr_assets.tables.latex.blocks import read_document
from qwenocr_assets.tables.trace import Trace

TraceOf = Callable[[Task], Trace]

DOCUMENT = Task.DOCUMENT_PARSING


def blocks(latex: str) -> list[tuple[str, int | None, str]]:
    return [(block.type, block.level, block.text) for block in read_document(latex).blocks]


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        pytest.param("a\nb\n\nc", [("paragraph", None, "a b"), ("paragraph", None, "c")], id="paragraphs"),
        pytest.param(
            r"\section{A}\subsection*{B}\subsubsection{C}\paragraph{D} text",
            [
                ("section", 1, "A"),
                ("section", 2, "B"),
                ("section", 3, "C"),
                ("section", 4, "D"),
                ("paragraph", None, "text"),
            ],
            id="sections",
        ),
        pytest.param(
            r"\documentclass{article}\title{T}\author{A \and B}\date{}\begin{document}\maketitle x\end{document} ",
            [("title", None, "T"), ("author", None, "A B"), ("paragraph", None, "x")],
            id="front matter",
        ),
        pytest.param(
            r"\begin{itemize}\item a \item[2.] b\begin{enumerate}\item c\end{enumerate}\end{itemize} d",
            [
                ("list_item", 1, "a"),
                ("list_item", 1, "2. b"),
                ("list_item", 2, "c"),
                ("paragraph", None, "d"),
            ],
            id="lists",
        ),
        pytest.param(
            r"so $a$ and \[ b \] then",
            [("paragraph", None, "so $a$ and"), ("formula", None, "b"), ("paragraph", None, "then")],
            id="formulas",
        ),
        pytest.param(
            r"\begin{figure}\includegraphics[width=1cm]{f.png}\caption{A dog}\end{figure}",
            [("figure", None, "A dog")],
            id="figure",
        ),
        pytest.param(
            r"\begin{table}\caption{Costs}\begin{tabular}{cc} a & b \\ c & d \end{tabular}\end{table}",
            [("table", None, "Costs\na\tb\nc\td")],
            id="table",
        ),
        pytest.param(r"\begin{abstract} We. \end{abstract}", [("paragraph", None, "We.")], id="abstract"),
        pytest.param(
            "\\begin{verbatim}\n$ ls %\n\\end{verbatim}", [("other", None, "$ ls %")], id="verbatim"
        ),
        pytest.param(
            r"\begin{center}a\end{center}b", [("paragraph", None, "a"), ("paragraph", None, "b")], id="centre"
        ),
        pytest.param("```latex\na\n```", [("paragraph", None, "a")], id="fenced"),
        pytest.param("a\n% not this\nb", [("paragraph", None, "a b")], id="comment"),
        pytest.param("", [], id="empty"),
        pytest.param(
            r"\begin{document} a \section{B", [("paragraph", None, "a"), ("section", 1, "B")], id="cut off"
        ),
        pytest.param("{" * 3000 + "x", [("other", None, "{" * 3000 + "x")], id="nested without end"),
    ],
)
def test_blocks(latex: str, expected: Any) -> None:
    assert blocks(latex) == expected


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"\textbf{a} \texttt{b} \emph{c} {\large d}", "a b c d"),
        (r"5\% \& \$3 \_ \{x\} \#1", "5% & $3 _ {x} #1"),
        (r"``a'' --- b~c -- d", "“a” — b c – d"),
        (r"na\"{\i}ve caf\'e \ss \o", "naïve café ßø"),
        (r"a\\b \\[2pt] c", "a\nb\nc"),
        (r"H\textsubscript{2}O x\textsuperscript{2}", "H₂O x²"),
        (r"a\footnote{n} \href{http://u}{t} \url{http://a_b}", "a [n] t http://a_b"),
        (r"\unknown{a}b", "ab"),
        (r"a \unknown b \unknown", r"a \unknown b \unknown"),
        (r"A & B", "A & B"),
        (r"\textless{}a\textgreater{} \textbar{} \copyright{} \euro{}5 \^{} \~{}", "<a> | © €5 ^ ~"),
        (r"\verb|a_b|", "a_b"),
        (r"$\alpha$ and \(x\)", r"$\alpha$ and \(x\)"),
        ("中文\u3000\u3000b", "中文\u3000\u3000b"),
    ],
)
def test_plain_text_of_a_paragraph(latex: str, text: str) -> None:
    assert blocks(latex) == [("paragraph", None, text)]


ESCAPED = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "{}$&#_%"},
}


@given(st.text('aZé1中日<>|"@/*()[]=+,.;:' + "".join(ESCAPED), min_size=1))
def test_escaped_text_is_read_back(text: str) -> None:
    latex = "".join(ESCAPED.get(sign, sign) for sign in text)
    assert blocks(f"\\begin{{document}}\n\n{latex}\n\n\\end{{document}}") == [("paragraph", None, text)]


def test_latex_of_blocks_is_kept_as_it_came() -> None:
    latex = "\\section*{A}\n\\textbf{b} $c$ % note\nd\n\n\\[ e \\]"
    assert [block.source for block in read_document(latex).blocks] == [
        "\\section*{A}",
        "\\textbf{b} $c$ % note\nd",
        "\\[ e \\]",
    ]


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        ("$$a$$", [(True, "a")]),
        (r"\[ a \]", [(True, "a")]),
        (r"$a$ \(b\)", [(False, "a"), (False, "b")]),
        (r"\begin{equation}a=b\end{equation}", [(True, "a=b")]),
        (r"\begin{align}a&=b\\c&=d\end{align}", [(True, r"\begin{align}a&=b\\c&=d\end{align}")]),
        (r"\section{On $x$} \textbf{and $y$}", [(False, "x"), (False, "y")]),
        (r"\begin{tabular}{c} $z$ \end{tabular}", [(False, "z")]),
        (r"$$\begin{array}{c} 1 \\ 2 \end{array}$$", [(True, r"\begin{array}{c} 1 \\ 2 \end{array}")]),
        ("$$a", [(True, "a")]),
        ("$$ $$", []),
        ("none", []),
    ],
)
def test_formulas_of_a_document(trace: TraceOf, latex: str, expected: Any) -> None:
    rows = formula_rows(read_document(latex), latex, trace(DOCUMENT))
    assert [(row["display"], row["latex"]) for row in rows] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$$x$$", [(True, "x")]),
        ("$x$", [(False, "x")]),
        (r"\frac{1}{2}", [(True, r"\frac{1}{2}")]),
        ("```latex\nx\n```", [(True, "x")]),
        ("$$x$$\n$$y$$", [(True, "x"), (True, "y")]),
        ("", []),
    ],
)
def test_formula_recognition(trace: TraceOf, text: str, expected: Any) -> None:
    rows = formula_rows(read_document(text), text, trace(Task.FORMULA_RECOGNITION))
    assert [(row["display"], row["latex"]) for row in rows] == expected


@pytest.mark.parametrize(
    ("body", "cells"),
    [
        pytest.param(
            r"\hline a & b \\ \hline c & d \\ \hline",
            [(0, 0, 1, 1, "a"), (0, 1, 1, 1, "b"), (1, 0, 1, 1, "c"), (1, 1, 1, 1, "d")],
            id="plain",
        ),
        pytest.param(
            r"\multicolumn{2}{|c|}{a} & b \\ c & d & e",
            [(0, 0, 1, 2, "a"), (0, 2, 1, 1, "b"), (1, 0, 1, 1, "c"), (1, 1, 1, 1, "d"), (1, 2, 1, 1, "e")],
            id="multicolumn",
        ),
        pytest.param(
            r"\multirow{2}{*}{a} & b \\ & c \\",
            [(0, 0, 2, 1, "a"), (0, 1, 1, 1, "b"), (1, 1, 1, 1, "c")],
            id="multirow",
        ),
        pytest.param(
            r"\multicolumn{2}{c}{\multirow{2}{*}{a}} & b \\ \multicolumn{2}{c}{} & c \\",
            [(0, 0, 2, 2, "a"), (0, 2, 1, 1, "b"), (1, 2, 1, 1, "c")],
            id="both",
        ),
        pytest.param(
            r"\toprule a & b \\ \cmidrule(lr){1-2} c & d \\ \bottomrule",
            [(0, 0, 1, 1, "a"), (0, 1, 1, 1, "b"), (1, 0, 1, 1, "c"), (1, 1, 1, 1, "d")],
            id="booktabs",
        ),
        pytest.param(
            r"\begin{tabular}[c]{@{}l@{}}a\\b\end{tabular} & \textbf{c} \& d",
            [(0, 0, 1, 1, "a\nb"), (0, 1, 1, 1, "c & d")],
            id="lines in a cell",
        ),
        pytest.param(
            r"a & \\ & b",
            [(0, 0, 1, 1, "a"), (0, 1, 1, 1, ""), (1, 0, 1, 1, ""), (1, 1, 1, 1, "b")],
            id="empty",
        ),
        pytest.param(r"\multirow{9}{*}{a}", [(0, 0, 1, 1, "a")], id="span too long"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_tables_of_a_document(trace: TraceOf, body: str, cells: Any) -> None:
    latex = f"\\begin{{tabular}}{{ccc}} {body} \\end{{tabular}}"
    rows = table_rows(read_document(latex).tables, trace(DOCUMENT)).cells
    names = ("row_index", "column_index", "row_span", "column_span", "text")
    assert [tuple(row[name] for name in names) for row in rows] == cells
    assert {row["table_index"] for row in rows} <= {0}


def test_tables_are_numbered_on_the_page(trace: TraceOf) -> None:
    table = r"\begin{tabular}{c} a \end{tabular} "
    rows = table_rows(
        read_document(table + r"\begin{table}" + table + r"\end{table}").tables, trace(DOCUMENT)
    ).cells
    assert [row["table_index"] for row in rows] == [0, 1]


PIECES = r"\begin{tabular}{cc} \end{tabular} \begin{itemize} \item & \\ { } $ $$ \[ \] \section{ \multirow{2} \multicolumn{ \' \href \cite[ % ~ a \frac \footnote \verb| \begin{ \left( \url \item[".split()  # noqa: SIM905, E501


@given(st.text() | st.lists(st.sampled_from(PIECES), max_size=30).map(" ".join))
def test_any_text_is_read_without_error(text: str) -> None:
    read_document.cache_clear()
    document = read_document(text)
    assert all(block.type in BLOCK_TYPES for block in document.blocks)


BLOCK_TYPES = set("title author section paragraph list_item table formula figure other".split())  # noqa: SIM905


def test_rows_say_where_they_come_from(trace: TraceOf) -> None:
    (row,) = block_rows(read_document("a"), trace(DOCUMENT))
    assert (row["page_id"], row["task"], row["block_index"]) == ("document/1", "document_parsing", 0)


def test_a_table_that_breaks_off_keeps_its_whole_cells() -> None:
    (table,) = read_document(r"\begin{tabular}{cc} \multirow{3}{*}{a} & b \\ & c \\ & tor").tables
    assert not table.is_complete
    assert [cell.text for cell in table.cells] == ["a", "b", "c"]
    assert table.cells[0].row_span == 3


def test_rows_above_a_midrule_are_the_header() -> None:
    rows = r"\toprule a & b \\ \midrule c & d \\ \bottomrule"
    latex = rf"\begin{{table}}\caption{{Costs}}\begin{{tabular}}{{cc}}{rows}\end{{tabular}}\end{{table}}"
    (table,) = read_document(latex).tables
    assert (table.caption, [cell.text for cell in table.cells if cell.is_header]) == ("Costs", ["a", "b"])
