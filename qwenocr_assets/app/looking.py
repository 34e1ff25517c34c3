"""The documents, tables and charts of the page, out of the published warehouse."""
# Names put into SQL come from the warehouse's own catalogue and are quoted.
# ruff: noqa: S608

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

import duckdb

from qwenocr_assets.errors import QueryError
from qwenocr_assets.warehouse.connect import Readable, open_reader
from qwenocr_assets.warehouse.export import keys_last

PAGE_ROWS = 100
"""Rows of a list that are shown at once."""
SHOWN_SCHEMAS = ("marts", "staging", "core", "ops")

_DOCUMENTS = """
    with findings as (
        select document_id, count(*) as findings, min(priority) as priority
        from marts.review_queue group by document_id
    )
    select
        documents.document_id, documents.name, documents.route, documents.status, documents.reason,
        documents.pages_ready, documents.text_lines, documents.key_values + documents.table_cells as values,
        coalesce(findings.findings, 0) as findings, documents.cost_usd,
        case
            when documents.status = 'rejected' or documents.pages_rejected > 0
                or documents.answers_failed + documents.answers_rejected + documents.answers_missing > 0 then 'failed'
            when findings.findings > 0 or documents.answers_partial + documents.answers_skipped > 0 then 'doubtful'
            else 'fine'
        end as state,
        count(*) over () as found
    from marts.documents_overview as documents
    left join findings on findings.document_id = documents.document_id
    where contains(lower(documents.name), lower($words))
        and (state = $state or $state = '')
    order by
        case state when 'failed' then 0 when 'doubtful' then 1 else 2 end,
        findings.priority nulls last, documents.name, documents.document_id
    limit $limit offset $offset
"""
_TABLES = """
    select tables.schema_name, tables.table_name, coalesce(tables.comment, '') as comment, tables.estimated_size
    from (
        select schema_name, table_name, comment, estimated_size from duckdb_tables()
        where database_name = current_database()
        union all
        select schema_name, view_name, comment, null from duckdb_views()
        where database_name = current_database() and not internal
    ) as tables
    where list_contains($schemas, tables.schema_name)
    order by list_position($schemas, tables.schema_name), tables.table_name
"""


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of a list, and of how many."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    found: int
    page: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.found // PAGE_ROWS))


def documents(warehouse: Readable, words: str = "", state: str = "", page: int = 0) -> Rows:
    """The documents whose names hold the words, what needs a look first; `state` is failed, doubtful, fine or all.

    Raises:
        WarehouseError: there is no warehouse yet, or it cannot be opened.
    """
    with open_reader(warehouse) as con:
        asked = con.execute(
            _DOCUMENTS, {"words": words, "state": state, "limit": PAGE_ROWS, "offset": page * PAGE_ROWS}
        )
        columns = tuple(column[0] for column in asked.description or ())
        rows = asked.fetchall()
    return Rows(columns[:-1], [row[:-1] for row in rows], rows[0][-1] if rows else 0, page)


def batch_of(warehouse: Readable, document_id: str) -> str | None:
    """The intake batch that stands for a document, by the warehouse; None where it does not have it (yet)."""
    with open_reader(warehouse) as con:
        row = con.execute(
            "select batch_id from staging.stg_documents_history where document_id = $document_id",
            {"document_id": document_id},
        ).fetchone()
    return None if row is None else str(row[0])


def place_of_page(warehouse: Readable, page_id: str) -> tuple[str, int] | None:
    """The document of a page, and its number in it; None where the warehouse does not have the page."""
    with open_reader(warehouse) as con:
        row = con.execute(
            "select document_id, page_number from core.pages where page_id = $page_id limit 1",
            {"page_id": page_id},
        ).fetchone()
    return None if row is None else (str(row[0]), int(row[1]))


def picture_of_page(warehouse: Readable, page_id: str) -> tuple[str, str | None] | None:
    """Where a page's image is, below the data folder, and its media type; None where the warehouse has no image."""
    with open_reader(warehouse) as con:
        row = con.execute(
            "select uri, media_type from core.pages where page_id = $page_id and uri is not null "
            "order by batch_id desc limit 1",
            {"page_id": page_id},
        ).fetchone()
    return None if row is None else (str(row[0]), row[1])


def tables(warehouse: Readable) -> list[tuple[str, list[tuple[str, str, int | None]]]]:
    """By schema, every table and view with the first sentence of what it holds, and its rows; views are not counted."""
    with open_reader(warehouse) as con:
        found = con.execute(_TABLES, {"schemas": list(SHOWN_SCHEMAS)}).fetchall()
    return [
        (schema, [(name, comment.partition(". ")[0], rows) for _, name, comment, rows in of_schema])
        for schema, of_schema in groupby(found, key=lambda row: str(row[0]))
    ]


def table_query(warehouse: Readable, table: str, column: str, words: str) -> str:
    """The SQL of a table's rows, those whose `column` holds the words; of all columns where none is named.

    Raises:
        QueryError: there is no such table or column.
    """
    schema, _, name = table.partition(".")
    with open_reader(warehouse) as con:
        known = con.execute(
            "select column_name from duckdb_columns() where database_name = current_database() "
            "and schema_name = ? and table_name = ? order by column_index",
            [schema, name],
        ).fetchall()
    columns = [column for (column,) in known]
    if schema not in SHOWN_SCHEMAS or not columns:
        raise QueryError(f"There is no table {table} in the warehouse.", "See the list of tables.")
    if column and column not in columns:
        raise QueryError(f"{table} has no column {column}.", f"It has {', '.join(columns)}.")
    sql = f"from {quoted(schema)}.{quoted(name)}"
    if words:
        text = words.replace("'", "''")
        holds = [
            f"contains(lower(cast({quoted(c)} as varchar)), lower('{text}'))"
            for c in ([column] if column else columns)
        ]
        sql += f" where {' or '.join(holds)}"
    return sql


def about_table(warehouse: Readable, table: str) -> str:
    """What a table or view holds, as its description says."""
    schema, _, name = table.partition(".")
    with open_reader(warehouse) as con:
        found = con.execute(
            f"select comment from ({_TABLES}) where schema_name = $schema and table_name = $name",
            {"schemas": list(SHOWN_SCHEMAS), "schema": schema, "name": name},
        ).fetchone()
    return str(found[0]) if found else ""


def table_rows(warehouse: Readable, sql: str, page: int = 0) -> Rows:
    """Some rows of a query, in its order; columns that are keys come last.

    Raises:
        QueryError: the query fails.
    """
    with open_reader(warehouse) as con:
        try:
            counted = con.execute(f"select count(*) from ({sql})").fetchone()
            asked = con.execute(f"select * from ({sql}) limit {PAGE_ROWS} offset {page * PAGE_ROWS}")
            columns = tuple(column[0] for column in asked.description or ())
            shown = keys_last(columns)
            places = [columns.index(name) for name in shown]
            rows = [tuple(row[place] for place in places) for row in asked.fetchall()]
        except duckdb.Error as error:
            raise QueryError(f"The query failed. {error}", "Ask for another table.") from error
    return Rows(tuple(shown), rows, counted[0] if counted else 0, page)


def quoted(name: str) -> str:
    """A name as SQL takes it, whatever it is made of."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class Overview:
    """What the charts show."""

    by_day: Sequence[tuple[date, int, Decimal, float | None]]
    """Day (UTC), pages that were answered, money, and the share of the day's values that is in the review queue."""
    accuracy: Sequence[tuple[str, int, float, float, float]]
    """Field, values that people looked at, share that was right, and its interval."""
    failures: Sequence[tuple[str, str, str, str, str]]
    """The newest: document's id and name, stage, status and reason."""


_BY_DAY = """
    with answered as (
        select cast(answered_at as date) as day, page_id, document_id from staging.stg_responses
        where answered_at is not null
    ),
    pages as (select day, count(distinct page_id) as pages from answered group by day),
    cost as (select day, sum(cost_usd) as cost_usd from marts.cost_by_day group by day),
    queued as (
        select answered.day, count(distinct queue.finding_id) as queued
        from answered inner join marts.review_queue as queue on queue.page_id = answered.page_id
        where queue.value is not null group by answered.day
    ),
    trusted as (
        select answered.day, count(distinct (trust.page_id, trust.task, trust.place)) as values
        from answered inner join marts.value_trust as trust on trust.page_id = answered.page_id
        group by answered.day
    )
    select pages.day, pages.pages, coalesce(cost.cost_usd, 0), queued.queued / nullif(trusted.values, 0)
    from pages
    left join cost on cost.day = pages.day
    left join queued on queued.day = pages.day
    left join trusted on trusted.day = pages.day
    order by pages.day desc limit 60
"""
_ACCURACY = """
    select field, sum(values_reviewed), sum(values_right) / sum(values_reviewed), min(accuracy_low), max(accuracy_high)
    from marts.field_accuracy group by field order by 2 desc, 1 limit 20
"""
_FAILURES = """
    select failures.document_id, documents.name, failures.stage, failures.status, coalesce(failures.reason, '')
    from marts.failures as failures
    inner join staging.stg_documents as documents on documents.document_id = failures.document_id
    order by failures.batch_id desc, documents.name limit 20
"""


def overview(warehouse: Readable) -> Overview:
    """Cost, pages, share to review, accuracy by field and the newest failures, over all intakes.

    Raises:
        WarehouseError: there is no warehouse yet, or it cannot be opened.
    """
    with open_reader(warehouse) as con:
        return Overview(
            con.execute(_BY_DAY).fetchall()[::-1],
            con.execute(_ACCURACY).fetchall(),
            con.execute(_FAILURES).fetchall(),
        )
