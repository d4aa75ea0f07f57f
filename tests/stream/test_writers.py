"""Workers one after the other on a partition, dying somewhere, whose writes may come to stand late: nothing is lost.

A broker can have appended what it has acknowledged to nobody, and shows to nobody: its followers are slow. A worker can
have lost its group, and not know it yet. Whoever takes the partition then reads the changelog without what the former
one writes, and writes behind it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import orjson
from aiokafka import ConsumerRecord
from hypothesis import example, given
from hypothesis import strategies as st

from journey.machine import apply
from schemas.signals import Origin, Signal
from stream.connection import Connection
from stream.outlet import NotSentError, Out, Outlet, Place
from stream.partition import Output, Partition, Setting
from stream.publishing import Topics
from stream.restoring import Restored
from stream.tail import NotOwnerError
from tests.stream.shop import MACHINE, MINUTE, PLACE, T, new_clock, row

CUSTOMERS = ["ann", "bob", "cas"]
KINDS = ["product_viewed", "cart_updated", "order_completed"]
SOURCES = ["shop", "till"]

#: how a worker ends: at once; with a batch that is appended, and seen by nobody until the next one writes; with one
#: that stands in the changelog alone; with one that was published; with one that it writes when the next has read; or
#: not before all has been read
NOTHING, LATE, UNPUBLISHED, PUBLISHED, OVERTAKEN, ON = ENDS = [
    "nothing",
    "late",
    "unpublished",
    "published",
    "overtaken",
    "on",
]


def _signal(source: str, number: int) -> Signal:
    at, kind = T + (2 * number + SOURCES.index(source)) * MINUTE, KINDS[number * 2 % 5 % 3]
    return Signal(CUSTOMERS[number % 3], kind, at, f"{source}-{number}", {}, Origin(source, 0, number))


SIGNALS = {source: [_signal(source, number) for number in range(12)] for source in SOURCES}


@dataclass(slots=True)
class Life:
    """A worker: batches of how many signals, ticks before each of them, batches that go well, how the last one ends.

    One of which none goes well can end with what it writes again when it begins. `first` is the source it begins with.
    """

    size: int
    ticks: int
    well: int
    end: str
    first: int = 0


class Broker(Outlet):
    """The changelog as it stands, how far of it can be seen, and the transitions on their topic."""

    def __init__(self) -> None:
        super().__init__(Connection("nowhere:1"), client_id="test")
        self.rows: list[ConsumerRecord[bytes, bytes]] = []
        self.seen = 0
        self.told: list[dict[str, Any]] = []
        self.committed = dict.fromkeys(SOURCES, 0)
        #: how the next batch ends
        self.end = ON
        #: what somebody does who does not know that another one has the partition
        self.overtaken: Callable[[], Awaitable[None]] | None = None

    async def send(self, records: Iterable[Out]) -> dict[Place, int]:
        """Take them, or not."""
        sent = [it for it in records if it.topic in {PLACE[0], "stage-transitions"}]
        if not sent:
            return {}
        if sent[0].topic == PLACE[0]:
            if self.end == NOTHING:
                raise NotSentError("it was killed")
            self.rows += [row(out, len(self.rows) + number) for number, out in enumerate(sent)]
            if self.end == LATE:
                raise NotSentError("not acknowledged")
            self.seen = len(self.rows)
            return {PLACE: len(self.rows)}
        if self.end == UNPUBLISHED:
            raise NotSentError("it was killed")
        self.told += [orjson.loads(out.value or b"") for out in sent]
        return {}

    def left(self, first: int) -> list[str]:
        """The sources of which not all is committed, in the order in which they are polled."""
        order = [*SOURCES[first:], *SOURCES[:first]]
        return [source for source in order if self.committed[source] < len(SIGNALS[source])]


async def live(broker: Broker, life: Life) -> None:
    """Take the partition and go on until the worker's end."""
    restored, held = read(broker.rows[: broker.seen]), Partition(0, _setting(broker))
    held.writing.tail.end = broker.seen
    broker.end = life.end if not life.well and life.end != OVERTAKEN else ON
    overtaken, broker.overtaken = broker.overtaken, None
    held.fill(restored, T)
    await held.republish(restored)
    if overtaken is not None:
        await overtaken()
    well, polls = life.well, life.first
    while left := broker.left(polls % 2):
        broker.end, polls = ON if well else life.end, polls + 1
        well = max(0, well - 1)
        source = left[0]
        since = broker.committed[source]
        signals = SIGNALS[source][since : since + life.size]
        if broker.end == OVERTAKEN:
            broker.overtaken = _overtaken(broker, held, signals, life.ticks)
            raise NotSentError("nobody knows of it any more")
        await _batch(held, signals, life.ticks)
        if broker.end == PUBLISHED:
            raise NotSentError("it was killed before it committed")
        broker.committed[source] += life.size


def _setting(broker: Broker) -> Setting:
    return Setting(MACHINE, Topics(), PLACE[0], broker, frozenset(SOURCES), new_clock())


def _overtaken(broker: Broker, held: Partition, signals: list[Signal], ticks: int) -> Callable[[], Awaitable[None]]:
    async def go_on() -> None:
        broker.end = ON
        try:
            await _batch(held, signals, ticks)
        except NotOwnerError:
            return

    return go_on


async def _batch(held: Partition, signals: list[Signal], ticks: int) -> None:
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def flushed(_: Partition, __: Output, ___: float) -> None:
        done.set_result(None)

    async def failed(error: BaseException) -> None:
        done.set_exception(error)

    for _ in range(ticks):
        held.begin(T)
    output, source = held.begin(T), signals[0].origin.topic
    floor = held.progress.floor.get(source, 0)
    for customer in CUSTOMERS:
        memory = held.memories.get(customer)
        seen = max(floor - 1, -1 if memory is None else memory.offsets.get(source, -1))
        if fresh := [it for it in signals if it.customer == customer and it.origin.offset > seen]:
            held.take(output, *apply(MACHINE, memory, customer, source, fresh))
    output.source = source, signals[-1].origin.offset + 1
    held.hand_over(output, flushed, failed)
    await done


def through(lives: list[Life]) -> Broker:
    """What the broker has once a last worker has read everything."""

    async def all_of_them() -> Broker:
        broker = Broker()
        for life in [*lives, Life(5, 0, 0, ON), Life(5, 0, 0, ON)]:
            try:
                await live(broker, life)
            except (NotOwnerError, NotSentError):
                if life.end != LATE:  # what stood there unseen is seen by now
                    broker.seen = len(broker.rows)
        broker.seen = len(broker.rows)
        await live(broker, Life(5, 0, 0, ON))
        assert not broker.left(0)
        return broker

    return asyncio.run(all_of_them())


def net(told: Iterable[dict[str, Any]]) -> set[tuple[Any, ...]]:
    """What was made and never withdrawn."""
    each = {it["id"]: it for it in told}
    withdrawn = {it["corrects"] for it in each.values()}
    names = "customer", "track", "name", "to", "at"
    return {
        tuple(it[name] for name in names)
        for it in each.values()
        if it["kind"] != "corrected" and it["id"] not in withdrawn
    }


def read(rows: list["ConsumerRecord[bytes, bytes]"]) -> Restored:
    """What a changelog says."""
    restored = Restored(MACHINE)
    restored.read(rows)
    restored.ended()
    return restored


WELL = net(through([]).told)

lives = st.builds(
    Life, st.integers(1, 8), st.integers(0, 3), st.integers(0, 3), st.sampled_from(ENDS), st.integers(0, 1)
)


@given(st.lists(lives, max_size=6))
@example([Life(8, 0, 1, LATE), Life(2, 3, 0, ON)])
@example([Life(8, 3, 1, LATE), Life(2, 0, 0, ON)])
@example([Life(8, 0, 1, LATE), Life(2, 0, 1, ON)])
@example([Life(8, 0, 0, LATE), Life(8, 0, 0, ON, first=1)])
@example([Life(8, 0, 1, OVERTAKEN), Life(8, 0, 0, ON, first=1)])
@example([Life(1, 0, 0, OVERTAKEN), Life(2, 0, 0, OVERTAKEN), Life(2, 0, 0, LATE)])
def test_whoever_dies_with_a_batch_that_comes_to_stand_late_nothing_is_lost_or_invented(lives: list[Life]) -> None:
    broker = through(lives)
    told = broker.told
    assert net(told) == WELL
    ids = {(it["customer"], it["sequence"], it["id"]) for it in told}
    for customer, of_customer in groupby(sorted(ids), key=lambda it: it[0]):
        numbers = [number for _, number, _ in of_customer]
        assert numbers == list(range(1, len(numbers) + 1)), f"each number of {customer} is of one transition"
    last = {it.key: it.offset for it in broker.rows}
    whole, compacted = read(broker.rows), read([it for it in broker.rows if it.offset == last[it.key]])
    assert dict(whole.memories) == dict(compacted.memories), "nothing that is void is the last of its key"
    assert (whole.own, whole.floor, whole.fallen) == (compacted.own, compacted.floor, set())
