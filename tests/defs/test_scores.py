"""A run with truths: its scores as rows, check, mart, and `qwenocr score`."""

import io
import json
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from rich.console import Console

from qwenocr_assets.errors import ExitCode
from qwenocr_assets.schemas import SCORES
from qwenocr_assets.settings import load_settings, project_root
from qwenocr_assets.storage.data_folder import local_path
from qwenocr_assets.storage.table_files import read_table
from qwenocr_assets.warehouse.query import run_query

TRUTH = {
    "lines": [
        {"text": "Invoice No: 42", "bbox": [20, 20, 200, 40]},
        {"text": "Total: 12.60", "bbox": [20, 60, 200, 80]},
    ],
    "tables": [[["00", "01"], ["10", "11"], ["20", "21"]]],
}
"""What the pages of these tests say, but for the total and a row of the table that their reader does not see."""


@pytest.fixture
def truths(pipeline: Any) -> Path:
    folder: Path = project_root() / "truths"
    (folder / "invoices").mkdir(parents=True)
    (folder / "invoices" / "a.json").write_text(json.dumps(TRUTH))
    (folder / "letters").mkdir()
    (folder / "letters" / "gone.txt").write_text("nobody wrote")
    pipeline.draw("invoices/a.png", "one")
    pipeline.draw("letters/b.png", "two")
    return folder


def check_of(pipeline: Any, batch_id: str) -> dg.AssetCheckEvaluation | None:
    events = pipeline.instance.get_records_for_run(
        pipeline.instance.get_runs(limit=1)[0].run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ).records
    evaluations = [record.event_log_entry.dagster_event.asset_check_evaluation_data for record in events]
    return next((e for e in evaluations if e.check_name == "scores_within_limits"), None)


@pytest.mark.parametrize(
    ("limits", "passes"),
    [
        pytest.param("at_most = { cer = 0.05 }\nat_least = { line_f1 = 1.0, teds = 0.7 }", True, id="within"),
        pytest.param("at_most = { cer = 0.01 }", False, id="outside"),
    ],
)
def test_a_run_scores_what_has_a_truth(pipeline: Any, truths: Path, limits: str, passes: bool) -> None:
    from qwenocr_assets.definitions import build_definitions

    settings = project_root() / "pipeline.toml"
    settings.write_text(f'{settings.read_text()}\n[scoring]\ntruth = "truths"\n{limits}\n')
    pipeline.definitions, pipeline.settings = build_definitions(), load_settings()
    batch_id, outcome = pipeline.run()
    assert outcome.success, outcome.error

    rows = read_table(pipeline.settings.data_folder, SCORES, batch_id)
    assert {(r["task"], r["metric"]): round(r["score"], 4) for r in rows} == {
        ("advanced_recognition", "cer"): round(1 / 27, 4),
        ("advanced_recognition", "wer"): 0.2,
        ("advanced_recognition", "line_f1"): 1,
        ("advanced_recognition", "line_text_f1"): 0.5,
        ("advanced_recognition", "cer_boxes"): round(1 / 26, 4),
        ("table_parsing", "teds"): 0.7,
        ("table_parsing", "teds_s"): 0.7,
    }
    assert {(r["route"], r["model"], r["truth"]) for r in rows} == {
        ("invoices", "embedded-ocr", "invoices/a")
    }
    check = check_of(pipeline, batch_id)
    assert check is not None
    assert check.passed is passes


@pytest.mark.slow
def test_without_truths_there_is_no_check_until_somebody_asks(pipeline: Any, truths: Path) -> None:
    from qwenocr_assets.cli.commands.score import print_scores

    batch_id, outcome = pipeline.run()
    assert outcome.success, outcome.error
    assert check_of(pipeline, batch_id) is None
    assert read_table(pipeline.settings.data_folder, SCORES, batch_id) == []

    (truths / "bad.json").write_text("{")
    screen = Console(file=io.StringIO(), width=250)
    assert (
        print_scores(screen, truths, None, truths.parent / "s.csv", truths.parent / "s.json")
        == ExitCode.PARTLY_FAILED
    )
    said = screen.file.getvalue()  # type: ignore[attr-defined]
    assert "Documents without truth (1): letters/b.png" in said
    assert "Truths without a document (1): letters/gone" in said
    assert "bad.json cannot be used: it is not JSON" in said
    assert len((truths.parent / "s.csv").read_text().splitlines()) == 8
    assert {row["name"] for row in json.loads((truths.parent / "s.json").read_text())} == {"invoices/a.png"}
    found = run_query(
        local_path(pipeline.settings.data_folder.warehouse),
        "SELECT route, metric, documents, mean, interval_low, micro, errors, total FROM marts.scores_by_route "
        "WHERE metric IN ('cer', 'teds') ORDER BY metric",
    )
    assert [tuple(row) for row in found.rows] == [
        ("invoices", "cer", 1, 1 / 27, None, 1 / 27, 1.0, 27.0),
        ("invoices", "teds", 1, pytest.approx(0.7), None, pytest.approx(0.7), pytest.approx(3.0 / 10), 1.0),
    ]
