"""What pipeline.toml says about regions and models, laid over the catalogue."""

import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from qwenocr_assets.asking.catalogue_overrides import catalogue_of, configured_catalogue
from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.qwenocr.catalogue import FreeQuota, load_catalogue
from qwenocr_assets.qwenocr.regions import Protocol
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.settings import load_settings

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "settings.md"
NEW = {
    "region": "custom",
    "name": "qwen3-vl",
    "usd_per_million_input": 0,
    "usd_per_million_output": 0,
    "context_tokens": 32_768,
    "max_output_tokens": 8_192,
    "token_pixels": 1024,
}
CHEAPER = {"region": "singapore", "name": "qwen-vl-ocr-2025-11-20", "usd_per_million_input": 0.05}


def catalogue(*models: dict[str, Any], **settings: Any) -> Any:
    return configured_catalogue(**{"region": "local", "models": models, **settings})


def test_without_entries_the_shipped_catalogue_stands() -> None:
    assert catalogue() == load_catalogue()


@pytest.mark.parametrize(
    ("entry", "field", "expected"),
    [
        (CHEAPER, "usd_per_million_input", Decimal("0.05")),
        (CHEAPER, "usd_per_million_output", Decimal("0.16")),
        (CHEAPER, "source", "pipeline.toml"),
        ({**CHEAPER, "source": "contract 7"}, "source", "contract 7"),
        ({**CHEAPER, "name": "qwen-vl-ocr-1120"}, "name", "qwen-vl-ocr-2025-11-20"),
        ({**CHEAPER, "usd_per_million_input": 0}, "usd_per_million_input", Decimal(0)),
        ({**CHEAPER, "requests_per_minute": 3000}, "rates_source", "pipeline.toml"),
        ({**CHEAPER, "tasks": ["custom_prompt"]}, "tasks", frozenset({Task.CUSTOM_PROMPT})),
        (
            {**CHEAPER, "free_quota": {"tokens": 1, "days": 3}},
            "free_quota",
            FreeQuota(1, 3),
        ),
    ],
)
def test_an_entry_changes_its_fields_and_no_others(entry: dict[str, Any], field: str, expected: Any) -> None:
    model = catalogue(entry).model("singapore", "qwen-vl-ocr-2025-11-20")
    assert getattr(model, field) == expected
    assert catalogue(entry).models_in("beijing") == load_catalogue().models_in("beijing")


def test_prices_of_toml_stay_exact() -> None:
    entry = tomllib.loads('region = "singapore"\nname = "qwen-vl-ocr"\nusd_per_million_input = 0.717\n')
    assert catalogue(entry).model("singapore", "qwen-vl-ocr").usd_per_million_input == Decimal("0.717")


def test_a_new_model_gets_what_follows_from_its_limits() -> None:
    model = catalogue(NEW, region="custom", base_url="http://127.0.0.1:8000").model("custom")
    assert (model.max_input_tokens, model.max_image_tokens) == (24_576, 24_576)
    assert (model.min_pixels, model.max_pixels, model.max_pixels_limit) == (4_096, 8_388_608, 24_576 * 1024)
    assert model.tasks == frozenset(Task)
    assert model.requests_per_minute is None


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ([{**NEW, "usd_per_milion_input": 1}], "usd_per_milion_input does not exist; known are region, name"),
        ([{"name": "m"}], "entry 1 m of pipeline.toml cannot be used: region: Field required"),
        ([{**NEW, "region": "mars"}], "region that does not exist. Known are singapore"),
        (
            [{k: v for k, v in NEW.items() if not k.startswith("usd")}],
            "lacks usd_per_million_input, usd_per_mi",
        ),
        ([{"region": "custom", "name": "m"}], "lacks .*context_tokens, max_output_tokens, token_pixels"),
        (
            [{**NEW, "usd_per_million_input": -1}],
            "usd_per_million_input: Input should be greater than or equal",
        ),
        ([{**NEW, "token_pixels": 1000}], "token_pixels must be a square"),
        ([{**NEW, "tasks": ["read"]}], "tasks.*Input should be 'advanced_recognition'"),
        ([{**NEW, "tasks": []}], "tasks.*at least 1"),
        ([{**NEW, "max_output_tokens": 40_000}], "max_output_tokens <= context_tokens must hold"),
        ([{**NEW, "min_pixels": 99_999_999}], "min_pixels <= max_pixels <= max_pixels_limit must hold"),
        ([CHEAPER, {**CHEAPER, "name": "qwen-vl-ocr-1120"}], "two entries. Merge them"),
    ],
)
def test_an_entry_that_cannot_be_is_refused(entries: list[dict[str, Any]], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        catalogue(*entries)


def test_the_version_tells_the_entries_and_only_their_meaning() -> None:
    first = catalogue(CHEAPER).version
    assert re.fullmatch(rf"{load_catalogue().version}\+[0-9a-f]{{8}}", first)
    assert catalogue({**CHEAPER, "usd_per_million_input": "0.050"}).version == first
    assert catalogue({**CHEAPER, "usd_per_million_input": 0.06}).version != first
    assert catalogue(CHEAPER, NEW).version == catalogue(NEW, CHEAPER).version != first


@pytest.mark.parametrize(
    ("settings", "region", "protocol", "host"),
    [
        ({"region": "singapore"}, "singapore", "native", "https://dashscope-intl.aliyuncs.com"),
        (
            {"region": "singapore", "protocol": "openai"},
            "virginia",
            "openai",
            "https://dashscope-us.aliyuncs.com",
        ),
        (
            {"region": "singapore", "base_url": "https://p.example"},
            "singapore",
            "native",
            "https://p.example",
        ),
        (
            {"region": "singapore", "base_url": "https://p.example"},
            "beijing",
            "native",
            "https://dashscope.aliyuncs.com",
        ),
        ({"region": "custom", "base_url": "http://127.0.0.1:1/v1"}, "custom", "openai", "http://127.0.0.1:1"),
        (
            {"region": "custom", "base_url": "http://127.0.0.1:1", "protocol": "native"},
            "custom",
            "native",
            "http://127.0.0.1:1",
        ),
    ],
)
def test_address_and_dialect(settings: dict[str, Any], region: str, protocol: str, host: str) -> None:
    entry = catalogue(NEW, **settings).region(region)
    assert (entry.protocol, entry.host) == (Protocol(protocol), host)


def test_a_workspace_is_named_in_a_header_of_its_region_only() -> None:
    regions = catalogue(region="singapore", workspace="llm-7").regions
    assert regions["singapore"].headers == {"X-DashScope-WorkSpace": "llm-7"}
    assert regions["virginia"].headers == {}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"region": "custom"}, "Region custom has no address. Set base_url"),
        ({"region": "local", "base_url": "http://127.0.0.1:8765"}, 'set region = "custom"'),
        ({"region": "singapore", "base_url": "http://ocr.example.com"}, "unencrypted"),
    ],
)
def test_an_address_that_cannot_be_is_refused(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        catalogue(**settings)


@pytest.mark.parametrize(
    ("entry", "accepts"),
    [
        (NEW, {"image/png", "image/jpeg"}),
        ({**NEW, "accepts": ["image/png", "image/webp"]}, {"image/png", "image/webp"}),
        (CHEAPER, None),
    ],
)
def test_types_of_images_that_a_model_takes(entry: dict[str, Any], accepts: set[str] | None) -> None:
    found = catalogue(entry, region="custom", base_url="http://127.0.0.1:8000")
    assert found.model(entry["region"], entry["name"]).accepts == accepts


def test_a_custom_region_without_models_has_no_price() -> None:
    configured = catalogue(region="custom", base_url="http://127.0.0.1:1")
    with pytest.raises(ConfigurationError, match=r'region = "custom", name = "own" and free = true'):
        configured.model("custom", "own")
    assert [m.region for m in configured.pinned_models()] == ["singapore", "virginia", "beijing", "frankfurt"]


EXAMPLES: list[str] = re.findall(r"```toml\n(.*?)```", DOCUMENTATION.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda t: t.splitlines()[0])
def test_the_documentations_examples_load(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pipeline.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("QWENOCR_PROJECT", str(tmp_path))
    configured = catalogue_of(load_settings())
    for entry in tomllib.loads(text).get("models", []):
        model = configured.model(entry["region"], entry["name"])
        assert model.usd_per_million_input == Decimal(str(entry.get("usd_per_million_input", 0)))


def test_the_documentation_has_every_key_of_an_entry() -> None:
    from qwenocr_assets.asking.model_overrides import ModelOverride

    section = DOCUMENTATION.read_text(encoding="utf-8").split("## Models")[1].split("## Routes")[0]
    assert not [name for name in ModelOverride.model_fields if f"`{name}`" not in section]


def test_a_model_of_your_own_is_free_where_that_is_said() -> None:
    entry = {"region": "custom", "name": "my-vl", "free": True, "max_output_tokens": 4096}
    catalogue = configured_catalogue(region="custom", base_url="http://127.0.0.1:8000/v1", models=[entry])
    model = catalogue.model("custom", "my-vl")
    assert (model.usd_per_million_input, model.usd_per_million_output) == (0, 0)
    assert (model.max_output_tokens, model.context_tokens) == (4096, 32_768)


def test_a_cloud_model_is_never_free() -> None:
    entry = {"region": "singapore", "name": "another", "free": True}
    with pytest.raises(ConfigurationError, match="free"):
        configured_catalogue(region="singapore", models=[entry])
