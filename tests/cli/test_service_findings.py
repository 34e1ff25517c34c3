"""The doctor's look at the service: what it finds, and that it neither sends nor shows a key."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qwenocr_assets.cli.findings.finding import Finding
from qwenocr_assets.cli.findings.service import service_findings
from qwenocr_assets.environment.environment import Environment

SECRET = "sk-0123456789abcdef"
MODEL = {
    "region": "custom",
    "name": "qwen3-vl",
    "usd_per_million_input": 0,
    "usd_per_million_output": 0,
    "context_tokens": 32_768,
    "max_output_tokens": 8_192,
    "token_pixels": 1024,
}


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QWENOCR_PROJECT", str(tmp_path))


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        yield server


def findings(server: socket.socket, **settings: Any) -> dict[str, list[Finding]]:
    """What is found with the chosen region moved to a loopback server, by subject."""
    address = f"http://127.0.0.1:{server.getsockname()[1]}"
    base_url = {} if settings.get("region", "local") == "local" else {"base_url": address}
    found: dict[str, list[Finding]] = {}
    for finding in service_findings(Environment.load(**{**base_url, **settings})):
        found.setdefault(finding.subject, []).append(finding)
    return found


@pytest.mark.parametrize(
    ("settings", "subject", "good", "says"),
    [
        ({"region": "singapore"}, "region", True, "singapore, native dialect, catalogue 2026-11-29"),
        ({"region": "singapore"}, "model", True, "$0.07 in, $0.16 out per million tokens"),
        ({"region": "singapore"}, "API key", True, "set for singapore, by DASHSCOPE_API_KEY_SINGAPORE"),
        ({"region": "beijing"}, "API key", False, "Region beijing needs an API key"),
        (
            {"region": "singapore"},
            "keys by region",
            True,
            "singapore: DASHSCOPE_API_KEY_SINGAPORE, virginia: no key, beijing: no key, "
            "frankfurt: no key, custom: no key",
        ),
        ({"region": "beijing"}, "data residency", True, "mainland China only"),
        ({"region": "singapore", "model": "qwen-vl-ocr"}, "model's price", False, "moves to newer models"),
        (
            {"region": "beijing", "model": "qwen-vl-ocr-0413"},
            "model's price",
            False,
            "costs $0.717 in, $0.717 out",
        ),
        ({"region": "singapore"}, "service", True, "answers"),
        (
            {"region": "singapore", "base_url": "http://127.0.0.1:9"},
            "service",
            False,
            "127.0.0.1:9 cannot be re",
        ),
        ({"region": "singapore", "base_url": "http://a.example"}, "region", False, "unencrypted"),
        ({"region": "singapore", "model": "gpt"}, "model", False, "not offered in region singapore"),
        ({"region": "mars"}, "region", False, "no region 'mars'"),
        (
            {"region": "custom", "models": [MODEL]},
            "region",
            True,
            "custom, openai dialect, catalogue 2026-11-29+",
        ),
        ({"region": "custom", "models": [MODEL]}, "API key", True, "none set, none sent"),
        ({"region": "custom"}, "model", False, "nothing can be priced"),
        ({"region": "local"}, "API key", True, "none needed"),
        ({"region": "singapore", "failover": ["virginia"]}, "failover", False, "needs an API key"),
    ],
)
def test_a_finding(
    listener: socket.socket,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, Any],
    subject: str,
    good: bool,
    says: str,
) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY_SINGAPORE", SECRET)
    found = findings(listener, **settings)
    assert any(f.good is good and says in f.found for f in found[subject]), found[subject]
    assert SECRET not in str(found)


def test_warnings_do_not_fail_the_doctor(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY", SECRET)
    found = findings(listener, region="singapore", model="qwen-vl-ocr")
    assert all(f.good or not f.needed for group in found.values() for f in group)


def test_failover_is_shown_with_where_the_data_would_go(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY_SINGAPORE", SECRET)
    monkeypatch.setenv("DASHSCOPE_API_KEY_VIRGINIA", SECRET[::-1])
    found = findings(listener, region="singapore", failover=["virginia"])
    assert found["failover"][0].found == (
        "singapore (qwen-vl-ocr-2025-11-20) → virginia (qwen-vl-ocr-2025-11-20)"
    )
    assert "US (Virginia)" in found["data residency, virginia"][0].found
    assert len(found["service"]) == 2


@pytest.mark.parametrize(
    ("host", "said"),
    [("trial", "a trial host: 1,000 requests a minute over all models"), ("llm-abc", None)],
)
def test_a_trial_host_is_told(monkeypatch: pytest.MonkeyPatch, host: str, said: str | None) -> None:
    def nowhere(*_: object, **__: object) -> None:
        raise OSError("no network in this test")

    monkeypatch.setattr(socket, "create_connection", nowhere)
    monkeypatch.setenv("DASHSCOPE_API_KEY", SECRET)
    address = f"https://{host}.ap-southeast-1.maas.aliyuncs.com"
    found = service_findings(Environment.load(region="singapore", base_url=address))
    told = [f.found for f in found if f.subject == "host"]
    assert [text.partition(", no promise")[0] for text in told] == ([] if said is None else [said])


def test_nothing_is_sent_to_the_host(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY_SINGAPORE", SECRET)
    findings(listener, region="singapore")
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(5)
        assert connection.recv(1) == b""
