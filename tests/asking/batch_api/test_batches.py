"""From questions to records through the emulated service: whatever goes wrong, each is answered and paid once."""

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from qwenocr_assets.asking.batch_api.jobs import JobState
from qwenocr_assets.asking.batch_api.planning import MOST_TIMES, Rules, sort_questions, split
from qwenocr_assets.asking.batch_api.polling import cancel, poll
from qwenocr_assets.asking.batch_api.submitting import SETTLE_SECONDS
from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.cost.scopes import Kind, Scope
from qwenocr_assets.emulator import BatchFault
from qwenocr_assets.qwenocr.batch_api.limits import FileLimits
from qwenocr_assets.qwenocr.errors import Retryable
from qwenocr_assets.qwenocr.prices import Price, Tokens
from qwenocr_assets.qwenocr.requests import Mode
from qwenocr_assets.statuses import AnswerStatus, LedgerState
from tests.asking.batch_api.world import BATCH, MODEL


def statuses(world: Any) -> dict[str, int]:
    return dict(Counter(record.status.value for record in world.records.values()))


def go(world: Any, questions: list[Any]) -> Any:
    """Once the whole way."""
    world.plan(questions)
    world.submit(questions)
    world.wait()
    return world.collect()


@pytest.mark.parametrize(
    ("fault", "left_in", "records"),
    [
        pytest.param(BatchFault(), range(1), {"ok": 20}, id="smooth"),
        pytest.param(BatchFault(odd_ids=True), range(1), {"ok": 20}, id="odd ids"),
        pytest.param(BatchFault(expires_after=0.5), range(10, 11), {"ok": 10}, id="expires"),
        pytest.param(BatchFault(error_share=0.5), range(1, 20), None, id="server errors"),
        pytest.param(BatchFault(refused_share=0.5), range(1), None, id="content inspection"),
        pytest.param(BatchFault(only_error_file=True), range(20, 21), {}, id="only an error file"),
        pytest.param(BatchFault(fails="mismatched_model"), range(1), {"failed": 20}, id="file refused"),
    ],
)
def test_what_is_finished_is_kept_and_the_rest_is_left(
    make_world: Any, fault: BatchFault, left_in: range, records: dict[str, int] | None
) -> None:
    world = make_world(fault)
    questions = [world.question(n) for n in range(20)]
    collected = go(world, questions)
    assert len(collected.left) in left_in
    assert collected.answered + len(collected.left) + len(collected.given_up) == 20
    assert records is None or statuses(world) == records
    assert all(r.mode is Mode.BATCH for r in world.records.values())
    assert world.sums() == (0, world.billed_usd, 0)
    costs = [r.cost_usd for r in world.records.values() if r.status is AnswerStatus.OK]
    assert sum(costs, Decimal(0)) == world.billed_usd
    assert not world.jobs.waiting_keys(BATCH)
    assert not world.jobs.all(JobState.ENDED)


def test_the_rest_is_handed_over_again_until_everything_is_answered(make_world: Any) -> None:
    world = make_world(BatchFault(expires_after=0.3), BatchFault(error_share=0.4))
    questions = [world.question(n) for n in range(20)]
    for _ in range(MOST_TIMES):
        open_ones = [q for q in questions if (BATCH, q.request_key) not in world.records]
        go(world, open_ones)
    assert statuses(world) == {"ok": 20}
    assert world.emulator.bill.total.calls == 20
    assert world.sums() == (0, world.billed_usd, 0)


@pytest.mark.parametrize(("rest", "given_up"), [("resubmit", False), ("real_time", False), ("leave", True)])
def test_a_route_says_what_happens_to_the_rest(make_world: Any, rest: Any, given_up: bool) -> None:
    world = make_world(BatchFault(expires_after=0.5), rules=Rules(rest=rest))
    questions = [world.question(n) for n in range(4)]
    collected = go(world, questions)
    assert (len(collected.given_up), len(collected.left)) == ((2, 0) if given_up else (0, 2))
    assert statuses(world) == ({"ok": 2, "failed": 2} if given_up else {"ok": 2})
    found = sort_questions(
        questions[2:], lambda _: Rules(rest=rest), set(), world.jobs.times_left(BATCH), lambda _: 1
    )
    assert bool(found.at_once) == (rest == "real_time")


def test_a_person_cancels_and_what_is_finished_stays(make_world: Any) -> None:
    world = make_world(batch_seconds=0.5)
    questions = [world.question(n) for n in range(3)]
    world.plan(questions)
    [job] = world.submit(questions)
    with world.service() as service:
        status = cancel(world.jobs, service, job)
    assert status in ("cancelling", "cancelled")
    world.wait()
    collected = world.collect()
    assert collected.answered + len(collected.given_up) == 3
    assert world.sums() == (0, world.billed_usd, 0)


def test_a_create_whose_answer_was_lost_is_found_again(make_world: Any) -> None:
    world = make_world(BatchFault(loses_create=True))
    questions = [world.question(n) for n in range(3)]
    world.plan(questions)
    [job] = world.submit(questions)
    assert job.state is JobState.CREATING
    assert [j.state for j in world.submit(questions)] == [JobState.CREATING]  # it may still be on its way
    world.clock[0] += SETTLE_SECONDS
    assert [j.state for j in world.submit(questions)] == [JobState.RUNNING]
    world.wait()
    assert world.collect().answered == 3
    assert len(world.emulator.batches.all()) == 1


def test_a_torn_result_file_loses_nothing(make_world: Any) -> None:
    world = make_world(BatchFault(tears_results=2))
    questions = [world.question(n) for n in range(300)]
    world.plan(questions)
    world.submit(questions)
    world.wait()
    for _ in range(2):
        with pytest.raises(Retryable):
            world.collect()
    collected = world.collect()
    assert not collected.left
    assert statuses(world) == {"ok": 300}
    assert world.sums() == (0, world.billed_usd, 0)


def test_a_page_of_two_intake_batches_is_in_one_file_and_answers_both(make_world: Any) -> None:
    world = make_world()
    questions = [world.question(n) for n in range(3)]
    world.plan(questions)
    planned = world.plan(questions[1:], "20260102-bbbb")
    assert (planned.job_id, planned.shared) == (None, 2)
    world.submit(questions)
    world.wait()
    world.collect()
    assert world.jobs.all(JobState.ENDED)  # the other batch's lines still wait
    world.collect("20260102-bbbb")
    assert not world.jobs.all(JobState.ENDED)
    shared = [record for (batch, _), record in world.records.items() if batch != BATCH]
    assert [(r.status, r.cost_usd, r.reused_from) for r in shared] == [(AnswerStatus.OK, 0, BATCH)] * 2
    assert world.emulator.bill.total.calls == 3
    assert world.sums() == (0, world.billed_usd, 0)


def test_what_the_budget_refuses_is_not_planned(make_world: Any) -> None:
    world = make_world()
    questions = [world.question(n) for n in range(5)]
    world.plan([])
    world.caps = Caps(day_pico=2 * MODEL.price(Mode.BATCH).cost(Tokens(1000, 100)))
    planned = world.plan(questions)
    assert (planned.lines, len(planned.unfunded)) == (2, 3)
    assert set(world.funds.refused) == {Scope(Kind.DAY, "2026-01-01")}
    world.submit(questions)
    world.wait()
    assert world.collect().answered == 2


def test_what_is_collected_costs_what_it_was_planned_at(make_world: Any) -> None:
    """Days may lie between, and the catalogue may have another price by then, or no such model."""
    world = make_world()
    questions = [world.question(n) for n in range(3)]
    world.plan(questions, price=Price(7, 11), catalogue_version="as planned")
    world.submit(questions)
    world.wait()
    world.collect()
    records = list(world.records.values())
    assert {record.catalogue_version for record in records} == {"as planned"}
    assert world.sums() == (0, sum(record.cost_usd for record in records), 0)
    assert 0 < sum(record.cost_usd for record in records) < world.billed_usd


def test_planning_twice_plans_once(make_world: Any) -> None:
    world = make_world()
    questions = [world.question(n) for n in range(3)]
    assert world.plan(questions).lines == 3
    assert world.plan(questions) == type(world.plan(questions))(None)
    assert len(world.jobs.all()) == 1


def test_a_job_that_the_service_has_forgotten_is_uncertain(make_world: Any) -> None:
    world = make_world()
    questions = [world.question(n) for n in range(2)]
    world.plan(questions)
    world.submit(questions)
    world.emulator.reset()
    with world.service() as service:
        assert len(poll(world.jobs, service, region="beijing", all_now=True).ended) == 1
    assert len(world.collect().left) == 2
    assert {e["state"] for e in world.ledger.entries()} == {LedgerState.UNCERTAIN}


def test_polls_are_a_minute_apart(make_world: Any) -> None:
    world = make_world()
    questions = [world.question(0)]
    world.plan(questions)
    world.submit(questions)
    with world.service() as service:
        assert poll(world.jobs, service, region="beijing").asked == 0
        world.clock[0] += 61
        assert poll(world.jobs, service, region="beijing").asked == 1


@pytest.mark.parametrize(
    ("too_large", "line_bytes", "statuses_found"),
    [("shrink", 6_000_000, {"ok": 2}), ("url", 6_000_000, {"ok": 1}), ("shrink", 100_000, {"ok": 2})],
)
def test_an_image_too_large_for_a_line(
    make_world: Any, too_large: Any, line_bytes: int, statuses_found: Any
) -> None:
    rules = Rules(too_large=too_large, line_bytes=line_bytes, pages_url="https://bucket.example/data")
    world = make_world(rules=rules)
    questions = [world.question(n) for n in range(2)]
    noise = np.random.default_rng(7).integers(0, 255, (900, 900), dtype=np.uint8)
    Image.fromarray(noise).save(Path((world.data.root / questions[1].page.uri).path))
    collected = go(world, questions)
    assert statuses(world) == statuses_found
    # the emulator fetches nothing from the web, so what was sent by address comes back as not fetched
    assert ["Failed to download" in reason for reason in collected.left.values()] == [True] * (
        too_large == "url"
    )


def test_an_image_that_is_gone_takes_only_its_own_line(make_world: Any) -> None:
    world = make_world()
    questions = [world.question(n) for n in range(3)]
    (world.data.root / questions[1].page.uri).unlink()
    collected = go(world, questions)
    assert collected.answered == 2
    assert world.jobs.times_left(BATCH) == {questions[1].request_key: 1}
    assert world.sums() == (0, world.billed_usd, 0)


@pytest.mark.parametrize(
    ("sizes", "limits", "files"),
    [
        ([10] * 5, FileLimits(2, 100, 50), [2, 2, 1]),
        ([40, 40, 40], FileLimits(9, 100, 50), [2, 1]),
        ([100], FileLimits(9, 100, 100), [1]),
        ([], FileLimits(), []),
    ],
)
def test_files_are_as_large_as_may_be(sizes: list[int], limits: FileLimits, files: list[int]) -> None:
    assert [len(f) for f in split([(n, size) for n, size in enumerate(sizes)], limits)] == files
