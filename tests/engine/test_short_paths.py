"""The served engine below /v1, as clients of other servers ask it."""

import asyncio

import httpx
import pytest

from qwenocr_assets.emulator import create_emulator
from qwenocr_assets.engine.app import create_app, with_short_paths


async def _ask(prefix: str, account: bool) -> tuple[httpx.Response, httpx.Response]:
    engine = create_app(lambda *_: None)  # type: ignore[arg-type, return-value]
    app = with_short_paths(create_emulator(engine) if account else engine)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://engine") as client:
        listed = await client.get(f"{prefix}/models")
        refused = await client.post(
            f"{prefix}/chat/completions", json={"model": "embedded-ocr", "messages": []}
        )
    return listed, refused


@pytest.mark.parametrize("account", [False, True], ids=["engine", "account"])
@pytest.mark.parametrize("prefix", ["/v1", "/compatible-mode/v1"])
def test_models_are_listed_and_calls_are_met(prefix: str, account: bool) -> None:
    listed, refused = asyncio.run(_ask(prefix, account))
    assert listed.status_code == 200
    assert [model["id"] for model in listed.json()["data"]] == ["embedded-ocr"]
    assert refused.status_code == 400, refused.text
    assert "error" in refused.json()
