"""Rules: the values of a batch, as people left them, held against the rules of their routes."""

from dataclasses import dataclass

from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.intake.routes import route_rows
from qwenocr_assets.quality.batch_rules import check_batch
from qwenocr_assets.rows import RouteRow, ValidationResultRow
from qwenocr_assets.schemas import ROUTES, VALIDATION_RESULTS
from qwenocr_assets.storage.table_files import write_table


@dataclass(frozen=True, slots=True)
class Checked:
    """Rows of `validation_results` and of `routes`."""

    results: list[ValidationResultRow]
    routes: list[RouteRow]


def check_rules(environment: Environment, batch_id: str) -> Checked:
    """Apply each route's rules to the batch; writes and returns the results, and what the routes ask of people."""
    results = check_batch(environment.data, batch_id, environment.routes)
    write_table(environment.data, VALIDATION_RESULTS, batch_id, results)
    asked = route_rows(batch_id, environment.routes)
    write_table(environment.data, ROUTES, batch_id, asked)
    return Checked(results, asked)
