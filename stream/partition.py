"""One partition's share of the customers, from a batch worked out to the records that it leads to.

It owns the memories, the index of deadlines, the clock and the census (customers per stage) of one partition,
and it knows nothing of how any of them is decided. How a batch becomes durable is stream/writing.py's, how memories
are read back stream/restoring.py's, how far each source has come stream/progress.py's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from journey.clock import Clock, Time
from journey.deadlines import Deadlines
from journey.machine import Machine
from journey.memory import NEVER, Memory
from schemas.transitions import Transition
from stream import steps
from stream.batches import Batch
from stream.changelog import PENDING, CustomerEntry, customer_record, own_record, tombstone
from stream.memories import READY, Memories
from stream.outlet import Out, Outlet
from stream.progress import Progress
from stream.publishing import (
    Notice,
    Published,
    Topics,
    from_outbox,
    notice_of,
    notice_records,
    published,
    stages_record,
    transition_records,
)
from stream.resting import InMemory, Packed, Reached, Resting, Stores
from stream.restoring import Restored
from stream.strangers import layout_record
from stream.suppressing import Suppressed
from stream.ways import AtLeastOnce, Going, Way
from stream.writing import Failed, Writing

# Entries of the index that are looked at in one go: most are of deadlines that have been put off since.
MOST_LOOKS = 10_000


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
        moved: the customers who stand elsewhere now, also where no transition says so yet.
        gone: notices of customers who are forgotten.
        own: what the partition keeps for itself from now on, by key; None: nothing any more.
    """

    number: int
    wall: int
    customers: dict[str, list[Published]] = field(default_factory=dict)
    others: list[Out] = field(default_factory=list)
    source: tuple[str, int] | None = None
    taken: int = 0
    moves: list[Transition] = field(default_factory=list)
    moved: set[str] = field(default_factory=set)
    gone: list[Notice] = field(default_factory=list)
    own: dict[bytes, bytes | None] = field(default_factory=dict)


Flushed = Callable[["Partition", Output, float], None]


@dataclass(slots=True)
class Setting:
    """What all partitions of a worker share."""

    machine: Machine
    topics: Topics
    changelog: str
    outlet: Outlet
    sources: frozenset[str]
    new_clock: Callable[[Time | None], Clock]
    #: where written memories lie
    stores: Stores = field(default_factory=InMemory)
    #: memories that a partition keeps ready to use
    ready: int = READY
    #: journeys that are followed no longer, and may be forgotten
    forgets: frozenset[str] = frozenset()
    #: told of each step that is done
    reached: steps.Reached = steps.nothing
    #: makes what takes each of a partition's batches in one; None where they are written step by step
    at_once: Callable[[int], Way] | None = None

    def way(self, number: int) -> Way:
        """How what a partition's batches lead to becomes durable."""
        return AtLeastOnce(self.outlet, self.reached) if self.at_once is None else self.at_once(number)


class _LookedEnough(Exception):  # noqa: N818  no error: it ends a look through the index
    """Carries the customer whose entry was taken out of the index last."""

    def __init__(self, customer: str) -> None:
        self.customer = customer


class Partition:
    """The customers of one partition while this worker holds it."""

    def __init__(self, number: int, setting: Setting) -> None:
        self.number = number
        self.resting: Resting = Packed()
        self.memories = Memories(setting.machine, self.resting, setting.ready)
        #: how far event time has come, in ms; None where nothing can be said yet
        self.now: int | None = None
        self.census: Counter[tuple[str, str, str]] = Counter()
        #: what is kept of the partition itself, by key
        self.own: dict[bytes, bytes] = {}
        self.suppressed = Suppressed(self.own)
        #: number of the last batch worked out
        self.batch = 0
        self._way = setting.way(number)
        self.writing = Writing((setting.changelog, number), self._way, setting.outlet.within, setting.reached)
        self.progress = Progress(number)
        self._setting = setting
        self._beginning = setting.machine.stages(setting.machine.start(""))
        self._place = (setting.changelog, number)
        self._clock = setting.new_clock(None)
        self._deadlines = Deadlines()
        #: the wall clock as last told, in milliseconds
        self._wall = 0

    # -- how far each source has come

    def arrived(self, batch: Batch) -> None:
        """Note how far a source has come.

        Raises:
            SourceReplacedError: its records would pass for ones that have been applied.
        """
        if batch.topic in self._setting.sources:  # no time passes by commands
            self._clock.caught_up(batch.topic, yes=batch.caught_up, wall=batch.wall)
        self.progress.arrived(batch, flushing=self.writing.busy)

    def tell_time(self, batch: Batch, newest: int | None) -> None:
        """Let the clock go on: `newest` is the greatest event time in the batch, None where it brought none."""
        if newest is not None:
            self._clock.saw(batch.topic, newest, batch.wall)
        self.now = self._clock.now(batch.wall)

    def waiting(self, wall: int) -> dict[str, tuple[int, bool]]:
        """What ought to go on, by name: how far it has come, and whether anything waits for it to go on."""
        durable = self.progress.durable
        sources = {source: (durable.get(source, 0), yes) for source, yes in self.progress.waiting(wall).items()}
        return sources | {"writing": (self.writing.published, self.writing.busy)}

    # -- working a batch out

    def begin(self, wall: int) -> Output:
        """An empty output with the next batch's number."""
        self.batch += 1
        self._wall = wall
        return Output(self.batch, wall)

    def take(self, output: Output, memory: Memory, transitions: list[Transition]) -> None:
        """Keep a customer's new memory, and put it and its transitions into the output."""
        # Not counted by the transitions: some say what is taken back, and a move may be held back for a while.
        customer, machine = memory.customer, self._setting.machine
        before = self.memories.get(customer)
        if before is None or not machine.stand_alike(before, memory):
            was, shown = [] if before is None else machine.stages(before), machine.stages(memory)
            self.census.subtract(was)
            self.census.update(shown)
            if before is not None or shown != self._beginning:
                output.moved.add(customer)
        self.memories.take(memory)
        self._wait(memory, before)
        outbox = output.customers.setdefault(customer, [])
        outbox += [published(transition, output.wall) for transition in transitions]
        output.moves += transitions

    def forget(self, output: Output, customer: str, told: Notice) -> None:
        """The customer is gone with all that was known; it is told also of one who was unknown."""
        output.gone.append(told)
        if customer in self.memories:
            stages = self._setting.machine.named(self.memories.head(customer).stages)
            self.census.subtract(dict.fromkeys(stages, 1))
            self.memories.forget(customer)

    def keep(self, output: Output, key: bytes, value: bytes | None) -> None:
        """What the partition keeps for itself under a key from now on; None: nothing any more."""
        output.own[key] = value
        if value is None:
            self.own.pop(key, None)
        else:
            self.own[key] = value

    def _wait(self, memory: Memory, before: Memory | None) -> None:
        """Let the index know the memory's deadline, where it does not look at it earlier anyway."""
        due = memory.due
        if due is None:
            return
        known = NEVER if before is None or before.due is None else before.due
        # A deadline that the clock has passed is out of the index, also where the journey failed on it.
        if due < known or (self.now is not None and known <= self.now):
            self._deadlines.note(memory.customer, due)

    def pending(self) -> int:
        """Entries in the index of deadlines."""
        return len(self._deadlines)

    def overdue(self) -> bool:
        """Whether the clock may have passed somebody's deadline."""
        return self.now is not None and self._deadlines.next <= self.now

    def next_overdue(self, most: int) -> list[Memory]:
        """Up to `most` customers whose deadline the clock has passed, oldest first; they leave the index.

        Fewer, or none, where MOST_LOOKS entries of deadlines put off stand before them: `overdue` is true still.
        """
        found: list[Memory] = []
        if self.now is None:
            return found
        looks = 0

        def due(customer: str) -> int | None:
            nonlocal looks
            looks += 1
            if looks > MOST_LOOKS:
                raise _LookedEnough(customer)
            return self.memories.due(customer)

        try:
            for customer in islice(self._deadlines.passed(self.now, due), most):
                found.append(self.memories[customer])  # noqa: PERF401  what was found before it ends counts
        except _LookedEnough as end:
            self._deadlines.note(end.customer, self.memories.due(end.customer))
        return found

    # -- becoming durable

    def hand_over(self, output: Output, flushed: Flushed, failed: Failed) -> None:
        """Start to write what a batch led to, behind what was handed over before.

        `flushed` is called when all of it is acknowledged, with the seconds it took; `failed` with the error
        when it could not be written, after which nothing more of this partition is written or committed.
        """
        if not (output.customers or output.others or output.source):
            return
        if output.source is not None:
            self.progress.worked_out(*output.source)
        # Encoded at once: a later batch may change the same memories before this one is written. The clock, too,
        # is written as this batch left it: after a crash the next one is read again, and its signals come first.
        written = {customer: self.memories.write(customer) for customer in output.customers}
        changes = self._changes(output, written)
        going = Going(
            output.number,
            output.others,
            changes,
            self._records(output),
            self._clock.time,
            output.source,
            self.progress.floor,
            self._done_with(told.id for told in output.gone),
        )
        self.memories.rest()

        def done(seconds: float) -> None:
            if changes:
                gone = dict.fromkeys(told.customer for told in output.gone)
                self.resting.keep(gone | written, self._reached(going), output.own)
            if output.source is not None:
                source, offset = output.source
                self.progress.durable[source] = offset
            flushed(self, output, seconds)

        self.writing.hand_over(going, done, failed)

    async def settle(self) -> None:
        """Take nothing more; return when all that was handed over is written, and the marker says so."""
        await self.writing.settle(self._clock.time, self.progress.floor)
        if self.writing.failure is None:
            self.resting.keep({}, self._reached())

    def _reached(self, going: Going | None = None) -> Reached | None:
        """How far the changelog goes just now, after what we wrote of a batch, or of all; None: that cannot be told."""
        end, last = self.writing.tail.end, self.writing.tail.last
        if not end or last is None:
            return None
        offset = last[0] + 1
        beyond = end if end > offset else None
        if going is None:
            batch, floor = self.writing.published, self.progress.floor
            return Reached(offset, last[1], batch, self._clock.time, self._wall, beyond, floor)
        return Reached(offset, last[1], going.number, going.clock, self._wall, beyond, going.floor)

    def _changes(self, output: Output, written: Mapping[str, bytes]) -> list[Out]:
        # Of its own source the batch says so in the marker behind it: more of it may have to be read again.
        reading = None if output.source is None else output.source[0]
        floor = {source: offset for source, offset in self.progress.floor.items() if source != reading}
        own = [own_record(self._place, key, value, floor) for key, value in output.own.items()]
        customers = dict.fromkeys(told.customer.encode() for told in output.gone)
        gone = [tombstone(self._place, customer, floor) for customer in customers]
        if not self._way.atomic:
            gone += [own_record(self._place, PENDING + told.id.encode(), told.value) for told in output.gone]
        entries = [
            customer_record(
                self._place,
                customer.encode(),
                CustomerEntry(output.number, written[customer], self._outbox(outbox)),
            )
            for customer, outbox in output.customers.items()
        ]
        return own + gone + entries

    def _done_with(self, notices: Iterable[str]) -> list[Out]:
        """What follows in the changelog when notices of these ids are on their topics: nobody's id stays there."""
        return [] if self._way.atomic else [own_record(self._place, PENDING + each.encode(), None) for each in notices]

    def _outbox(self, transitions: Iterable[Published]) -> list[Any]:
        """What has to be kept of transitions until they are known to be on their topics."""
        return [] if self._way.atomic else [it.outbox() for it in transitions]

    def _records(self, output: Output) -> list[Out]:
        records = self._notices(output.gone)
        for customer, transitions in output.customers.items():
            # A move that is held back changes the stage before it is told.
            if transitions or customer in output.moved:
                records += self._outgoing(customer, transitions)
        return records

    def _notices(self, notices: Iterable[Notice]) -> list[Out]:
        setting = self._setting
        return [out for told in notices for out in notice_records(setting.topics, setting.machine, told)]

    def _outgoing(self, customer: str, transitions: Iterable[Published]) -> list[Out]:
        setting = self._setting
        stages = stages_record(setting.topics, setting.machine, self.memories[customer])
        return [*transition_records(setting.topics, customer, transitions), stages]

    # -- coming back

    async def unread(self) -> Restored:
        """What is to be filled with the partition's changelog."""
        setting = self._setting
        self.resting = await setting.stores.open(self.number)
        return Restored(setting.machine, self.resting, setting.ready, setting.forgets)

    def fill(self, restored: Restored, wall: int) -> None:
        """Begin where the changelog ends: count the customers, find their deadlines, wait for every source."""
        machine = self._setting.machine
        self.resting, self.memories, self._deadlines = restored.resting, restored.memories, restored.deadlines
        self._wall = wall
        self.batch, self.now = restored.batch, restored.clock.now
        self.own = restored.own
        self.suppressed = Suppressed(self.own)
        self.writing.begin(restored.published, restored.clock, restored.floor)
        self.writing.tail.was_read(restored.last)
        self._clock = self._setting.new_clock(restored.clock)
        self._clock.expect(self._setting.sources, wall)
        self.progress.begin(self._setting.sources, restored.applied, wall)
        self.progress.begin_at(restored.floor)
        for stages, count in restored.census.items():
            self.census.update(dict.fromkeys(machine.named(stages), count))

    def reaches(self, restored: Restored, wall: int) -> int | None:
        """How far time has come where what the changelog holds begins anew, in ms; None where nothing can be said."""
        return self._setting.new_clock(restored.clock).reaches(wall)

    async def republish(self, restored: Restored) -> int:
        """Write and publish what the changelog holds and may not stand or be known; how many transitions."""
        name, description = layout_record(self._setting.machine)
        own: dict[bytes, bytes | None] = {key: restored.kept(key) for key in restored.own_void}
        if name not in self.own:
            own[name] = self.own[name] = description
        again = [own_record(self._place, *each) for each in own.items()] + self._again(restored)
        notices = [notice_of(value) for value in restored.pending.values()]
        records, count = self._notices(notices), len(notices)
        for customer, outbox in restored.unpublished():
            records += self._outgoing(customer, map(from_outbox, outbox))
            count += len(outbox)
        after = [own_record(self._place, key, None) for key in restored.pending]
        if self._way.atomic:  # all of it at once
            again, after = [*again, *after], []
        going = Going(self.batch, [], again, records, self._clock.time, floor=self.progress.floor, after=after)
        await self.writing.catch_up(going, marked=not restored.behind)
        # Behind the transitions: these entries have no outboxes any more.
        for some in restored.rewritten():
            entries = [customer_record(self._place, customer.encode(), entry) for customer, entry in some]
            # First where they stand, in the words of these journeys: after a crash they are brought over again.
            stand = self._standing(customer for customer, _ in some)
            await self.writing.catch_up(replace(going, aside=stand, changes=entries, records=[], after=[]), marked=True)
        self.resting.keep({}, self._reached(), {key: each for key, each in own.items() if key not in restored.own_void})
        return count

    def _standing(self, customers: Iterable[str]) -> list[Out]:
        """The records of `customer-stages` of those who have ever moved; no others have one."""
        setting = self._setting
        memories = (self.memories[customer] for customer in customers)
        moved = (each for each in memories if each.sequence or setting.machine.stages(each) != self._beginning)
        return [stages_record(setting.topics, setting.machine, each) for each in moved]

    def _again(self, restored: Restored) -> list[Out]:
        return [
            customer_record(self._place, customer.encode(), entry)
            if entry is not None
            else tombstone(self._place, customer.encode(), restored.gone_before(customer))
            for customer, entry in restored.again()
        ]

    def close(self) -> None:
        """Leave what outlives the process to whoever is next."""
        self.resting.close()

    def reopen(self, wall: int) -> None:
        """Go on after a rebalance that left the partition here; what was said of the sources before counts no more."""
        self.writing.open = True
        for source in self._setting.sources:
            self._clock.caught_up(source, yes=False, wall=wall)
        self.progress.begin(self._setting.sources, {}, wall)
