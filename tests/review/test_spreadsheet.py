"""A sheet there and back."""

import pytest

from qwenocr_assets.app.addresses import value_url
from qwenocr_assets.review.intake import name_in
from qwenocr_assets.review.pages import AskedPage, AskedValue
from qwenocr_assets.review.spreadsheet import COLUMNS, read_csv, write_csv
from qwenocr_assets.review.statements import Verdict
from qwenocr_assets.review.taking import same_person


def page(*values: str) -> AskedPage:
    asked = tuple(AskedValue(f"p{n}", "t", v, v, 0.1, "audit", None, None) for n, v in enumerate(values))
    return AskedPage("b1", "d1", "a.png", "d1-p1", 1, "pages/a.png", "5a", 10, 10, asked)


def test_excel_sees_the_script_and_no_formula() -> None:
    sheet = write_csv([page("=1+1", "شركة الميناء", "株式会社")], value_url)
    assert sheet.startswith(b"\xef\xbb\xbf")
    lines = sheet.decode("utf-8-sig").splitlines()
    assert lines[0] == ",".join(COLUMNS)
    assert [line.split(",")[3] for line in lines[1:]] == ["'=1+1", "شركة الميناء", "株式会社"]
    assert read_csv(sheet.decode("utf-8-sig")).unanswered == 3
    link = lines[1].split(",")[COLUMNS.index("link")]
    assert link == "http://127.0.0.1:8080/documents/d1?page=d1-p1&task=t&place=p0"


HEADER = "place,corrected,verdict,task,page_id,document_id,batch_id,finding,reviewed_by,reviewed_at"


@pytest.mark.parametrize(
    ("line", "verdict", "value"),
    [
        pytest.param("total,12,,t,p,d,b,,,", Verdict.VALUE, "12", id="corrected"),
        pytest.param("total,'-12,,t,p,d,b,,,", Verdict.VALUE, "-12", id="apostrophe"),
        pytest.param("total,-12,,t,p,d,b,,,", Verdict.VALUE, "-12", id="a number that begins with a minus"),
        pytest.param("total,,Right,t,p,d,b,audit,,", Verdict.RIGHT, None, id="right"),
        pytest.param("total,,absent,t,p,d,b,,,", Verdict.ABSENT, None, id="absent"),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
def test_a_line_says(line: str, verdict: Verdict, value: str | None, delimiter: str) -> None:
    read = read_csv(f"{HEADER}\n{line}".replace(",", delimiter))
    [said] = read.statements
    assert (said.verdict, said.value, said.place) == (verdict, value, "total")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        pytest.param("total,12,right,t,p,d,b,,,", "keep one", id="both"),
        pytest.param("total,,maybe,t,p,d,b,,,", "is not a valid verdict", id="no verdict"),
        pytest.param("total,4.10728E+17,,t,p,d,b,,,", "rounded by the spreadsheet", id="rounded"),
        pytest.param("total,12,,t,,d,b,,,", "page_id is empty", id="no page"),
        pytest.param("total,12,,t,p,d,b,,,yesterday", "is no time", id="no time"),
    ],
)
def test_a_line_that_cannot_be_taken_says_why_and_leaves_the_others(line: str, says: str) -> None:
    read = read_csv(f"{HEADER}\n{line}\nother,1,,t,p,d,b,,,")
    assert [r.where for r in read.refused] == ["line 2"]
    assert says in read.refused[0].reason
    assert [s.place for s in read.statements] == ["other"]


@pytest.mark.parametrize(
    ("header", "says"),
    [
        pytest.param(HEADER.replace("place", "plaice"), "no column place", id="a column that is needed"),
        pytest.param(
            HEADER.replace("verdict", "verdikt"), "a column verdikt but no verdict", id="one that is not"
        ),
        pytest.param(HEADER.replace("verdict", "notes of ours"), None, id="one's own column"),
    ],
)
def test_columns(header: str, says: str | None) -> None:
    if says is None:
        assert read_csv(header).statements == ()
    else:
        with pytest.raises(ValueError, match=says):
            read_csv(header)


GOOD = "items[0],7,key_information_extraction,d1-p1,d1,b1"


@pytest.mark.parametrize(
    "monstrous",
    [
        pytest.param("x" * 200_000 + ",7,t,d1-p1,d1,b1", id="a cell of 200,000 letters"),
        pytest.param('"never closed,7,t,d1-p1,d1,b1', id="a quotation mark that nothing closes"),
        pytest.param('"closed"early,7,t,d1-p1,d1,b1', id="letters behind a quotation mark"),
        pytest.param("a\x00b,7,,d1-p1,d1,b1", id="a NUL"),
        pytest.param("\n" * 5 + "a,7,,,,", id="empty lines"),
        pytest.param(",".join("x" * 30_000), id="30,000 cells"),
        pytest.param("a." * 60_000 + "b,7,,d1-p1,d1,b1", id="a path of 60,000 keys"),
    ],
)
def test_a_monstrous_line_leaves_the_others(monstrous: str) -> None:
    sheet = "place,corrected,task,page_id,document_id,batch_id\n" + f"{GOOD}\n{monstrous}\n{GOOD}\n{GOOD}\n"
    said = read_csv(sheet)
    assert [statement.place for statement in said.statements] == ["items[0]"] * 3
    assert [refused.where.partition(",")[0].startswith("line ") for refused in said.refused] == [True]


def test_cells_of_several_lines_are_one_line_of_the_sheet() -> None:
    sheet = 'place,corrected,task,page_id,document_id,batch_id\na,"two\nlines",t,p,d,b\nb,7,t,p,d,b\n'
    said = read_csv(sheet)
    assert [(s.place, s.value, s.where) for s in said.statements] == [
        ("a", "two\nlines", "line 2, a"),
        ("b", "7", "line 4, b"),
    ]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("mika-invoices.csv", "mika"),
        ("Ren-2025-11.csv", "Ren"),
        ("請求-1.csv", "請求"),
        ("review-2025.csv", None),
        ("project-1-at-2025-11-23-10-00-abcd.json", None),
        ("mika.csv", None),
        ("2025-11.csv", None),
        ("q1-mika.csv", None),
    ],
)
def test_a_file_is_named_after_a_person(file: str, name: str | None) -> None:
    assert name_in(file) == name


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("Mika", "mika ", True), ("Ada  L.", "ada l.", True), ("ﾐｶ", "ミカ", True), ("Mika", "Mia", False)],
)
def test_a_person_is_one_however_the_name_is_written(one: str, other: str, same: bool) -> None:
    assert same_person(one, other) is same
