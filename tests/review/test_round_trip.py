"""From the warehouse to people and back: only what they corrected differs."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from upath import UPath

from qwenocr_assets.app.addresses import value_url
from qwenocr_assets.defs.review.corrections import watch_reviews
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.intake.route_loading import load_routes
from qwenocr_assets.quality.batch_rules import check_again, check_batch
from qwenocr_assets.review.intake import Imported, import_file
from qwenocr_assets.review.label_studio import embedded, task
from qwenocr_assets.review.pages import AskedPage, Selection, asked_pages
from qwenocr_assets.review.spreadsheet import write_csv
from qwenocr_assets.schemas import VALIDATION_RESULTS
from qwenocr_assets.settings import load_settings, project_root
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import write_table
from qwenocr_assets.tables.values.notation import Notation
from tests.review.conftest import BOX, KIE, PAGE, Build, Marts, key_value, put
from tests.review.label_studio_people import new_region, submitted

pytestmark = pytest.mark.slow

RECORDED = Path(__file__).parent / "recorded"
"""Exports of Label Studio 1.23.2, of this batch (`--all`) corrected in its UI; only the page images are cut out."""
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
Take = Callable[..., Imported]


@pytest.fixture
def take(data: DataFolder, tmp_path: Path) -> Take:
    """Import a Label Studio export, or a sheet."""

    def run(content: Any, *, by: str | None = None) -> Imported:
        file = tmp_path / "back"
        file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return import_file(
            data,
            UPath(file),
            by=by,
            now=NOW,
            notations={"invoices": Notation(decimal=",")},
            ledger_url=f"sqlite:///{tmp_path}/ledger.db",
        )

    return run


def asked(data: DataFolder, *, everything: bool = False) -> list[AskedPage]:
    return asked_pages(Path(data.warehouse.path), Selection(everything=everything))


def rows(data: DataFolder, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(data.warehouse), read_only=True) as con:
        return con.execute(sql).fetchall()


def changed_in(before: Marts, after: Marts) -> dict[str, set[str]]:
    """The marts with other rows, and the documents that these rows are about."""
    changed = {}
    for name in before:
        old, new = ({repr(row) for row in rows} for rows in (before[name], after[name]))
        if old != new:
            changed[name] = {d for d in ("d1", "d2") if any(f"'{d}" in row for row in old ^ new)}
    return changed


def test_an_export_changes_exactly_the_corrected_marts(data: DataFolder, build: Build, take: Take) -> None:
    before = build()
    [page] = asked(data)
    assert {v.place for v in page.values} >= {"buyer", "total", "items[0].amount", "table 0 row 1 column 1"}
    changes = {"total": "1.008,00", "buyer": "شركة الميناء الجديد", "items[0].amount": None}
    exported = submitted(task(page, embedded(data)), changes, added=new_region("due_date", "2026-12-01"))
    assert take([exported]).taken.refused == ()
    corrected = [
        "invoice_fields",
        "invoice_items",
        "line_items",
        "line_items_history",
        "review_queue",
        "value_trust",
    ]
    assert changed_in(before, build()) == {"field_accuracy": set(), **{mart: {"d1"} for mart in corrected}}
    values = "SELECT value, value_number, model_value, corrected_by, corrected_at FROM staging.stg_key_values"
    assert rows(data, f"{values} WHERE path = 'total' AND document_id = 'd1'") == [
        (
            "1.008,00",
            Decimal("1008"),
            "1.080,00",
            "mika@example.com",
            datetime(2026, 11, 23, 9, 30, 0, 123456),
        )
    ]
    assert rows(data, "SELECT item_index, amount, field_count FROM marts.line_items ORDER BY 1") == [
        (0, None, 1),
        (1, Decimal("508"), 1),
    ]
    due = rows(data, "SELECT value_date, left_px FROM staging.stg_key_values WHERE path = 'due_date'")
    assert due == [(date(2026, 12, 1), 80.0)]
    assert asked(data) == [], "what was looked at is not asked again"


@pytest.mark.parametrize(
    ("file", "corrections", "not_filled_in", "refused"),
    [
        pytest.param(
            "everything.json",
            {
                ("buyer", "confirmed", "شركة الميناء", 160),  # its box was moved to where it stands
                ("due_date", "added", "2026-12-01", None),  # typed into the region that waited empty
                ("items[0].amount", "absent", None, None),  # deleted
                ("items[1].description", "added", "錨とロープ", 231),  # drawn, with its path
                ("total", "corrected", "1.008,00", None),
                ("items[0].description", "confirmed", "ロープ", None),
                ("items[1].amount", "confirmed", "508", None),
                ("invoice_number", "confirmed", "=INV-7", None),
                ("seller", "confirmed", "株式会社みなと", None),
                ("table 0 row 0 column 0", "confirmed", "Item", None),
                ("table 0 row 0 column 1", "confirmed", "Amount", None),
                ("table 0 row 1 column 0", "confirmed", "Rope", None),
                ("table 0 row 1 column 1", "confirmed", "5O0", None),
            },
            1,  # skipped, though its text was changed before
            [],
            id="JSON",
        ),
        pytest.param(
            "everything.min.json",
            set(),
            0,
            ["JSON-MIN does not say which text belongs to which region here: export the project as JSON."],
            id="JSON-MIN that does not say enough",
        ),
        pytest.param("one_page.min.json", {("total", "corrected", "13", None)}, 0, [], id="JSON-MIN"),
    ],
)
def test_what_label_studio_itself_wrote(
    data: DataFolder,
    take: Take,
    file: str,
    corrections: set[tuple[Any, ...]],
    not_filled_in: int,
    refused: list[str],
) -> None:
    done = take((RECORDED / file).read_bytes())
    assert [entry.reason for entry in done.taken.refused] == refused
    assert done.unanswered == not_filled_in
    new = done.taken.corrections
    assert {
        (r["place"], r["action"], r["human_value"], r["left_px"] and round(r["left_px"])) for r in new
    } == corrections
    assert {r["corrected_by"] for r in new} == ({"Label Studio user 1"} if new else set())


def test_what_label_studio_itself_wrote_changes_only_that_document(
    data: DataFolder, build: Build, take: Take
) -> None:
    before = build()
    take((RECORDED / "everything.json").read_bytes())
    corrected = [
        "invoice_fields",
        "invoice_items",
        "line_items",
        "line_items_history",
        "review_queue",
        "value_trust",
    ]
    counted = ["cost_by_document", "documents_overview"]  # a value was added
    assert changed_in(before, build()) == {
        **{mart: {"d1"} for mart in corrected + counted},
        **{mart: set() for mart in ("cost_per_row", "field_accuracy")},
    }
    items = "SELECT item_index, description, amount FROM marts.line_items WHERE document_id = 'd1' ORDER BY 1"
    assert rows(data, items) == [(0, "ロープ", None), (1, "錨とロープ", Decimal("508"))]
    total = "SELECT value, model_value, review_action FROM staging.stg_key_values WHERE path = 'total'"
    assert rows(data, f"{total} ORDER BY document_id") == [
        ("1.008,00", "1.080,00", "corrected"),
        ("12", "12", None),
    ]


def test_the_same_file_again_changes_nothing(data: DataFolder, take: Take) -> None:
    [page] = asked(data)
    export = [submitted(task(page, embedded(data)), {"total": "1.008,00"})]
    first = take(export)
    stored = Path(data.table_file("corrections", "b1").path).read_bytes()
    again = take(export)
    assert (len(again.taken.corrections), again.taken.known) == (0, len(first.taken.corrections))
    assert Path(data.table_file("corrections", "b1").path).read_bytes() == stored


def test_a_typed_path_counts_whatever_the_label(data: DataFolder, take: Take) -> None:
    [page] = asked(data)
    drawn = new_region("table cell", "EUR", path="currency")
    done = take([submitted(task(page, embedded(data)), {}, added=drawn)])
    assert done.taken.refused == ()
    added = [
        (row["task"], row["human_value"]) for row in done.taken.corrections if row["place"] == "currency"
    ]
    assert added == [(KIE, "EUR")]


def test_cells_are_shown_row_by_row(data: DataFolder, build: Build) -> None:
    """Of one row the right one is a pixel higher."""
    cell = {
        "page_id": PAGE,
        "task": "table_parsing",
        "row_span": 1,
        "column_span": 1,
        "is_header": False,
    } | BOX
    order = [(0, 0), (0, 1), (1, 0), (1, 1), (10, 0), (10, 1)]
    put(
        data,
        "table_cells",
        *(
            cell | {"row_index": r, "column_index": c, "text": f"{r}.{c}", "top_px": 50.0 * (r + 1) - c}
            for r, c in order
        ),
    )
    build("value_trust", "review_queue")
    shown = [
        v.value for v in asked(data, everything=True)[0].values if v.task == "table_parsing" and not v.finding
    ]
    assert [text for text in shown if text] == [f"{r}.{c}" for r, c in order]


def test_an_empty_cell_is_filled_in(data: DataFolder, build: Build, take: Take) -> None:
    cell = {
        "row_index": 0,
        "column_index": 0,
        "row_span": 1,
        "column_span": 1,
        "is_header": False,
        "text": "",
    }
    put(data, "table_cells", cell | {"page_id": PAGE, "task": "table_parsing"})
    build("value_trust", "review_queue")
    exported = task(asked(data, everything=True)[0], embedded(data))
    [region] = [a["region"] for a in exported["data"]["asked"] if a["place"] == "table 0 row 0 column 0"]
    typed = tuple(part | {"id": region} for part in new_region("table cell", "3.20")[1:])
    assert take([submitted(exported, {}, added=typed)]).taken.refused == ()
    build("value_trust", "review_queue")
    cells = "SELECT text, model_text, review_action FROM staging.stg_table_cells"
    assert rows(data, cells) == [("3.20", "", "added")]


def test_people_who_are_only_numbers_are_kept_apart(data: DataFolder, take: Take) -> None:
    [page] = asked(data)
    exported = task(page, embedded(data))
    both = submitted(exported, {"total": "2,00"}, who=1)
    both["annotations"] += submitted(exported, {"total": "1,00"}, at="2026-11-23T10:00:00Z", who=2)[
        "annotations"
    ]
    assert any("Label Studio user 2 was last" in text for text in take([both]).taken.disagreements)
    named = take([submitted(exported, {"total": "3,00"}, at="2026-11-23T11:00:00Z", who=1)], by="mika")
    assert {row["corrected_by"] for row in named.taken.corrections} == {"mika"}


def test_two_people_disagree(data: DataFolder, build: Build, take: Take) -> None:
    [page] = asked(data)
    exported = task(page, embedded(data))
    later = submitted(
        exported, {"total": "1,00"}, at="2026-11-23T10:00:00Z", who={"email": "ren@example.com"}
    )
    both = submitted(exported, {"total": "2,00"})
    both["annotations"] = [*later["annotations"], *both["annotations"]]
    done = take([both])
    assert any("ren@example.com was last" in text for text in done.taken.disagreements)
    build("field_accuracy")
    total = (
        "SELECT value, corrected_by FROM staging.stg_key_values WHERE path = 'total' AND document_id = 'd1'"
    )
    assert rows(data, total) == [("1,00", "ren@example.com")]
    assert rows(data, "SELECT count(*) FROM core.corrections WHERE place = 'total'") == [(2,)]


def test_one_person_does_not_disagree_with_themselves(data: DataFolder, take: Take) -> None:
    [page] = asked(data)
    lines = list(csv.DictReader(io.StringIO(write_csv([page], value_url).decode("utf-8-sig"))))
    [line] = [line for line in lines if line["place"] == "total"]

    def said(value: str, by: str | None) -> Imported:
        sheet = io.StringIO(newline="")
        writer = csv.DictWriter(sheet, line)
        writer.writeheader()
        writer.writerow(line | {"corrected": value})
        return take(sheet.getvalue().encode(), by=by)

    assert said("1.00", None).taken.disagreements == ()
    assert said("2.00", "Mika").taken.disagreements == ()  # who was not named may have been Mika
    again = said("3.00", "mika ").taken
    assert (again.disagreements, {row["corrected_by"] for row in again.corrections}) == ((), {"Mika"})
    assert len(said("4.00", "Ren").taken.disagreements) == 1


def test_another_answer_later(data: DataFolder, build: Build, take: Take) -> None:
    [page] = asked(data)
    take([submitted(task(page, embedded(data)), {"total": "1.008,00", "items[0].amount": "50"})])
    put(
        data,
        "key_values",
        key_value("total", "1.808,00", "not_found"),
        key_value("items[0].amount", "7", "not_found"),
    )
    build("value_trust", "review_queue")
    values = "SELECT path, value, model_value, model_value_changed, review_action FROM staging.stg_key_values"
    assert rows(data, f"{values} WHERE path IN ('total', 'buyer', 'items[0].amount') ORDER BY path") == [
        ("buyer", "شركة الميناء", None, True, "confirmed"),
        ("items[0].amount", "7", "7", False, None),
        ("total", "1.008,00", "1.808,00", True, "corrected"),
    ]
    assert "items[0].amount" in {v.place for p in asked(data) for v in p.values}, (
        "another value is asked anew"
    )


def test_a_sheet(data: DataFolder, build: Build, take: Take) -> None:
    sheet = write_csv(asked(data, everything=True), value_url).decode("utf-8-sig").splitlines()

    def filled_in(line: str) -> str:
        cells = line.split(",")
        at = 4 if "1.080" not in line else 5  # its comma stands in quotes
        answers = {
            "invoice_number": (at, "'=INV-1"),
            "seller": (at + 1, "right"),
            "items[1].amount": (at + 1, "absent"),
        }
        if cells[2] in answers:
            place, text = answers[cells[2]]
            cells[place] = text
        return ",".join(cells)

    done = take("\r\n".join(["\ufeff" + sheet[0], *map(filled_in, sheet[1:])]).encode())
    assert done.taken.refused == ()
    build("field_accuracy")
    said = "SELECT place, action, human_value, reviewed_because, corrected_by FROM core.corrections ORDER BY place"
    assert rows(data, said) == [
        ("invoice_number", "corrected", "=INV-1", "chosen", "unnamed"),
        ("items[1].amount", "absent", None, "chosen", "unnamed"),
        ("seller", "confirmed", "株式会社みなと", "chosen", "unnamed"),
    ]
    accuracy = (
        "SELECT field, values_reviewed, values_right, accuracy_low, accuracy_high FROM marts.field_accuracy"
    )
    assert rows(data, f"{accuracy} WHERE field = 'seller'") == [("seller", 1, 1, 0.2065, 1.0)]


SPOILT = [
    ({"document_id": "d9"}, "There is no document d9"),
    ({"page_id": "d1-p9"}, "has no page d1-p9"),
    ({"page_sha256": "00"}, "image is another now"),
]
SPOILT_VALUES = [
    ({"place": "items[9].amount"}, "does not have this any more"),
    ({"place": "sell\ufffder", "seen": "none"}, "a control character that cannot be shown"),
    ({"seen": "v0"}, "which is not what was shown"),
]


def test_entries_that_cannot_be_taken_leave_the_others(data: DataFolder, take: Take) -> None:
    [page] = asked(data)
    good = submitted(task(page, embedded(data)), {})
    export: list[Any] = [{"id": 3}, "no task"]
    for spoil, _ in SPOILT:
        export.append({**good, "data": good["data"] | spoil})
    for spoil, _ in SPOILT_VALUES:
        first, *others = good["data"]["asked"]
        export.append({**good, "data": good["data"] | {"asked": [first | spoil, *others]}})
    done = take([*export, good])
    reasons = [refused.reason for refused in done.taken.refused]
    for _, says in (*SPOILT, *SPOILT_VALUES):
        assert any(says in reason for reason in reasons), says
    assert len(done.taken.corrections) == len(good["data"]["asked"])


def test_a_file_that_is_dropped_is_taken_once_and_a_bad_one_stays(data: DataFolder, build: Build) -> None:
    [page] = asked(data)
    folder = Path(data.reviews.path)
    folder.mkdir()
    (folder / "確認.json").write_text(json.dumps([submitted(task(page, embedded(data)), {"total": "1"})]))
    (folder / "notes.csv").write_text("hello\n")
    settings = load_settings(data=str(data.root), settle_seconds=10)
    cursor: str | None = None
    events = []
    for seconds in (0, 20, 40):
        result: Any = watch_reviews(Environment(settings), cursor, NOW + timedelta(seconds=seconds))
        events.append(len(result.asset_events))
        cursor = result.cursor
    assert events == [0, 2, 0], "corrections, and rules that were never checked before"
    again: Any = watch_reviews(Environment(settings), None, NOW)
    again = watch_reviews(Environment(settings), again.cursor, NOW + timedelta(seconds=20))
    assert again.asset_events == [], "a lost cursor changes nothing"
    assert "1 corrected" not in (folder / "確認.json.result.txt").read_text()
    assert "is no review: it has no column place" in (folder / "notes.csv.result.txt").read_text()
    build("field_accuracy")
    assert rows(
        data, f"SELECT value FROM staging.stg_key_values WHERE page_id = '{PAGE}' AND path = 'total'"
    ) == [("1",)]
    assert rows(data, f"SELECT DISTINCT task FROM core.corrections WHERE task = '{KIE}'") == [(KIE,)]


def test_a_rule_holds_when_the_value_is_corrected(data: DataFolder, build: Build) -> None:
    """Of the invoice's own route: the items add up to the subtotal."""
    settings = load_settings(data=str(data.root), settle_seconds=0)
    routes = load_routes(settings.routes, project_root())
    values = {"items[0].amount": "500", "items[1].amount": "508", "subtotal": "1000", "total": "1000"}
    put(data, "key_values", *(key_value(path, value, "line") for path, value in values.items()))
    put(data, "corrections")
    write_table(data, VALIDATION_RESULTS, "b1", check_batch(data, "b1", routes))
    build("value_trust", "review_queue")
    broken = "SELECT place FROM marts.review_queue WHERE finding = 'rule_broken' AND document_id = 'd1'"
    assert rows(data, broken) == [("items add up",)]
    [page] = asked(data, everything=True)[:1]
    folder = Path(data.reviews.path)
    folder.mkdir()
    (folder / "back.json").write_text(
        json.dumps([submitted(task(page, embedded(data)), {"items[1].amount": "500"})])
    )
    result: Any = watch_reviews(Environment(settings), None, NOW)
    told = [(event.asset_key.to_user_string(), event.partition) for event in result.asset_events]
    assert told == [("corrections", None), ("validation_results", "b1")]
    build("value_trust", "review_queue")
    assert rows(data, broken) == []
    results = "SELECT DISTINCT outcome FROM core.validation_results WHERE rule = 'items add up'"
    assert rows(data, f"{results} AND document_id = 'd1'") == [("passed",)]
    assert check_again(data, ["b1"], routes, ledger_url=settings.ledger_url) == {}, "nothing is others now"
