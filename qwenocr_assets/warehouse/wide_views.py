"""Wide, typed views made from the routes' result schemas: one row per record, and one row per list item.

`schemas/invoice.json` with the keys `total` and `items` gives `invoice_fields` and `invoice_items`. A changed schema
changes them the next time the models are loaded. Any key makes a column, whatever characters it is made of; how it
is named is the rule of `texts.names`.
"""
# Names put into SQL are quoted; texts are literals.
# ruff: noqa: S608

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import yaml

from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.schemas import asked_for, value_path
from qwenocr_assets.warehouse.ddl import literal
from qwenocr_assets.warehouse.result_schemas import ResultSchema
from qwenocr_assets.warehouse.texts.names import distinct, part_of_name, sql_name


class GeneratedModels(NamedTuple):
    """Models that stand in no file."""

    sql: dict[str, str]
    """By name, as a file of `models/marts/` would say it."""
    properties: str
    """Their `schema.yml`."""
    origins: dict[str, str]
    """By name, where a person changes the schema it is made of."""


def wide_views(schemas: Iterable[ResultSchema]) -> GeneratedModels:
    """The views of result schemas: `<name>_fields`, and `<name>_<list>` for each list of objects at the top.

    Raises:
        WarehouseError: two schemas would make views of one name; names both.
    """
    sql: dict[str, str] = {}
    origins: dict[str, str] = {}
    entries: list[dict[str, Any]] = []
    for schema in schemas:
        for view in _views(schema):
            if view.name in sql:
                raise WarehouseError(
                    f"The result schemas {origins[view.name]} and {schema.origin} would both make the view "
                    f"{view.name}.",
                    "Rename one of the two.",
                )
            sql[view.name], origins[view.name] = view.sql, schema.origin
            columns = [{"name": name, "description": text} for name, text in view.columns.items()]
            one_row = {"unique": {"arguments": {"column_name": f"concat_ws('/', {', '.join(view.key)})"}}}
            entries.append(
                {
                    "name": view.name,
                    "description": view.description,
                    "columns": columns,
                    "data_tests": [one_row],
                }
            )
    properties = yaml.safe_dump({"version": 2, "models": entries}, sort_keys=False, allow_unicode=True)
    return GeneratedModels(sql, properties, origins)


class _View(NamedTuple):
    name: str
    sql: str
    description: str
    columns: dict[str, str]
    key: tuple[str, ...]
    """Columns that identify a row."""


class _Field(NamedTuple):
    """A value the schema asks for."""

    column: str
    path: str
    source: str
    """Column of key_values that holds it: value, value_number or value_date."""
    description: str
    beside: str = "value"
    """Of a text beside a typed value the column that holds that."""


def _views(schema: ResultSchema) -> Iterator[_View]:
    lists = {
        key: value[0]
        for key, value in schema.keys.items()
        if isinstance(value, list) and value and isinstance(value[0], Mapping)
    }
    plain = {key: value for key, value in schema.keys.items() if key not in lists}
    fields = _fields_view(schema, _fields(plain))
    yield fields
    taken = {fields.name}
    for key, inner in lists.items():
        name = distinct(f"{schema.name}_{part_of_name(key)}", taken)
        taken.add(name)
        yield _items_view(schema, name, key, _fields(inner))


def _fields(keys: Mapping[str, Any], parent: str = "", above: Sequence[str] = ()) -> list[_Field]:
    """The leaves of a schema outside lists of objects; a typed one also as written, in a column `…_text`."""
    found: list[_Field] = []
    for key, hint in keys.items():
        path = value_path(parent, key)
        if isinstance(hint, Mapping):
            found += _fields(hint, path, (*above, key))
            continue
        if isinstance(hint, list):
            continue
        column = sql_name("_".join((*above, key)))
        asked = f"Asked for as {path}" + (f": {hint}" if hint else "")
        kind = asked_for(str(hint))
        if kind is None:
            found.append(_Field(column, path, "value", f"{asked}."))
        else:
            found.append(
                _Field(column, path, f"value_{kind}", f"{asked}; as a {kind} where it is unambiguous.")
            )
            found.append(_Field(f"{column}_text", path, "value", f"{asked}; as written.", f"value_{kind}"))
    return _distinct(found)


_OWN = {
    "document_id": "Document: hash of its content and its name.",
    "batch_id": "Intake whose rows stand for the document.",
    "document_name": "Path of the document below the folder that was given.",
    "record_index": "Number of the record in its document, from 0: an answer that is a list has one for each element.",
}
_OWN_OF_ITEMS = {
    "page_id": "Page: document_id and the page number.",
    "page_number": "Number of the page in its document, from 1.",
    "item_index": "Place in the page's list, from 0.",
}
_CURRENCIES = {
    "currencies": "Currency of its amounts, from whichever of the record's values shows it; several, with commas, "
    "where they differ; NULL where none does. Sums of amounts are grouped by it.",
}
_EMPTY = {"values_empty": "Values that the schema asks for and the record does not have."}
_NOT_FOUND = "values_not_found"


def _distinct(fields: list[_Field]) -> list[_Field]:
    """The fields with columns no other field and no column of the view itself has."""
    taken = {*_OWN, *_OWN_OF_ITEMS, *_CURRENCIES, *_EMPTY, _NOT_FOUND}
    found = []
    for field in fields:
        column = distinct(field.column, taken)
        taken.add(column)
        found.append(field._replace(column=column))
    return found


def _text(text: str) -> str:
    """A text as an SQL literal of a file with Jinja, in which nothing of it is Jinja's."""
    return literal(text).replace("{", "{{ '{' }}")


_TYPED_FIRST = 1_000_000
"""More pages than a document has."""


def _selected(fields: Iterable[_Field]) -> str:
    """Of several pages the first whose value is of the type asked for, else the first with a value; text and all."""
    lines = []
    for field in fields:
        order = "page_number"
        if field.beside != "value":
            order += f" + case when {field.beside} is null then {_TYPED_FIRST} else 0 end"
        lines.append(
            f"    min_by({field.source}, {order}) filter (where field = {_text(field.path)} "
            f'and {field.source} is not null) as "{field.column}",'
        )
    return "\n".join(lines)


def _empty(fields: Sequence[_Field]) -> str:
    paths = list(dict.fromkeys(field.path for field in fields))
    if not paths:
        return "0"
    return f"{len(paths)} - count(distinct field) filter (where value is not null and field in ({_literals(paths)}))"


def _records(schema: ResultSchema) -> str:
    """The values of a schema's documents with the record each belongs to, and the records with their numbers.

    An answer that is a list has a record for each element (`[2].total`). All other answers of a document are about
    one record, which goes on over its pages. Records without a value are none, but every document has one.
    """
    return rf"""{{{{ config(materialized='view') }}}}

-- Generated from a result schema; the description names it.
with found as (
    select
        documents.document_id,
        documents.batch_id,
        documents.name as document_name,
        key_values.page_id,
        pages.page_number,
        case when regexp_matches(key_values.path, '^\[\d+\]') then key_values.page_id end as list_page_id,
        try_cast(nullif(regexp_extract(key_values.path, '^\[(\d+)\]', 1), '') as bigint) as list_index,
        regexp_replace(key_values.path, '^\[\d+\]\.?', '') as field,
        key_values.value,
        key_values.value_number,
        key_values.value_date,
        key_values.currency,
        key_values.ground
    from {{{{ ref('stg_documents') }}}} as documents
    left join {{{{ ref('stg_key_values') }}}} as key_values
        on key_values.document_id = documents.document_id
        and key_values.task in (select task from {{{{ ref('stg_tasks') }}}} where takes_schema)
        and key_values.review_action is distinct from 'absent'
    left join {{{{ ref('stg_pages') }}}} as pages on pages.page_id = key_values.page_id
    where documents.route in ({_literals(schema.routes)})
),

spoken as (
    select
        document_id,
        list_page_id,
        list_index,
        min(page_number) as first_page,
        string_agg(distinct currency, ', ' order by currency) as currencies
    from found
    group by document_id, list_page_id, list_index
    qualify
        count(value) > 0
        or (
            max(count(value)) over (partition by document_id) = 0
            and row_number() over (
                partition by document_id order by min(page_number), list_page_id, list_index nulls first
            ) = 1
        )
),

records as (
    select
        *,
        row_number() over (
            partition by document_id order by first_page, list_page_id, list_index nulls first
        ) - 1 as record_index
    from spoken
)"""


_OF_RECORD = """inner join records
    on records.document_id = found.document_id
    and records.list_page_id is not distinct from found.list_page_id
    and records.list_index is not distinct from found.list_index"""


def _fields_view(schema: ResultSchema, fields: list[_Field]) -> _View:
    sql = f"""{_records(schema)}

select
    found.document_id,
    found.batch_id,
    found.document_name,
    records.record_index,
{_selected(fields)}
    records.currencies,
    {_empty(fields)} as values_empty,
    count(*) filter (where found.ground = 'not_found') as {_NOT_FOUND}
from found
{_OF_RECORD}
group by found.document_id, found.batch_id, found.document_name, records.record_index, records.currencies
order by found.document_name, found.document_id, records.record_index
"""
    columns = {
        **_OWN,
        **{field.column: field.description for field in fields},
        **_CURRENCIES,
        **_EMPTY,
        _NOT_FOUND: "Values of the record that are nowhere among the page's recognised lines.",
    }
    return _View(
        f"{schema.name}_fields",
        sql,
        f"One row per record of the routes {', '.join(schema.routes)}: what {schema.origin} asks for. A document is "
        "one record, but each element of an answer that is a list is one of its own. Of several pages of a record the "
        "first whose value is of the type asked for counts, else the first that has a value; its text is of that page. "
        "A sum of an amount counts each record of a current document once.",
        columns,
        ("document_id", "record_index"),
    )


def _items_view(schema: ResultSchema, name: str, key: str, fields: list[_Field]) -> _View:
    path = value_path("", key)
    inside = f"substr(found.field, {len(path) + 1})"
    sql = rf"""{_records(schema)},

items as (
    select
        found.document_id,
        found.batch_id,
        found.document_name,
        records.record_index,
        found.page_id,
        found.page_number,
        cast(regexp_extract({inside}, '^\[(\d+)\]', 1) as bigint) as item_index,
        regexp_replace({inside}, '^\[\d+\]\.?', '') as field,
        found.value,
        found.value_number,
        found.value_date,
        found.currency,
        records.currencies as record_currencies,
        found.ground
    from found
    {_OF_RECORD}
    where starts_with(found.field, {_text(path)})
        and regexp_matches({inside}, '^\[\d+\]')
)

select
    document_id,
    batch_id,
    document_name,
    record_index,
    page_id,
    page_number,
    item_index,
{_selected(fields)}
    coalesce(string_agg(distinct currency, ', ' order by currency), record_currencies) as currencies,
    count(*) filter (where ground = 'not_found') as {_NOT_FOUND}
from items
group by document_id, batch_id, document_name, record_index, page_id, page_number, item_index, record_currencies
having count(value) > 0
order by document_name, document_id, record_index, page_number, item_index
"""
    columns = {
        **_OWN,
        **_OWN_OF_ITEMS,
        **{field.column: field.description for field in fields},
        **_CURRENCIES,
        _NOT_FOUND: "Values of the item that are nowhere among the page's recognised lines.",
    }
    return _View(
        name,
        sql,
        f"One row per element of {key}, as {schema.origin} asks for it. A sum of an amount counts each element of a "
        "current document once.",
        columns,
        ("page_id", "record_index", "item_index"),
    )


def _literals(texts: Iterable[str]) -> str:
    return ", ".join(map(_text, texts))
