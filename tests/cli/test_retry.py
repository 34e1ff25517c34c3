"""`qwenocr retry` against a service that has a bad hour."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from PIL import Image

from qwenocr_assets.emulator import NAMED_FAULTS, Call, Fault, create_emulator
from qwenocr_assets.emulator.testing.canned_answers import CannedAnswers
from qwenocr_assets.errors import ExitCode
from tests.cli.conftest import Command

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_proxy")]


def test_what_failed_is_asked_again_and_nothing_else(
    project: Path, command: Command, served: Callable[..., AbstractContextManager[str]]
) -> None:
    for number, name in enumerate(("請求書.png", "فاتورة.png")):
        (project / "in").mkdir(exist_ok=True)
        Image.new("L", (300, 200), number).save(project / "in" / name)
    bad_hour = True

    def faults(call: Call) -> Fault | None:
        return NAMED_FAULTS["internal_error"] if bad_hour and call.number % 3 == 0 else None

    emulator = create_emulator(CannedAnswers(), faults=faults)
    with served(emulator) as url:
        cloud = {
            "QWENOCR_REGION": "singapore",
            "QWENOCR_BASE_URL": f"{url}/api/v1",
            "DASHSCOPE_API_KEY_SINGAPORE": "sk-test",
            "QWENOCR_MAX_ATTEMPTS": "1",
        }
        first = command("run", "in", **cloud)
        assert "2 failed" in first.stdout, first.stdout + first.stderr
        assert first.returncode == ExitCode.PARTLY_FAILED
        bad_hour = False
        calls = emulator.traffic.arrived

        assert "Nothing to ask again" in command("retry", "--class", "Throttled", **cloud).stdout
        for option, says in {
            "batch": "There is no intake none",
            "class": "There is no error class none",
        }.items():
            unknown = command("retry", f"--{option}", "none", **cloud)
            assert unknown.returncode == 2
            assert says in unknown.stderr
        again = command("retry", "--class", "Retryable", **cloud)
        assert again.returncode == 0, again.stdout + again.stderr
        assert "2 requests sent" in again.stdout, again.stdout
        assert emulator.traffic.arrived == calls + 2

        assert "Nothing to ask again" in command("retry", **cloud).stdout
        partial = command("retry", "--status", "partial", **cloud)
        assert partial.returncode == 0, partial.stdout + partial.stderr
        assert "4 requests sent" in partial.stdout, partial.stdout
        assert emulator.traffic.arrived == calls + 6
