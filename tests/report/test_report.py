"""What stands in a report: every document, what is doubtful first, and every value as text."""

import shutil
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import html
from PIL import Image
from typer.testing import CliRunner
from upath import UPath

from qwenocr_assets.cli.app import app
from qwenocr_assets.errors import ConfigurationError, RejectedInput
from qwenocr_assets.report.findings import Evidence, evidence
from qwenocr_assets.report.languages import language_of, language_of_document
from qwenocr_assets.report.marks import Marker
from qwenocr_assets.report.reading import documents_of_batch, file_name
from qwenocr_assets.report.views import Correction, DocumentView, Finding
from qwenocr_assets.report.write import Report, write_report
from qwenocr_assets.schemas import KEY_VALUES, OCR_RESPONSES, TABLES
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import read_table, write_table
from qwenocr_assets.warehouse.publish import publish, working_file
from qwenocr_assets.warehouse.rebuild import rebuild
from tests.report.conftest import ARABIC_NAME, BATCH, EVIL, EVIL_NAME, put, write_batch

MODELS = Path(__file__).parents[2] / "dbt_like_sql"


@pytest.fixture
def documents(data: DataFolder) -> dict[str, DocumentView]:
    return {document.document_id: document for document in documents_of_batch(data, BATCH)}


def page(report: Report, document_id: str) -> html.HtmlElement:
    document = next(d for d in report.documents if d.document_id == document_id)
    return html.fromstring(report.page_of(document).read_bytes())


def test_failed_documents_come_first_then_doubtful_ones(report: Report) -> None:
    assert [(d.document_id, d.state) for d in report.documents] == [
        ("d3", "failed"),
        ("d1", "doubtful"),
        ("d4", "fine"),
        ("d2", "fine"),
    ]
    names = html.fromstring(report.index.read_bytes()).xpath("//tbody//th//bdi/text()")
    assert names == ["broken.pdf", EVIL_NAME, "fine.tif", ARABIC_NAME]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("ok", "fine"),
        ("partial", "doubtful"),
        ("skipped", "doubtful"),
        ("unfunded", "doubtful"),
        ("failed", "failed"),
        ("rejected", "failed"),
    ],
)
def test_a_document_is_as_good_as_its_answers(
    data: DataFolder, reported: Callable[..., Report], status: str, state: str
) -> None:
    answers = read_table(data, OCR_RESPONSES, BATCH)
    write_table(
        data,
        OCR_RESPONSES,
        BATCH,
        [{**row, "status": status} if row["document_id"] == "d4" else row for row in answers],
    )
    assert {d.document_id: d.state for d in reported().documents}["d4"] == state


def test_what_is_hostile_is_text(report: Report) -> None:
    shown = EVIL.replace("\x00", "\ufffd")
    tree = page(report, "d1")
    assert tree.xpath("//tr[@id='p1-f0']/td//bdi/text()") == [shown]
    assert tree.xpath("//*[@id='p1-t0-r1c0']//bdi/text()") == [shown]
    assert tree.xpath("//ol[@class='blocks']/li/bdi/text()") == [shown]
    assert tree.xpath("//h1/bdi/text()") == [EVIL_NAME]
    assert len(tree.xpath("//script")) == 1
    assert not tree.xpath("//img[@onerror]")


def test_a_value_and_its_box_lead_to_each_other(report: Report) -> None:
    tree = page(report, "d1")
    [link] = tree.xpath("//tr[@id='p1-f0']//a")
    [box] = tree.xpath(f"//*[@id='{link.get('href')[1:]}']")
    assert box.get("href") == "#p1-f0"
    assert box.xpath("*[local-name()='polygon']/@points") == ["10,40 90,40 90,60 10,60"]
    [line] = tree.xpath("//a[contains(@class, 'box line')]/*[local-name()='polygon']/@points")
    assert line == "10,10 90,12 90,30 10,28"


def test_a_box_on_another_page_is_drawn_there(documents: dict[str, DocumentView]) -> None:
    first, second = documents["d2"].pages
    assert [mark.place for mark in first.marks] == ["line 1"]
    assert [mark.place for mark in second.marks] == ["الرقم"]


@pytest.mark.parametrize(
    ("anchor", "level"),
    [("p1-f0", "good"), ("p1-f1", "bad"), ("p1-f2", "bad"), ("p1-f3", "unsure"), ("p1-f4", "good")],
    ids=["found", "not-on-page", "rule-broken", "missing", "in-a-list"],
)
def test_values_are_as_doubtful_as_what_speaks_against_them(report: Report, anchor: str, level: str) -> None:
    tree = page(report, "d1")
    [element] = tree.xpath(f"//*[@id='{anchor}']")
    assert element.get("class").split()[0] == level
    links = element.xpath(".//a[@data-doubt]")
    assert len(links) == (level != "good")


@pytest.mark.parametrize(
    ("trust", "kind", "priority", "level", "to_look_at"),
    [
        (1.0, None, 0, "good", False),
        (0.7, None, 0, "plain", False),
        (1.0, "audit", 3, "good", True),
        (0.6, "value_nearly_on_page", 3, "unsure", True),
        (0.3, "other_task_differs", 3, "bad", True),
        (0.6, "value_breaks_rule", 1, "bad", True),
        (None, "value_nearly_on_page", 3, "unsure", True),
        (None, None, 0, "good", False),
    ],
)
def test_a_value_looks_like_its_place_in_the_queue(
    trust: float | None, kind: str | None, priority: int, level: str, to_look_at: bool
) -> None:
    place = ("d1-p1", "key_information_extraction", "total")
    findings = [] if kind is None else [Finding("d1", *place[:2], kind, place[2], "12", "", priority)]
    known = Evidence(trust={} if trust is None else {place: ("12", trust)})
    row = {"page_id": place[0], "task": place[1], "ground": "line", "ground_score": 1.0}
    mark = Marker(known, findings, None).mark(row, "field", "a", place[2], "12")
    assert (mark.level, mark.to_look_at) == (level, to_look_at)


def test_trust_in_another_reading_of_the_page_says_nothing() -> None:
    place = ("d1-p1", "key_information_extraction", "total")
    row = {"page_id": place[0], "task": place[1], "ground": "line", "ground_score": 0.9}
    mark = Marker(Evidence(trust={place: ("13", 0.1)}), [], None).mark(row, "field", "a", place[2], "12")
    assert (mark.level, mark.score) == ("good", 0.9)


@pytest.mark.parametrize(
    ("action", "model_value", "human_value", "shown"),
    [
        ("corrected", "made up", "INV-7 <b>", ["made up", "INV-7 <b>", "Corrected by Ada, 2026-11-20"]),
        ("confirmed", "made up", "made up", ["made up", "Confirmed by Ada, 2026-11-20"]),
        ("absent", "made up", None, ["made up", "Absent by Ada, 2026-11-20"]),
        ("corrected", "another reading", "INV-7", ["made up"]),
    ],
    ids=["corrected", "confirmed", "absent", "said-about-another-reading"],
)
def test_what_a_person_said_stands_beside_what_was_read(
    data: DataFolder,
    reported: Callable[..., Report],
    monkeypatch: pytest.MonkeyPatch,
    action: str,
    model_value: str,
    human_value: str | None,
    shown: list[str],
) -> None:
    place = ("d1-p1", "key_information_extraction", f'a["{EVIL}"]')
    said = Correction(action, model_value, human_value, "Ada", datetime(2026, 11, 20, 9))
    known = Evidence(corrections={place: said})
    monkeypatch.setattr("qwenocr_assets.report.reading.evidence", lambda data, tables, warehouse: known)
    [cell] = page(reported(), "d1").xpath("//tr[@id='p1-f1']/td[1]")
    assert [text.strip() for text in cell.itertext() if text.strip()] == shown
    struck = cell.xpath(".//del//text()")
    assert struck == (["made up"] if len(shown) > 1 and action != "confirmed" else [])


@pytest.mark.parametrize(
    ("action", "human_value", "shown"),
    [
        ("corrected", "2.00", ["1?", "2.00", "Corrected by Ada, 2026-11-20"]),
        ("confirmed", "1?", ["1?", "= 1.5", "Confirmed by Ada, 2026-11-20"]),
    ],
)
def test_the_number_in_the_models_value_does_not_stand_beside_a_persons(
    data: DataFolder,
    reported: Callable[..., Report],
    monkeypatch: pytest.MonkeyPatch,
    action: str,
    human_value: str,
    shown: list[str],
) -> None:
    values = read_table(data, KEY_VALUES, BATCH)
    numbered = [{**row, "value_number": Decimal("1.5")} if row["path"] == "tax" else row for row in values]
    write_table(data, KEY_VALUES, BATCH, numbered)
    said = Correction(action, "1?", human_value, "Ada", datetime(2026, 11, 20, 9))
    known = Evidence(corrections={("d1-p1", "key_information_extraction", "tax"): said})
    monkeypatch.setattr("qwenocr_assets.report.reading.evidence", lambda data, tables, warehouse: known)
    [row] = page(reported(), "d1").xpath("//tr[th[normalize-space()='tax']]")
    assert {text.strip() for cell in row.xpath("td") for text in cell.itertext()} >= set(shown)
    assert ("1.5" in row.text_content()) is (action == "confirmed")


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("due_date", "a key the answer does not have"),
        ("vat", "a key nobody asked for"),
        ("lines[7].unit", "an element"),
    ],
)
def test_a_value_that_a_person_added_is_shown(
    reported: Callable[..., Report], monkeypatch: pytest.MonkeyPatch, place: str, told: str
) -> None:
    said = Correction("added", None, "2026-12-01", "Ada", datetime(2026, 11, 20, 9))
    known = Evidence(corrections={("d1-p1", "key_information_extraction", place): said})
    monkeypatch.setattr("qwenocr_assets.report.reading.evidence", lambda data, tables, warehouse: known)
    [added] = page(reported(), "d1").xpath("//ins")
    assert added.text_content().strip() == "2026-12-01", told
    assert "Added by Ada" in next(added.iterancestors("td")).text_content()


def test_findings_lead_to_their_value_most_doubtful_first(documents: dict[str, DocumentView]) -> None:
    document = documents["d1"]
    priorities = [finding.priority for finding, _ in document.findings]
    assert priorities == sorted(priorities)
    by_kind = {finding.kind: anchor for finding, anchor in document.findings}
    assert by_kind["value_not_on_page"] == "p1-f1"
    assert by_kind["table_cut_off"] == "p1-t0"
    assert by_kind["value_missing"] == "p1-f3"


@pytest.mark.parametrize(
    ("value", "number", "shown"),
    [
        ("$1,511.15", "1511.15", ""),
        ("2.30元", "2.3", ""),
        ("6", "6", ""),
        ("-1,024,000", "-1024000", ""),
        ("1,234", "1234", "= 1,234"),
        ("1.511,15 €", "1511.15", "= 1,511.15 €"),
        ("1,5", "1.5", "= 1.5"),
        ("٥", "5", "= 5"),
    ],
)
def test_a_read_number_is_shown_where_it_says_more(
    data: DataFolder, value: str, number: str, shown: str
) -> None:
    sign = "€" if "€" in value else None
    row = {"task": "key_information_extraction", "value_type": "text", "path": "total", "value": value}
    put(data, "key_values", {**row, "value_number": Decimal(number), "currency": sign})
    [document] = documents_of_batch(data, BATCH, only=["d1"])
    [field] = [f for f in document.pages[0].fields if f.mark.place == "total"]
    assert field.reading == shown


def test_fields_and_columns_come_as_they_are_on_the_page(documents: dict[str, DocumentView]) -> None:
    [page] = documents["d1"].pages
    assert [field.mark.place for field in page.fields][:2] == ["total", "tax"]
    assert [found.columns for found in page.field_lists] == [("price", "name")]


def test_the_list_says_what_is_basically_wrong(report: Report) -> None:
    [table, *_] = html.fromstring(report.index.read_bytes()).xpath("//table")
    assert [th.text for th in table.xpath("./thead//th")][3:5] == ["Lines", "Values"]
    reasons = {d.document_id: d.main_reason for d in report.documents}
    assert reasons["d3"] == "It ends too early."
    assert reasons["d4"] == ""
    assert reasons["d1"].startswith(("a[", "table 0"))


def test_lines_stand_in_reading_order_and_name_their_language(report: Report) -> None:
    lines = page(report, "d1").xpath("//ol[@class='lines'][1]/li")
    assert [line.get("lang") for line in lines[:2]] == ["ja", None]
    assert all(line.get("dir") == "auto" for line in lines)


def test_lists_of_objects_are_one_row_each(documents: dict[str, DocumentView]) -> None:
    [items] = documents["d1"].pages[0].field_lists
    assert (items.name, items.columns) == ("items", ("price", "name"))
    assert [[f and f.mark.text for f in row] for row in items.rows] == [["12.50", None], [None, "bolt"]]


def test_money_is_by_task(report: Report) -> None:
    rows = page(report, "d1").xpath("//section[@class='cost']//tbody/tr")
    assert [[c.text_content() for c in row] for row in rows] == [
        ["key information extraction", "1", "0", "1,000", "200", "$0.000123"],
        ["advanced recognition", "1", "1", "1,000", "200", "$0"],
    ]


def test_failures_say_why(report: Report) -> None:
    [failure] = page(report, "d3").xpath("//section[@class='failures']//li")
    assert failure.text_content() == "The document: rejected. It ends too early."


def test_pictures_a_browser_cannot_show_become_ones_it_can(report: Report) -> None:
    [source] = page(report, "d4").xpath("//img/@src")
    copy = Path(report.index.path).parent / "documents" / source
    with Image.open(copy) as image:
        assert (image.format, image.size) == ("JPEG", (400, 300))


def test_a_lost_page_image_leaves_the_readings(report: Report) -> None:
    tree = page(report, "d2")
    assert len(tree.xpath("//img")) == 1
    assert tree.xpath("//p[@class='empty']/text()") == ["The page image is not there."]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    """The batch, with a correction, in a warehouse."""
    folder = write_batch(tmp_path_factory.mktemp("published"))
    said = {"action": "corrected", "model_value": "bolt", "human_value": "bolts", "corrected_by": "Ada"}
    of = {"task": "key_information_extraction", "place": "items[1].name", "key": "name", "list_index": 1}
    put(folder, "corrections", {"correction_id": "c1", "reviewed_because": "chosen", **of, **said})
    rebuild(folder, MODELS, {})
    publish(working_file(folder), folder)
    return folder


@pytest.mark.slow
def test_trust_and_findings_come_from_the_published_marts(published: DataFolder) -> None:
    tables = {name: read_table(published, schema, BATCH) for name, schema in TABLES.items()}
    known = evidence(published, tables)
    key = "key_information_extraction"
    assert known.trust["d1-p1", key, "total"][0] == EVIL
    assert 0 < known.trust["d1-p1", key, "total"][1] <= 1
    assert {f.kind for f in known.findings} >= {"document_rejected", "value_not_on_page", "rule_broken"}
    views = {d.document_id: d for d in documents_of_batch(published, BATCH)}
    assert views["d1"].least_trust == min(score for _, score in known.trust.values())
    assert next(a for f, a in views["d1"].findings if f.kind == "value_not_on_page") == "p1-f1"


@pytest.mark.slow
def test_a_person_sees_what_is_asked_and_what_was_said(
    published: DataFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QWENOCR_DATA", str(published.root))
    out = tmp_path / "review"
    done = CliRunner().invoke(app, ["review", "export", "--html", str(out)])
    said = done.output.replace("\n", "")
    assert said.startswith(f"1 documents in {out / 'index.html'}")
    assert "Findings without a single value to correct: 2." in said
    [shown] = (out / "documents").iterdir()
    tree = html.fromstring(shown.read_bytes())
    assert tree.xpath("//h1/bdi/text()") == [EVIL_NAME]
    [cell] = tree.xpath("//*[@id='p1-f5']")
    assert [" ".join(cell.xpath(f".//{tag}//text()")) for tag in ("del", "ins")] == ["bolt", "bolts"]


def test_only_documents_with_findings(reported: Callable[..., Report]) -> None:
    assert [d.document_id for d in reported(with_findings=True).documents] == ["d3", "d1"]


def test_of_several_batches_the_first_reading_of_a_document_is_shown(
    data: DataFolder, tmp_path: Path
) -> None:
    for name in ("documents", "pages", "key_values"):
        rows = [{**row, "batch_id": "b2"} for row in read_table(data, TABLES[name], BATCH)]
        write_table(data, TABLES[name], "b2", [row for row in rows if row["document_id"] != "d4"])
    report = write_report(data, ["b2", BATCH], UPath(tmp_path / "report"))
    assert {d.document_id: d.batch_id for d in report.documents} == {
        "d1": "b2",
        "d2": "b2",
        "d3": "b2",
        "d4": BATCH,
    }
    assert html.fromstring(report.index.read_bytes()).xpath("//h1/bdi/text()") == ["2 intakes"]


def test_a_report_replaces_the_one_before_and_nothing_else(
    data: DataFolder, reported: Callable[..., Report], tmp_path: Path
) -> None:
    root = Path(reported().index.path).parent
    before = {path.relative_to(root) for path in root.rglob("*")}
    reported(only={"d4"})
    after = {path.relative_to(root) for path in root.rglob("*")}
    assert after < before
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("mine")
    with pytest.raises(ConfigurationError, match="other than a report"):
        write_report(data, [BATCH], UPath(other))
    assert [path.name for path in other.iterdir()] == ["thesis.txt"]


def test_a_report_can_be_moved_and_written_again_with_the_same_bytes(
    data: DataFolder, tmp_path: Path
) -> None:
    one, two = (write_report(data, [BATCH], UPath(tmp_path / name)) for name in ("one", "two"))
    shutil.move(tmp_path / "two", tmp_path / "three")
    assert str(one.index) != str(two.index)
    for path in (tmp_path / "one").rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "three" / path.relative_to(tmp_path / "one")).read_bytes()


def test_there_is_no_report_of_nothing(data: DataFolder, tmp_path: Path) -> None:
    with pytest.raises(RejectedInput, match="no documents to show in another"):
        write_report(data, ["another"], UPath(tmp_path / "report"))


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("invoices/Acme No. 7.pdf", "invoices-acme-no-7-pdf-0123456789abcdef.html"),
        ("請求書.png", "png-0123456789abcdef.html"),
        ("فاتورة", "0123456789abcdef.html"),
        ("../../etc/passwd", "etc-passwd-0123456789abcdef.html"),
        ("Mémo: 50 % off?#<>.jpg", "memo-50-off-jpg-0123456789abcdef.html"),
        ("x" * 300, f"{'x' * 48}-0123456789abcdef.html"),
    ],
    ids=["plain", "japanese", "arabic-only", "path", "signs", "long"],
)
def test_file_names_are_safe_everywhere(name: str, file: str) -> None:
    assert file_name(name, "0123456789abcdef0123") == file


@pytest.mark.parametrize(
    ("text", "document", "language"),
    [
        ("Total 12.50", None, None),
        ("Größe", None, None),
        ("فاتورة", None, "ar"),
        ("پنج", None, "fa"),
        ("ご請求", None, "ja"),
        ("請求書", "ja", "ja"),
        ("发票", None, "zh"),
        ("영수증", None, "ko"),
        ("חשבונית", None, "he"),
    ],
)
def test_scripts_give_languages_away(text: str, document: str | None, language: str | None) -> None:
    assert language_of(text, document) == language


@pytest.mark.parametrize(
    ("texts", "language"),
    [
        (["請求書", "ご案内", "合計金額"], "ja"),
        (["发票", "合计"], "zh"),
        (["Invoice", "فاتورة"], None),
        ([], None),
    ],
    ids=["kana-make-it-japanese", "chinese", "mostly-latin", "nothing"],
)
def test_a_document_has_the_language_most_of_it_is_in(texts: list[str], language: str | None) -> None:
    assert language_of_document(texts) == language
