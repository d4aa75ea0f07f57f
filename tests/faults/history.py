"""A history that is played while things break, and what has to come of it.

Owns what customers do, drawn by seed: carts and orders of life-like shoppers, some events late by up to 50 minutes (the
journeys correct for an hour), some told twice, some spoilt. What must come of it is told by the file replay of the very
same bytes, sorted by time: it knows no broker, and takes nothing back. All time is event time: nothing hangs on how
fast the history is played.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import islice
from random import Random
from typing import Any, NamedTuple

import orjson

from journey.machine import Machine
from journey.memory import Memory
from journey.replay import fold
from journey.rewinding import rank
from journey.standing import Standings
from journey.tally import Tally
from schemas.dialects import shipped_dialects
from schemas.reading import Reader
from schemas.rejections import Rejection
from schemas.signals import Origin, Signal
from schemas.transitions import record
from stagewatch.library import machine_of_journeys
from stagewatch.mischief import ON_A_TOPIC, Item, Shares, mischief
from stagewatch.shoppers import Plan, shoppers
from stagewatch.speaking import in_json
from tests.kafka.shop import one_customer_each

DIALECT = "stagewatch"
JOURNEYS = ("five-stage",)
LATE_BY = 50 * 60_000  # ms at most; the journeys' lateness is an hour
LATE = 0.05
SHARES = Shares(duplicates=0.02, malformed=0.01)
# So long after the last event (ms) another one comes on each partition. Every silence that counts in these journeys is
# over by then.
AFTERWARDS = 100 * 86_400_000

Played = tuple[bytes, bytes]
"""Key and value of a record."""


class Said(NamedTuple):
    """What two tellings of one transition agree in, as tests/journey/oracle.py has it, and whose it is."""

    customer: str
    kind: str
    journey: str
    track: str
    instance: str | None
    name: str
    to: str
    at: str
    cause_kind: str
    cause: str | None


def said(published: Any) -> Said:  # noqa: ANN401  JSON
    """What a published transition says."""
    cause = published["cause"]
    return Said._make([*(published[name] for name in Said._fields[:-2]), cause["kind"], cause["id"]])


@dataclass(slots=True)
class Expected:
    """What must come of a history.

    Attributes:
        machine: that follows it.
        transitions: net, nothing withdrawn.
        stages: where each customer stands in the end: `journeys` of `customer-stages`.
        beginning: where a customer stands of whom nothing telling was heard.
        rejected: the values of records that cannot be understood.
    """

    machine: Machine
    transitions: Counter[Said]
    stages: dict[str, Any]
    beginning: Any
    rejected: Counter[bytes]


@dataclass(slots=True)
class History:
    """Records in the order in which they are played; the last ones, one a partition, are those of `closing`."""

    records: list[Played]
    closing: list[Played]

    @property
    def events(self) -> int:
        """How many records there are."""
        return len(self.records) + len(self.closing)

    def expected(self) -> Expected:
        """What the replay of these records says."""
        machine = machine_of_journeys(JOURNEYS)
        rejected: Counter[bytes] = Counter()
        memories: dict[str, Memory] = {}
        signals = sorted(understood([*self.records, *self.closing], machine, rejected), key=rank)
        told = Counter(said(record(each, each.at)) for each in fold(machine, signals, memories=memories))
        stages = {customer: _stands(machine, memory) for customer, memory in memories.items()}
        return Expected(machine, told, stages, _stands(machine, _stranger(machine)), rejected)


def history(seed: int, events: int, *, customers: int, partitions: int) -> History:
    """The history of a seed: so many good events and, beside them, copies and spoilt ones."""
    write = in_json(shipped_dialects()[DIALECT])
    signals = islice(shoppers(Plan(seed, customers, carts=0.3, copies=0.3)), events)
    items = [*_late(mischief(signals, write, SHARES, seed, ON_A_TOPIC), Random(seed))]  # noqa: S311  for tests
    end = max(item.at for item in items) + AFTERWARDS
    last = [
        Signal(customer, "searched", end, f"last-{number}", {}, Origin("", 0, 0))
        for number, customer in enumerate(one_customer_each(partitions))
    ]
    closing = [(each.customer.encode(), write(each) or b"") for each in last]
    return History([(item.customer.encode(), item.value) for item in items], closing)


def _late(items: Iterable[Item], dice: Random) -> Iterator[Item]:
    """Some of the items, later by up to LATE_BY."""
    held: list[tuple[int, int, Item]] = []
    for number, item in enumerate(items):
        while held and held[0][0] <= item.at:
            yield heappop(held)[2]
        if dice.random() < LATE:
            heappush(held, (item.at + dice.randrange(LATE_BY), number, item))
        else:
            yield item
    while held:
        yield heappop(held)[2]


def understood(records: Iterable[Played], machine: Machine, rejected: Counter[bytes] | None = None) -> Iterator[Signal]:
    """The signals of these records, in order; the values of those that hold none are counted."""
    reader = Reader(shipped_dialects(), DIALECT, machine.attributes)
    for offset, (key, value) in enumerate(records):
        for each in reader.read(value, Origin("history", 0, offset), key=key):
            if isinstance(each, Signal):
                yield each
            elif isinstance(each, Rejection) and rejected is not None:
                rejected[value] += 1


def _stranger(machine: Machine) -> Memory:
    """Somebody who only ever did what tells nothing."""
    memory = machine.start("stranger")
    machine.hear(memory, Signal("stranger", "email_delivered", 0, "nothing", {}, Origin("", 0, 0)), Tally())
    return memory


def _stands(machine: Machine, memory: Memory) -> Any:  # noqa: ANN401  JSON
    return orjson.loads(Standings(machine.layout).encode(memory))["journeys"]
