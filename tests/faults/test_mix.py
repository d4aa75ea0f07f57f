"""All that can go wrong does, one thing after the other, while customers shop: nothing is lost, nothing is invented."""

from pathlib import Path

from tests.faults.kinds import kinds
from tests.faults.run import Plan, run
from tests.kafka.broker import KafkaBroker

SEED = 20261122


async def test_whatever_breaks_nothing_is_lost_or_invented(kafka: KafkaBroker, tmp_path: Path) -> None:  # noqa: ARG001  as for all tests on it
    faults = len(kinds(exactly_once=False))
    plan = Plan(SEED, events=8_000, faults=faults, customers=200)
    outcome = await run(plan, tmp_path, print)
    assert outcome.good, f"{outcome.verdict}\n{outcome.troubles}"
    assert not outcome.missed
    assert set(outcome.faults) == {fault.name for fault in kinds(exactly_once=False)}
    assert outcome.verdict.compared > 1_000
    assert outcome.verdict.duplicates > 0, "faults that cost nothing prove nothing"
