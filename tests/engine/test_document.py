"""Document parsing: blocks of a page in reading order, as LaTeX."""

import pytest

from qwenocr_assets.engine.page.read_page import Cell, Line, ReadPage, Table
from qwenocr_assets.engine.understanding.blocks import Block, blocks_of
from qwenocr_assets.engine.understanding.document import document_latex


def line(text: str, left: float, top: float, scale: float = 1.0) -> Line:
    right, bottom = left + 10 * scale * len(text), top + 20 * scale
    return Line(text, (left, top, right, top, right, bottom, left, bottom), 0.99)


def page(*lines: Line, tables: tuple[Table, ...] = ()) -> ReadPage:
    return ReadPage(1000, 1400, 0, 0.0, lines, lines, tables)


def words(count: int) -> str:
    """Running text of about `count` characters."""
    return ("lorem ipsum dolor sit amet " * (count // 27 + 1))[:count].strip()


BODY = [line(words(78), 50, 200 + 28 * i) for i in range(3)]


@pytest.mark.parametrize(
    ("lines", "blocks"),
    [
        pytest.param([], [], id="blank page"),
        pytest.param([line("Annual report", 50, 40, 2.0), *BODY], ["title", "paragraph"], id="title"),
        pytest.param(
            [line("Annual report", 50, 20, 2.0), line("Results", 50, 140, 1.5), *BODY],
            ["title", "section", "paragraph"],
            id="section by its size",
        ),
        pytest.param(
            [line("2.1 Results", 50, 140), *BODY], ["section", "paragraph"], id="section by its number"
        ),
        pytest.param([line("12 Harbour Road", 50, 140), *BODY], ["paragraph", "paragraph"], id="an address"),
        pytest.param(
            [line("• one thing", 50, 100), line("• another", 50, 128), *BODY],
            ["item", "item", "paragraph"],
            id="list",
        ),
        pytest.param(
            [*BODY, line(words(78), 50, 330)], ["paragraph", "paragraph"], id="paragraphs by their gap"
        ),
    ],
)
def test_blocks(lines: list[Line], blocks: list[str]) -> None:
    assert [block.kind for block in blocks_of(page(*lines)) if isinstance(block, Block)] == blocks


def test_running_text_is_one_line_and_an_address_keeps_its_lines() -> None:
    address = [line(text, 50, 400 + 26 * i) for i, text in enumerate(["Jane Doe", "1 Main Road", "Bristol"])]
    prose, lines = blocks_of(page(*BODY, *address))
    assert isinstance(prose, Block)
    assert isinstance(lines, Block)
    assert prose.lines == (" ".join([words(78)] * 3),)
    assert lines.lines == ("Jane Doe", "1 Main Road", "Bristol")


def test_a_word_parted_at_the_end_of_a_line_is_whole_again() -> None:
    lines = [
        line(words(70) + " inter-", 50, 100),
        line("national " + words(69), 50, 128),
        line(words(78), 50, 156),
    ]
    (block,) = blocks_of(page(*lines))
    assert isinstance(block, Block)
    assert "international" in block.lines[0]


def test_a_table_stands_where_it_is_printed() -> None:
    table = Table((Cell(0, 0, 1, 1, "a"), Cell(0, 1, 1, 1, "b")), (50, 300, 500, 360))
    lines = [line(words(78), 50, 100), line("a", 60, 320), line("b", 300, 320), line(words(60), 50, 500)]
    kinds = [type(block) for block in blocks_of(page(*lines, tables=(table,)))]
    assert kinds == [Block, Table, Block]


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("50 % of $3 & #4_a", r"50 \% of \$3 \& \#4\_a"),
        (r"C:\temp {x}", r"C:\textbackslash{}temp \{x\}"),
        ("~a^b", r"\textasciitilde{}a\textasciicircum{}b"),
    ],
)
def test_text_is_escaped(text: str, latex: str) -> None:
    assert latex in document_latex(page(line(text, 50, 50)))


def test_a_document_with_everything() -> None:
    cells = (
        *(Cell(0, 0, 2, 1, "Region"), Cell(0, 1, 1, 2, "Sales")),
        *(Cell(1, 1, 1, 1, "Units"), Cell(1, 2, 1, 1, "Value")),
        *(Cell(2, 0, 1, 1, "North"), Cell(2, 1, 1, 1, "12"), Cell(2, 2, 1, 1, "40 %")),
    )
    lines = [line("Report", 50, 20, 2.0), line("1 Sales", 50, 140, 1.5), *BODY, line("• done", 50, 320)]
    assert document_latex(page(*lines, tables=(Table(cells, (50, 500, 900, 600)),))) == (
        "\\documentclass{article}\n\\usepackage{multirow}\n\\title{Report}\n\n"
        "\\begin{document}\n\n\\maketitle\n\n\\section{Sales}\n\n"
        f"{' '.join([words(78)] * 3)}\n\n"
        "\\begin{itemize}\n\\item done\n\\end{itemize}\n\n"
        "\\begin{tabular}{|l|l|l|}\n\\hline\n"
        "\\multirow{2}{*}{Region} & \\multicolumn{2}{|l|}{Sales} \\\\\n\\cline{2-2} \\cline{3-3}\n"
        " & Units & Value \\\\\n\\hline\nNorth & 12 & 40 \\% \\\\\n\\hline\n\\end{tabular}\n\n\\end{document}"
    )


def test_a_blank_page_is_an_empty_document() -> None:
    assert document_latex(page()) == "\\documentclass{article}\n\n\\begin{document}\n\n\\end{document}"
