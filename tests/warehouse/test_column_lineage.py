"""Where columns come from, read from the SQL."""

from pathlib import Path

import pytest

from qwenocr_assets.warehouse.lineage.columns import column_lineages
from qwenocr_assets.warehouse.models import Model

_SCHEMAS = {
    "core": {"lines": {"page": "VARCHAR", "text": "VARCHAR", "n": "BIGINT"}},
    "staging": {"pages": {"page": "VARCHAR", "name": "VARCHAR"}},
}
_TEXT, _N, _PAGE = ("core.lines", "text"), ("core.lines", "n"), ("core.lines", "page")


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        pytest.param("select text from core.lines", {"text": [_TEXT]}, id="a column"),
        pytest.param("select text as words from core.lines", {"words": [_TEXT]}, id="renamed"),
        pytest.param("select * from core.lines", {"page": [_PAGE], "text": [_TEXT], "n": [_N]}, id="star"),
        pytest.param(
            "select * exclude (n) from core.lines", {"page": [_PAGE], "text": [_TEXT]}, id="exclude"
        ),
        pytest.param("select upper(text) || n as t from core.lines", {"t": [_N, _TEXT]}, id="an expression"),
        pytest.param(
            "select count(*) as c, 1 as one from core.lines", {"c": [], "one": []}, id="of no column"
        ),
        pytest.param(
            "select string_agg(text, ' ' order by n) as t from core.lines group by page",
            {"t": [_N, _TEXT]},
            id="an aggregate with its order",
        ),
        pytest.param(
            "with a as (select text as t from core.lines), b as (select t as u from a) select u as v from b",
            {"v": [_TEXT]},
            id="through CTEs",
        ),
        pytest.param(
            "select l.text, p.name from core.lines l join staging.pages p on p.page = l.page",
            {"text": [_TEXT], "name": [("staging.pages", "name")]},
            id="a join",
        ),
        pytest.param(
            "select text as a from core.lines union all select name from staging.pages",
            {"a": [_TEXT, ("staging.pages", "name")]},
            id="a union",
        ),
        pytest.param(
            "select page, row_number() over (partition by page order by n) as r from core.lines qualify r = 1",
            {"page": [_PAGE], "r": [_N, _PAGE]},
            id="a window",
        ),
        pytest.param(
            "select min_by(text, n) filter (where n > 0) as t from core.lines",
            {"t": [_N, _TEXT]},
            id="DuckDB's own",
        ),
    ],
)
def test_columns_are_followed_to_what_the_model_reads(
    sql: str, expected: dict[str, list[tuple[str, str]]]
) -> None:
    model = Model("m", Path("m.sql"), "marts", "table", sql, sql, (), ())
    assert column_lineages([model], _SCHEMAS) == {model.relation: expected}
