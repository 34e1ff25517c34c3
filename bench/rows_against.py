"""Answers into rows with this checkout and with another, turn by turn in one run."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.measuring import HERE, costs_with, goal
from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.qwenocr.tasks import Task

_ROUNDS = 3
_MOST = 1.05
"""How much more CPU than the other checkout's a page may cost."""
_SCRIPT = "flatten_bodies.py"


def goals_against(other: Path | None, pages: Mapping[str, Mapping[Task, Answer]]) -> list[str]:
    """CPU of turning each page's answers into rows as a share of what `other` takes; none without another."""
    if other is None:
        print("no other checkout to measure against: --against /path/to/checkout names one")
        return []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pages.json"
        bodies = {
            name: {task.value: _body(a) for task, a in answers.items()} for name, answers in pages.items()
        }
        file.write_text(json.dumps(bodies))
        rounds = [(costs_with(HERE, _SCRIPT, file), costs_with(other, _SCRIPT, file)) for _ in range(_ROUNDS)]
    lines = []
    for name in pages:
        ours, theirs = (min(costs[side][name] for costs in rounds) for side in (0, 1))
        print(
            f"  {name}: {ours * 1e3:.3f} ms here, {theirs * 1e3:.3f} ms with {other}: {ours / theirs:.2f} ×"
        )
        lines.append(goal(f"rows.{name.replace(' ', '_')}_against", ours / theirs, _MOST, "× the other"))
    return lines


def _body(answer: Answer) -> dict[str, Any]:
    """The answer as the service sends it."""
    item: dict[str, Any] = {"text": answer.text}
    if answer.words:
        words = [{"text": w.text, "location": w.quad, "rotate_rect": w.rotate_rect} for w in answer.words]
        item["ocr_result"] = {"words_info": words}
    choice = {"finish_reason": "stop", "message": {"role": "assistant", "content": [item]}}
    return {"output": {"choices": [choice]}, "usage": {"input_tokens": 1, "output_tokens": 1}}
