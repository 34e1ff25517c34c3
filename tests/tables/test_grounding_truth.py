"""Grounding on pages whose truth is known: true values to the right box, false ones nowhere."""

from collections.abc import Iterable
from random import Random
from typing import Any

import pytest

from bench.known_pages import KnownPage, likeness, planted, sample_pages, set_page
from qwenocr_assets.tables.places.grounding import ground_key_values
from qwenocr_assets.tables.places.likeness import normalised
from qwenocr_assets.tables.places.page_lines import PageLines
from qwenocr_assets.tables.typed_values import typed_value

SAMPLES = list(sample_pages())
SET = [set_page(seed) for seed in range(60)]


def rows(values: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    found = []
    for label, text in values:
        typed = typed_value(text)
        found.append(
            {
                "value": text,
                "key": label,
                "list_index": None,
                "parent_path": None,
                "value_number": typed.number,
                "value_date": typed.day,
            }
        )
    return found


def rightly_grounded(page: KnownPage) -> list[bool]:
    values = [value for value in page.values if normalised(value[1])]
    found = ground_key_values(rows((label, text) for label, text, _ in values), PageLines(page.lines), {})
    boxes = [
        tuple(row.get(name, 0) for name in ("left_px", "top_px", "right_px", "bottom_px")) for row in found
    ]
    return [likeness(box, true) >= 0.5 for box, (_, _, true) in zip(boxes, values, strict=True)]  # type: ignore[arg-type]


@pytest.mark.parametrize("pages", [SAMPLES, SET], ids=["rendered samples", "set pages"])
def test_true_values_are_grounded_to_the_right_box(pages: list[KnownPage]) -> None:
    right = [is_right for page in pages for is_right in rightly_grounded(page)]
    assert len(right) > 500
    assert sum(right) >= 0.99 * len(right)


@pytest.mark.parametrize("pages", [SAMPLES, SET], ids=["rendered samples", "set pages"])
def test_false_values_are_not_found(pages: list[KnownPage]) -> None:
    random = Random(1)
    grounds = []
    for page in pages:
        false = [(label, planted(text, random)) for label, text, _ in page.values if len(text) >= 4]
        false = [(label, text) for label, text in false if normalised(text) not in page.text]
        grounds += [row["ground"] for row in ground_key_values(rows(false), PageLines(page.lines), {})]
    assert len(grounds) > 500
    assert grounds.count("not_found") >= 0.99 * len(grounds)
