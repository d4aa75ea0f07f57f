"""A partition of a shop with one source, made without a broker, what is told to it, and what it writes."""

from collections.abc import Callable, Iterable
from functools import partial

from aiokafka import ConsumerRecord

from journey.clock import Clock, Time
from journey.machine import Machine, apply
from journey.memory import Memory
from journey.saving import encode
from schemas.signals import Origin, Signal
from stagewatch.library import machine_of_journeys
from stream.batches import Batch
from stream.changelog import CustomerEntry, Marker, customer_record, marker_record
from stream.connection import Connection
from stream.outlet import Out, Outlet, Place
from stream.partition import Partition, Setting
from stream.publishing import Topics

MACHINE = machine_of_journeys(["five-stage"])
SOURCE = "events"
T = 1_704_067_200_000
MINUTE = 60_000
PATIENCE, IDLE_AFTER = 1_000, 1_000
PLACE = ("log", 0)


def partition(
    machine: Machine = MACHINE, sources: tuple[str, ...] = (SOURCE,), outlet: Outlet | None = None
) -> Partition:
    """One that nothing has been told yet; its outlet is not connected, if none is given."""
    return Partition(0, Setting(machine, Topics(), "log", outlet or nowhere(), frozenset(sources), new_clock()))


def nowhere() -> Outlet:
    """An outlet that is not connected."""
    return Outlet(Connection("nowhere:1"), client_id="test")


class Broker(Outlet):
    """An outlet to a broker that takes everything: it keeps each record, and numbers those of each place."""

    def __init__(self, told: Callable[[Out], None] = lambda _: None) -> None:
        super().__init__(Connection("nowhere:1"), client_id="test")
        self.taken: list[Out] = []
        self.ends: dict[Place, int] = {}
        self._told = told

    async def send(self, records: Iterable[Out]) -> dict[Place, int]:
        """Take all of them."""
        written: dict[Place, int] = {}
        for out in records:
            place = (out.topic, out.partition or 0)
            self.taken.append(out)
            self._told(out)
            written[place] = self.ends[place] = self.ends.get(place, 0) + 1
        return written


def new_clock() -> Callable[[Time | None], Clock]:
    """What makes a partition's clock."""
    return partial(_clock, PATIENCE, IDLE_AFTER)


def _clock(patience: int, idle_after: int, start: Time | None) -> Clock:
    return Clock(patience, idle_after, start=start)


def tick(wall: int, *, caught_up: bool = True, highwater: int | None = 0) -> Batch:
    """A batch without records."""
    return Batch(SOURCE, 0, (), caught_up, highwater, wall, wall)


def signal(customer: str, at: int, offset: int, kind: str = "product_viewed") -> Signal:
    """Something that a customer did."""
    return Signal(customer, kind, at, f"{customer}-{offset}", {}, Origin(SOURCE, 0, offset))


def after(memory: Memory | None, *signals: Signal) -> Memory:
    """The memory after more signals."""
    return apply(MACHINE, memory, signals[0].customer, SOURCE, signals)[0]


def row(out: Out, offset: int = 0) -> "ConsumerRecord[bytes, bytes]":
    """What is read back of a record written."""
    headers = tuple(out.headers)
    return ConsumerRecord(out.topic, out.partition or 0, offset, 0, 0, out.key, out.value, None, 0, 0, headers)


def entry(memory: Memory, batch: int, outbox: list[object] | None = None) -> "ConsumerRecord[bytes, bytes]":
    """A customer's record of the changelog."""
    return row(
        customer_record(PLACE, memory.customer.encode(), CustomerEntry(batch, encode(MACHINE, memory), outbox or []))
    )


def marker(
    published: int,
    clock: int | None = None,
    floor: dict[str, int] | None = None,
    sources: dict[str, int] | None = None,
    batch: int = 0,
) -> "ConsumerRecord[bytes, bytes]":
    """A marker of the changelog."""
    return row(marker_record(PLACE, Marker(published, Time(clock, sources or {}), floor or {}, batch)))
