"""Fault scripts as TOML files, for the command line: which faults, on which calls or on what share of them.

seed = 7                    # another seed, other calls

[[fault]]
name = "rate_quota"         # one of the named faults
share = 0.10                # of all calls, by chance

[[fault]]
name = "stream_error"
calls = [3, 17]             # exactly these calls, counted from 1
after_events = 4            # any value that this kind of fault has

[[fault]]                   # any other error of the service
status = 413
code = "RequestTooLarge"
compatible_code = "request_too_large"
message = "The request is too large."
calls = [5]

[[retire]]                  # a model on notice: throttled more and more, then not there
model = "qwen-vl-ocr-latest"
shrinks_from = 20
gone_from = 60
"""

import tomllib
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from qwenocr_assets.emulator.faults import (
    NAMED_FAULTS,
    Call,
    ErrorAnswer,
    Fault,
    FaultScript,
    by_share,
    retiring,
)
from qwenocr_assets.engine.wire.errors import ServiceCode
from qwenocr_assets.errors import ConfigurationError

_OWN_ERROR = ("status", "code", "compatible_code", "message")


def read_fault_file(path: Path) -> FaultScript:
    """The script that a file describes. Calls that are listed come before shares.

    Raises:
        ConfigurationError: the file cannot be read or says something that is not known; it names what and where.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"The fault file {path} cannot be read: {error}", "Correct the file."
        ) from error
    exact: dict[int, Fault] = {}
    shares: list[tuple[Fault, float]] = []
    try:
        _only_known(content, {"seed", "fault", "retire"})
        notices = [retiring(**entry) for entry in content.get("retire", [])]
        for entry in content.get("fault", []):
            fault = _fault(entry)
            exact |= dict.fromkeys(entry.get("calls", ()), fault)
            shares.append((fault, float(entry.get("share", 0.0))))
        by_chance = by_share(shares, seed=int(content.get("seed", 0)))
    except (ValueError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"The fault file {path} is wrong: {error}", f"Named faults: {', '.join(NAMED_FAULTS)}."
        ) from error

    def script(call: Call) -> Fault | None:
        on_notice = next((fault for notice in notices if (fault := notice(call))), None)
        return on_notice or exact.get(call.number) or by_chance(call)

    return script


def _fault(entry: dict[str, Any]) -> Fault:
    when = {"calls", "share"}
    if not when & entry.keys():
        raise ValueError(f"{entry} says neither on which `calls` nor on what `share` of them")
    settings = {key: value for key, value in entry.items() if key not in when}
    if (name := settings.pop("name", None)) is not None:
        if name not in NAMED_FAULTS:
            raise ValueError(f"there is no fault named {name!r}")
        fault = NAMED_FAULTS[name]
    else:
        if missing := [key for key in _OWN_ERROR if key not in settings]:
            raise ValueError(
                f"{entry} has no `name`, and for an error of your own lacks {', '.join(missing)}"
            )
        code = ServiceCode(settings.pop("status"), settings.pop("code"), settings.pop("compatible_code"))
        fault = ErrorAnswer(code, settings.pop("message"))
    _only_known(settings, {field.name for field in fields(fault)} - {"code", "body"})
    return replace(fault, **settings)


def _only_known(settings: dict[str, Any], known: set[str]) -> None:
    if unknown := settings.keys() - known:
        raise ValueError(
            f"unknown: {', '.join(sorted(unknown))} (known: {', '.join(sorted(known)) or 'nothing'})"
        )
