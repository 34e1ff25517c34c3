"""The project's own models: described, generated files up to date, lineage that reaches core."""

import re

import pytest

from qwenocr_assets import schemas as declarations
from qwenocr_assets.schemas import TABLES, TableSchema
from qwenocr_assets.warehouse.build import Schemas, planned_schemas
from qwenocr_assets.warehouse.dictionary import row_type
from qwenocr_assets.warehouse.lineage.columns import column_lineages, followed_to_core
from qwenocr_assets.warehouse.models import Model


@pytest.fixture(scope="module")
def schemas(models: dict[str, Model]) -> Schemas:
    return planned_schemas(models)


def test_every_table_is_declared_with_the_type_of_its_own_rows() -> None:
    declared = {
        table.name: declarations.__annotations__[name]
        for name, table in vars(declarations).items()
        if isinstance(table, TableSchema)
    }
    assert declared == {name: f"TableSchema[rows.{row_type(name)}]" for name in TABLES}


def test_a_column_says_all_the_values_that_it_may_have() -> None:
    closed = [c for table in TABLES.values() for c in table.columns if c.values is not None]
    assert closed
    assert not [(c.name, v.value) for c in closed for v in c.values or () if v.value not in c.description]


def test_every_model_and_every_column_is_described(models: dict[str, Model], schemas: Schemas) -> None:
    assert [m.name for m in models.values() if not m.description] == []
    undescribed = [
        f"{m.name}.{column}"
        for m in models.values()
        for column in schemas[m.schema][m.name]
        if not m.columns.get(column)
    ]
    assert undescribed == []


def test_every_mart_says_what_a_sum_over_it_means(models: dict[str, Model]) -> None:
    marts = [m for m in models.values() if m.schema == "marts"]
    assert [m.name for m in marts if not re.search(r"\b[Aa] sum (of|over) ", m.description)] == []


def test_every_model_has_tests_and_every_core_table_a_staging_view(models: dict[str, Model]) -> None:
    assert [m.name for m in models.values() if not m.tests] == []
    staged = {source for m in models.values() if m.schema == "staging" for source in m.sources}
    assert {table for schema, table in staged if schema == "core"} == set(TABLES)
    assert all(m.schema == "staging" for m in models.values() if m.sources), "marts read staging, not core"


@pytest.mark.parametrize(
    ("model", "column", "origins"),
    [
        pytest.param(
            "page_text", "text", {("core.text_lines", "text"), ("core.document_blocks", "text")}, id="text"
        ),
        pytest.param("line_items", "amount", {("core.key_values", "value_number")}, id="amount"),
        pytest.param(
            "invoice_fields", "total", {("core.key_values", "value_number")}, id="total of a wide view"
        ),
        pytest.param("documents_overview", "cost_usd", {("core.ocr_responses", "cost_usd")}, id="cost"),
        pytest.param(
            "failures",
            "reason",
            {(f"core.{t}", "reason") for t in ("documents", "pages", "ocr_responses")},
            id="reason",
        ),
    ],
)
def test_lineage_leads_from_mart_columns_to_core(
    models: dict[str, Model], schemas: Schemas, model: str, column: str, origins: set[tuple[str, str]]
) -> None:
    lineage = column_lineages(models.values(), schemas)
    reached = set(followed_to_core(lineage)[models[model].relation][column])
    assert origins <= reached
    for table, name in reached:
        assert name in schemas["core"][table.removeprefix("core.")]


def test_lineage_names_every_column_and_only_what_is_there(
    models: dict[str, Model], schemas: Schemas
) -> None:
    lineages = column_lineages(models.values(), schemas)
    for model in models.values():
        lineage = lineages[model.relation]
        assert list(lineage) == list(schemas[model.schema][model.name])
        for table, column in (origin for origins in lineage.values() for origin in origins):
            schema, _, name = table.partition(".")
            assert column in schemas[schema][name]
