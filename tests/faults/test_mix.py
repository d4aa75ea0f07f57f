"""All that can go wrong does, one thing after the other, while customers shop: nothing is lost, nothing is invented."""

from pathlib import Path

from tests.faults.kinds import STEPS_EXACTLY_ONCE, BrokerKilled, Fault, Held, Killed, KilledAt, Slept, kinds
from tests.faults.run import Outcome, Plan, run
from tests.kafka.broker import KafkaBroker

SEED = 20261122


def assert_good(outcome: Outcome) -> None:
    assert outcome.good, f"{outcome.verdict}\n{outcome.troubles}"
    wanted = outcome.plan.kinds or kinds(exactly_once=outcome.plan.exactly_once)
    assert set(outcome.faults) == {fault.name for fault in wanted}
    assert outcome.verdict.compared > 1_000


async def test_whatever_breaks_nothing_is_lost_or_invented(
    kafka: KafkaBroker,  # noqa: ARG001  here, or there is none
    tmp_path: Path,
) -> None:
    faults = len(kinds(exactly_once=False))
    outcome = await run(Plan(SEED, events=6_000, faults=faults, customers=200, together=0.5), tmp_path, print)
    assert_good(outcome)
    assert outcome.verdict.duplicates > 0, "faults that cost nothing prove nothing"


async def test_with_exactly_once_nothing_comes_twice_whatever_breaks(
    kafka: KafkaBroker,  # noqa: ARG001  here, or there is none
    tmp_path: Path,
) -> None:
    worst: list[Fault] = [*(KilledAt(step) for step in STEPS_EXACTLY_ONCE), Killed(), Slept(), BrokerKilled(), Held()]
    plan = Plan(
        SEED, 4_000, len(worst), customers=150, together=0.5, exactly_once=True, kinds=worst,
        settings={"exactly_once": "true"},
    )  # fmt: skip
    outcome = await run(plan, tmp_path, print)
    assert_good(outcome)
    assert outcome.verdict.duplicates == 0
