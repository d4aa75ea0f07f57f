"""One partition's share of the customers, and the order in which a batch becomes durable.

It owns the memories, the index of deadlines, the clock and the census (customers per stage) of one partition,
and it knows nothing of how any of them is decided. A batch goes out in this order, each step acknowledged
before the next begins: rejections, changelog (with the outbox), transitions, then the offset that may be
committed. Flushes of one partition never overlap; the next batch is worked out while one is under way.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from time import perf_counter

from journey.clock import Clock
from journey.deadlines import Deadlines
from journey.machine import Machine, where
from journey.memory import Memory
from journey.saving import decode, encode
from schemas.transitions import Transition
from stream.changelog import (
    MARKER_KEY,
    CustomerEntry,
    Marker,
    Rows,
    customer_record,
    entry_of,
    marker_of,
    marker_record,
)
from stream.outlet import Out, Outlet
from stream.publishing import Published, Topics, from_outbox, published, stages_record, transition_records
from stream.transport import Batch

# One flush under way and one batch worked out behind it: more would only add memory and delay.
FLUSHES_AHEAD = 2


@dataclass(slots=True)
class Output:
    """What a batch leads to.

    Attributes:
        number: of the batch, within its partition.
        wall: the wall clock when the batch was taken, in milliseconds; the transitions' `recorded_at`.
        customers: those whose memory changed, each with the transitions that the batch caused, in order.
        others: records that go out before anything else: what is set aside.
        source: (topic, next offset) to commit when all of it is acknowledged; None after a mere tick.
        taken: records of the batch, for the backlog.
        moves: the transitions again, for whoever counts them.
    """

    number: int
    wall: int
    customers: dict[str, list[Published]] = field(default_factory=dict)
    others: list[Out] = field(default_factory=list)
    source: tuple[str, int] | None = None
    taken: int = 0
    moves: list[Transition] = field(default_factory=list)


Flushed = Callable[["Partition", Output, float], None]
Failed = Callable[[BaseException], Awaitable[None]]


@dataclass(slots=True)
class Setting:
    """What all partitions of a worker share."""

    machine: Machine
    topics: Topics
    changelog: str
    outlet: Outlet
    sources: frozenset[str]
    new_clock: Callable[[int | None], Clock]


class Partition:
    """The customers of one partition while this worker holds it."""

    def __init__(self, number: int, setting: Setting) -> None:
        self.number = number
        self.memories: dict[str, Memory] = {}
        #: how far event time has come, in ms; None where nothing can be said yet
        self.now: int | None = None
        self.census: Counter[tuple[str, str, str]] = Counter()
        #: number of the last batch worked out, and of the last one whose transitions are acknowledged
        self.batch = 0
        self.published = 0
        self.open = True
        #: the changelog's end as our own reading and writing left it; None once others have written between
        self.end: int | None = None
        #: why nothing more of this partition is written, if anything is the matter
        self.failure: Exception | None = None
        #: per source: the end offset as last heard, and the next offset that is not durable yet
        self.highwater: dict[str, int] = {}
        self.durable: dict[str, int] = {}
        self._setting = setting
        self._place = (setting.changelog, number)
        self._clock = setting.new_clock(None)
        self._deadlines = Deadlines()
        self._flushes: list[asyncio.Task[None]] = []
        self._marked = 0

    # -- how far each source has come

    def arrived(self, batch: Batch, wall: int) -> None:
        """Note how far a source has come; lag can be told before anything is durable."""
        self._clock.caught_up(batch.topic, yes=batch.caught_up, wall=wall)
        if batch.highwater is not None:
            self.highwater[batch.topic] = batch.highwater
        if batch.records:
            self.durable.setdefault(batch.topic, batch.records[0].offset)
        elif batch.caught_up and batch.highwater is not None and not self._flushes:
            self.durable[batch.topic] = batch.highwater

    def tell_time(self, batch: Batch, newest: int | None, wall: int) -> None:
        """Let the clock go on: `newest` is the greatest event time in the batch, None where it brought none."""
        if newest is not None:
            self._clock.saw(batch.topic, newest, wall)
        self.now = self._clock.now(wall)

    def lag(self) -> dict[str, int]:
        """Records per source that are not durable yet."""
        durable = dict(self.durable)
        return {source: max(0, self.highwater.get(source, offset) - offset) for source, offset in durable.items()}

    # -- working a batch out

    def begin(self, wall: int) -> Output:
        """An empty output with the next batch's number."""
        self.batch += 1
        return Output(self.batch, wall)

    def take(self, output: Output, memory: Memory, transitions: list[Transition]) -> None:
        """Keep a customer's new memory, and put it and its transitions into the output."""
        before = self.memories.get(memory.customer)
        self.memories[memory.customer] = memory
        self._deadlines.note(memory.customer, memory.due)
        if before is None:
            self._count(self._setting.machine.start(memory.customer))
        for move in transitions:
            self.census[move.journey, move.track, move.from_] -= 1
            self.census[move.journey, move.track, move.to] += 1
        outbox = output.customers.setdefault(memory.customer, [])
        outbox += [published(transition, output.wall) for transition in transitions]
        output.moves += transitions

    def pending(self) -> int:
        """Deadlines in the index."""
        return len(self._deadlines)

    def overdue(self) -> bool:
        """Whether the clock may have passed somebody's deadline."""
        soonest = self._deadlines.next
        return self.now is not None and soonest is not None and soonest <= self.now

    def next_overdue(self, most: int) -> list[Memory]:
        """Up to `most` customers whose deadline the clock has passed, oldest first; they leave the index."""
        if self.now is None:
            return []
        memories = self.memories
        passed = self._deadlines.passed(self.now, lambda customer: memories[customer].due)
        return [memories[customer] for customer in islice(passed, most)]

    def _count(self, memory: Memory) -> None:
        for name, tracks in where(self._setting.machine, memory).items():
            for track, (stage, _) in tracks.items():
                self.census[name, track, stage] += 1

    # -- becoming durable

    async def room(self) -> bool:
        """Wait until another batch may be worked out; False where the partition was revoked meanwhile."""
        while self.open and len(self._flushes) >= FLUSHES_AHEAD:
            await asyncio.wait(self._flushes, return_when=asyncio.FIRST_COMPLETED)
        return self.open

    def hand_over(self, output: Output, flushed: Flushed, failed: Failed) -> None:
        """Start to write what a batch led to, behind what was handed over before.

        `flushed` is called when all of it is acknowledged, with the seconds it took; `failed` with the error
        when it could not be written, after which nothing more of this partition is written or committed.
        """
        if not (output.customers or output.others or output.source):
            return
        before = self._flushes[-1] if self._flushes else None
        # Encoded at once: a later batch may change the same memories before this one is written. The clock, too,
        # is written as this batch left it: after a crash the next one is read again, and its signals come first.
        written = self._changes(output), self._records(output), self.now
        task = asyncio.create_task(self._flush(output, written, before, flushed, failed))
        self._flushes.append(task)
        task.add_done_callback(self._flushes.remove)

    async def _flush(
        self,
        output: Output,
        written: tuple[list[Out], list[Out], int | None],
        before: asyncio.Task[None] | None,
        flushed: Flushed,
        failed: Failed,
    ) -> None:
        started = perf_counter()
        changes, records, clock = written
        if before is not None:
            await asyncio.wait([before])
        if self.failure is not None:
            return
        try:
            # What is set aside goes first: a signal on which the journey failed is skipped once memory is past it.
            await self._setting.outlet.send(output.others)
            if changes:
                await self._write([*changes, self._marker(clock)])
            await self._setting.outlet.send(records)
        except Exception as error:  # noqa: BLE001  whatever it was, nothing may be committed after it
            self.failure = error
            await failed(error)
            return
        self.published = output.number
        if output.source is not None:
            source, offset = output.source
            self.durable[source] = offset
        flushed(self, output, perf_counter() - started)

    def _changes(self, output: Output) -> list[Out]:
        machine = self._setting.machine
        return [
            customer_record(
                self._place,
                customer.encode(),
                CustomerEntry(output.number, encode(machine, self.memories[customer]), [it.outbox() for it in outbox]),
            )
            for customer, outbox in output.customers.items()
        ]

    def _records(self, output: Output) -> list[Out]:
        records: list[Out] = []
        for customer, transitions in output.customers.items():
            if transitions:
                records += self._outgoing(customer, transitions)
        return records

    def _outgoing(self, customer: str, transitions: Iterable[Published]) -> list[Out]:
        setting = self._setting
        stages = stages_record(setting.topics, setting.machine, self.memories[customer])
        return [*transition_records(setting.topics, customer, transitions), stages]

    def _marker(self, clock: int | None) -> Out:
        self._marked = self.published
        return marker_record(self._place, Marker(self.published, clock))

    async def settle(self) -> None:
        """Take nothing more; return when all that was handed over is written, and the marker says so."""
        self.open = False
        while self._flushes:
            await asyncio.wait(self._flushes)
        if self.failure is None and self._marked < self.published:
            await self._write([self._marker(self.now)])

    async def _write(self, entries: list[Out]) -> None:
        ends = await self._setting.outlet.send(entries)
        if self.end is not None:
            ours = self.end + len(entries)
            self.end = ours if ends[self._place] == ours else None

    # -- coming back

    def load(self, rows: Rows, pending: dict[str, CustomerEntry]) -> None:
        """Take records of the changelog in order; `pending` gets the entries whose outbox holds anything.

        A worker that slept through its session may have written what it held when it woke, behind its successor's
        newer records. Memories only go on, so an entry that falls back is such a one, and is passed over.
        """
        for row in rows:
            if row.key == MARKER_KEY:
                if row.value is not None:
                    self._restore(marker_of(row.value))
                continue
            customer = row.key.decode()
            if row.value is None:
                pending.pop(customer, None)
                self.memories.pop(customer, None)
                continue
            entry = entry_of(row.value)
            self.batch = max(self.batch, entry.batch)
            memory = decode(self._setting.machine, customer, entry.memory)
            if _falls_back(memory, self.memories.get(customer)):
                continue
            self.memories[customer] = memory
            pending.pop(customer, None)
            if entry.outbox:
                pending[customer] = entry

    def _restore(self, marker: Marker) -> None:
        self.published = self._marked = max(self.published, marker.published)
        self.batch = max(self.batch, marker.published)
        self.now = max((time for time in (self.now, marker.clock) if time is not None), default=None)
        self._clock = self._setting.new_clock(self.now)

    def index(self, wall: int) -> None:
        """Count the customers and find their deadlines, once all memories are there; wait for every source."""
        for customer, memory in self.memories.items():
            self._count(memory)
            self._deadlines.note(customer, memory.due)
        self._clock.expect(self._setting.sources, wall)

    async def republish(self, pending: dict[str, CustomerEntry]) -> int:
        """Publish what was safe in the changelog and may not have reached its topics; how many transitions."""
        records: list[Out] = []
        count = 0
        for customer, entry in pending.items():
            if entry.batch > self.published:
                records += self._outgoing(customer, map(from_outbox, entry.outbox))
                count += len(entry.outbox)
        await self._setting.outlet.send(records)
        self.published = self.batch
        return count

    def reopen(self) -> None:
        """Go on after a rebalance that left the partition here."""
        self.open = True


def _falls_back(memory: Memory, before: Memory | None) -> bool:
    """Whether `memory` is an earlier one of the same customer than `before`."""
    if before is None:
        return False
    return (sum(memory.offsets.values()), memory.sequence) < (sum(before.offsets.values()), before.sequence)
