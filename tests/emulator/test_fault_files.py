"""Fault scripts as files, and the page that documents them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from qwenocr_assets.emulator import (
    NAMED_FAULTS,
    Call,
    ErrorAnswer,
    Fault,
    ServiceCode,
    StreamError,
    Truncated,
    read_fault_file,
)
from qwenocr_assets.emulator.testing.canned_answers import NATIVE_PATH
from qwenocr_assets.errors import ConfigurationError

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "emulator.md").read_text(encoding="utf-8")


def script_of(folder: Path, text: str, calls: int) -> list[Fault | None]:
    file = folder / "faults.toml"
    file.write_text(text, encoding="utf-8")
    script = read_fault_file(file)
    return [script(Call(n, NATIVE_PATH, "qwen-vl-ocr", False, {}, {})) for n in range(1, calls + 1)]


def test_the_documented_file(tmp_path: Path) -> None:
    [toml] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    drawn = script_of(tmp_path, toml, 5_000)

    slow = NAMED_FAULTS["stream_error"]
    assert isinstance(slow, StreamError)
    assert drawn[2] == drawn[16] == StreamError(slow.code, slow.message, after_events=4)
    own = ServiceCode(413, "RequestTooLarge", "request_too_large")
    assert drawn[4] == ErrorAnswer(own, "The request is too large.")
    assert drawn.count(NAMED_FAULTS["rate_quota"]) / 5_000 == pytest.approx(0.10, abs=0.015)
    assert drawn.count(NAMED_FAULTS["lost"]) / 5_000 == pytest.approx(0.02, abs=0.008)


def test_every_named_fault_is_documented() -> None:
    assert {name for name in NAMED_FAULTS if f"`{name}`" not in PAGE} == set()


def test_the_documented_program_runs(tmp_path: Path) -> None:
    [program] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (done.stdout.split(), done.stderr) == (["502", "400", "0"], "")


@pytest.mark.parametrize("text", ["", "seed = 1"])
def test_no_faults(text: str, tmp_path: Path) -> None:
    assert script_of(tmp_path, text, 3) == [None] * 3


def test_values_of_a_fault_may_be_changed(tmp_path: Path) -> None:
    drawn = script_of(tmp_path, '[[fault]]\nname = "truncated"\nshare = 1.0\nkept_share = 0.9', 2)
    assert drawn == [Truncated(0.9)] * 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[fault", "cannot be read"),
        ("sed = 7", "unknown: sed"),
        ('[[fault]]\nname = "gremlin"\nshare = 0.1', "no fault named 'gremlin'"),
        ('[[fault]]\nname = "lost"', "neither on which `calls` nor on what `share`"),
        ('[[fault]]\nname = "lost"\nshare = 1.5', "at most 1"),
        ('[[fault]]\nname = "lost"\nshare = "often"', "often"),
        ('[[fault]]\nname = "lost"\nshare = 0.1\nkept_share = 0.5', "unknown: kept_share"),
        ("[[fault]]\nstatus = 413\ncalls = [1]", "lacks code, compatible_code, message"),
        ("fault = 3", "faults.toml is wrong"),
    ],
)
def test_what_is_wrong_with_a_file(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(says)) as caught:
        script_of(tmp_path, text, 1)
    assert "faults.toml" in caught.value.message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_fault_file(tmp_path / "none.toml")
