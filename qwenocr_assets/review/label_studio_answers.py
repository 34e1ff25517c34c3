"""What people said in Label Studio: its exports "JSON" and "JSON-MIN" as statements.

A submitted annotation settles all that was asked about its page: a region as it was confirms the value, another text
corrects it, a deleted region says that the page has no such value, a new region adds one. Skipped tasks and drafts say
nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from qwenocr_assets.geometry import Box
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.review.label_studio import LABELS, PATH, TEXT
from qwenocr_assets.review.places import CELL, read_place
from qwenocr_assets.review.statements import ReadFile, Refused, Statement, Verdict, because_of

_SIDES = ("x", "y", "width", "height")
_SAME_BOX = 0.05
"""Percent of the page by which a box may differ and still be the one that was shown."""


@dataclass(frozen=True, slots=True)
class _Region:
    """A region of an annotation; `id` is None where the export drops it."""

    id: str | None
    label: str
    text: str
    path: str
    value: Mapping[str, Any]


class _Unusable(Exception):
    """A task that cannot be read; the message says why."""


def read_answers(tasks: Iterable[Any]) -> ReadFile:
    """The statements of an export's tasks."""
    statements: list[Statement] = []
    refused: list[Refused] = []
    unanswered = 0
    for number, task in enumerate(tasks, 1):
        where = f"task {task.get('id', number) if isinstance(task, dict) else number}"
        try:
            found = list(_annotations(task))
            unanswered += not found
            for name, annotation, regions in found:
                for said in _statements(f"{where}{name}", task, annotation, regions):
                    (statements if isinstance(said, Statement) else refused).append(said)  # type: ignore[arg-type]
        except _Unusable as error:
            refused.append(Refused(where, str(error)))
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            refused.append(
                Refused(where, f"It is not as Label Studio writes it ({type(error).__name__}: {error}).")
            )
    return ReadFile(tuple(statements), tuple(refused), unanswered)


def _annotations(task: Any) -> Iterator[tuple[str, Mapping[str, Any], list[_Region]]]:
    """The submitted annotations of a task, whichever of the two formats it has."""
    if not isinstance(task, dict):
        raise _Unusable("It is no task of Label Studio.")
    if "annotations" in task:
        for annotation in task["annotations"]:
            if not annotation.get("was_cancelled"):
                yield f", annotation {annotation.get('id')}", annotation, _regions(annotation["result"])
    elif "annotation_id" in task:
        yield f", annotation {task['annotation_id']}", task, _min_regions(task)
    else:
        raise _Unusable("It has no annotations: export the project as JSON or JSON-MIN.")


def _regions(result: Iterable[Mapping[str, Any]]) -> list[_Region]:
    parts: dict[str, dict[str, Mapping[str, Any]]] = {}
    for part in result:
        if part.get("from_name") in (LABELS, TEXT, PATH):
            parts.setdefault(str(part["id"]), {})[part["from_name"]] = part["value"]
    return [
        _Region(
            region,
            _first(found.get(LABELS, {}).get("rectanglelabels")),
            _text(found.get(TEXT, {}).get("text")),
            _text(found.get(PATH, {}).get("text")),
            found.get(LABELS) or found.get(TEXT) or found[PATH],
        )
        for region, found in parts.items()
    ]


def _min_regions(task: Mapping[str, Any]) -> list[_Region]:
    """The regions of a JSON-MIN task, which keeps boxes and texts in two lists and drops the ids."""
    boxes = task.get(LABELS, [])
    said = task.get(TEXT, [])
    texts = (
        [said]
        if isinstance(said, str)
        else [_text(t.get("text")) if isinstance(t, dict) else t for t in said]
    )
    empty = [asked for asked in _data(task)["asked"] if asked["box"] and not asked["text"]]
    if len(boxes) != len(texts) or empty or task.get(PATH):
        raise _Unusable(
            "JSON-MIN does not say which text belongs to which region here: export the project as JSON."
        )
    return [
        _Region(None, _first(box.get("rectanglelabels")), text.strip(), "", box)
        for box, text in zip(boxes, texts, strict=True)
    ]


def _data(task: Mapping[str, Any]) -> Mapping[str, Any]:
    data: Mapping[str, Any] = task.get("data", task)
    if "page_id" not in data or not isinstance(data.get("asked"), list):
        raise _Unusable("It was not made by `qwenocr review export`: what it is about is not said in it.")
    return data


def _statements(
    where: str, task: Mapping[str, Any], annotation: Mapping[str, Any], regions: list[_Region]
) -> Iterator[Statement | Refused]:
    data = _data(task)
    size = (data["width_px"], data["height_px"])
    common: dict[str, Any] = {
        "batch_id": data["batch_id"],
        "document_id": data["document_id"],
        "page_id": data["page_id"],
        "page_sha256": data.get("page_sha256"),
        "by": _name(annotation),
        "account": _account(annotation),
        "at": _when(annotation),
    }
    found = _matched(regions, data["asked"])
    for asked in data["asked"]:
        region = found.get(asked["region"])
        about = {
            **common,
            "where": f"{where}, {asked['place']}",
            "task": asked["task"],
            "place": asked["place"],
            "seen": asked["seen"],
            "because": because_of(asked["finding"]),
            "finding": asked["finding"],
        }
        if asked["box"] is None:
            yield Statement(verdict=Verdict.RIGHT, **about)
        elif region is None or not (region.text or asked["text"]):
            yield Statement(verdict=Verdict.ABSENT, **about)
        elif not region.text:
            yield Refused(
                about["where"], "Its text is empty: delete the region if the page has no such value."
            )
        else:
            moved = not _same_box(region.value, asked["box"])
            box = _in_pixels(region.value, size) if moved else None
            yield Statement(verdict=Verdict.VALUE, value=region.text, box=box, **about)
    tasks = {asked["label"]: asked["task"] for asked in data["asked"]}
    fields = {asked["label"]: _field_of(asked["place"]) for asked in data["asked"]}
    for region in regions:
        if any(region is known for known in found.values()):
            continue
        place = region.path or fields.get(region.label, region.label)
        about = {**common, "where": f"{where}, new region {place or region.id}"}
        if not region.text:
            yield Refused(about["where"], "It has no text.")
        elif not place or place == CELL:
            yield Refused(
                about["where"], "It has no label that says which field it is; cells cannot be added."
            )
        elif "[]" in place:
            yield Refused(
                about["where"], f"Say which element it is: give its path, like {place.replace('[]', '[0]')}."
            )
        else:
            yield Statement(
                task=tasks.get(_label_of(place), Task.KEY_INFORMATION_EXTRACTION.value),
                place=place,
                verdict=Verdict.VALUE,
                value=region.text,
                box=_in_pixels(region.value, size),
                **about,
            )


def _matched(regions: list[_Region], asked: list[Mapping[str, Any]]) -> dict[str, _Region]:
    """The regions that are those which were shown, by the shown region's id."""
    by_id = {region.id: region for region in regions if region.id is not None}
    found = {entry["region"]: by_id[entry["region"]] for entry in asked if entry["region"] in by_id}
    left = [region for region in regions if region.id is None]
    waiting = [entry for entry in asked if entry["box"] and entry["region"] not in found]
    # without ids: the same label, text and place; the same label and place; the only one of its label
    for same in (_same_text, _same_place, _same_label):
        for region in list(left):
            fitting = [entry for entry in waiting if same(region, entry)]
            if len(fitting) == 1 or (fitting and same is not _same_label):
                found[fitting[0]["region"]] = region
                waiting.remove(fitting[0])
                left.remove(region)
    return found


def _same_text(region: _Region, entry: Mapping[str, Any]) -> bool:
    return _same_place(region, entry) and region.text == entry["text"].strip()


def _same_place(region: _Region, entry: Mapping[str, Any]) -> bool:
    return _same_label(region, entry) and _same_box(region.value, entry["box"])


def _same_label(region: _Region, entry: Mapping[str, Any]) -> bool:
    return bool(entry["label"] == region.label)


def _same_box(value: Mapping[str, Any], box: Mapping[str, Any]) -> bool:
    return not value.get("rotation") and all(abs(value[side] - box[side]) <= _SAME_BOX for side in _SIDES)


def _in_pixels(value: Mapping[str, Any], size: tuple[int, int]) -> Box | None:
    """The upright box in page pixels; None for one that is turned. Raises ValueError for one that cannot be."""
    if value.get("rotation"):
        return None
    width, height = size
    left, top = value["x"] * width / 100, value["y"] * height / 100
    right, bottom = left + value["width"] * width / 100, top + value["height"] * height / 100
    return Box(*(round(side, 2) for side in (left, top, right, bottom)))


def _name(annotation: Mapping[str, Any]) -> str | None:
    """The person's address or name, where the export has it: the community edition's has only a number."""
    person = _person(annotation)
    if isinstance(person, dict):
        return person.get("email") or person.get("username")
    return person if isinstance(person, str) else None


def _account(annotation: Mapping[str, Any]) -> str | None:
    person = _person(annotation)
    number = person.get("id") if isinstance(person, dict) else person
    return f"Label Studio user {number}" if isinstance(number, int) else None


def _person(annotation: Mapping[str, Any]) -> Any:
    return annotation.get("completed_by", annotation.get("annotator"))


def _when(annotation: Mapping[str, Any]) -> datetime | None:
    text = annotation.get("updated_at") or annotation.get("created_at")
    if not text:
        return None
    when = datetime.fromisoformat(text)
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


def _label_of(place: str) -> str:
    """The label of a value of this place; a path that was typed counts, whatever the label of its region."""
    parts = read_place(place)
    return parts.label if parts else place


def _field_of(place: str) -> str:
    parts = read_place(place)
    return parts.field if parts else place


def _first(labels: Any) -> str:
    return str(labels[0]) if labels else ""


def _text(text: Any) -> str:
    return ("\n".join(text) if isinstance(text, list) else str(text or "")).strip()
