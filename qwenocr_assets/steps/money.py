"""Money: what a batch has cost, as the ledger has it, and what is left."""

from dataclasses import dataclass

from qwenocr_assets.cost.catching_up import catch_up_batch
from qwenocr_assets.cost.ledger_rows import write_ledger_rows
from qwenocr_assets.cost.spending import Period, spending
from qwenocr_assets.cost.unfunded import UnfundedBatch, unfunded_batches
from qwenocr_assets.environment.budget import CostBudget
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.rows import CostLedgerRow
from qwenocr_assets.schemas import COST_LEDGER
from qwenocr_assets.storage.table_files import read_table


@dataclass(frozen=True, slots=True)
class Spent:
    """Rows of `cost_ledger`, the caps' periods as they stand, and which caps hold the batch back."""

    rows: list[CostLedgerRow]
    periods: list[Period]
    refusals: list[UnfundedBatch]


def write_costs(environment: Environment, budget: CostBudget, batch_id: str) -> Spent:
    """Write a batch's `cost_ledger` as it is now; of a model that is free nothing new can be in it."""
    if environment.model.price().is_free:
        return Spent(read_table(environment.data, COST_LEDGER, batch_id), [], [])
    with budget.ledger() as ledger:
        catch_up_batch(ledger, environment.data, environment.catalogue, batch_id)
        rows = write_ledger_rows(environment.data, ledger, batch_id)
        refusals = unfunded_batches(ledger).get(batch_id, [])
        return Spent(rows, list(spending(ledger, budget.caps)), list(refusals))
