"""What can go wrong with an emulated batch, and scripts that say with which."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BatchFault:
    """How a batch differs from a smooth one. Results are out of order and without a Content-Type in any case."""

    expires_after: float | None = None
    """The share of its lines that are answered before it expires; None lets it be answered to its end."""
    error_share: float = 0.0
    """The share of its lines that end in a server's error, in the error file."""
    refused_share: float = 0.0
    """The share that the content inspection refuses."""
    only_error_file: bool = False
    """No line succeeds: there is no output file, and the id of the error file begins like an output file's."""
    fails: str | None = None
    """The code with which the whole file is refused, like `mismatched_model`."""
    odd_ids: bool = False
    """Its id holds characters that have to be quoted in an address."""
    loses_create: bool = False
    """It is created, and the connection ends before the answer."""
    tears_results: int = 0
    """So many times the connection ends in the middle of a result file."""


SMOOTH = BatchFault()

BatchScript = Callable[[int], BatchFault]
"""By the number of the batch, from 1."""


def no_batch_faults(_number: int) -> BatchFault:
    """Every batch goes smoothly."""
    return SMOOTH


def batches_in_order(faults: Iterable[BatchFault]) -> BatchScript:
    """The n-th batch meets the n-th fault; later ones go smoothly."""
    listed = tuple(faults)
    return lambda number: listed[number - 1] if number <= len(listed) else SMOOTH
