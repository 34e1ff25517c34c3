"""Wide, typed views made from the routes' result schemas: one row a document, and one row a list item.

`schemas/invoice.json` with the keys `total` and `items` gives `invoice_fields` and `invoice_items`. A changed schema
changes them the next time the models are loaded.
"""
# Names put into SQL are quoted; texts are literals.
# ruff: noqa: S608

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import yaml

from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.schemas import value_path
from qwenocr_assets.warehouse.ddl import literal


@dataclass(frozen=True, slots=True)
class ResultSchema:
    """A result schema of the routes, under the name its views begin with."""

    name: str
    keys: Mapping[str, Any]
    routes: tuple[str, ...]
    origin: str
    """Where a person changes it: the file, or the route it stands in."""


class GeneratedModels(NamedTuple):
    """Models that stand in no file."""

    sql: dict[str, str]
    """By name, as a file of `models/marts/` would say it."""
    properties: str
    """Their `schema.yml`."""


def result_schemas(routes: Iterable[Mapping[str, Any]], folder: Path) -> tuple[ResultSchema, ...]:
    """The result schemas of `[[routes]]` entries, each once; `folder` is where pipeline.toml lies.

    A schema is named after its file, one written into its route after the route.

    Raises:
        WarehouseError: a schema cannot be read, or two of different content have one name.
    """
    found: dict[str, ResultSchema] = {}
    for route in routes:
        schema, name = route.get("schema"), str(route.get("name"))
        if schema is None:
            continue
        origin = schema if isinstance(schema, str) else f"route {name} of pipeline.toml"
        if isinstance(schema, str):
            name, schema = Path(schema).stem, _read(folder / schema)
        name = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "schema"
        other = found.get(name)
        if other is not None and other.keys != schema:
            raise WarehouseError(
                f"The result schemas {other.origin} and {origin} would both make the view {name}_fields.",
                "Rename one of the files.",
            )
        routes_of = (*(other.routes if other else ()), str(route.get("name")))
        found[name] = ResultSchema(name, schema, routes_of, origin)
    return tuple(found.values())


def wide_views(schemas: Iterable[ResultSchema]) -> GeneratedModels:
    """The views of result schemas: `<name>_fields`, and `<name>_<list>` for each list of objects at the top."""
    sql: dict[str, str] = {}
    entries: list[dict[str, Any]] = []
    for schema in schemas:
        for view in _views(schema):
            sql[view.name] = view.sql
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
    return GeneratedModels(sql, properties)


def _read(path: Path) -> Any:
    try:
        return orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise WarehouseError(f"{path} is no result schema ({error}).", "Correct it, or the route.") from error


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


def _views(schema: ResultSchema) -> Iterator[_View]:
    lists = {
        key: value[0]
        for key, value in schema.keys.items()
        if isinstance(value, list) and value and isinstance(value[0], Mapping)
    }
    plain = {key: value for key, value in schema.keys.items() if key not in lists}
    yield _fields_view(schema, _fields(plain))
    for key, inner in lists.items():
        yield _items_view(schema, key, _fields(inner))


_DATE = re.compile("YYYY|yyyy|年")
_NUMBER = re.compile(
    r"\b(?:number|numeric|decimal|integer|float|amount)\b|\A[#0][#0.,]*\Z|数字|数值|数値|金额|金額",
    re.IGNORECASE,
)


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
        column = _column((*above, key))
        asked = f"Asked for as {path}" + (f": {hint}" if hint else "")
        source = (
            "value_date"
            if _DATE.search(str(hint))
            else "value_number"
            if _NUMBER.search(str(hint))
            else "value"
        )
        if source != "value":
            kind = "date" if source == "value_date" else "number"
            found.append(_Field(column, path, source, f"{asked}; as a {kind} where it is unambiguous."))
            found.append(_Field(f"{column}_text", path, "value", f"{asked}; as written."))
        else:
            found.append(_Field(column, path, "value", f"{asked}."))
    return _distinct(found)


_OWN = {
    "document_id": "Document: hash of its content and its name.",
    "batch_id": "Intake batch whose rows stand for the document.",
    "document_name": "Path of the document below the folder that was given.",
}
_OWN_OF_ITEMS = {
    "page_id": "Page: document_id and the page number.",
    "page_number": "Number of the page in its document, from 1.",
    "item_index": "Place in the page's list, from 0.",
}
_NOT_FOUND = "values_not_found"


def _distinct(fields: list[_Field]) -> list[_Field]:
    """The fields with columns no other field and no column of the view itself has."""
    taken = {*_OWN, *_OWN_OF_ITEMS, _NOT_FOUND}
    distinct = []
    for field in fields:
        column, number = field.column, 2
        while column in taken:
            column, number = f"{field.column}_{number}", number + 1
        taken.add(column)
        distinct.append(field._replace(column=column))
    return distinct


def _column(keys: Sequence[str]) -> str:
    name = re.sub(r"\W+", "_", "_".join(keys)).strip("_").lower()
    return f"_{name}" if not name or name[0].isdigit() else name


def _selected(fields: Iterable[_Field], key: str, first_by: str) -> str:
    lines = [
        f"    min_by({field.source}, {first_by}) filter (where {key} = {literal(field.path)} "
        f'and {field.source} is not null) as "{field.column}",'
        for field in fields
    ]
    return "\n".join(lines)


def _fields_view(schema: ResultSchema, fields: list[_Field]) -> _View:
    sql = f"""{{{{ config(materialized='view') }}}}

-- Generated from {schema.origin}.
with found as (
    select
        documents.document_id,
        documents.batch_id,
        documents.name as document_name,
        pages.page_number,
        key_values.path,
        key_values.value,
        key_values.value_number,
        key_values.value_date,
        key_values.ground
    from {{{{ ref('stg_documents') }}}} as documents
    left join {{{{ ref('stg_key_values') }}}} as key_values
        on key_values.document_id = documents.document_id
        and key_values.task in (select task from {{{{ ref('stg_tasks') }}}} where takes_schema)
    left join {{{{ ref('stg_pages') }}}} as pages on pages.page_id = key_values.page_id
    where documents.route in ({_literals(schema.routes)})
)

select
    document_id,
    batch_id,
    document_name,
{_selected(fields, "path", "page_number")}
    count(*) filter (where ground = 'not_found') as {_NOT_FOUND}
from found
group by document_id, batch_id, document_name
"""
    columns = {
        **_OWN,
        **{field.column: field.description for field in fields},
        _NOT_FOUND: "Values of the document that stand nowhere among the page's recognised lines.",
    }
    return _View(
        f"{schema.name}_fields",
        sql,
        f"One row a document of the routes {', '.join(schema.routes)}: what {schema.origin} asks for. Of several pages "
        "the first that has a value counts.",
        columns,
        ("document_id",),
    )


def _items_view(schema: ResultSchema, key: str, fields: list[_Field]) -> _View:
    path = value_path("", key)
    sql = rf"""{{{{ config(materialized='view') }}}}

-- Generated from {schema.origin}.
with found as (
    select
        documents.document_id,
        documents.batch_id,
        documents.name as document_name,
        key_values.page_id,
        pages.page_number,
        try_cast(regexp_extract(substr(key_values.path, {len(path) + 1}), '^\[(\d+)\]', 1) as bigint) as item_index,
        regexp_replace(substr(key_values.path, {len(path) + 1}), '^\[\d+\]\.?', '') as field,
        key_values.path,
        key_values.value,
        key_values.value_number,
        key_values.value_date,
        key_values.ground
    from {{{{ ref('stg_documents') }}}} as documents
    inner join {{{{ ref('stg_key_values') }}}} as key_values
        on key_values.document_id = documents.document_id
        and key_values.task in (select task from {{{{ ref('stg_tasks') }}}} where takes_schema)
        and key_values.review_action is distinct from 'absent'
    inner join {{{{ ref('stg_pages') }}}} as pages on pages.page_id = key_values.page_id
    where documents.route in ({_literals(schema.routes)})
        and starts_with(key_values.path, {literal(path)})
        and regexp_matches(substr(key_values.path, {len(path) + 1}), '^\[\d+\]')
)

select
    document_id,
    batch_id,
    document_name,
    page_id,
    page_number,
    item_index,
{_selected(fields, "field", "path")}
    count(*) filter (where ground = 'not_found') as {_NOT_FOUND}
from found
group by document_id, batch_id, document_name, page_id, page_number, item_index
"""
    columns = {
        **_OWN,
        **_OWN_OF_ITEMS,
        **{field.column: field.description for field in fields},
        _NOT_FOUND: "Values of the item that stand nowhere among the page's recognised lines.",
    }
    name = f"{schema.name}_{_column([key])}"
    return _View(
        name,
        sql,
        f"One row an element of {key}, as {schema.origin} asks for it.",
        columns,
        ("page_id", "item_index"),
    )


def _literals(texts: Iterable[str]) -> str:
    return ", ".join(literal(text) for text in texts)
