"""What people do in Label Studio, as its export "JSON" has it."""

import copy
from typing import Any


def submitted(
    task: dict[str, Any],
    changes: dict[str, str | None],
    *,
    at: str = "2026-11-23T09:30:00.123456Z",
    who: Any = None,
    added: tuple[dict[str, Any], ...] = (),
) -> dict[str, Any]:
    """The task after a person submitted its prediction with texts changed, or regions deleted (None), by place."""
    ids = {asked["region"]: asked["place"] for asked in task["data"]["asked"]}
    result = []
    for part in copy.deepcopy(task["predictions"][0]["result"]):
        part.pop("score", None)
        place = ids[part["id"]]
        if place in changes:
            if changes[place] is None:
                continue
            if part["type"] == "textarea":
                part["value"]["text"] = [changes[place]]
                part["origin"] = "prediction-changed"
        result.append({"origin": "prediction", **part})
    annotation = {
        "id": 41, "completed_by": who or {"id": 1, "email": "mika@example.com", "first_name": "", "last_name": ""},
        "result": [*result, *added], "was_cancelled": False, "ground_truth": False, "created_at": at,
        "updated_at": at, "draft_created_at": None, "lead_time": 31.4, "prediction": {}, "result_count": len(result),
        "unique_id": "5b6e", "import_id": None, "last_action": None, "bulk_created": False, "task": 7, "project": 1,
        "updated_by": 1, "parent_prediction": 12, "parent_annotation": None, "last_created_by": None,
    }  # fmt: skip
    return {
        "id": 7, "annotations": [annotation], "file_upload": "f1-tasks.json", "drafts": [], "predictions": [12],
        "data": task["data"], "meta": {}, "created_at": at, "updated_at": at, "allow_skip": True, "inner_id": 1,
        "total_annotations": 1, "cancelled_annotations": 0, "total_predictions": 1, "comment_count": 0,
        "unresolved_comment_count": 0, "last_comment_updated_at": None, "project": 1, "updated_by": 1,
        "comment_authors": [],
    }  # fmt: skip


def new_region(label: str, text: str, *, path: str | None = None) -> tuple[dict[str, Any], ...]:
    """A rectangle that a person drew, with its label and text."""
    common = {"id": "n3w_Region", "to_name": "page", "origin": "manual", "image_rotation": 0,
              "original_width": 800, "original_height": 1000}  # fmt: skip
    box = {"x": 10.0, "y": 20.0, "width": 25.0, "height": 5.0, "rotation": 0}
    parts = [
        {
            **common,
            "from_name": "label",
            "type": "rectanglelabels",
            "value": {**box, "rectanglelabels": [label]},
        },
        {**common, "from_name": "value", "type": "textarea", "value": {**box, "text": [text]}},
    ]
    if path:
        parts.append({**common, "from_name": "path", "type": "textarea", "value": {**box, "text": [path]}})
    return tuple(parts)
