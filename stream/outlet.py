"""The way out: records are handed over in bulk, and the call returns when the broker has all of them.

Faust's own producer neither waits for what is pending nor tells that a send failed before the offset is
committed, so every record that matters leaves through here. A failed send is an exception for the caller,
who must not go on to commit.

Records are packed with aiokafka's batch builder, one request per partition, instead of one future per
record: that is what makes the difference between 5,000 and 90,000 writes a second in plain Python.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder
from mode import Service

from stream.connection import Connection

# Kafka refuses a request of more than `max.message.bytes` (1 MiB as it comes); half of it leaves room for headers.
BATCH_BYTES = 512 * 1024
# What the broker has not taken within this time (seconds) is a failure, not a delay. An idempotent producer of aiokafka
# never gives up by itself. It has to be shorter than the group waits for its members in a rebalance (30 s as it comes),
# since a rebalance waits for what is being written; and longer than a new leader takes to be found (some 10 s).
WITHIN = 24.0
# The greatest single record we try to send: rejected events carry originals of up to a topic's own limit.
MAX_REQUEST_BYTES = 16 * 1024 * 1024

Headers = Sequence[tuple[str, bytes]]
Place = tuple[str, int]


class NotSentError(Exception):
    """The broker did not take a record; says of which topic, and why."""


def _always() -> bool:
    return True


@dataclass(slots=True)
class Out:
    """One record on its way out; `partition` None means that the key decides."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None


class Outlet(Service):
    """A started producer. As a Faust service it starts before the consumer and stops after it.

    Args:
        connection: the broker.
        client_id: what the broker's logs call us.
        idempotent: whether the broker knows idempotent producers.
        within: seconds that anything may take to be acknowledged.
        allowed: whether anything may leave just now.
    """

    _producer: AIOKafkaProducer | None = None

    def __init__(
        self,
        connection: Connection,
        *,
        client_id: str,
        idempotent: bool = True,
        within: float = WITHIN,
        allowed: Callable[[], bool] = _always,
    ) -> None:
        super().__init__()
        self.within = within
        self._allowed = allowed
        self._connection = connection
        self._client_id = client_id
        self._idempotent = idempotent

    async def on_start(self) -> None:
        """Connect; raises KafkaConnectionError where no broker answers."""
        self._producer = self._new_producer(enable_idempotence=self._idempotent)
        await self._producer.start()

    def _new_producer(self, **further: Any) -> AIOKafkaProducer:  # noqa: ANN401  its own arguments
        return AIOKafkaProducer(
            **self._connection.client(),
            client_id=self._client_id,
            acks="all",
            max_batch_size=BATCH_BYTES,
            max_request_size=MAX_REQUEST_BYTES,
            request_timeout_ms=int(self.within * 1000),
            **further,
        )

    async def on_stop(self) -> None:
        """Disconnect; what was handed over and not awaited is given up."""
        if self._producer is not None:
            await self._producer.stop()

    async def send(self, records: Iterable[Out]) -> dict[Place, int]:
        """Return when the broker has acknowledged every record; order is kept within a partition.

        Returns:
            for each (topic, partition) written to, the offset after our last record there.

        Raises:
            NotSentError: at least one record was refused or not acknowledged in time; some of the others
                may have been written. Whoever sends again sends the same ids.
        """
        rows = list(records)
        if not rows:
            return {}
        if not self._allowed():
            raise NotSentError(f"{_topics(rows)}: this process slept, and others may hold its partitions by now")
        try:
            async with asyncio.timeout(self.within):
                by_partition = await self._placed(rows)
                if len(by_partition) == 1:
                    ((place, alone),) = by_partition.items()
                    return {place: await self._send_to(place, alone)}
                ends = await asyncio.gather(*(self._send_to(place, some) for place, some in by_partition.items()))
        except TimeoutError as error:
            raise NotSentError(f"{_topics(rows)}: not all was taken within {self.within:.0f} s") from error
        except KafkaError as error:
            raise NotSentError(f"{_topics(rows)}: the broker did not tell of the partitions: {error!r}") from error
        return dict(zip(by_partition, ends, strict=True))

    async def _placed(self, rows: Iterable[Out]) -> dict[Place, list[Out]]:
        by_partition: dict[Place, list[Out]] = {}
        places: dict[str, list[int]] = {}
        for record in rows:
            partition = record.partition
            if partition is None:
                if record.topic not in places:
                    places[record.topic] = sorted(await self._connected().partitions_for(record.topic))
                among = places[record.topic]
                partition = among[partition_of(record.key or b"", len(among))]
            by_partition.setdefault((record.topic, partition), []).append(record)
        return by_partition

    async def _send_to(self, place: Place, rows: list[Out]) -> int:
        builder = self._connected().create_batch()
        for row in rows:
            if not _append(builder, row):
                await self._submit(builder, place)
                builder = self._connected().create_batch()
                _append(builder, row)
        return await self._submit(builder, place)

    async def _submit(self, builder: BatchBuilder, place: Place) -> int:
        topic, partition = place
        count: int = builder.record_count()
        try:
            written = await (await self._connected().send_batch(builder, topic, partition=partition))
            return int(written.offset) + count
        except KafkaError as error:
            raise NotSentError(f"{topic}, partition {partition}, did not take what was sent: {error!r}") from error

    def _connected(self) -> AIOKafkaProducer:
        if self._producer is None:
            raise RuntimeError("the outlet is not started")
        return self._producer


def partition_of(key: bytes, partitions: int) -> int:
    """Where Kafka's own clients put a record with this key, among so many partitions."""
    return _hash(key) % partitions


@lru_cache(maxsize=100_000)
def _hash(key: bytes) -> int:
    """Remembered because it is slow in plain Python, and a customer's records come close together."""
    return int(murmur2(key)) & 0x7FFFFFFF


def _topics(rows: Iterable[Out]) -> str:
    return ", ".join(sorted({row.topic for row in rows}))


def _append(builder: BatchBuilder, row: Out) -> bool:
    """False where the batch is full; an empty batch takes one record of any size."""
    added = builder.append(timestamp=None, key=row.key, value=row.value, headers=list(row.headers))
    return added is not None
