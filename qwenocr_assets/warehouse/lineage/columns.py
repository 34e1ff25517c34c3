"""Where each column of a model comes from, read from its SQL."""

from collections.abc import Iterable, Mapping, Sequence

import sqlglot
from sqlglot import exp
from sqlglot.lineage import Node, lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import build_scope
from sqlglot.schema import MappingSchema

from qwenocr_assets.warehouse.models import Model

Origins = Mapping[str, Sequence[tuple[str, str]]]
"""For each column of a relation, the columns it is made of, sorted."""


def column_lineages(
    models: Iterable[Model], schemas: Mapping[str, Mapping[str, Mapping[str, str]]]
) -> dict[str, Origins]:
    """By relation: for each column of a model, the columns its values are made of.

    They are columns of what the model reads directly, as ("staging.stg_pages", "page_id"); follow them from
    model to model to reach `core`. `schemas` holds the types of those columns by schema, table and column, as
    `build.planned_schemas` gives them. A column made of no column (a count of rows, a constant) has none.
    """
    # once for all models: sqlglot reads every type of it
    known = MappingSchema(
        {s: {t: dict(columns) for t, columns in tables.items()} for s, tables in schemas.items()},
        dialect="duckdb",
    )
    return {model.relation: _of_one(model, known) for model in models}


def _of_one(model: Model, schema: MappingSchema) -> Origins:
    tree = qualify(
        sqlglot.parse_one(model.sql, dialect="duckdb"),
        dialect="duckdb",
        schema=schema,
        validate_qualify_columns=False,
        identify=False,
    )
    scope = build_scope(tree)
    names = [select.alias_or_name for select in tree.selects] if isinstance(tree, exp.Query) else []
    return {
        name: sorted(
            _origins(
                lineage(name, tree, schema, dialect="duckdb", scope=scope, trim_selects=False, copy=False)
            )
        )
        for name in names
    }


def followed_to_core(lineage: Mapping[str, Origins]) -> dict[str, dict[str, list[tuple[str, str]]]]:
    """The lineage of every model, by relation, followed from model to model to the tables that no model builds."""

    def follow(relation: str, column: str) -> set[tuple[str, str]]:
        if relation not in lineage:
            return {(relation, column)}
        return {origin for step in lineage[relation][column] for origin in follow(*step)}

    return {
        relation: {column: sorted(follow(relation, column)) for column in columns}
        for relation, columns in lineage.items()
    }


def _origins(column: Node) -> set[tuple[str, str]]:
    return {
        (f"{node.expression.db}.{node.expression.name}", node.name.rpartition(".")[2].strip('"'))
        for node in column.walk()
        if isinstance(node.expression, exp.Table) and node.expression.db
    }
