"""What a partition's changelog says, put together record by record: memories, outboxes, marker.

It owns what a record of the changelog means when it is read back, and knows neither who reads nor what becomes of it.

A worker that slept through its session may have written what it held when it woke, behind its successor's newer
records. Memories only go on, so an entry that falls back is such a one and is passed over; and since compaction would
keep just that one, the newer memory has to be written again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from journey.machine import Machine
from journey.memory import Memory
from journey.saving import decode, encode
from stream.changelog import MARKER_KEY, CustomerEntry, Rows, entry_of, marker_of


class Restored:
    """One partition as far as its changelog has been read.

    Attributes:
        memories: by customer.
        batch: the greatest number of a batch.
        published: up to which batch all transitions are on their topics.
        clock: where the partition's clock stood, in milliseconds, or None.
        fallen: customers whose last record is an older one than another of theirs.
    """

    def __init__(self, machine: Machine) -> None:
        self.memories: dict[str, Memory] = {}
        self.batch = 0
        self.published = 0
        self.clock: int | None = None
        self.fallen: set[str] = set()
        self._machine = machine
        self._outboxes: dict[str, CustomerEntry] = {}

    def load(self, rows: Rows) -> None:
        """Take records of the changelog, in order."""
        for row in rows:
            if row.key == MARKER_KEY:
                if row.value is not None:
                    self._mark(row.value)
            elif row.value is None:
                self._forget(row.key.decode())
            else:
                self._remember(row.key.decode(), entry_of(row.value))

    def _mark(self, value: bytes) -> None:
        marker = marker_of(value)
        self.published = max(self.published, marker.published)
        self.batch = max(self.batch, marker.published)
        self.clock = max((time for time in (self.clock, marker.clock) if time is not None), default=None)

    def _forget(self, customer: str) -> None:
        self.memories.pop(customer, None)
        self._outboxes.pop(customer, None)
        self.fallen.discard(customer)

    def _remember(self, customer: str, entry: CustomerEntry) -> None:
        self.batch = max(self.batch, entry.batch)
        memory = decode(self._machine, customer, entry.memory)
        if _falls_back(memory, self.memories.get(customer)):
            self.fallen.add(customer)
            return
        self.memories[customer] = memory
        self.fallen.discard(customer)
        self._outboxes.pop(customer, None)
        if entry.outbox:
            self._outboxes[customer] = entry

    def unpublished(self) -> Iterator[tuple[str, list[Any]]]:
        """Customers and their outboxes that may not have reached their topics."""
        for customer, entry in self._outboxes.items():
            if entry.batch > self.published:
                yield customer, entry.outbox

    def again(self) -> Iterator[tuple[str, CustomerEntry]]:
        """What has to be written again, since an older record stands behind it."""
        outboxes = dict(self.unpublished())
        for customer in sorted(self.fallen):
            memory = encode(self._machine, self.memories[customer])
            yield customer, CustomerEntry(self.batch, memory, outboxes.get(customer, []))

    def applied(self) -> dict[str, int]:
        """The greatest offset of each source that any memory has applied."""
        greatest: Counter[str] = Counter()
        for memory in self.memories.values():
            for source, offset in memory.offsets.items():
                greatest[source] = max(offset, greatest.get(source, -1))
        return dict(greatest)


def _falls_back(memory: Memory, before: Memory | None) -> bool:
    """Whether `memory` is an earlier one of the same customer than `before`."""
    if before is None:
        return False
    return (sum(memory.offsets.values()), memory.sequence) < (sum(before.offsets.values()), before.sequence)
