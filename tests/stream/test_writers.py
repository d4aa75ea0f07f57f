"""Workers one after the other on a partition, dying somewhere, whose writes may come to stand late: nothing is lost.

A broker can have appended what it has acknowledged to nobody, and shows to nobody: its followers are slow. Whoever
takes the partition then reads the changelog without it, and writes behind it.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

import orjson
from aiokafka import ConsumerRecord
from hypothesis import example, given
from hypothesis import strategies as st

from journey.machine import apply
from schemas.signals import Signal
from stream.connection import Connection
from stream.outlet import NotSentError, Out, Outlet, Place
from stream.partition import Output, Partition, Setting
from stream.publishing import Topics
from stream.restoring import Restored
from stream.tail import NotOwnerError
from tests.stream.shop import MACHINE, MINUTE, SOURCE, T, new_clock, row, signal

CUSTOMERS = ["ann", "bob", "cas"]
KINDS = ["product_viewed", "cart_updated", "order_completed"]
SIGNALS = [signal(CUSTOMERS[it % 3], T + it * MINUTE, it, KINDS[it * 2 % 5 % 3]) for it in range(24)]

#: how a worker ends: at once; with a batch that is appended, and seen by nobody until the next one writes; with one
#: that stands in the changelog alone; with one that was published; or not before all has been read
NOTHING, LATE, UNPUBLISHED, PUBLISHED, ON = ends = ["nothing", "late", "unpublished", "published", "on"]


@dataclass(slots=True)
class Life:
    """A worker: batches of how many signals, ticks before each of them, batches that go well, how the last one ends.

    One of which none goes well can end with what it writes again when it begins.
    """

    size: int
    ticks: int
    well: int
    end: str


class Broker(Outlet):
    """The changelog as it stands, how far of it can be seen, and the ids on the topic of transitions."""

    def __init__(self) -> None:
        super().__init__(Connection("nowhere:1"), client_id="test")
        self.rows: list[ConsumerRecord[bytes, bytes]] = []
        self.seen = 0
        self.ids: set[str] = set()
        self.committed = 0
        #: how the next batch ends
        self.end = ON

    async def send(self, records: Iterable[Out]) -> dict[Place, int]:
        """Take them, or not."""
        sent = [it for it in records if it.topic in {"log", "stage-transitions"}]
        if not sent:
            return {}
        if sent[0].topic == "log":
            if self.end == NOTHING:
                raise NotSentError("it was killed")
            self.rows += [row(out, len(self.rows) + number) for number, out in enumerate(sent)]
            if self.end == LATE:
                raise NotSentError("not acknowledged")
            self.seen = len(self.rows)
            return {("log", 0): len(self.rows)}
        if self.end == UNPUBLISHED:
            raise NotSentError("it was killed")
        self.ids |= {orjson.loads(out.value or b"")["id"] for out in sent}
        return {}


async def live(broker: Broker, life: Life) -> None:
    """Take the partition and go on until the worker's end."""
    restored, held = Restored(MACHINE), Partition(0, _setting(broker))
    held.writing.tail.end = broker.seen
    broker.end = ON if life.well else life.end
    restored.load(broker.rows[: broker.seen])
    held.fill(restored, T)
    await held.republish(restored)
    well = life.well
    while broker.committed < len(SIGNALS):
        broker.end = ON if well else life.end
        well = max(0, well - 1)
        await _batch(held, SIGNALS[broker.committed : broker.committed + life.size], life.ticks)
        if broker.end == PUBLISHED:
            raise NotSentError("it was killed before it committed")
        broker.committed += life.size


def _setting(broker: Broker) -> Setting:
    return Setting(MACHINE, Topics(), "log", broker, frozenset({SOURCE}), new_clock())


async def _batch(held: Partition, signals: list[Signal], ticks: int) -> None:
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def flushed(_: Partition, __: Output, ___: float) -> None:
        done.set_result(None)

    async def failed(error: BaseException) -> None:
        done.set_exception(error)

    for _ in range(ticks):
        held.begin(T)
    output = held.begin(T)
    floor = held.progress.floor.get(SOURCE, 0)
    for customer in CUSTOMERS:
        memory = held.memories.get(customer)
        seen = max(floor - 1, -1 if memory is None else memory.offsets.get(SOURCE, -1))
        if fresh := [it for it in signals if it.customer == customer and it.origin.offset > seen]:
            held.take(output, *apply(MACHINE, memory, customer, SOURCE, fresh))
    output.source = SOURCE, signals[-1].origin.offset + 1
    held.hand_over(output, flushed, failed)
    await done


def through(lives: list[Life]) -> set[str]:
    """The ids on the topic once a last worker has read everything."""

    async def all_of_them() -> set[str]:
        broker = Broker()
        for life in [*lives, Life(5, 0, 0, ON), Life(5, 0, 0, ON)]:
            try:
                await live(broker, life)
            except (NotOwnerError, NotSentError):
                if life.end != LATE:  # what stood there unseen is seen by now
                    broker.seen = len(broker.rows)
        assert broker.committed >= len(SIGNALS)
        return broker.ids

    return asyncio.run(all_of_them())


def told() -> set[str]:
    """The ids of all that the signals lead to."""
    each = [[it for it in SIGNALS if it.customer == customer] for customer in CUSTOMERS]
    return {transition.id for some in each for transition in apply(MACHINE, None, some[0].customer, SOURCE, some)[1]}


lives = st.builds(Life, st.integers(1, 8), st.integers(0, 3), st.integers(0, 3), st.sampled_from(ends))


@given(st.lists(lives, max_size=6))
@example([Life(8, 0, 1, LATE), Life(2, 3, 0, ON)])
@example([Life(8, 3, 1, LATE), Life(2, 0, 0, ON)])
@example([Life(8, 0, 1, LATE), Life(2, 0, 1, ON)])
def test_whoever_dies_with_a_batch_that_comes_to_stand_late_nothing_is_lost_or_invented(lives: list[Life]) -> None:
    assert through(lives) == told()
