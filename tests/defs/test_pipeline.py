"""From files to the published warehouse, through the real jobs."""

from collections import Counter
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from upath import UPath

from qwenocr_assets.asking.unanswered import unanswered
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.schemas import DOCUMENTS, OCR_RESPONSES, PAGES, ROW_TABLES, TEXT_LINES, TableSchema
from qwenocr_assets.settings import load_settings
from qwenocr_assets.statuses import AnswerStatus
from qwenocr_assets.storage.data_folder import local_path
from qwenocr_assets.storage.table_files import read_table
from qwenocr_assets.warehouse.places.published import published_file
from qwenocr_assets.warehouse.query import run_query


def table(pipeline: Any, schema: TableSchema, batch_id: str) -> list[dict[str, Any]]:
    return read_table(pipeline.settings.data_folder, schema, batch_id)


def test_good_and_bad_files_end_as_rows_or_reasons(pipeline: Any) -> None:
    pipeline.draw("invoices/請求書.png", "one")
    pipeline.draw("letters/b.png", "two")
    (pipeline.inbox / "broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    (pipeline.inbox / "notes.png").write_text("not a picture")
    (pipeline.inbox / "empty.jpg").write_bytes(b"")

    batch_id, outcome = pipeline.run()

    assert outcome.success, outcome.error
    documents = {d["name"]: d for d in table(pipeline, DOCUMENTS, batch_id)}
    assert {name: d["status"] for name, d in documents.items()} == {
        "invoices/請求書.png": "accepted",
        "letters/b.png": "accepted",
        "broken.pdf": "rejected",
        "notes.png": "rejected",
        "empty.jpg": "rejected",
    }
    assert all(d["reason"] for d in documents.values() if d["status"] == "rejected")
    assert documents["invoices/請求書.png"]["route"] == "invoices"
    assert Counter(r["status"] for r in table(pipeline, OCR_RESPONSES, batch_id)) == {"ok": outcome.sent}
    assert outcome.sent == 5  # three tasks for the invoice, two for the letter


def test_rows_lead_back_to_page_box_and_answer(pipeline: Any) -> None:
    pipeline.draw("invoices/a.png", "one")
    batch_id, _ = pipeline.run()
    rows = {schema.name: table(pipeline, schema, batch_id) for schema in ROW_TABLES}
    assert [r["text"] for r in rows["text_lines"]] == ["Invoice No: 42", "Total: 12.50"]
    assert rows["text_lines"][0]["quad_px"] == [20, 20, 200, 20, 200, 40, 20, 40]
    assert len(rows["table_cells"]) == 4
    answered = {(r["page_id"], r["task"], r["request_key"]) for r in table(pipeline, OCR_RESPONSES, batch_id)}
    for name, found in rows.items():
        assert {(r["page_id"], r["task"], r["request_key"]) for r in found} <= answered, name


def test_a_second_run_sends_nothing(pipeline: Any) -> None:
    pipeline.draw("letters/a.png", "one")
    pipeline.draw("letters/b.png", "two", background="red")  # refused by the engine: final as well
    first_id, first = pipeline.run()
    before = table(pipeline, TEXT_LINES, first_id)
    second_id, second = pipeline.run()
    assert (second_id, second.success, second.sent) == (first_id, True, 0)
    assert first.sent == 4
    assert table(pipeline, TEXT_LINES, first_id) == before


def test_the_same_picture_twice_is_sent_once_and_gives_rows_for_both(pipeline: Any) -> None:
    path = pipeline.draw("letters/a.png", "one")
    (pipeline.inbox / "letters" / "copy of a.png").write_bytes(path.read_bytes())
    batch_id, outcome = pipeline.run()
    assert outcome.sent == 2
    lines = Counter(r["page_id"] for r in table(pipeline, TEXT_LINES, batch_id))
    assert len(lines) == 2
    assert len(set(lines.values())) == 1


def test_an_answer_of_another_batch_is_not_paid_for_again(pipeline: Any) -> None:
    pipeline.draw("letters/a.png", "one")
    first_id, _ = pipeline.run()
    pipeline.draw("letters/b.png", "two")
    second_id, second = pipeline.run()
    assert second_id != first_id
    assert second.sent == 2
    responses = table(pipeline, OCR_RESPONSES, second_id)
    assert Counter(r["reused_from"] for r in responses) == {first_id: 2, None: 2}
    assert all(r["cost_usd"] == 0 for r in responses)
    assert len({r["page_id"] for r in table(pipeline, TEXT_LINES, second_id)}) == 2


def test_new_content_under_the_same_name_is_sent_again(pipeline: Any) -> None:
    pipeline.draw("letters/a.png", "one")
    pipeline.run()
    pipeline.draw("letters/a.png", "quite another letter")
    _, second = pipeline.run()
    assert second.sent == 2


def test_what_the_engine_cannot_do_is_skipped_with_the_reason(pipeline: Any) -> None:
    pipeline.draw("formulas/f.png", "x = 1")
    pipeline.draw("letters/klingon.png", "?", background="red")
    batch_id, outcome = pipeline.run()
    assert outcome.success
    responses = table(pipeline, OCR_RESPONSES, batch_id)
    assert {r["status"] for r in responses} == {"skipped"}
    reasons = " ".join(r["reason"] for r in responses)
    assert "formula" in reasons
    assert "Klingon" in reasons


def test_final_answers_are_asked_again_when_a_person_says_so(pipeline: Any) -> None:
    pipeline.draw("letters/klingon.png", "?", background="red")
    pipeline.run()
    _, again = pipeline.run(resend=["skipped"])
    assert again.sent == 2


def test_only_what_is_named_is_asked_again(pipeline: Any) -> None:
    pipeline.draw("letters/klingon.png", "?", background="red")
    batch_id, _ = pipeline.run()
    [batch] = unanswered(pipeline.settings.data_folder, [batch_id], [AnswerStatus.SKIPPED])
    assert len(batch.request_keys) == 2
    _, again = pipeline.run(resend=["skipped"], only=sorted(batch.request_keys)[:1])
    assert again.sent == 1
    _, nothing = pipeline.run(resend=["skipped"], only=[])
    assert nothing.sent == 0


def test_a_page_image_that_vanished_is_made_again(pipeline: Any) -> None:
    pipeline.draw("letters/a.png", "one")
    batch_id, _ = pipeline.run()
    image = pipeline.settings.data_folder.root / table(pipeline, PAGES, batch_id)[0]["uri"]
    image.unlink()
    _, again = pipeline.run()
    assert (again.success, again.sent) == (True, 0)
    assert image.exists()


def test_the_published_warehouse_answers_sql(pipeline: Any) -> None:
    pipeline.draw("invoices/a.png", "one")
    pipeline.run()
    published = pipeline.publish()
    assert published.success, published.error
    warehouse = local_path(pipeline.settings.data_folder.warehouse)
    result = run_query(warehouse, "select name, pages_ready, text_lines from marts.documents_overview")
    assert result.rows == [("invoices/a.png", 1, 2)]


def test_boxes_are_drawn_over_the_pages(pipeline: Any) -> None:
    pipeline.draw("letters/a.png", "one")
    batch_id, _ = pipeline.run()
    folder = UPath(pipeline.settings.data_folder.boxes_picture(batch_id, "x").parent)
    assert [p.suffix for p in folder.iterdir()] == [".jpg"]


@pytest.mark.parametrize(
    ("answers", "passed"),
    [("whole", True), ("skipped", True), ("missing", False)],
)
def test_the_check_says_whether_every_page_was_answered(pipeline: Any, answers: str, passed: bool) -> None:
    pipeline.draw("letters/a.png", "one", background="red" if answers == "skipped" else "white")
    batch_id, _ = pipeline.run()
    if answers == "missing":
        data = pipeline.settings.data_folder
        data.journal(Task.MULTI_LAN, batch_id).unlink()
        rows_only = pipeline.definitions.resolve_job_def("ocr_batch").execute_in_process(
            asset_selection=[dg.AssetKey("ocr_responses")],
            partition_key=batch_id,
            instance=pipeline.instance,
        )
        assert rows_only.success
    key = dg.AssetCheckKey(dg.AssetKey("ocr_responses"), "every_page_answered")
    [record] = pipeline.instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
    assert record.event.dagster_event.asset_check_evaluation_data.passed is passed


@pytest.mark.slow
def test_a_data_folder_on_object_storage(
    pipeline: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QWENOCR_DATA", f"memory://{tmp_path.name}/data")
    monkeypatch.setenv("QWENOCR_LEDGER", f"sqlite:///{tmp_path}/ledger.db")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    pipeline.settings = load_settings()
    pipeline.draw("letters/a.png", "one")
    batch_id, outcome = pipeline.run()
    assert (outcome.error, outcome.sent) == (None, 2)
    pipeline.draw("letters/b.png", "two")
    second_id, second = pipeline.run()
    assert (second.error, second.sent) == (None, 2)  # what the first batch holds is not sent again
    responses = table(pipeline, OCR_RESPONSES, second_id)
    assert Counter(r["reused_from"] for r in responses) == {batch_id: 2, None: 2}
    parts = list((pipeline.settings.data_folder.root / "responses").glob("*/*/*"))
    assert len(parts) == 4  # one for each task and batch
    assert pipeline.run()[1].sent == 0
    assert pipeline.publish().error is None
    sql = "SELECT count(DISTINCT name) FROM core.documents"
    assert run_query(published_file(pipeline.settings.data_folder), sql).rows == [(2,)]
