"""Topics of the measured broker: made, filled fast, watched from outside, read to their end, deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder

from benchmarks.job import Row

PARTITIONS = 8
BATCH = 256 * 1024  # bytes of a batch, uncompressed
CHUNK = 2_000  # rows of each partition in turn, so that partitions advance together


def places(topic: str, partitions: int = PARTITIONS) -> list[TopicPartition]:
    """The partitions of a topic."""
    return [TopicPartition(topic, number) for number in range(partitions)]


def by_partition(rows: Sequence[Row], partitions: int = PARTITIONS) -> list[list[Row]]:
    """The rows of each partition, as Kafka's default partitioner has them."""
    partitioner, numbers = DefaultPartitioner(), list(range(partitions))
    parts: list[list[Row]] = [[] for _ in numbers]
    known: dict[bytes, int] = {}
    for row in rows:
        key = row[0]
        if key not in known:
            known[key] = partitioner(key, numbers, numbers)
        parts[known[key]].append(row)
    return parts


async def make(address: str, topics: Mapping[str, Mapping[str, str]]) -> None:
    """Create topics, each with its settings."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        await admin.create_topics(
            [NewTopic(name, PARTITIONS, 1, topic_configs=dict(settings)) for name, settings in topics.items()]
        )
    finally:
        await admin.close()


async def keep_only(address: str, kept: frozenset[str]) -> None:
    """Delete all other topics, so that no round works in the leavings of another."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        there = await admin.list_topics()
        await admin.delete_topics([name for name in there if name not in kept and not name.startswith("__")])
    finally:
        await admin.close()


async def produce(address: str, topic: str, rows: Sequence[Row], partitions: int = PARTITIONS) -> None:
    """Put the rows on a topic by customer, in whole batches."""
    await produce_parts(address, topic, by_partition(rows, partitions))


async def produce_parts(address: str, topic: str, parts: Sequence[Sequence[Row]]) -> None:
    """Put rows on a topic, those of each partition given by themselves."""
    async with AIOKafkaProducer(bootstrap_servers=address, max_batch_size=BATCH, acks=1) as producer:
        for begin in range(0, max(map(len, parts)), CHUNK):
            sent = [
                await producer.send_batch(batch, topic, partition=number)
                for number, part in enumerate(parts)
                for batch in _batches(producer, part[begin : begin + CHUNK])
            ]
            await asyncio.gather(*sent)


def _batches(producer: AIOKafkaProducer, rows: Sequence[Row]) -> Iterator[BatchBuilder]:
    batch = producer.create_batch()
    for key, value in rows:
        if batch.append(key=key, value=value, timestamp=None) is None:
            yield batch
            batch = producer.create_batch()
            batch.append(key=key, value=value, timestamp=None)
    if batch.record_count():
        yield batch


async def count(consumer: AIOKafkaConsumer, topic: str, partitions: int = PARTITIONS) -> int:
    """How many records a topic has."""
    return sum((await consumer.end_offsets(places(topic, partitions))).values())


def bytes_of(data: Path, topic: str) -> int:
    """Bytes of a topic's records as they stand in the broker's folder, which is also how they travelled."""
    return sum(
        log.stat().st_size for log in data.glob(f"{topic}-*/*.log") if log.parent.name[len(topic) + 1 :].isdigit()
    )


async def values(address: str, topic: str) -> list[bytes]:
    """All that stands on a topic now."""
    async with AIOKafkaConsumer(bootstrap_servers=address) as consumer:
        consumer.assign(places(topic))
        await consumer.seek_to_beginning()
        wanted = await count(consumer, topic)
        found: list[bytes] = []
        while len(found) < wanted:
            for records in (await consumer.getmany(timeout_ms=1_000)).values():
                found += [record.value for record in records]
        return found
