"""Real events, held against the oracle: in order, out of order and repeated, a replay comes to what it says."""

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from journey.machine import Machine, compile_journeys
from journey.replay import fold
from schemas.dialects import load_dialect
from schemas.reading import Reader
from schemas.signals import Origin, Signal
from stagewatch.feed import Feed
from stagewatch.library import journey_of
from tests.journey.oracle import check_stream, net, net_of, oracle

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
FILES = {"ecom": "retentioneering/ecom.csv.gz", "otto": "otto/train.jsonl"}
HOUR = 3_600_000
pytestmark = pytest.mark.skipif(
    not DATA.exists() and "CI" not in os.environ, reason=f"{DATA} is not here: the events that others made"
)


@pytest.fixture(scope="module")
def machine() -> Machine:
    """All three journeys at once, with a window as long as the data."""
    names = ("five-stage", "four-stage", "six-cs")
    return compile_journeys([replace(journey_of(name), dedup_window=365 * 24 * HOUR) for name in names])


@pytest.fixture(scope="module", params=FILES)
def history(request: pytest.FixtureRequest) -> list[Signal]:
    """A file's signals in order of time."""
    dialect = load_dialect((ROOT / "examples" / "dialects" / f"{request.param}.yaml").read_text(), request.param)
    read = Feed([str(DATA / FILES[request.param])], Reader({dialect.dialect: dialect}, dialect.dialect))
    return sorted(read, key=lambda signal: signal.at)


def numbered(signals: Sequence[Signal], *topics: str) -> list[Signal]:
    """As they arrive: offsets are by arrival, the topic by chance, which is the same for a signal each time."""
    found = []
    for offset, signal in enumerate(signals):
        topic = topics[sum(signal.id.encode()) % len(topics)]
        found.append(replace(signal, origin=Origin(topic, 0, offset)))
    return found


def agrees(machine: Machine, arrived: list[Signal]) -> int:
    """Hold the replay against the oracle; how many transitions were corrected."""
    until = max(signal.at for signal in arrived) + 400 * 24 * HOUR
    transitions = list(fold(machine, arrived, until))
    check_stream(transitions)
    by_customer = defaultdict(list)
    for signal in arrived:
        by_customer[signal.customer].append(signal)
    told = defaultdict(list)
    for each in transitions:
        told[each.customer].append(each)
    assert told.keys() <= by_customer.keys()
    for customer, signals in by_customer.items():
        assert net(told[customer]) == net_of(oracle(machine.definitions, signals, until)), customer
    return sum(each.kind == "corrected" for each in transitions)


def test_in_order(machine: Machine, history: list[Signal]) -> None:
    assert agrees(machine, numbered(history, "shop")) == 0


@pytest.mark.parametrize("seed", [1, 2])
def test_out_of_order_within_the_lateness_and_repeated(machine: Machine, history: list[Signal], seed: int) -> None:
    chance = Random(seed)  # noqa: S311  chance that must repeat itself
    # Signals of one moment stay in their order, as their offsets decide it; a tenth comes once more.
    delays = {(signal.customer, signal.at): chance.randrange(HOUR) for signal in history}
    arriving = [(signal.at + delays[signal.customer, signal.at], signal) for signal in history]
    arriving += [(at + chance.randrange(HOUR), signal) for at, signal in arriving if chance.random() < 0.1]
    arriving.sort(key=lambda pair: pair[0])
    assert agrees(machine, numbered([signal for _, signal in arriving], "shop", "till")) > 0
