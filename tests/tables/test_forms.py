"""Tables in whatever form a model writes them."""

import pytest

from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.tables.completeness import incomplete
from qwenocr_assets.tables.forms.answered import answered_tables

ITEMS = [["Item", "Qty", "Price"], ["Rope", "2", "3.50"], ["Bolt", "10", "1.00"]]
GOODS = [["品名", "数量"], ["縄", "2"], ["釘", "10"]]


def texts(text: str) -> list[list[list[str]]]:
    tables = []
    for table in answered_tables(text):
        grid: list[list[str]] = [[] for _ in range(table.row_count)]
        for cell in table.cells:
            grid[cell.row].append(cell.text)
        tables.append(grid)
    return tables


def joined(rows: list[list[str]], separator: str) -> str:
    return "\n".join(separator.join(row) for row in rows)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("| Item | Qty | Price |\n|---|---:|---:|\n| Rope | 2 | 3.50 |\n| Bolt | 10 | 1.00 |\n", ITEMS),
        ("```markdown\n|Item|Qty|Price|\n|-|-|-|\n|Rope|2|3.50|\n|Bolt|10|1.00|\n```", ITEMS),
        ("Item | Qty | Price\n--- | --- | ---\nRope | 2 | 3.50\nBolt | 10 | 1.00", ITEMS),
        (
            "以下是表格内容：\n\n| 品名 | 数量 |\n|:-:|:-:|\n| 縄 | 2 |\n| 釘 | 10 |\n\n希望对您有帮助。",
            GOODS,
        ),
        (
            "+----+----+\n| 品名 | 数量 |\n+====+====+\n| 縄 | 2 |\n+----+----+\n| 釘 | 10 |\n+----+----+",
            GOODS,
        ),
        ("```csv\n" + joined(ITEMS, ",") + "\n```", ITEMS),
        (joined(ITEMS, ";"), ITEMS),
        (joined(GOODS, "\t"), GOODS),
        ('Item,"Qty","Price"\n"Rope",2,3.50\nBolt,10,1.00', ITEMS),
        ('[{"品名": "縄", "数量": 2}, {"品名": "釘", "数量": 10}]', GOODS),
        (
            '```json\n{"headers": ["Item", "Qty", "Price"], "rows": [["Rope", 2, 3.50], ["Bolt", 10, 1.00]]}\n```',
            ITEMS,
        ),
        ('{"Item": ["Rope", "Bolt"], "Qty": [2, 10], "Price": ["3.50", "1.00"]}', ITEMS),
        ('{"tables": [{"title": "在庫", "data": [["品名", "数量"], ["縄", 2], ["釘", 10]]}]}', GOODS),
        (
            "\\begin{tabular}{lrr}\\toprule Item & Qty & Price \\\\ \\midrule Rope & 2 & 3.50 \\\\ "
            "Bolt & 10 & 1.00 \\\\ \\bottomrule\\end{tabular}",
            ITEMS,
        ),
        ("品名 & 数量 \\\\\n縄 & 2 \\\\\n釘 & 10 \\\\", GOODS),
        ("Here is the table:\n<table><tr><td>縄</td><td>2</td></tr></table>", [["縄", "2"]]),
    ],
)
def test_one_table_in_any_form(text: str, expected: list[list[str]]) -> None:
    assert texts(text) == [expected]
    assert incomplete(Task.TABLE_PARSING, Answer(text)) is None


@pytest.mark.parametrize(
    ("text", "expected", "reason"),
    [
        (
            "| Item | Qty |\n|---|---|\n| Rope | 2 |\n| Bolt | 1",
            [["Item", "Qty"], ["Rope", "2"], ["Bolt"]],
            "the table breaks off inside a row",
        ),
        (
            "| 品名 | 数量 |\n|---|---|\n| 縄 | 2 |\n| 釘 |",
            [["品名", "数量"], ["縄", "2"], ["釘"]],
            "the table breaks off inside a row",
        ),
        (
            "| Item | Qty |\n|---|---|\n| Rope | 2 |\n\n| Bolt | 1 |",
            [["Item", "Qty"], ["Rope", "2"]],
            "rows stand beside the table: “| Bolt | 1 |”",
        ),
        (
            "<table><tr><td>縄</td><td>2.00</td></tr></table>\n釘 1.00\nBolt $3.00",
            [["縄", "2.00"]],
            "rows stand beside the table: “釘 1.00 / Bolt $3.00”",
        ),
        (
            '{"total": "5.00", "items": [{"a": "縄", "b": "2.00"}]}',
            [["a", "b"], ["縄", "2.00"]],
            "rows stand beside the table: “total 5.00”",
        ),
        (
            '[{"品名": "縄", "数量": 2}, {"品名": "釘", "数',
            [["品名", "数量"], ["縄", "2"], ["釘"]],
            "the JSON breaks off, }] is missing",
        ),
        (
            "\\begin{tabular}{ll} Канат & 2 \\\\ Болт & 1",
            [["Канат", "2"], ["Болт"]],
            "the LaTeX ends without \\end{tabular}",
        ),
    ],
)
def test_a_table_that_breaks_off_is_partial(text: str, expected: list[list[str]], reason: str) -> None:
    (table,) = answered_tables(text)
    assert texts(text) == [expected]
    assert table.is_complete is reason.startswith("rows stand beside")
    assert incomplete(Task.TABLE_PARSING, Answer(text)) == reason


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("**12.50**", "12.50"),
        ("*Total*", "Total"),
        ("`a|b`", "a|b"),
        ("a\\|b", "a|b"),
        ("[12](https://example.org)", "12"),
        ("1,234[^1]", "1,234[^1]"),
        ("5<sup>2</sup>", "5²"),
        ("東京<br>大阪", "東京\n大阪"),
        ("R&amp;D", "R&D"),
        ("5*", "5*"),
        ("~~100~~ 80", "~~100~~ 80"),
        ("", ""),
    ],
)
def test_marks_of_markdown_are_no_part_of_a_cell(cell: str, text: str) -> None:
    assert texts(f"| A | B |\n|---|---|\n| {cell} | x |") == [[["A", "B"], [text, "x"]]]


@pytest.mark.parametrize(
    "text",
    [
        "There is no table.",
        "Hello, world.\nHow, then?",
        "Dear Ann, good morning\nDear Bob, good night",
        "見出し\n本文",
        '["a", "b"]',
        "a | b",
        "",
    ],
)
def test_prose_is_no_table(text: str) -> None:
    assert answered_tables(text) == []


def test_tables_between_words_are_all_found() -> None:
    text = "First:\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nSecond:\n\n| c | d |\n|---|---|\n| 3 | 4 |\n"
    assert texts(text) == [[["a", "b"], ["1", "2"]], [["c", "d"], ["3", "4"]]]
