"""Failover happens only where it is listed, and only to the same model."""

import pytest

from qwenocr_assets.asking.catalogue_overrides import catalogue_of
from qwenocr_assets.asking.failover import failover_order
from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.settings import Settings

KEYS = {
    "DASHSCOPE_API_KEY_SINGAPORE": "sk-s",
    "DASHSCOPE_API_KEY_VIRGINIA": "sk-v",
    "DASHSCOPE_API_KEY_BEIJING": "sk-b",
}
PINNED = "qwen-vl-ocr-2025-11-20"


def order(monkeypatch: pytest.MonkeyPatch, keys: dict[str, str], **settings: object) -> list[tuple[str, str]]:
    for name, value in keys.items():
        monkeypatch.setenv(name, value)
    configured = Settings(_env_file=None, routes=[], **settings)  # type: ignore[arg-type]
    return [(a.region.name, a.model.name) for [a] in failover_order(catalogue_of(configured), configured)]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"region": "local"}, [("local", "embedded-ocr")]),
        ({"region": "singapore"}, [("singapore", PINNED)]),
        ({"region": "singapore", "model": "qwen-vl-ocr"}, [("singapore", "qwen-vl-ocr")]),
        (
            {"region": "singapore", "failover": "virginia, beijing"},
            [("singapore", PINNED), ("virginia", PINNED), ("beijing", PINNED)],
        ),
        (
            {"region": "beijing", "failover": ["singapore"], "model": "qwen-vl-ocr-1120"},
            [("beijing", PINNED), ("singapore", PINNED)],
        ),
    ],
)
def test_the_order(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, object], expected: list[tuple[str, str]]
) -> None:
    assert order(monkeypatch, KEYS, **settings) == expected


@pytest.mark.parametrize(
    ("keys", "settings", "says"),
    [
        ({}, {"region": "singapore"}, "DASHSCOPE_API_KEY_SINGAPORE"),
        (KEYS, {"region": "singapore", "failover": ["mars"]}, "no region 'mars'"),
        (KEYS, {"region": "singapore", "failover": ["singapore"]}, "which is there already"),
        (KEYS, {"region": "singapore", "failover": ["virginia", "virginia"]}, "which is there already"),
        (KEYS, {"region": "singapore", "failover": ["local"]}, "lists local, where .* is not offered"),
        (KEYS, {"region": "singapore", "failover": ["custom"]}, "no region 'custom'"),
        (
            KEYS,
            {"region": "singapore", "failover": ["beijing"], "model": "qwen-vl-ocr"},
            f"Set model to a snapshot, like '{PINNED}'",
        ),
        (
            KEYS,
            {"region": "beijing", "failover": ["virginia"], "model": "qwen-vl-ocr-0828"},
            f"not offered. Models there: qwen-vl-ocr, {PINNED}",
        ),
        (
            {"DASHSCOPE_API_KEY_SINGAPORE": "sk-s"},
            {"region": "singapore", "failover": ["virginia"]},
            "Set DASHSCOPE_API_KEY_VIRGINIA",
        ),
        (
            {"DASHSCOPE_API_KEY": "sk-one"},
            {"region": "singapore", "failover": ["virginia"]},
            "no API key of its own: a key belongs to one region",
        ),
    ],
)
def test_what_cannot_be_listed(
    monkeypatch: pytest.MonkeyPatch, keys: dict[str, str], settings: dict[str, object], says: str
) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        order(monkeypatch, keys, **settings)
    assert "sk-" not in str(caught.value)
