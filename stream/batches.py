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

Records = Sequence["ConsumerRecord[bytes, bytes]"]
Place = tuple[str, int]


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


class Backlog:
    """Counts records between delivery and commit, so that polling can pause while there are too many.

    Of batches without records at most one a place is under way: a second would say nothing that the first does not.
    """

    def __init__(self) -> None:
        self._records = 0
        self._ticks: set[Place] = set()
        self._fewer = asyncio.Event()

    def add(self, batch: Batch) -> None:
        """The batch was delivered."""
        self._records += len(batch.records)
        if not batch.records:
            self._ticks.add(batch.place)

    def taken(self, batch: Batch) -> None:
        """The batch is being worked out."""
        self._ticks.discard(batch.place)

    def ticking(self, place: Place) -> bool:
        """Whether a batch without records waits to be worked out."""
        return place in self._ticks

    def done(self, records: int) -> None:
        """So many are durable."""
        self._records = max(0, self._records - records)
        self._fewer.set()

    def clear(self) -> None:
        """All of them were given up: their partitions were revoked."""
        self._records = 0
        self._ticks.clear()
        self._fewer.set()

    async def room(self, limit: int) -> None:
        """Return when fewer than `limit` are under way."""
        while self._records >= limit:
            self._fewer.clear()
            await self._fewer.wait()
