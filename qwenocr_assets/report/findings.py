"""What is known against the values of documents: out of the published marts, or out of a batch's own tables."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import duckdb
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from qwenocr_assets.report.views import Correction, Finding
from qwenocr_assets.rows import CorrectionRow, KeyValueRow, RowsByTable, TableRow, ValidationResultRow
from qwenocr_assets.schemas import CORRECTIONS
from qwenocr_assets.statuses import Action, Outcome
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import read_all_batches
from qwenocr_assets.tables.leaves import EXPECTED, MISSING
from qwenocr_assets.warehouse.connect import Readable, open_reader
from qwenocr_assets.warehouse.places.published import is_published, published

Place = tuple[str, str, str]
"""page_id, task, and the path of a value or `table 0 row 1 column 2`."""

EXTRACTION = "key_information_extraction"
"""The task whose values rules are about, and people add to."""

_OF_RECORD = re.compile(r"^\[\d+\]\.?")
_IN_LIST = re.compile(r"\[\d+\]")

_KNOWN = "select count(*) from core.documents where list_contains($documents, document_id)"
_TRUST = """
    select page_id, task, place, value, trust
    from marts.value_trust where list_contains($documents, document_id)
"""
_CORRECTIONS = """
    select page_id, task, place, action, model_value, human_value, corrected_by, corrected_at, correction_id
    from staging.stg_corrections where stands and list_contains($documents, document_id)
"""
_QUEUE = """
    select document_id, page_id, task, finding, place, value, reason, priority
    from marts.review_queue where list_contains($documents, document_id)
    order by review_order
"""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for and against values, by place: findings, trust in what was read, and what people said."""

    findings: tuple[Finding, ...] = ()
    trust: Mapping[Place, tuple[str, float]] = field(default_factory=dict)
    corrections: Mapping[Place, Correction] = field(default_factory=dict)


def evidence(data: DataFolder, tables: RowsByTable, warehouse: Readable | None = None) -> Evidence:
    """Findings and trust for the documents of a batch, `tables` being its rows by table.

    Taken from the published warehouse when it has these documents; else findings come from the tables alone, and
    there is no trust. What people said since it was published counts as well.
    """
    documents = [row["document_id"] for row in tables["documents"]]
    known = _published(data, documents, warehouse) or Evidence(tuple(findings_of_tables(tables)))
    return _with_latest(known, words_of(data, documents))


def words_of(data: DataFolder, documents: Collection[str]) -> Iterator[CorrectionRow]:
    """What people last said of each place of these documents, by the table files."""
    of_these = pc.field("document_id").isin(pa.array(documents, pa.string()))
    newest: dict[Place, CorrectionRow] = {}
    for row in read_all_batches(data, CORRECTIONS, where=of_these, keep=True):
        place = row["page_id"], row["task"], row["place"]
        if place not in newest or _age(newest[place]) < _age(row):
            newest[place] = row
    yield from newest.values()


def _age(row: CorrectionRow) -> tuple[datetime, str]:
    return row["corrected_at"], row["correction_id"]


def _with_latest(known: Evidence, words: Iterable[CorrectionRow]) -> Evidence:
    """The evidence with newer words; what was looked at is no finding any more."""
    corrections = dict(known.corrections)
    seen: dict[Place, set[str | None]] = {}
    for row in words:
        place = row["page_id"], row["task"], row["place"]
        if row["action"] == Action.UNDONE:
            corrections.pop(place, None)
            continue
        seen[place] = {row["model_value"], row["human_value"]}
        corrections[place] = Correction(
            row["action"],
            row["model_value"],
            row["human_value"],
            row["corrected_by"],
            row["corrected_at"],
            row["correction_id"],
        )
    left = (
        f
        for f in known.findings
        if f.value not in seen.get((f.page_id or "", f.task or "", f.place or ""), ())
    )
    return replace(known, findings=tuple(left), corrections=corrections)


def _published(data: DataFolder, documents: list[str], warehouse: Readable | None) -> Evidence | None:
    if warehouse is None and not is_published(data):
        return None
    with open_reader(warehouse or published(data)) as con:
        try:
            known = con.execute(_KNOWN, {"documents": documents}).fetchone()
            trust = con.execute(_TRUST, {"documents": documents}).fetchall()
            queue = con.execute(_QUEUE, {"documents": documents}).fetchall()
        except (duckdb.CatalogException, duckdb.BinderException):  # published before these marts were so
            return None
        corrections = _corrections(con, documents)
    if not known or known[0] < len(set(documents)):
        return None
    return Evidence(
        tuple(Finding(*row) for row in queue),
        {(page, task, place): (value, float(score)) for page, task, place, value, score in trust},
        corrections,
    )


def _corrections(con: duckdb.DuckDBPyConnection, documents: list[str]) -> dict[Place, Correction]:
    try:
        rows = con.execute(_CORRECTIONS, {"documents": documents}).fetchall()
    except duckdb.CatalogException:  # published before there were any
        return {}
    return {(page, task, place): Correction(*said) for page, task, place, *said in rows}


def findings_of_tables(tables: RowsByTable) -> Iterable[Finding]:
    """What speaks against single values in a batch's own tables, most doubtful first."""
    found: list[Finding] = []
    for row in tables["key_values"]:
        kind, reason, priority = _against(row)
        if kind:
            found.append(_finding(row, row["task"], kind, row["path"], row["value"], reason, priority))
    found += _missing(tables)
    for table in tables["tables"]:
        place, task = f"table {table['table_index']}", table["task"]
        if not table["is_complete"]:
            reason = "The answer breaks off inside the table."
            found.append(_finding(table, task, "table_cut_off", place, None, reason, 1))
        if table["totals_wrong"]:
            reason = f"{table['totals_wrong']} printed total(s) differ from the sum above."
            found.append(_finding(table, task, "total_differs", place, None, reason, 1))
        if table["cells_not_found"]:
            reason = f"{table['cells_not_found']} cell(s) are not among the lines of the page."
            found.append(_finding(table, task, "cells_not_on_page", place, None, reason, 2))
    for result in tables["validation_results"]:
        if result["outcome"] in (Outcome.FAILED, Outcome.MISSING):
            reason, priority = result["reason"] or "", 1 if result["severity"] == "error" else 2
            path, value = result["path"], result["value"]
            if path and result["outcome"] == Outcome.FAILED and (result["value_count"] or 1) == 1:
                found.append(_finding(result, EXTRACTION, "value_breaks_rule", path, value, reason, 1))
            else:
                found.append(
                    _finding(result, EXTRACTION, "rule_broken", result["rule"], None, reason, priority)
                )
    return sorted(found, key=lambda finding: finding.priority)


def _against(row: KeyValueRow) -> tuple[str, str, int]:
    if row["ground"] == "not_found":
        return (
            "value_not_on_page",
            "The value is not among the lines of the page: it may be made up.",
            1,
        )
    if "?" in (row["value"] or ""):
        return "value_unreadable", "A question mark stands for what could not be read.", 2
    if row["ground"] == "fuzzy":
        return "value_nearly_on_page", "The lines of the page say nearly the same, not the same.", 3
    return "", "", 0


def _missing(tables: RowsByTable) -> Iterator[Finding]:
    """The values that a document should have and has on none of its pages; `marts.review_queue` says when that is."""
    expects = {row["route"]: row.get("expects") for row in tables["routes"]}
    route_of = {row["document_id"]: row["route"] or "" for row in tables["documents"]}
    asked: dict[tuple[str, ...], list[KeyValueRow]] = defaultdict(list)
    for row in tables["key_values"]:
        if row["presence"] not in (EXPECTED, MISSING):
            continue
        of_page = row["page_id"] if _IN_LIST.search(row["path"]) else ""
        asked[row["document_id"], row["task"], row["path"], of_page].append(row)
    for (document_id, task, path, _), rows in asked.items():
        inside = _OF_RECORD.sub("", path)
        in_list = _IN_LIST.search(inside) is not None
        wanted = expects.get(route_of[document_id])
        if any(row["value"] is not None for row in rows):
            continue
        if in_list and any(row["presence"] == EXPECTED for row in rows):
            continue
        if not in_list and wanted is not None and inside not in orjson.loads(wanted):
            continue
        yield _finding(
            rows[0], task, "value_missing", path, None, "The schema asks for it, and it has no value.", 3
        )


def _finding(
    row: KeyValueRow | TableRow | ValidationResultRow,
    task: str,
    kind: str,
    place: str,
    value: str | None,
    reason: str,
    priority: int,
) -> Finding:
    return Finding(
        row["document_id"],
        row.get("page_id"),
        task,
        kind,
        place,
        value,
        reason,
        priority,
    )
