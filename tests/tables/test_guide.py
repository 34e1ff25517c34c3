"""The product guide's own sample answers become the rows a person would write down."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.tables.completeness import incomplete

PageRows = Callable[[dict[Task, Answer]], dict[str, list[dict[str, Any]]]]
Guide = Callable[[str], Answer]


def columns(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row.get(name) for name in names) for row in rows]


def test_train_ticket(guide: Guide, page_rows: PageRows) -> None:
    rows = page_rows({Task.CUSTOM_PROMPT: guide("train_ticket")})
    assert columns(
        rows["key_values"], "path", "value", "value_type", "value_number", "value_date", "currency"
    ) == [
        ("請求書番号", "24329116804000", "number", Decimal(24329116804000), None, None),
        ("列車番号", "G1948", "text", None, None, None),
        ("出発駅", "南京南駅", "text", None, None, None),
        ("到着駅", "鄭州東駅", "text", None, None, None),
        ("出発日時", "2024-11-14 11:46", "date", None, date(2024, 11, 14), None),
        ("座席番号", "4号車 12A席", "text", None, None, None),
        ("座席クラス", "二等座席", "text", None, None, None),
        ("チケット価格", "¥337.50", "number", Decimal("337.50"), None, "¥"),
        ("身分証明書番号", "4107281991****5515", "text", None, None, None),
        ("乗客氏名", "杜小光", "text", None, None, None),
    ]
    assert rows["text_lines"] == []


def test_taxi_receipt(guide: Guide, page_rows: PageRows) -> None:
    rows = page_rows({Task.KEY_INFORMATION_EXTRACTION: guide("taxi_receipt")})["key_values"]
    assert columns(rows, "path", "key", "parent_path", "list_index", "value", "value_type", "ground") == [
        ("Ride Date", "Ride Date", None, None, "2013-06-29", "date", None),
        ("Invoice Code", "Invoice Code", None, None, "221021325353", "number", None),
        ("Invoice Number", "Invoice Number", None, None, "10283819", "number", None),
    ]
    assert rows[0]["value_date"] == date(2013, 6, 29)


def test_taxi_receipt_from_the_text_alone(guide: Guide, page_rows: PageRows) -> None:
    """The OpenAI dialect has no `kv_result`; its text says the same."""
    answer = guide("taxi_receipt")
    text_alone = type(answer)(answer.text)
    task = Task.KEY_INFORMATION_EXTRACTION
    assert page_rows({task: text_alone})["key_values"] == page_rows({task: answer})["key_values"]


LOAD_TABLE = """
ケース名テスト No.3導体断線GL+GR(max angle) | 最終荷重グレード: 0% | 現在の荷重グレード:
測定チャンネル | 荷重ポイント | 荷重方法 | 実荷重 (%) | 実荷重 (kN)
V02 | V1 | 活荷重 | 147.95 | 0.815
V03 | V2 | 活荷重 | 111.75 | 0.615
V04 | V3 | 活荷重 | 9.74 | 1.007
V05 | V4 | 活荷重 | 7.88 | 0.814
V06 | V5 | 活荷重 | 8.11 | 0.780
V07 | V6 | 活荷重 | 8.54 | 0.815
V08 | V7 | 活荷重 | 6.77 | 0.700
V09 | V8 | 活荷重 | 8.59 | 0.888
L01 | L1 | 活荷重 | 13.33 | 3.089
L02 | L2 | 活荷重 | 9.69 | 2.247
L03 | L3 |  | 2.96 | 1.480
L04 | L4 |  | 3.40 | 1.700
L05 | L5 |  | 2.45 | 1.224
L06 | L6 |  | 2.01 | 1.006
L07 | L7 |  | 2.38 | 1.192
L08 | L8 |  | 2.10 | 1.050
T01 | T1 | 活荷重 | 25.29 | 3.073
T02 | T2 | 活荷重 | 27.39 | 3.327
T03 | T3 | 活荷重 | 8.03 | 2.543
T04 | T4 | 活荷重 | 11.19 | 3.542
T05 | T5 | 活荷重 | 11.34 | 3.592
T06 | T6 | 活荷重 | 16.47 | 5.217
T07 | T7 | 活荷重 | 11.05 | 3.498
T08 | T8 | 活荷重 | 8.66 | 2.743
T09 | WT1 | 活荷重 | 36.56 | 2.365
T10 | WT2 | 活荷重 | 24.55 | 2.853
T11 | WT3 | 活荷重 | 38.06 | 4.784
T12 | WT4 | 活荷重 | 37.70 | 5.030
T13 | WT5 | 活荷重 | 30.48 | 4.524
 |  |  |  | 
 |  |  |  | 
 |  |  |  | 
 |  |  |  | 
 |  |  |  | 
""".strip("\n")  # noqa: W291


def test_load_table(guide: Guide, page_rows: PageRows) -> None:
    rows = page_rows({Task.TABLE_PARSING: guide("load_table")})["table_cells"]
    expected = [
        (row, column, text.strip())
        for row, line in enumerate(LOAD_TABLE.split("\n"))
        for column, text in enumerate(line.split("|"))
    ]
    assert columns(rows, "row_index", "column_index", "text") == expected
    assert {(row["table_index"], row["row_span"], row["column_span"]) for row in rows} == {(0, 1, 1)}
    assert not any(row["is_header"] for row in rows), "its first row names only three of five columns"
    numeric = {
        (row["row_index"], row["column_index"]): row["number"] for row in rows if row["number"] is not None
    }
    assert set(numeric) == {(row, column) for row in range(2, 31) for column in (3, 4)}
    assert numeric[2, 3] == Decimal("147.95")
    assert numeric[30, 4] == Decimal("4.524")


def test_paper_page(guide: Guide, page_rows: PageRows) -> None:
    rows = page_rows({Task.DOCUMENT_PARSING: guide("paper_page")})
    blocks = rows["document_blocks"]
    assert columns(blocks, "block_index", "block_type", "level") == [
        (0, "title", None),
        (1, "author", None),
        (2, "section", 1),
        (3, "paragraph", None),
        (4, "section", 1),
        (5, "paragraph", None),
        (6, "paragraph", None),
    ]
    texts = [block["text"] for block in blocks]
    assert texts[0] == (
        "Qwen2-VL: Enhancing Vision-Language Model's Perception of the World at Any Resolution"
    )
    assert texts[1].split("\n") == [
        r"Peng Wang* Shuai Bai* Sinan Tan* Shijie Wang* Zhihao Fan* Jinze Bai$^\dagger$",
        "Keqin Chen Xuejing Liu Jialin Wang Wenbin Ge Yang Fan Kai Dang Mengfei Du Xuancheng Ren Rui Men "
        r"Dayiheng Liu Chang Zhou Jingren Zhou Junyang Lin$^\dagger$",
        "Qwen Team Alibaba Group",
    ]
    assert (texts[2], texts[4]) == ("Abstract", "Introduction")
    assert texts[3].startswith("We present the Qwen2-VL Series, an advanced upgrade")
    assert texts[3].endswith("Code is available at https://github.com/QwenLM/Qwen2-VL.")
    assert (
        r"a common approach of visual encoder $\rightarrow$ cross-modal connector $\rightarrow$ LLM. This setup"
        in texts[6]
    )
    assert texts[6].endswith("Chen et al., 2023b;")
    assert columns(rows["formulas"], "formula_index", "display", "latex") == [
        (0, False, r"^\dagger"),
        (1, False, r"^\dagger"),
        (2, False, r"\rightarrow"),
        (3, False, r"\rightarrow"),
    ]
    assert rows["table_cells"] == []


def test_formula(guide: Guide, page_rows: PageRows) -> None:
    rows = page_rows({Task.FORMULA_RECOGNITION: guide("formula")})["formulas"]
    assert columns(rows, "formula_index", "display", "latex") == [
        (
            0,
            True,
            r"\tilde { Q } ( x ) : = \frac { 2 } { \pi } \Omega , \tilde { T } : = T , "
            r"\tilde { H } = \tilde { h } T , \tilde { h } = "
            r"\frac { 1 } { m } \sum _ { j = 1 } ^ { m } w _ { j } - z _ { 1 } .",
        )
    ]


def test_shell_script_page_as_lines_with_boxes(guide: Guide, page_rows: PageRows) -> None:
    rows = page_rows({Task.ADVANCED_RECOGNITION: guide("shell_script_lines")})["text_lines"]
    assert columns(rows, "line_index", "left_px", "top_px", "right_px", "bottom_px") == [
        (0, 52, 54, 250, 106),
        (1, 51, 146, 1397, 194),
        (2, 50, 195, 1440, 237),
        (3, 51, 240, 1446, 283),
        (4, 51, 285, 1446, 331),
        (5, 50, 337, 197, 372),
        (6, 51, 407, 1453, 454),
        (7, 54, 458, 1458, 495),
        (8, 52, 500, 1453, 545),
        (9, 50, 546, 1445, 591),
        (10, 51, 595, 609, 633),
    ]
    assert rows[0]["text"] == "Audience"
    assert rows[0]["quad_px"] == [52, 54, 250, 57, 249, 106, 52, 103]
    assert rows[0]["rotate_rect"] == [150, 80, 49, 197, -89]
    assert rows[10]["text"] == "available on the command line, and this book will show you how to use them."


def test_shell_script_page_as_plain_text(guide: Guide, page_rows: PageRows) -> None:
    rows = page_rows({Task.TEXT_RECOGNITION: guide("shell_script_text")})["text_lines"]
    assert [row["text"][:10] for row in rows] == ["対象読者", "Linux 環境のシ", "自宅で Linux "]
    assert all("left_px" not in row for row in rows)


def test_greetings(guide: Guide, page_rows: PageRows) -> None:
    rows = page_rows({Task.MULTI_LAN: guide("greetings")})["text_lines"]
    assert [row["text"] for row in rows] == [
        *("INTERNATIONAL", "MOTHER LANGUAGE", "DAY", "!"),
        *("Hello!", "Merhaba!", "Bonjour!", "Ciao!", "Hello!", "Ola!", "Salam!", " !"),
    ]


@pytest.mark.parametrize(
    ("name", "task", "reason"),
    [
        ("train_ticket", Task.CUSTOM_PROMPT, None),
        ("taxi_receipt", Task.KEY_INFORMATION_EXTRACTION, None),
        ("load_table", Task.TABLE_PARSING, "the HTML breaks off inside a tag"),
        ("paper_page", Task.DOCUMENT_PARSING, r"the LaTeX ends without \end{document}"),
        ("formula", Task.FORMULA_RECOGNITION, None),
        ("shell_script_lines", Task.ADVANCED_RECOGNITION, None),
        ("shell_script_text", Task.TEXT_RECOGNITION, None),
        ("greetings", Task.MULTI_LAN, None),
    ],
    ids=lambda value: value if isinstance(value, str) and "_" in value else "",
)
def test_which_samples_are_truncated(guide: Guide, name: str, task: Task, reason: str | None) -> None:
    answer = guide(name)
    assert answer.finish_reason == "stop"
    assert incomplete(task, answer) == reason
