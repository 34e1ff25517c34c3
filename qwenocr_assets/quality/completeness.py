"""Whether every request of a batch was answered, and how many were not."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from qwenocr_assets.rows import OcrResponseRow
from qwenocr_assets.statuses import AnswerStatus

_NOT_ASKED = frozenset({AnswerStatus.SKIPPED, AnswerStatus.UNFUNDED})
_UNANSWERED = frozenset({AnswerStatus.REJECTED, AnswerStatus.FAILED, AnswerStatus.MISSING})


@dataclass(frozen=True, slots=True)
class Completeness:
    """How the requests of a batch ended.

    `skipped` ones were never meant to be answered, and `unfunded` ones are asked when there is money again: neither
    is a failure.
    """

    by_status: dict[str, int]
    unanswered: tuple[OcrResponseRow, ...]
    incomplete: tuple[OcrResponseRow, ...]
    """Rows with a partial answer: never counted as success."""
    unfunded: tuple[OcrResponseRow, ...] = ()

    @property
    def asked(self) -> int:
        return sum(count for status, count in self.by_status.items() if status not in _NOT_ASKED)

    @property
    def every_page_answered(self) -> bool:
        return not self.unanswered and not self.incomplete and not self.unfunded

    @property
    def failures(self) -> tuple[OcrResponseRow, ...]:
        """All that did not end well and was meant to."""
        return (*self.unanswered, *self.incomplete, *self.unfunded)

    @property
    def failure_rate(self) -> float:
        """Share of the asked requests that have no answer, 0 to 1."""
        return len(self.unanswered) / self.asked if self.asked else 0.0


def completeness(responses: Iterable[OcrResponseRow]) -> Completeness:
    """Count the rows of `ocr_responses` by how they ended."""
    rows = list(responses)
    return Completeness(
        by_status=dict(sorted(Counter(row["status"] for row in rows).items())),
        unanswered=tuple(row for row in rows if row["status"] in _UNANSWERED),
        incomplete=tuple(row for row in rows if row["status"] == AnswerStatus.PARTIAL),
        unfunded=tuple(row for row in rows if row["status"] == AnswerStatus.UNFUNDED),
    )


def by_class(rows: Iterable[OcrResponseRow], spent_usd: Mapping[str, Decimal]) -> list[dict[str, Any]]:
    """Rows of `ocr_responses` by status and error class, with the calls made and the money spent, most rows first.

    `spent_usd` is what counts in the ledger, by request key: also what answers may have cost that were lost.
    """
    groups: dict[tuple[str, str], list[OcrResponseRow]] = defaultdict(list)
    for row in rows:
        groups[row["status"], row.get("error_class") or ""].append(row)
    return [
        {
            "status": status,
            "error_class": error_class,
            "requests": len(group),
            "calls": sum(row.get("attempts_in_all") or 0 for row in group),
            "cost_usd": sum((spent_usd.get(row["request_key"], Decimal(0)) for row in group), Decimal(0)),
        }
        for (status, error_class), group in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    ]
