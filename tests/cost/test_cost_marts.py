"""The cost marts: money by day, task, document and extracted row."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from upath import UPath

from qwenocr_assets.schemas import COST_LEDGER, DOCUMENTS, TEXT_LINES, TableSchema
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import write_table
from qwenocr_assets.warehouse.build import build_models, run_tests
from qwenocr_assets.warehouse.connect import open_writer
from qwenocr_assets.warehouse.load import load_changes
from qwenocr_assets.warehouse.models import load_models
from qwenocr_assets.warehouse.publish import working_file

MODELS = load_models(Path(__file__).parents[2] / "dbt_like_sql")
CENT = Decimal("0.01")


def entry(number: int, state: str, cents: int, **changes: Any) -> dict[str, Any]:
    """A call of task advanced_recognition on the only page of d1."""
    return {
        "batch_id": "b1",
        "entry_id": number,
        "document_id": "d1",
        "page_id": "d1-0001",
        "request_key": f"k{number}",
        "state": state,
        "run_id": "r",
        "region": "singapore",
        "model": "m",
        "task": "advanced_recognition",
        "route": "invoices",
        "catalogue_version": "v",
        "usd_per_million_input": Decimal("0.07"),
        "usd_per_million_output": Decimal("0.16"),
        "estimated_input_tokens": 100,
        "input_tokens": 110 if state == "settled" else None,
        "output_tokens": 50 if state == "settled" else None,
        "expected_cost_usd": CENT,
        "reserved_usd": 5 * CENT,
        "cost_usd": cents * CENT,
        "day": date(2026, 1, 1),
        "reserved_at": datetime(2026, 1, 1, 12),
        **changes,
    }


LEDGER = [
    entry(1, "settled", 2),
    entry(2, "uncertain", 5),
    entry(3, "released", 0),
    entry(4, "settled", 3, task="table_parsing", day=date(2026, 1, 2)),
    entry(5, "settled", 7, document_id=None, page_id=None, route="old"),
]


@pytest.fixture
def query(tmp_path: Path) -> Callable[[str], list[tuple[Any, ...]]]:
    """The warehouse with one document of two lines, and a free one that was rejected."""
    data = DataFolder(UPath(tmp_path / "data"))

    def write(schema: TableSchema, *rows: dict[str, Any]) -> None:
        write_table(data, schema, "b1", [{"batch_id": "b1", **row} for row in rows])

    named = {"uri": "", "sha256": "", "size_bytes": 1, "route": "invoices"}
    write(
        DOCUMENTS,
        {"document_id": "d1", "name": "a.pdf", "status": "accepted", "page_count": 2, **named},
        {"document_id": "d2", "name": "b.txt", "status": "rejected", **named},
    )
    trace = {"document_id": "d1", "page_id": "d1-0001", "task": "advanced_recognition", "request_key": "k1"}
    write(TEXT_LINES, *({**trace, "line_index": n, "text": "x"} for n in range(2)))
    write(COST_LEDGER, *LEDGER)
    load_changes(data, working_file(data))

    def run(sql: str) -> list[tuple[Any, ...]]:
        with open_writer(working_file(data)) as con:
            build_models(con, MODELS)
            own = [m for m in MODELS.values() if "cost" in m.name]
            assert [r for m in own for r in run_tests(con, m) if not r.passed] == []
            return con.execute(sql).fetchall()

    return run


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        pytest.param(
            "select day, calls, calls_settled, input_tokens, cost_usd, uncertain_usd "
            "from marts.cost_by_day order by day",
            [
                (date(2026, 1, 1), 3, 2, 220, 14 * CENT, 5 * CENT),
                (date(2026, 1, 2), 1, 1, 110, 3 * CENT, 0),
            ],
            id="by day",
        ),
        pytest.param(
            "select task, route, calls, cost_usd, expected_cost_usd, estimated_input_tokens, input_tokens "
            "from marts.cost_by_task order by task, route",
            [
                ("advanced_recognition", "invoices", 2, 7 * CENT, 2 * CENT, 100, 110),
                ("advanced_recognition", "old", 1, 7 * CENT, CENT, 100, 110),
                ("table_parsing", "invoices", 1, 3 * CENT, CENT, 100, 110),
            ],
            id="by task and route",
        ),
        pytest.param(
            "select name, extracted_rows, calls, cost_usd, uncertain_usd, cost_per_page_usd, cost_per_row_usd "
            "from marts.cost_by_document order by name",
            [
                ("a.pdf", 2, 3, 10 * CENT, 5 * CENT, pytest.approx(0.05), pytest.approx(0.05)),
                ("b.txt", 0, 0, 0, 0, None, None),
            ],
            id="by document",
        ),
        pytest.param(
            "select * from marts.cost_per_row order by task",
            [
                ("advanced_recognition", 2, 14 * CENT, pytest.approx(0.07)),
                ("table_parsing", 0, 3 * CENT, None),
            ],
            id="by extracted row",
        ),
    ],
)
def test_money_is_added_up(
    query: Callable[[str], list[tuple[Any, ...]]], sql: str, expected: list[tuple[Any, ...]]
) -> None:
    assert query(sql) == expected
