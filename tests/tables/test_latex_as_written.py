"""LaTeX as models write it: signs they forget to escape, and commands that must never leave digits behind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.tables.completeness import incomplete
from qwenocr_assets.tables.latex.blocks import read_document
from qwenocr_assets.tables.latex.mended import mended
from qwenocr_assets.tables.latex.symbols import circled, dingbat


def cell(latex: str) -> str:
    """The text of a cell, which must swallow neither the one beside it nor the row below nor what stands behind."""
    document = read_document(
        f"\\begin{{tabular}}{{ll}}\n{latex} & beside \\\\\nbelow & row \\\\\n\\end{{tabular}}\n\nBehind."
    )
    (table,) = document.tables
    first, *others = (cell.text for cell in table.cells)
    assert others == ["beside", "below", "row"]
    assert document.blocks[-1].text == "Behind."
    return first


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        ("13%", "13%"),
        ("13 %", "13 %"),
        ("%18", "%18"),
        ("٪ 5%", "٪ 5%"),
        ("増加率 (%)", "増加率 (%)"),
        ("Growth in %", "Growth in %"),
        ("доля, %", "доля, %"),
        ("50% of 100%", "50% of 100%"),
        ("5\\%", "5%"),
        ("\\textbf{5%}", "5%"),
        ("\\textbf{Rate}%", "Rate%"),
        ("\\url{https://example.org/a%20b}", "https://example.org/a%20b"),
        ("\\href{https://example.org/%E6%9D%B1}{東京}", "東京"),
        ("$5", "$5"),
        ("Cost $ 5.00", "Cost $ 5.00"),
        ("from $5 to $6", "from $5 to $6"),
        ("$x$ of $5", "$x$ of $5"),
        ("$5x$", "$5x$"),
        ("$5 + x = y$", "$5 + x = y$"),
    ],
)
def test_signs_that_are_not_escaped(latex: str, text: str) -> None:
    assert cell(latex) == text


@pytest.mark.parametrize(
    "latex",
    [
        "% a comment\nx",
        "x \\\\ % the end of a & row \\\\\ny",
        "\\centering % in the middle\nx",
        "\\begin{tabular}{ll}% two & columns\na & b\\end{tabular}",
        "\\multicolumn{2}{c}{%\nx}",
        "\\setlength{\\x}{3pt}%\nx",
        "\\begin{verbatim}\n5% $5\n\\end{verbatim}",
        "\\verb|5%| x",
        "$x$ and $y$, $5x$, \\$5, \\%",
        "$$5$$",
    ],
)
def test_comments_and_formulas_stay(latex: str) -> None:
    assert mended(latex) == latex


@pytest.mark.parametrize(
    "text",
    [
        "\\begin{tabular}{ll} Rate & 13% \\\\ b & c \\end{tabular}",
        "Le taux est de 5 % et",
        "\\begin{tabular}{l} \\url{a%20b} \\\\ \\end{tabular}",
    ],
)
def test_a_percent_leaves_nothing_open(text: str) -> None:
    assert incomplete(Task.DOCUMENT_PARSING, Answer(text)) is None


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        ("5\\textsuperscript{2}", "5²"),
        ("1,234\\tnote{1}", "1,234¹"),
        ("H\\textsubscript{2}O", "H₂O"),
        ("5\\textsuperscript{th}", "5th"),
        ("١٢\\textsuperscript{٣}", "١٢^٣"),
        ("5\\footnote{1}", "5 [1]"),
        ("5\\footnotemark[1]", "5"),
        ("5\\cite{12}", "5 [12]"),
        ("5\\label{2}\\index{3}\\ref{4}", "5"),
        ("\\sout{100}80", "~~100~~ 80"),
        ("\\st{一百} 80", "~~一百~~ 80"),
        ("1\\frac{1}{2}", "1 1/2"),
        ("\\nicefrac{3}{4}", "3/4"),
        ("\\num{1.2e3}", "1.2 × 10³"),
        ("\\SI{5}{\\kilo\\gram}", "5 kg"),
        ("\\qty{5}{kg}", "5 kg"),
        ("\\numrange{1}{2}", "1–2"),
        ("\\ang{30;15}", "30°15′"),
        ("\\ding{51}", "✓"),
        ("\\ding{55}", "✗"),
        ("\\ding{172} 5", "① 5"),
        ("\\ding{999}", ""),
        ("\\textcircled{1}", "①"),
        ("\\circled{a}", "ⓐ"),
        ("\\textcircled{一}", "㊀"),
        ("\\raisebox{.5pt}{\\textcircled{\\raisebox{-.9pt}{12}}}", "⑫"),
        ("\\symbol{10003}", "✓"),
        ('\\char"2713', "✓"),
        ("\\ruby{漢}{かん}\\ruby{字}{じ}5", "漢字5"),
        ("\\begin{CJK}{UTF8}{gbsn}汉字\\end{CJK}", "汉字"),
        ("\\begin{CJK*}{UTF8}{min}漢字\\end{CJK*}", "漢字"),
        ("\\CJKfamily{song}汉", "汉"),
        ("\\fontsize{12}{14}\\selectfont Сумма", "Сумма"),
        ("\\fontfamily{ptm}\\fontseries{b}\\selectfont 5", "5"),
        ("\\zihao{5}合计", "合计"),
        ("\\linespread{1.2}5", "5"),
        ("\\rule{1cm}{0.4pt} 5", "5"),
        ("\\rule[2pt]{1cm}{0.4pt}5", "5"),
        ("\\specialrule{1pt}{2pt}{3pt}5", "5"),
        ("\\cdashline{1-2}\\Xhline{2pt}\\addlinespace[3pt] 5", "5"),
        ("\\vskip 12pt\\kern3pt\\hskip 3pt plus 1fil 5", "5"),
        ("\\hbox to 3cm{5}\\vrule width 3pt", "5"),
        ("\\cellcolor{gray!25}5", "5"),
        ("\\cellcolor[gray]{0.9}5", "5"),
        ("\\rowcolor[HTML]{EFEFEF}مبلغ", "مبلغ"),
        ("\\textcolor[rgb]{1,0,0}{5}", "5"),
        ("\\makebox[2cm][c]{5}", "5"),
        ("\\adjustbox{max width=3cm}{5}", "5"),
        ("\\phantom{0}5", "5"),
        ("\\foreignlanguage{german}{5}", "5"),
        ("\\diagbox{A}{B}", "A / B"),
        ("\\checkmark\\xmark\\CheckedBox", "✓✗☑"),
        ("\\rupee5", "₹5"),
        ("\\foo{word}", "word"),
        ("\\foo[3pt]{слово}", "слово"),
        ("\\foo{3pt}5", "5"),
        ("\\foo{51}", "\\foo{51}"),
        ("\\foo{1}{2}", "\\foo{1}{2}"),
    ],
)
def test_commands_print_what_is_seen(latex: str, text: str) -> None:
    assert cell(latex) == text


def test_every_dingbat_is_one_sign_and_no_digit() -> None:
    signs = [dingbat(str(code)) for code in range(256)]
    drawn = [sign for sign in signs if sign]
    assert len(drawn) == len(set(drawn)) == 187
    assert not any(sign.isdecimal() for sign in drawn)


@given(st.integers(0, 50))
def test_a_circled_number_is_one_sign(number: int) -> None:
    sign = circled(str(number))
    assert len(sign) == 1
    assert not sign.isdecimal()


@given(st.text("ab5%$&\\ {}\n", max_size=40))
def test_mending_only_adds_backslashes(latex: str) -> None:
    assert mended(latex).replace("\\", "") == latex.replace("\\", "")
    assert mended(mended(latex)) == mended(latex)
