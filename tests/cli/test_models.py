"""`qwenocr models`: the catalogue as pipeline.toml has it."""

import json
import re
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from qwenocr_assets.cli.commands.models import print_models
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.qwenocr.catalogue import load_catalogue, model_from

OVERRIDE = {"region": "beijing", "name": "qwen-vl-ocr-1120", "usd_per_million_input": 0.031}


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QWENOCR_PROJECT", str(tmp_path))


def shown(
    environment: Environment,
    *,
    width: int = 200,
    region: str | None = None,
    as_json: bool = False,
    force_terminal: bool = False,
) -> str:
    console = Console(width=width, file=StringIO(), force_terminal=force_terminal, color_system=None)
    print_models(environment, console, region=region, as_json=as_json)
    return console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "says",
    [
        "singapore https://dashscope-intl.aliyuncs.com/api/v1",
        "computed in mainland China only",
        "qwen-vl-ocr-2025-11-20 │ 0.07 / 0.16 │ 8,192  │ 1,200 / 6M",
        "qwen-vl-ocr *          │ 0.043 / 0.072 │ 8,192   │ 600 / 6M    │ all tasks",
        "qwen3.5-ocr *          │ 0.069 / 0.275 │ 16,384? │ 6,000 / 30M │ all tasks",
        "whole PDFs of up to 50 pages (10 for other tasks); several turns",
        "was taken down on 2026-10-10 (A reseller",
        "frankfurt base_url = https://{WorkspaceId}.eu-central-1.maas.aliyuncs.com",
        "pictures of 3,072 to 30.72M pixels; 30,000 tokens in; batch −50%",
        "1M tokens free for 90 days",
        "only custom_prompt",
        "no limit",
        f"Catalogue {load_catalogue().version}: US dollars",
    ],
)
def test_the_table(says: str) -> None:
    assert says in shown(Environment.load())


@pytest.mark.parametrize("width", [80, 100, 140])
def test_nothing_is_cut_off_in_a_narrow_terminal(width: int) -> None:
    text = shown(Environment.load(), width=width, force_terminal=True)
    assert "…" not in text
    assert "not shown" not in text
    assert max(map(len, text.splitlines())) <= width
    for model in load_catalogue().models:
        assert re.search(rf"(^|[ │]){re.escape(model.name)}( \*)? ", text, re.MULTILINE), model.name


def test_json_holds_every_field_exactly() -> None:
    answer = json.loads(shown(Environment.load(), as_json=True))
    assert answer["version"] == load_catalogue().version
    assert [r["name"] for r in answer["regions"]] == list(load_catalogue().regions)
    assert tuple(model_from(m) for m in answer["models"]) == load_catalogue().models
    assert tuple(model_from(m) for m in answer["earlier"]) == load_catalogue().earlier


def test_one_region_with_its_overrides() -> None:
    answer = json.loads(shown(Environment.load(models=[OVERRIDE]), region="beijing", as_json=True))
    assert {m["region"] for m in answer["models"]} == {"beijing"}
    prices = {m["name"]: m["usd_per_million_input"] for m in answer["models"]}
    assert prices["qwen-vl-ocr-2025-11-20"] == "0.031"
    assert answer["version"].startswith(load_catalogue().version + "+")


def test_an_unknown_region() -> None:
    with pytest.raises(ConfigurationError, match="Known regions: singapore"):
        shown(Environment.load(), region="mars")
