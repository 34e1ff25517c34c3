"""A score and the counts it is made of."""

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from qwenocr_assets.scoring.differences import Difference


class Metric(StrEnum):
    """What is measured."""

    CER = "cer"
    WER = "wer"
    CER_BOXES = "cer_boxes"
    LINE_F1 = "line_f1"
    LINE_TEXT_F1 = "line_text_f1"
    FIELD_F1 = "field_f1"
    FIELD_F1_EXACT = "field_f1_exact"
    ROW_RECALL = "row_recall"
    ROW_EXACT = "row_exact"
    TEDS = "teds"
    TEDS_S = "teds_s"

    @property
    def is_error_rate(self) -> bool:
        """Whether less is better."""
        return self in (Metric.CER, Metric.WER, Metric.CER_BOXES)


class Score(NamedTuple):
    """A metric's counts for one document. Counts of several add up, to the micro average."""

    metric: Metric
    errors: float
    total: float
    """At least something: what cannot be scored has no score."""
    differences: tuple["Difference", ...] = ()
    """The values that differ, where the metric is one of values or cells."""

    @property
    def value(self) -> float:
        """The share of errors where that is the metric, else the share without."""
        rate = self.errors / self.total
        return rate if self.metric.is_error_rate else 1 - rate
