"""Planted errors: how many of the wrong values the review queue holds, and how many of the right ones.

The rendered samples, as a perfect reader would answer, with a tenth of the answer spoiled: digits flipped, rows that
change places, rows left out, fields made up. The lines that values are looked up in are what the embedded engine really
reads on the pages. A value that is left out counts as caught when its list or table is in the queue.
"""

import copy
import random
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from upath import UPath

from bench.sample_warehouse import (
    BATCH,
    DATA,
    ROUTES,
    _answer,
    _document,
    _request,
    _response,
    _size,
    _truths,
)
from qwenocr_assets.engine.reader import Reader
from qwenocr_assets.intake.routes import load_routes
from qwenocr_assets.quality.validation import validate
from qwenocr_assets.qwenocr.answers import Answer, Word
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.schemas import TABLES
from qwenocr_assets.settings import load_settings, project_root
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import write_table
from qwenocr_assets.tables.batch import flatten_batch
from qwenocr_assets.warehouse.build import build_models
from qwenocr_assets.warehouse.connect import open_writer
from qwenocr_assets.warehouse.dictionary import MODELS
from qwenocr_assets.warehouse.load import load_changes
from qwenocr_assets.warehouse.models import load_models
from qwenocr_assets.warehouse.publish import working_file
from qwenocr_assets.warehouse.wide_views import project_schemas

FOLDERS = ("invoices", "forms", "tickets", "receipts", "tables")
RATE = 0.1
LOOK_BELOW = 0.5
_AT_LEAST, _AT_MOST = 0.95, 0.10
"""The goals: share of the wrong values in the queue, share of the right ones."""


@dataclass
class Planted:
    """What was spoiled in one answer: places of wrong values, and places around what is gone."""

    wrong: dict[str, str] = field(default_factory=dict)
    gone: list[tuple[str, str]] = field(default_factory=list)


def spoil_values(values: dict[str, Any], dice: random.Random) -> Planted:
    """Spoil key values in place."""
    planted = Planted()
    for key, items in values.items():
        if isinstance(items, list):
            _spoil_rows(key, items, dice, planted)
    for holder, key, path in list(_leaves(values, "")):
        if path not in planted.wrong and dice.random() < RATE / 2 and (flipped := _flip(holder[key], dice)):
            holder[key] = flipped
            planted.wrong[path] = "digit"
    if dice.random() < 2 * RATE:
        values["contract_number"] = f"CN-{dice.randrange(10**6):06}"
        planted.wrong["contract_number"] = "invented"
    return planted


def _spoil_rows(key: str, items: list[Any], dice: random.Random, planted: Planted) -> None:
    if len(items) > 2 and dice.random() < 2 * RATE:
        at = dice.randrange(len(items))
        planted.gone += [("dropped", key)] * len(items[at])
        del items[at]
    if len(items) > 2 and dice.random() < 2 * RATE:
        one, other = dice.sample(range(len(items)), 2)
        field_ = dice.choice(
            [f for f in items[one] if f in items[other] and items[one][f] != items[other][f]]
        )
        items[one][field_], items[other][field_] = items[other][field_], items[one][field_]
        planted.wrong |= {f"{key}[{one}].{field_}": "swapped", f"{key}[{other}].{field_}": "swapped"}


def _leaves(holder: Any, path: str) -> Iterator[tuple[Any, Any, str]]:
    for key, value in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
        inner = f"{path}[{key}]" if isinstance(holder, list) else f"{path}.{key}" if path else key
        if isinstance(value, dict | list):
            yield from _leaves(value, inner)
        else:
            yield holder, key, inner


def _flip(text: str | None, dice: random.Random) -> str | None:
    digits = [at for at, sign in enumerate(text or "") if sign in "0123456789"]
    if text is None or not digits:
        return None
    at = dice.choice(digits)
    return text[:at] + dice.choice([d for d in "0123456789" if d != text[at]]) + text[at + 1 :]


def spoil_table(table: dict[str, Any], index: int, dice: random.Random) -> Planted:
    """Spoil the cells of a table in place: digits, two whole rows, a row left out. Only tables without spans."""
    planted = Planted()
    rows = sorted({c["row"] for c in table["cells"] if not c["header"]})
    body = [c for c in table["cells"] if c["row"] in rows and c["text"]]
    if any(c["row_span"] > 1 for c in table["cells"]) or len(rows) < 4:
        return planted
    dropped = dice.choice(rows[1:-1]) if dice.random() < 2 * RATE else None
    one, other = dice.sample(rows, 2) if dice.random() < 2 * RATE else (None, None)
    swap = {one: other, other: one}
    table["cells"] = [c for c in table["cells"] if c["row"] != dropped]
    planted.gone += [("dropped", f"table {index}") for c in body if c["row"] == dropped]
    for cell in body:
        kind = None
        if cell["row"] in (one, other) and one is not None and dropped not in (one, other):
            cell["row"], kind = swap[cell["row"]], "swapped"
        if dice.random() < RATE and (flipped := _flip(cell["text"], dice)):
            cell["text"], kind = flipped, "digit"
        shift = 1 if dropped is not None and cell["row"] > dropped else 0
        if kind and cell["row"] != dropped:
            planted.wrong[f"table {index} row {cell['row'] - shift} column {cell['column']}"] = kind
    table["cells"].sort(key=lambda c: (c["row"], c["column"]))
    return planted


def run(rounds: int, seed: int = 1) -> dict[str, Any]:
    """Plant errors in so many copies of the samples, fill a warehouse, and count what its queue says."""
    reader, dice = Reader(), random.Random(seed)
    tables: dict[str, list[Any]] = {name: [] for name in TABLES}
    answers: dict[str, Answer] = {}
    planted: dict[tuple[str, str], Planted] = {}
    for truth in [t for t in _truths() if t["document"].partition("/")[0] in FOLDERS]:
        content = (DATA / "samples" / truth["document"]).read_bytes()
        words = tuple(Word(line.text, line.quad, None) for line in reader.read(content).lines)
        width, height = _size(truth["document"], truth["pages"][0])
        for number in range(rounds):
            page = copy.deepcopy(truth["pages"][0])
            document = _document(truth["document"]) | {"status": "accepted", "page_count": 1}
            document["document_id"] += f"{number:03}"
            page_id = f"{document['document_id']}-0001"
            values = page.get("extracted") or page["key_values"]
            of_values = spoil_values(values, dice)
            of_tables = Planted()
            for index, table in enumerate(page.get("tables", ())):
                found = spoil_table(table, index, dice)
                of_tables.wrong |= found.wrong
                of_tables.gone += found.gone
            planted[page_id, "key_information_extraction"] = of_values
            planted[page_id, "table_parsing"] = of_tables
            tables["documents"].append(document)
            tables["pages"].append(
                {"batch_id": BATCH, "document_id": document["document_id"], "page_id": page_id, "page_number": 1,
                 "status": "ready", "width_px": width, "height_px": height}
            )  # fmt: skip
            for task in ROUTES[document["route"]]:
                answer = (
                    Answer("", words=words)
                    if task is Task.ADVANCED_RECOGNITION
                    else _answer(task, page, {}, cut=False)
                )
                request = _request(document, page_id, task, 1000, len(answers))
                answers[request["request_key"]] = answer
                tables["ocr_requests"].append(request)
                tables["ocr_responses"].append(_response(request, answer, len(answers), ("", task)))
    tables |= flatten_batch(tables["ocr_requests"], tables["pages"], answers, on_page=lambda: None)
    rules = {r.name: r.rules for r in load_routes(load_settings().routes, project_root())}
    routes = {d["document_id"]: d["route"] for d in tables["documents"]}
    tables["validation_results"] = [
        {"batch_id": BATCH, **r} for r in validate(tables["key_values"], routes, rules)
    ]
    return _count(tables, planted)


def _count(tables: dict[str, list[Any]], planted: dict[tuple[str, str], Planted]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        data = DataFolder(UPath(folder))
        for name, schema in TABLES.items():
            write_table(data, schema, BATCH, tables[name])
        load_changes(data, working_file(data))
        with open_writer(working_file(data)) as con:
            build_models(con, load_models(MODELS, project_schemas()))
            trusts = con.execute("SELECT page_id, task, place, trust FROM marts.value_trust").fetchall()
            about = con.execute("SELECT page_id, place, finding FROM marts.review_queue").fetchall()
            broken = con.execute(
                "SELECT page_id, path FROM core.validation_results WHERE outcome = 'failed'"
            ).fetchall()
    lists = {(p, place) for p, place, finding in about if finding in ("rows_left_out", "total_differs")}
    lists |= {(p, path.partition("[")[0]) for p, path in broken if path}
    wrong, caught, bands = Counter[str](), Counter[str](), Counter[tuple[float, bool]]()
    for page_id, task, place, trust in trusts:
        kind = planted.get((page_id, task), Planted()).wrong.get(place, "right")
        wrong[kind] += 1
        caught[kind] += trust < LOOK_BELOW
        bands[int(trust * 10) / 10, kind == "right"] += 1
    for (page_id, _), spoiled in planted.items():
        for kind, place in spoiled.gone:
            wrong[kind] += 1
            caught[kind] += (page_id, place) in lists
    return {"values": wrong, "queued": caught, "bands": bands}


def main() -> None:
    found = run(rounds=20)
    values, queued, bands = found["values"], found["queued"], found["bands"]
    for kind in values:
        print(f"{kind:10} {values[kind]:6} values, {queued[kind]:6} in the queue")
    for band in sorted({b for b, _ in bands}):
        right, wrong = bands[band, True], bands[band, False]
        print(f"trust {band:.1f}: {right + wrong:6} values, {right / (right + wrong):.1%} right")
    bad = [kind for kind in values if kind != "right"]
    recall = sum(queued[k] for k in bad) / sum(values[k] for k in bad)
    burden = queued["right"] / values["right"]
    print(f"trust.wrong_values_queued {recall:.3f} {_AT_LEAST} {'ok' if recall >= _AT_LEAST else 'short'}")
    print(f"trust.right_values_queued {burden:.3f} {_AT_MOST} {'ok' if burden <= _AT_MOST else 'short'}")
