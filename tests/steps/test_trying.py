"""A try leaves nothing but its cost."""

from pathlib import Path

import pytest
from PIL import Image

from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.cost.spending import spending
from qwenocr_assets.emulator import EmulatorTransport, create_emulator
from qwenocr_assets.emulator.testing.canned_answers import CannedAnswers
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.schemas import OCR_RESPONSES
from qwenocr_assets.settings import load_settings
from qwenocr_assets.steps.first_look.trying import read_schema, set_apart
from qwenocr_assets.steps.pipeline import run
from qwenocr_assets.steps.quote import quote
from qwenocr_assets.storage.table_files import read_table


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if "ledger.db" not in path.name}


def test_a_try_in_the_cloud_is_paid_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QWENOCR_PROJECT", str(tmp_path))
    monkeypatch.setenv("DASHSCOPE_API_KEY_BEIJING", "sk-test")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "tmp").mkdir()
    file = tmp_path / "in" / "invoice.png"
    file.parent.mkdir()
    Image.new("RGB", (400, 300), "white").save(file)
    settings = load_settings(data=str(tmp_path / "data"), region="beijing", decoders=0)
    account = create_emulator(CannedAnswers(), region="beijing")
    environment = Environment(settings, lambda _: EmulatorTransport(account))
    environment.require_usable()
    before = files_below(tmp_path)
    with set_apart(environment, file, {"total": "number"}) as (apart, copy):
        priced = quote(apart, [copy]).totals.all
        [outcome] = run(apart, [copy])
        answers = read_table(apart.data, OCR_RESPONSES, outcome.batch_id)
    assert files_below(tmp_path) == before
    assert priced.requests == len(answers) == 2
    spent = sum(answer["cost_usd"] or 0 for answer in answers)
    assert spent > 0
    with Ledger.open(environment.database_url) as ledger:
        today, *_ = spending(ledger, environment.caps)
    assert (today.settled_usd, today.reserved_usd) == (spent, 0)


@pytest.mark.parametrize(
    ("schema", "asked"), [({"a": ""}, ["try"]), (None, ["letters"]), ("other name", ["default"])]
)
def test_the_documents_own_route_reads_it_unless_fields_are_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, schema: object, asked: list[str]
) -> None:
    monkeypatch.setenv("QWENOCR_PROJECT", str(tmp_path))
    route = {"name": "letters", "match": "letters/**", "tasks": ["advanced_recognition"], "mode": "batch"}
    environment = Environment.load(data=str(tmp_path / "data"), region="local", routes=[route], decoders=0)
    file = tmp_path / ("in" if schema == "other name" else "letters") / "a.png"
    file.parent.mkdir()
    Image.new("RGB", (400, 300), "white").save(file)
    with set_apart(environment, file, schema if isinstance(schema, dict) else None) as (apart, copy):
        found = quote(apart, [copy])
        assert [document["route"] for document in found.documents] == asked
        assert {route.mode for route in apart.routes} <= {"real_time"}


@pytest.mark.parametrize(
    ("text", "why"),
    [("{", "not JSON"), ("[1]", "no JSON object"), ('{"a": {"b": {"c": {"d": ""}}}}', "levels")],
)
def test_a_schema_that_cannot_be_says_why(text: str, why: str) -> None:
    with pytest.raises(RejectedInput, match=why):
        read_schema(text)
    assert read_schema(" \n") is None
