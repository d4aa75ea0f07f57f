"""Records in and out: what is produced for a worker, and what a subscriber then finds.

Owns producing in order, reading a topic from its beginning to its end as it stands now, and the offsets of
topics and groups. Knows Kafka and JSON, and nothing of customers or stages.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from time import monotonic, time
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

MAX_REQUEST = 20_000_000  # bytes; above what the broker takes, so that it is the broker who refuses
COMMITTED = "read_committed"
CHUNK = 500  # records that a producer of a given pace sends at once

Count = Callable[[], Awaitable[int]]
Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """A record to produce. Without a partition, the key decides."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A record as a subscriber finds it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers

    @property
    def json(self) -> Any:  # noqa: ANN401  whatever the JSON holds
        """The value, read as JSON."""
        assert self.value is not None
        return orjson.loads(self.value)

    def header(self, name: str) -> str:
        """The one header of that name, as text."""
        (value,) = [value for key, value in self.headers if key == name]
        return value.decode()


async def produce(broker: str, records: Iterable[Sent], *, per_second: float | None = None) -> list[tuple[int, int]]:
    """Send in order and wait until all are acknowledged. Return partition and offset of each."""
    producer = AIOKafkaProducer(
        bootstrap_servers=broker, enable_idempotence=True, linger_ms=5, max_request_size=MAX_REQUEST
    )
    await producer.start()
    try:
        began, places = monotonic(), []
        for index, record in enumerate(records):
            places.append(
                await producer.send(
                    record.topic, record.value, key=record.key, partition=record.partition, headers=list(record.headers)
                )
            )
            if per_second and index % CHUNK == CHUNK - 1:
                await asyncio.sleep(max(0.0, began + index / per_second - monotonic()))  # the pace, not a wait
        done = await asyncio.gather(*places)
    finally:
        await producer.stop()
    return [(each.partition, each.offset) for each in done]


@asynccontextmanager
async def _consumer(broker: str, isolation: str = COMMITTED) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=broker,
        isolation_level=isolation,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=8_000_000,
        fetch_max_wait_ms=50,
    )
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> list[TopicPartition]:
    await consumer._client.force_metadata_update()  # noqa: SLF001  a topic may be younger than the client's picture
    found = await consumer._client._wait_on_metadata(topic)  # noqa: SLF001
    return [TopicPartition(topic, number) for number in sorted(found)]


async def reading(broker: str, topic: str, isolation: str = COMMITTED) -> AsyncIterator[Found]:
    """Each record from the topic's beginning to its end as it stands now, each partition's in order."""
    async with _consumer(broker, isolation) as consumer:
        partitions = await _partitions(consumer, topic)
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        open_ = {each for each in partitions if ends[each] > 0}
        while open_ := {each for each in open_ if await consumer.position(each) < ends[each]}:
            batches = await consumer.getmany(*open_, timeout_ms=500)
            for place, batch in batches.items():
                for record in batch:
                    if record.offset < ends[place]:
                        yield _found(record)


async def read(broker: str, topic: str, isolation: str = COMMITTED) -> list[Found]:
    """All of that."""
    return [each async for each in reading(broker, topic, isolation)]


@asynccontextmanager
async def overhearing(broker: str, topic: str) -> AsyncIterator[list[tuple[float, Found]]]:
    """Gives a list that grows with the topic from now on: each record with the wall-clock time (s) it was seen at."""
    heard: list[tuple[float, Found]] = []
    async with _consumer(broker) as consumer:
        partitions = await _partitions(consumer, topic)
        consumer.assign(partitions)
        for place, end in (await consumer.end_offsets(partitions)).items():
            consumer.seek(place, end)

        async def listen() -> None:
            while True:
                batches = await consumer.getmany(timeout_ms=500)
                heard.extend((time(), _found(record)) for batch in batches.values() for record in batch)

        listening = asyncio.create_task(listen())
        try:
            yield heard
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening


def _found(record: Any) -> Found:  # noqa: ANN401  aiokafka has no types
    return Found(record.topic, record.partition, record.offset, record.key, record.value, tuple(record.headers))


@asynccontextmanager
async def watching(broker: str, topic: str) -> AsyncIterator[Callable[[], Awaitable[dict[int, int]]]]:
    """Gives what says, whenever it is asked, the offset after the last record of each partition."""
    async with _consumer(broker) as consumer:
        partitions = await _partitions(consumer, topic)

        async def look() -> dict[int, int]:
            found = await consumer.end_offsets(partitions)
            return {each.partition: offset for each, offset in found.items()}

        yield look


async def ends(broker: str, topic: str) -> dict[int, int]:
    """The offset after the last record of each partition."""
    async with watching(broker, topic) as look:
        return await look()


@asynccontextmanager
async def admin(broker: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """An administrator's connection."""
    client = AIOKafkaAdminClient(bootstrap_servers=broker)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


async def committed(broker: str, group: str, topics: Sequence[str]) -> dict[tuple[str, int], int]:
    """The group's committed offsets in these topics; a partition without any is left out."""
    async with admin(broker) as client:
        found = await client.list_consumer_group_offsets(group)
    return {(each.topic, each.partition): at.offset for each, at in found.items() if each.topic in topics}


async def configure(broker: str, topic: str, **wanted: str) -> None:
    """Give the topic these configs and the defaults for all others."""
    async with admin(broker) as client:
        (answer,) = await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=wanted)])
    ((error, message, *_),) = answer.resources
    assert error == 0, message
