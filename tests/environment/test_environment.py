"""One environment: whatever a run touches is where its settings say, and nowhere else."""

from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.emulator import EmulatorTransport, create_emulator
from qwenocr_assets.emulator.testing.canned_answers import CannedAnswers
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.intake.media_types import MediaType
from qwenocr_assets.schemas import OCR_RESPONSES, PAGES
from qwenocr_assets.settings import load_settings
from qwenocr_assets.state.database import open_database
from qwenocr_assets.steps import run
from qwenocr_assets.storage.table_files import read_table


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "inbox" / "請求書.png"
    path.parent.mkdir()
    picture = Image.new("RGB", (400, 300), "white")
    ImageDraw.Draw(picture).text((20, 20), "Total 12.50", fill="black")
    picture.save(path)
    return path


def test_money_leases_and_limits_are_where_the_data_is(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QWENOCR_PROJECT", str(tmp_path))
    monkeypatch.setenv("DASHSCOPE_API_KEY_SINGAPORE", "sk-test")
    other = tmp_path / "other"
    emulator = create_emulator(CannedAnswers(), region="singapore")
    environment = Environment(
        load_settings(data=str(other), region="singapore", stream="never"),
        lambda _: EmulatorTransport(emulator),
    )
    [outcome] = run(environment, [page])
    assert outcome.sent == emulator.bill.total.calls > 0
    with Ledger.open(f"sqlite:///{other / 'ledger.db'}") as ledger:
        assert len(ledger.entries(batch_id=outcome.batch_id)) == outcome.sent
    engine = open_database(environment.database_url)
    with engine.connect() as connection:
        for table in ("batch_leases", "rate_calls"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() is not None
    assert not (tmp_path / "data").exists(), "the project's own data folder was not touched"


def test_settings_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QWENOCR_REGION", "beijing")
    environment = Environment.load()
    monkeypatch.setenv("QWENOCR_REGION", "singapore")
    assert environment.region.name == environment.model.region == "beijing"
    assert environment.catalogue is environment.catalogue


def test_pages_for_another_server_are_what_its_model_takes() -> None:
    entry = {
        "region": "custom", "name": "m", "usd_per_million_input": 0, "usd_per_million_output": 0,
        "context_tokens": 32_768, "max_output_tokens": 8_192, "token_pixels": 1024,
    }  # fmt: skip
    custom = Environment(load_settings(region="custom", base_url="http://127.0.0.1:8000", models=[entry]))
    assert custom.recipes["default"].limits.accepts == {MediaType.PNG, MediaType.JPEG}
    assert Environment(load_settings(region="singapore")).recipes["default"].limits.accepts is None


def test_data_in_a_bucket_without_a_database_ends_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"never looked at")
    environment = Environment.load(data=f"memory://{tmp_path.name}")
    with pytest.raises(ConfigurationError, match="QWENOCR_LEDGER"):
        run(environment, [tmp_path / "a.png"])
    assert not environment.data.root.exists()


@pytest.mark.parametrize(
    ("model", "sent_as"), [("qwen3.5-ocr", "upload"), ("qwen-vl-ocr-2025-11-20", "data_url")]
)
def test_a_large_picture_goes_as_it_is_where_the_model_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, sent_as: str
) -> None:
    monkeypatch.setenv("QWENOCR_PROJECT", str(tmp_path))
    monkeypatch.setenv("DASHSCOPE_API_KEY_BEIJING", "sk-test")
    picture = Image.effect_noise((1900, 2200), 60).convert("RGB")
    path = tmp_path / "in" / "large.bmp"
    path.parent.mkdir()
    picture.save(path)
    assert 10_485_760 < path.stat().st_size < 20_971_520
    route = {"name": "all", "tasks": ["text_recognition"]}
    settings = load_settings(
        data=str(tmp_path / "data"), region="beijing", model=model, decoders=0, routes=[route]
    )
    account = create_emulator(CannedAnswers(), region="beijing")
    environment = Environment(settings, lambda _: EmulatorTransport(account))
    [outcome] = run(environment, [path])
    [page] = read_table(environment.data, PAGES, outcome.batch_id)
    [answer] = read_table(environment.data, OCR_RESPONSES, outcome.batch_id)
    assert (answer["status"], answer["sent_as"]) == ("ok", sent_as)
    assert (page["origin"] == "untouched") is (sent_as == "upload")
