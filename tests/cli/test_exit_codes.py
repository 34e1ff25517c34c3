"""What the program ends with, kind by kind."""

import re
from pathlib import Path

import pytest

from qwenocr_assets import errors
from qwenocr_assets.cli.ending import exit_code_of_run
from qwenocr_assets.errors import ExitCode, exit_code_of
from qwenocr_assets.qwenocr.errors import error_classes
from qwenocr_assets.statuses import AnswerStatus
from tests.cli.conftest import Command

PAGE = (Path(__file__).parents[2] / "docs" / "exit-codes.md").read_text(encoding="utf-8")
DONE, CONFIGURATION, STORAGE, LATER = (
    ExitCode.DONE,
    ExitCode.CONFIGURATION,
    ExitCode.STORAGE,
    ExitCode.TRY_AGAIN,
)


@pytest.mark.parametrize(
    ("batches", "warehouse", "documents", "answers", "expected"),
    [
        pytest.param([DONE, DONE], DONE, {"accepted"}, {"ok", "skipped"}, DONE, id="all went well"),
        pytest.param([], DONE, {"accepted"}, {"ok"}, DONE, id="nothing was left to do"),
        pytest.param([DONE], DONE, {"accepted", "rejected"}, {"ok"}, DONE, id="some are no documents"),
        pytest.param([DONE], DONE, {"accepted"}, {"missing"}, DONE, id="waits for the Batch API"),
        pytest.param([DONE], DONE, {"rejected"}, set(), ExitCode.NOTHING_READABLE, id="none is one"),
        pytest.param(
            [DONE], DONE, {"accepted"}, {"ok", "failed"}, ExitCode.PARTLY_FAILED, id="an answer failed"
        ),
        pytest.param(
            [DONE], DONE, {"accepted"}, {"unfunded", "failed"}, ExitCode.OUT_OF_MONEY, id="no money left"
        ),
        pytest.param([LATER], DONE, {"accepted"}, {"failed"}, LATER, id="the service is down"),
        pytest.param([CONFIGURATION] * 2, DONE, {"accepted"}, set(), CONFIGURATION, id="no batch may run"),
        pytest.param(
            [DONE, LATER], DONE, {"accepted"}, {"ok"}, ExitCode.PARTLY_FAILED, id="one batch failed"
        ),
        pytest.param([DONE], STORAGE, {"accepted"}, {"ok"}, STORAGE, id="the warehouse cannot be written"),
    ],
)
def test_how_a_run_ends(
    batches: list[ExitCode], warehouse: ExitCode, documents: set[str], answers: set[str], expected: ExitCode
) -> None:
    assert answers <= {status.value for status in AnswerStatus}
    assert exit_code_of_run(batches, warehouse, documents, answers) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("MissingApiKey", CONFIGURATION),
        ("DiskFull", STORAGE),
        ("InUse", LATER),
        ("ServiceDown", LATER),
        ("RunRefused", CONFIGURATION),
        ("Unfunded", ExitCode.OUT_OF_MONEY),
        ("QueryError", ExitCode.USAGE),
        ("ZeroDivisionError", ExitCode.UNEXPECTED),
    ],
)
def test_an_errors_name_tells_its_code(name: str, expected: ExitCode) -> None:
    assert exit_code_of(name) is expected


@pytest.mark.parametrize("code", ExitCode)
def test_every_code_is_documented(code: ExitCode) -> None:
    assert re.search(rf"^\| {code.value} \| ", PAGE, re.MULTILINE)


def test_every_kind_of_error_has_a_code_of_its_own_making() -> None:
    names = {name for name, value in vars(errors).items() if isinstance(value, type) and "Error" in name}
    names |= set(error_classes())
    assert {name for name in names if exit_code_of(name) is ExitCode.UNEXPECTED} == {"QwenocrError"}


@pytest.mark.parametrize("arguments", [["rnu"], ["run", "--no-such-option"], ["search"]])
def test_a_command_that_does_not_exist_is_usage(command: Command, arguments: list[str]) -> None:
    assert command(*arguments).returncode == ExitCode.USAGE


def test_the_version(command: Command) -> None:
    done = command("--version")
    assert done.returncode == 0
    assert re.fullmatch(
        r"qwenocr \d+\.\d+\.\d+, Python 3\.\d+\.\d+\n"
        r"engine embedded-ocr on rapidocr \d[\d.]*, catalogue \d{4}-\d\d-\d\d\n"
        r"database schema \d+ \(\w+\)\n",
        done.stdout,
    )


def test_the_help_has_groups_and_readable_types(command: Command) -> None:
    program, search = command("-h").stdout, command("search", "-h").stdout
    for group in ("Read", "Look", "Correct", "Money", "Upkeep"):
        assert f"─ {group} ─" in program
    assert "--install-completion" in program
    assert re.search(r"--limit +NUMBER", search)
