"""Money that the journals know of and the ledger does not: after it was lost, or put back from a copy.

Every answer is journalled with its exact price, so whatever ledger there is can be brought up to them. What no journal
holds cannot be known: calls whose answer was lost.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from decimal import Decimal

from sqlalchemy import Connection, RowMapping, select

from qwenocr_assets.asking.records import AnswerRecord
from qwenocr_assets.cost import entries
from qwenocr_assets.cost.entries import Call
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.cost.purse import calls_of
from qwenocr_assets.errors import ConfigurationError
from qwenocr_assets.qwenocr.catalogue import Catalogue
from qwenocr_assets.qwenocr.prices import Price, Tokens, dollars, to_pico, to_usd
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.rows import OcrRequestRow
from qwenocr_assets.schemas import OCR_REQUESTS
from qwenocr_assets.state.database import upsert
from qwenocr_assets.state.tables.money import ENTRIES, JOURNALS
from qwenocr_assets.statuses import AnswerStatus, LedgerState
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.journal import Journal
from qwenocr_assets.storage.journal_sizes import journal_sizes
from qwenocr_assets.storage.table_files import read_table

RUN = "caught-up"
"""In the place of the run's id, which journals do not know."""
_REASON = "caught up from the journal"


@dataclass(frozen=True, slots=True)
class Lacking:
    """Answers that were paid for, and that the ledger does not know as paid."""

    answers: int
    batches: int
    pico: int

    def __str__(self) -> str:
        return (
            f"{self.answers:,} paid answers of {self.batches:,} intakes "
            f"({dollars(to_usd(self.pico))}) that the journals hold"
        )


def lacking(ledger: Ledger, data: DataFolder) -> Lacking:
    """What the ledger lacks of all journals; nothing is changed."""
    found: list[_Paid] = []
    for batch_id, tasks in _by_batch(journal_sizes(data, _TASKS)).items():
        records = list(_paid_records(data, batch_id, tasks))
        with ledger.reading() as connection:
            found += _unknown(connection, batch_id, records)
    return _summed(found)


def catch_up(ledger: Ledger, data: DataFolder, catalogue: Catalogue) -> Lacking:
    """Enter what the ledger lacks of the journals that have changed since it was last compared with them.

    Doing it again changes nothing. An answer counts on the day on which it was asked for.
    """
    sizes = journal_sizes(data, _TASKS)
    with ledger.reading() as connection:
        known = {(r.batch_id, r.task): r.size_bytes for r in connection.execute(select(JOURNALS))}
    changed = {journal: size for journal, size in sizes.items() if known.get(journal) != size}
    found: list[_Paid] = []
    for batch_id, tasks in _by_batch(changed).items():
        found += _catch_up_batch(ledger, data, catalogue, batch_id, tasks)
        _note(ledger, batch_id, {task: changed[batch_id, task] for task in tasks})
    return _summed(found)


def catch_up_batch(ledger: Ledger, data: DataFolder, catalogue: Catalogue, batch_id: str) -> Lacking:
    """Enter what the ledger lacks of one batch's journals."""
    return _summed(_catch_up_batch(ledger, data, catalogue, batch_id, _TASKS))


_TASKS = [task.value for task in Task]


@dataclass(frozen=True, slots=True)
class _Paid:
    """An answer that the ledger does not know as paid."""

    batch_id: str
    record: AnswerRecord
    entry: RowMapping | None
    """The entry of its call, if that is there and still open."""


def _summed(paid: Collection[_Paid]) -> Lacking:
    usd = sum((p.record.cost_usd or Decimal(0) for p in paid), Decimal(0))
    return Lacking(len(paid), len({p.batch_id for p in paid}), to_pico(usd))


def _by_batch(journals: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for batch_id, task in sorted(journals):
        found[batch_id].append(task)
    return found


def _paid_records(data: DataFolder, batch_id: str, tasks: Iterable[str]) -> Iterator[AnswerRecord]:
    for task in tasks:
        for values in Journal(data.journal(task, batch_id)).read():
            record = AnswerRecord.from_json(values)
            answered = record.status in (AnswerStatus.OK, AnswerStatus.PARTIAL)
            if answered and record.reused_from is None and record.cost_usd:
                yield record


def _catch_up_batch(
    ledger: Ledger, data: DataFolder, catalogue: Catalogue, batch_id: str, tasks: Iterable[str]
) -> list[_Paid]:
    # journals first: an answer is in the ledger before it is in its journal
    records = list(_paid_records(data, batch_id, tasks))
    if not records:
        return []
    with ledger.reading() as connection:
        if not _unknown(connection, batch_id, records):
            return []
    requests: dict[str, list[OcrRequestRow]] = defaultdict(list)
    for request in read_table(data, OCR_REQUESTS, batch_id):
        for key in {request["request_key"], request.get("whole_key") or request["request_key"]}:
            requests[key].append(request)
    with ledger.writing() as connection:
        found = _unknown(connection, batch_id, records)
        for paid in found:
            _enter(connection, paid, requests.get(paid.record.request_key, []), catalogue, ledger.now())
    return found


def _unknown(connection: Connection, batch_id: str, records: Iterable[AnswerRecord]) -> list[_Paid]:
    """The records without an entry of theirs. Each entry stands for one answer at most."""
    query = select(ENTRIES).where(ENTRIES.c.batch_id == batch_id).order_by(ENTRIES.c.entry_id)
    settled: Counter[tuple[str, int]] = Counter()
    others: dict[str, list[RowMapping]] = defaultdict(list)
    for entry in connection.execute(query).mappings():
        if entry["reason"] != entries.RECONCILED and entry["state"] == LedgerState.SETTLED:
            settled[entry["request_key"], entry["settled_pico"]] += 1
        elif entry["reason"] == entries.RECONCILED or entry["state"] != LedgerState.RELEASED:
            others[entry["request_key"]].append(entry)
    found = []
    for record in records:
        paid = record.request_key, to_pico(record.cost_usd or Decimal(0))
        if settled[paid]:
            settled[paid] -= 1
            continue
        # of several calls nobody can say which one brought the answer
        of_its_call = others[record.request_key] if record.attempts == 1 else []
        open_or_judged = of_its_call.pop(0) if of_its_call else None
        if open_or_judged is None or (
            record.status is AnswerStatus.OK and open_or_judged["reason"] != entries.RECONCILED
        ):
            found.append(_Paid(batch_id, record, open_or_judged))
    return found


def _enter(
    connection: Connection, paid: _Paid, requests: list[OcrRequestRow], catalogue: Catalogue, now: float
) -> None:
    record = paid.record
    answer = record.answer()
    tokens = (answer.usage.billed if answer else None) or Tokens(0, 0)
    cost = to_pico(record.cost_usd or Decimal(0))
    if paid.entry is not None:
        entries.move(
            connection,
            paid.entry,
            LedgerState.SETTLED,
            now,
            settled_pico=cost,
            input_tokens=tokens.input,
            output_tokens=tokens.output,
            reported_model=answer.reported_model if answer else None,
            reason=_REASON,
        )
        return
    call = _call(paid, requests, catalogue, cost, tokens)
    asked_at = record.answered_at.replace(tzinfo=UTC).timestamp() - record.latency_ms / 1000
    entries.enter_settled(
        connection, call, cost, tokens, answer.reported_model if answer else None, _REASON, asked_at, now
    )


def _call(
    paid: _Paid, requests: list[OcrRequestRow], catalogue: Catalogue, cost: int, tokens: Tokens
) -> Call:
    """The call as it must have been made. A price that is not today's is not known any more, and is 0."""
    record = paid.record
    unknown = Call(
        request_key=record.request_key,
        batch_id=paid.batch_id,
        run_id=RUN,
        account=record.account or record.region,
        region=record.region,
        model=record.model,
        task=record.task,
        route=requests[0]["route"] if requests else "",
        catalogue_version=record.catalogue_version,
        price=Price(0, 0),
        estimated_input_tokens=tokens.input,
        expected_pico=cost,
        worst_pico=cost,
    )
    try:
        model = catalogue.model(record.region, record.model)
        price = model.price(record.mode)
        if price.cost(tokens) != cost:
            return unknown
        if not requests:
            return replace(unknown, price=price)
        calls = calls_of(requests, model, record.catalogue_version, RUN, record.mode, account=record.account)
    except ConfigurationError:
        return unknown
    return replace(calls[record.request_key], batch_id=paid.batch_id, task=record.task)


def _note(ledger: Ledger, batch_id: str, sizes: Mapping[str, int]) -> None:
    """This ledger holds all that these journals hold, at these sizes."""
    with ledger.writing() as connection:
        for task, size in sizes.items():
            row = {"batch_id": batch_id, "task": task, "size_bytes": size}
            statement = upsert(connection, JOURNALS).values(row)
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["batch_id", "task"], set_={"size_bytes": size}
                )
            )
