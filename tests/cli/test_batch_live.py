"""`qwenocr batch` from handing over to rows, against a service that ends a job after a second."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from qwenocr_assets.emulator import create_emulator
from qwenocr_assets.emulator.testing.canned_answers import CannedAnswers
from tests.cli.conftest import Command


@pytest.mark.slow
@pytest.mark.usefixtures("no_proxy")
def test_submitted_collected_and_in_sql(
    project: Path, command: Command, served: Callable[..., AbstractContextManager[str]]
) -> None:
    inbox = project / "inbox"
    inbox.mkdir()
    page = Image.new("RGB", (300, 200), "white")
    ImageDraw.Draw(page).text((20, 20), "Total: 12.50", fill="black")
    page.save(inbox / "領収書.png")
    (project / "pipeline.toml").write_text(
        '[[routes]]\nname = "all"\nmatch = "**"\ntasks = ["text_recognition"]\n', encoding="utf-8"
    )
    emulator = create_emulator(CannedAnswers(text="Total: 12.50"), region="beijing", batch_seconds=1.0)
    with served(emulator) as base_url:
        beijing = {
            "QWENOCR_REGION": "beijing",
            "QWENOCR_MODEL": "qwen-vl-ocr",
            "QWENOCR_BASE_URL": base_url,
            "DASHSCOPE_API_KEY": "sk-none-needed",
        }
        submitted = command("batch", "submit", "inbox", **beijing)
        assert submitted.returncode == 0, submitted.stdout + submitted.stderr
        assert "Waiting for the Batch API" in submitted.stdout
        assert "1 waiting" in command("batch", "list", **beijing).stdout
        time.sleep(1.0)
        collected = command("batch", "collect", **beijing)
        assert collected.returncode == 0, collected.stdout + collected.stderr
        assert "Collected for 1 intake;" in collected.stdout
    rows = command(
        "sql",
        "-f",
        "csv",
        "select text, mode from core.text_lines join core.ocr_responses using (request_key)",
    )
    assert "Total: 12.50,batch" in rows.stdout
    assert emulator.bill.total.calls == 1
