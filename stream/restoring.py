"""What a partition's changelog says, put together record by record: memories, outboxes, marker.

It owns what a record of the changelog means when it is read back, and knows neither who reads nor what becomes of it.
What of the memories has outlived the last worker in files is counted first, and of the changelog only what came after.
It is right to read more of it than that: who is further on already is met again where the changelog ends.

A worker that slept through its session may have written what it held when it woke, behind its successor's newer
records. Memories only go on, so an entry that falls back is such a one and is passed over; and since compaction would
keep just that one, the newer memory has to be written again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping
from typing import Any, Final

from aiokafka import ConsumerRecord

from journey.clock import Time
from journey.deadlines import Deadlines
from journey.machine import Machine
from journey.saving import Head, current, head
from stream.batches import Records
from stream.changelog import (
    MARKER_KEY,
    NO_OUTBOX,
    OWN,
    PENDING,
    UNREADABLE,
    CustomerEntry,
    DamagedError,
    apart,
    entry_of,
    floor_of,
    mark_of,
    marker_of,
)
from stream.memories import READY, Memories
from stream.resting import Packed, Resting
from stream.sifting import Sifting
from stream.strangers import SLICE, Strangers

# After so many customers, some 30 ms, whoever counts those that lie in files may do something else.
COUNTED: Final = 10_000


class OtherMachineError(Exception):
    """What lies in files was written by a machine of another meaning."""


class Restored:
    """One partition as far as its changelog has been read.

    Attributes:
        resting: where the memories lie.
        memories: by customer.
        known: how many of the customers were there already.
        last: the offset of the last record taken, and its mark.
        deadlines: the index of them.
        census: how many stand in which stages, by the stages' numbers.
        applied: the greatest offset of each source that any memory has applied.
        batch: the greatest number of a batch.
        published: up to which batch all transitions are on their topics.
        clock: how far event time had come.
        floor: of each source, the offset before which all has been applied.
        own: what the partition keeps for itself, by key; what is still to be published is in `pending`.
        pending: records that may not have reached their topics, by key, beside the outboxes of customers.
        strangers: customers whose last memory another machine saved, until they are brought over.
        changed: customers who have been, and whose memories are to be written down at once.
        fallen: customers whose last record is void, or an older one than another of theirs, or than that they are gone.
        own_void: the keys of what the partition keeps for itself, or has to publish, of which the last record is void.
        behind: whether the last marker is void, or an older one than another.
    """

    def __init__(
        self,
        machine: Machine,
        resting: Resting | None = None,
        ready: int = READY,
        forgets: Container[str] = (),
    ) -> None:
        self.resting = resting or Packed()
        self.memories = Memories(machine, self.resting, ready)
        self.known = 0
        self.last: tuple[int, bytes] | None = None
        self.deadlines = Deadlines()
        self.census: Counter[tuple[int, ...]] = Counter()
        self.applied: dict[str, int] = {}
        self.batch = 0
        self.published = 0
        self.clock = Time()
        self.floor: dict[str, int] = {}
        self.own: dict[bytes, bytes] = {}
        self.pending: dict[bytes, bytes] = {}
        self.strangers = Strangers(machine, self.own, forgets)
        self.changed: list[str] = []
        self.fallen: set[str] = set()
        self.own_void: set[bytes] = set()
        self.behind = False
        self._sifting = Sifting()
        #: customers who are gone, each with the floor of that time
        self._gone: dict[str, dict[str, int]] = {}
        #: of the greatest batch so far: a batch is written when all before it has been published
        self._outboxes: dict[str, bytes] = {}
        #: what is new of the records that are being taken; it goes to rest when all of them have been
        self._read: dict[str, bytes | None] = {}
        self._own_read: dict[bytes, bytes | None] = {}
        #: why the last record of a customer cannot be read, by its key
        self._unreadable: dict[bytes, DamagedError] = {}
        self._machine = machine

    def customers(self) -> int:
        """How many there are."""
        return self.census.total()

    def begin(self) -> Iterator[int]:
        """Begin with what has outlived the last worker; gives, now and then, how many customers that is so far.

        Raises:
            OtherMachineError: another machine wrote that.
            FilesError: it cannot be read.
        """
        reached = self.resting.reached
        if reached is None:
            return
        self.batch = self.published = reached.batch
        self.clock = reached.clock
        self.floor |= reached.floor
        self.own |= self.resting.own
        self.last = reached.offset - 1, reached.last
        self._sifting = Sifting(reached.offset)
        for customer, written in self.resting.items():
            if not self.known and not self.memories.as_written_here(written):
                raise OtherMachineError
            self._count(customer, None, head(written))
            self.known += 1
            if not self.known % COUNTED:
                yield self.known

    def read(self, rows: Records) -> None:
        """Take records of the changelog, in order, as far as they stand; `ended` is to be called behind the last.

        Raises:
            DamagedError: as `load` says.
        """
        self.load(self._sifting.sifted(rows))

    def ended(self) -> None:
        """All has been read.

        Raises:
            DamagedError: as `load` says.
        """
        self.load(self._sifting.rest())
        for key in self._sifting.void:
            if key == MARKER_KEY:
                self.behind = True
            elif key.startswith(OWN):
                self.own_void.add(key)
            else:
                self.fallen.add(key.decode())

    def load(self, rows: Records) -> None:
        """Take records of the changelog that stand, in order.

        Raises:
            DamagedError: the marker cannot be read, or what the partition keeps for itself.
        """
        for row in rows:
            key = row.key
            if key == MARKER_KEY:
                self._mark(row)
            elif key.startswith(OWN):
                self._own(row)
            else:
                self._take(row)
        if rows:
            self.last = rows[-1].offset, mark_of(rows[-1].key, rows[-1].value)
        self.memories.restore({customer: each for customer, each in self._read.items() if each is not None})
        # What is further on than it says it has reached does no harm, as above.
        self.resting.keep(self._read, self.resting.reached, self._own_read)
        self._read.clear()
        self._own_read.clear()

    def _take(self, row: ConsumerRecord[bytes, bytes]) -> None:
        """Take a customer's record; one that cannot be read does no harm where another stands behind it."""
        if self._unreadable:
            self._unreadable.pop(row.key, None)
        try:
            customer = row.key.decode()
            if row.value is None:
                self._forget(customer, floor_of(row.headers))
            else:
                self._remember(customer, row, row.value)
        except UNREADABLE as error:
            self._unreadable[row.key] = DamagedError((row.topic, row.partition, row.offset), error)

    def _mark(self, row: ConsumerRecord[bytes, bytes]) -> None:
        if row.value is None:
            return
        try:
            marker = marker_of(row.value)
        except UNREADABLE as error:
            raise DamagedError((row.topic, row.partition, row.offset), error) from error
        known = self.floor
        self.behind = marker.published < self.published or any(marker.floor.get(it, 0) < known[it] for it in known)
        self.published = max(self.published, marker.published)
        self._has_come(max(marker.batch, marker.published))
        self.clock = self.clock.later(marker.clock)
        self._has_reached(marker.floor)

    def _has_reached(self, floor: Mapping[str, int]) -> None:
        for source, offset in floor.items():
            self.floor[source] = max(offset, self.floor.get(source, 0))

    def _own(self, row: ConsumerRecord[bytes, bytes]) -> None:
        key, value = row.key, row.value
        try:
            self._has_reached(floor_of(row.headers))
        except UNREADABLE as error:
            raise DamagedError((row.topic, row.partition, row.offset), error) from error
        kept = self.pending if key.startswith(PENDING) else self.own
        if value is None:
            kept.pop(key, None)
        else:
            kept[key] = value
        if kept is self.own:
            self._own_read[key] = value

    def _forget(self, customer: str, floor: dict[str, int]) -> None:
        before = self._written(customer)
        if before is not None:
            self._let_go(customer, head(before))
        self._read[customer] = None
        self._outboxes.pop(customer, None)
        self.fallen.discard(customer)
        self._gone[customer] = floor
        self._has_reached(floor)

    def _let_go(self, customer: str, before: Head) -> None:
        """What has been read of the customer, in either form, counts no more."""
        if customer in self.strangers:
            self.strangers.forget(customer)
        else:
            self.census[before.stages] -= 1
            self.memories.forget(customer)

    def _has_come(self, batch: int) -> None:
        if batch > self.batch:
            self.batch = batch
            self._outboxes.clear()

    def _remember(self, customer: str, row: ConsumerRecord[bytes, bytes], value: bytes) -> None:
        batch, outbox, memory = apart(value)
        self._has_come(batch)
        ours = self.memories.as_written_here(memory)
        memory = memory if ours else current(self._machine, memory)
        now = head(memory)
        self._check(now, ours=ours)
        earlier = self._written(customer)
        before = None if earlier is None else head(earlier)
        if self._older(customer, before, now):
            self.fallen.add(customer)
            return
        if before is not None and (not ours or customer in self.strangers):
            self._let_go(customer, before)
            before = None
        if ours:
            self._read[customer] = memory
            self._count(customer, before, now)
        else:
            self._read[customer] = None  # what files have of the customer is older
            self.strangers.take(customer, memory, row)
            self._apply(now)
        self.fallen.discard(customer)
        if batch == self.batch and not outbox.endswith(NO_OUTBOX):
            self._outboxes[customer] = outbox + b"\n"
        elif self._outboxes:
            self._outboxes.pop(customer, None)

    def _check(self, now: Head, *, ours: bool) -> None:
        """Raise one of UNREADABLE where a memory says of itself what cannot be."""
        _reached(now)
        if ours and now.stages not in self.census:
            self._machine.named(now.stages)

    def _written(self, customer: str) -> bytes | None:
        """The memory as it was read last, if there was one."""
        if customer in self.strangers:
            return self.strangers.written(customer)
        if customer in self._read:
            return self._read[customer]
        return self.resting.read(customer) if customer in self.resting else None

    def _older(self, customer: str, before: Head | None, now: Head) -> bool:
        """Whether a memory is an older one than what has been read of the customer already."""
        gone = self._gone.get(customer)
        if gone and now.offsets and all(offset < gone.get(source, 0) for source, offset in now.offsets.items()):
            return True
        return before is not None and _reached(now) < _reached(before)

    def _count(self, customer: str, before: Head | None, now: Head) -> None:
        if before is not None:
            self.census[before.stages] -= 1
        self.census[now.stages] += 1
        if before is None or before.due is None or (now.due is not None and now.due < before.due):
            self.deadlines.note(customer, now.due)
        self._apply(now)

    def _apply(self, now: Head) -> None:
        applied = self.applied
        for source, offset in now.offsets.items():
            if offset > applied.get(source, -1):
                applied[source] = offset

    def bring_over(self, now: int | None) -> Iterator[None]:
        """Bring over whom another machine saved, once all has been read; gives way now and then.

        Args:
            now: how far time had come, in ms, or None.

        Raises:
            DamagedError: somebody's last memory is damaged, or another release's.
        """
        for error in self._unreadable.values():
            raise error
        for some in self.strangers.brought_over(now):
            written = {customer: each for customer, (each, _) in some.items()}
            self.changed += [customer for customer, (_, lasting) in some.items() if lasting]
            for customer, each in written.items():
                self._count(customer, None, self._head_of_stranger(customer, each))
            self.memories.restore(written)
            self.resting.keep(written, self.resting.reached)
            yield

    def _head_of_stranger(self, customer: str, written: bytes) -> Head:
        """What was damaged when it was read may show only in what comes of it."""
        try:
            now = head(written)
            self._check(now, ours=True)
        except UNREADABLE as error:
            raise self.strangers.damaged(customer, error) from None
        return now

    def rewritten(self) -> Iterator[list[tuple[str, CustomerEntry]]]:
        """What has to be written down of who was brought over, some at a time; their outboxes have been published."""
        for first in range(0, len(self.changed), SLICE):
            some = self.changed[first : first + SLICE]
            yield [(customer, CustomerEntry(self.batch, self.memories.written(customer), [])) for customer in some]

    def unpublished(self) -> Iterator[tuple[str, list[Any]]]:
        """Customers and their outboxes that may not have reached their topics."""
        if self.batch <= self.published:
            return
        for customer, line in self._outboxes.items():
            if outbox := entry_of(line).outbox:
                yield customer, outbox

    def again(self) -> Iterator[tuple[str, CustomerEntry | None]]:
        """What has to be written again, since one that does not count stands behind it; None: the customer is gone."""
        outboxes = dict(self.unpublished())
        for customer in sorted(self.fallen):
            if customer not in self.memories:
                yield customer, None
            else:
                yield customer, CustomerEntry(self.batch, self.memories.written(customer), outboxes.get(customer, []))

    def kept(self, key: bytes) -> bytes | None:
        """What stands under one of the partition's own keys; None where nothing does."""
        return self.pending.get(key) if key.startswith(PENDING) else self.own.get(key)

    def gone_before(self, customer: str) -> dict[str, int]:
        """The floor of when the customer went; empty where that is not known."""
        return self._gone.get(customer, {})


def _reached(told: Head) -> tuple[int, int]:
    """How far a memory has come, to be compared with another of the same customer."""
    return sum(told.offsets.values()), told.sequence
