"""The answer of key information extraction: all pairs of a page, or those that a schema asks for."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from qwenocr_assets.engine.page.geometry import box_of
from qwenocr_assets.engine.page.read_page import ReadPage
from qwenocr_assets.engine.understanding.dates import days_in
from qwenocr_assets.engine.understanding.labels import (
    concepts,
    concepts_of,
    fits,
    meant,
    normalised,
    similarity,
)
from qwenocr_assets.engine.understanding.pairs import Pair, find_pairs
from qwenocr_assets.engine.understanding.records import Records, records_of
from qwenocr_assets.engine.understanding.unlabelled import Unlabelled
from qwenocr_assets.geometry import Box

_CUT = 80.0
"""Similarity of key and label (0 to 100) from which they are taken to mean the same."""
_SECTION_BONUS = 12.0
"""A pair under the heading that the schema's parent key names is preferred by this much."""
_MISFIT = 25.0

_NAMES = frozenset({"customer", "seller", "company", "name"})
"""Concepts that ask for the first line of a block; the others are its address."""

Path = tuple[str, ...]


def all_pairs(page: ReadPage) -> dict[str, Any]:
    """Every label of the page with its value as printed; a label that comes again has a list of its values.

    Tables of records are lists of objects under "items", "items 2" ….
    """
    found: dict[str, Any] = {}
    for pair in find_pairs(page):
        known = found.setdefault(pair.label, pair.value)
        values = known if isinstance(known, list) else [known]
        if pair.value not in values:
            found[pair.label] = [*values, pair.value]
    for number, records in enumerate(_records(page), start=1):
        found["items" if number == 1 else f"items {number}"] = [
            {label: text for label, text in zip(records.header, row, strict=True) if label}
            for row in records.rows
        ]
    return found


def _records(page: ReadPage) -> list[Records]:
    return [records for table in page.tables if (records := records_of(table)) is not None]


def fill_schema(page: ReadPage, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with its values taken from the page; None where the page has none.

    A nested object is filled key by key, preferring pairs under a heading that its key names. A list with one
    object is a template: there is one object for each record of the table whose header fits it best.
    """
    pairs = find_pairs(page)
    leaves = dict(_leaves(schema))
    sections = {path[:-1]: _section(path[-2], page) for path in leaves if len(path) > 1}
    found = _assign(leaves, pairs, sections)
    unlabelled = Unlabelled(page)
    for path, key in leaves.items():
        value = _settled(key, path, found.get(path), unlabelled)
        if value is not None:
            found[path] = value
    return _filled(schema, (), found, page)


def _settled(key: str, path: Path, labelled: str | None, unlabelled: Unlabelled) -> str | None:
    """The value of a leaf from what its label says and what the page says without one."""
    names = concepts_of(key)
    if "total" in names and unlabelled.total is not None:
        return unlabelled.total
    if labelled is not None and all(concepts()[name].kind == "date" for name in names or {"name"}):
        labelled = next(iter(days_in(labelled)), None) or labelled
        if not days_in(labelled):
            return unlabelled.value(key, None) or labelled
    if labelled is not None:
        return labelled
    return unlabelled.value(key, normalised(path[-2]) if len(path) > 1 else None)


def _leaves(schema: Mapping[str, Any], above: Path = ()) -> Iterator[tuple[Path, str]]:
    """Path of every value of a schema outside lists, with its key as normalised words."""
    for key, value in schema.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*above, key))
        elif not isinstance(value, list):
            yield (*above, key), normalised(key)


def _section(key: str, page: ReadPage) -> Box | None:
    """The part of the page under the heading that a key names, as far down as the next blank."""
    wanted = normalised(key)
    headings = [
        (similarity(wanted, normalised(line.text.rstrip(" :："))), line)
        for line in page.upright_lines
        if len(line.text) <= 40
    ]
    score, heading = max(headings, key=lambda scored: scored[0], default=(0.0, None))
    if heading is None or score < _CUT:
        return None
    box = box_of(heading)
    bottom, right = box.bottom, box.right
    for line in page.upright_lines:
        other = box_of(line)
        near = other.top >= box.top and other.top - bottom < 1.5 * box.height
        if near and abs(other.left - box.left) < 2 * box.height:
            bottom, right = max(bottom, other.bottom), max(right, other.right)
    return Box(box.left - box.height, box.top, right, bottom)


def _assign(
    leaves: Mapping[Path, str], pairs: Sequence[Pair], sections: Mapping[Path, Box | None]
) -> dict[Path, str]:
    """The best pair for each leaf, best matches first, each pair given once."""
    labels = [meant(pair.label) for pair in pairs]
    scored = sorted(
        (
            (score, -index, path)
            for path, key in leaves.items()
            for index, (pair, label) in enumerate(zip(pairs, labels, strict=True))
            if (score := _score(key, path, pair, label, sections)) >= _CUT
        ),
        reverse=True,
    )
    found: dict[Path, str] = {}
    used: set[int] = set()
    for _, minus_index, path in scored:
        if path not in found and -minus_index not in used:
            pair = pairs[-minus_index]
            found[path] = pair.lines[0] if concepts_of(leaves[path]) & _NAMES else pair.value
            used.add(-minus_index)
    return found


def _score(key: str, path: Path, pair: Pair, label: str, sections: Mapping[Path, Box | None]) -> float:
    score = similarity(key, label)
    if len(path) > 1:
        score = max(score, similarity(f"{normalised(path[-2])} {key}", label))
        section = sections.get(path[:-1])
        if section is not None and score >= _CUT:
            inside = section.holds(pair.box.left + 1, pair.box.middle_y)
            score += _SECTION_BONUS if inside else -_SECTION_BONUS
    return score if fits(key, pair.value) else score - _MISFIT


def _filled(
    schema: Mapping[str, Any], above: Path, found: Mapping[Path, str], page: ReadPage
) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    for key, value in schema.items():
        if isinstance(value, Mapping):
            answer[key] = _filled(value, (*above, key), found, page)
        elif isinstance(value, list):
            answer[key] = _filled_list(key, value, page)
        else:
            answer[key] = found.get((*above, key))
    return answer


def _filled_list(key: str, template: Sequence[Any], page: ReadPage) -> list[Any]:
    if template and isinstance(template[0], Mapping):
        return _items(template[0], page)
    wanted = normalised(key)
    return [pair.value for pair in find_pairs(page) if similarity(wanted, normalised(pair.label)) >= _CUT]


def _items(template: Mapping[str, Any], page: ReadPage) -> list[dict[str, Any]]:
    """Records of the best fitting table as objects with the template's keys; [] when no table fits."""
    best: tuple[int, Records, dict[str, int]] | None = None
    for records in _records(page):
        columns = _columns(template, records.header)
        if columns and (best is None or len(columns) > best[0]):
            best = len(columns), records, columns
    if best is None:
        return []
    _, records, columns = best
    return [
        {key: row[columns[key]] or None if key in columns else None for key in template}
        for row in records.rows
    ]


def _columns(template: Mapping[str, Any], header: Sequence[str]) -> dict[str, int]:
    """Column of each template key, best matches first, each column given once."""
    scored = sorted(
        (
            (score, -column, key)
            for key in template
            for column, label in enumerate(header)
            if (score := max(similarity(name, normalised(label)) for name in _names(key))) >= _CUT
        ),
        reverse=True,
    )
    columns: dict[str, int] = {}
    for _, minus_column, key in scored:
        if key not in columns and -minus_column not in columns.values():
            columns[key] = -minus_column
    return columns


def _names(key: str) -> tuple[str, ...]:
    """A key of a template as normalised words; the name of an item is its description."""
    words = normalised(key)
    return (words, "description") if "name" in concepts_of(words) else (words,)
