"""What one poll hands to the agents, and how much of that is under way.

It owns the batch as the agents see it, and the count by which polling pauses. It knows nothing of how records are
fetched, nor of what becomes of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import faust
from aiokafka import ConsumerRecord

from stream.outlet import Place

Records = Sequence["ConsumerRecord[bytes, bytes]"]

# With so many batches waiting to be worked out nothing more is fetched: what the broker keeps meanwhile comes in one
# batch a partition. A batch costs some 1 ms beside 25 us for each of its records, so a worker that had fallen behind,
# and fetched one small batch after the other all the same, went on at a tenth of its pace for as long as they waited.
MOST_WAITING = 2
# A batch that has not been taken so long (seconds) may never be: Faust throws away what comes during a rebalance.
FORGOTTEN_AFTER = 0.25

# Records that the first poll may bring, and the least that any may. A record leads to 2 KB or so, on several topics: at
# 50 KB a second the first batch takes 20 s, of 24 s in which it has to be written.
FIRST_PORTION = 500
LEAST_PORTION = 50
# Writing a batch takes 0.01 to 0.3 s as a rule. After more than SLOW (seconds) the next is half as large, after less
# than SWIFT it may be twice as large.
SLOW = 3.0
SWIFT = 1.0
# What one poll brings may be shared out among so many batches, one for each partition.
SHARES = 16


@dataclass(slots=True)
class Batch:
    """What one poll brought for one partition of one source.

    Attributes:
        topic: the source topic.
        partition: its partition.
        records: in order of offset; empty where the poll brought none and only time has passed.
        caught_up: the broker had nothing more for this partition at `wall`, as far as a fresh answer can tell.
        highwater: the end up to which the partition can be read, as the broker last told it, or None.
        wall: the wall clock when the batch was handed over, in milliseconds.
        heard: the wall clock when the broker last answered for this partition, or None.
    """

    topic: str
    partition: int
    records: Records
    caught_up: bool
    highwater: int | None
    wall: int
    heard: int | None = None

    @property
    def place(self) -> Place:
        """Topic and partition."""
        return self.topic, self.partition


class BatchSchema(faust.Schema[None, Batch]):
    """Passes a batch through Faust's decoding unchanged."""

    def loads_key(self, app: Any, message: Any, **_: Any) -> None:
        """A batch has no key."""

    def loads_value(self, app: Any, message: Any, **_: Any) -> Any:
        """The batch itself."""
        return message.value


class Portion:
    """How many records a poll may bring: as many as what they lead to can be written in good time.

    A batch that is not written within its time is given up, the worker ends, and the next one meets the same batch.
    So a broker that takes little gets little at once; to begin with, too, since nobody knows yet.

    Args:
        most: however fast the broker is.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.now = min(FIRST_PORTION, most)

    def took(self, records: int, seconds: float) -> None:
        """What so many records led to was written in so many seconds."""
        if seconds > SLOW:
            self.now = min(self._most, max(LEAST_PORTION, min(self.now, records) // 2))
        elif seconds < SWIFT and records * SHARES >= self.now:  # a handful that goes swiftly says nothing of many
            self.now = min(self._most, 2 * self.now)


class Backlog:
    """Counts what is between delivery and commit, so that polling can pause while there is too much.

    Of batches without records at most one a place is under way: a second would say nothing that the first does not.
    """

    def __init__(self) -> None:
        self._records = 0
        self._waiting = 0
        self._ticks: set[Place] = set()
        self._fewer = asyncio.Event()

    def add(self, batch: Batch) -> None:
        """The batch was delivered."""
        self._records += len(batch.records)
        self._waiting += 1
        if not batch.records:
            self._ticks.add(batch.place)

    def taken(self, batch: Batch) -> None:
        """The batch is being worked out."""
        self._waiting = max(0, self._waiting - 1)
        self._ticks.discard(batch.place)
        self._fewer.set()

    def ticking(self, place: Place) -> bool:
        """Whether a batch without records waits to be worked out."""
        return place in self._ticks

    def done(self, records: int) -> None:
        """So many are durable."""
        self._records = max(0, self._records - records)
        self._fewer.set()

    def clear(self) -> None:
        """All of them were given up: their partitions were revoked."""
        self._records = self._waiting = 0
        self._ticks.clear()
        self._fewer.set()

    async def room(self, limit: int) -> None:
        """Return when fewer than `limit` records are under way, and fewer than MOST_WAITING batches wait."""
        while self._records >= limit or self._waiting >= MOST_WAITING:
            self._fewer.clear()
            try:
                async with asyncio.timeout(FORGOTTEN_AFTER):
                    await self._fewer.wait()
            except TimeoutError:
                self._waiting = 0
