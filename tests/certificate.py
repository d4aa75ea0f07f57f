"""What every broker must do for Stagewatch: one suite that runs on Apache Kafka and on the embedded broker alike.

Owns what both promise. Where they differ is asserted beside each broker's own tests, so that a difference that goes
away is noticed.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError

from tests.brokers import create_topic, fresh

# As short as both brokers allow: the embedded one lets a lone consumer wait for half its session timeout.
GROUP = {"session_timeout_ms": 3000, "rebalance_timeout_ms": 6000, "heartbeat_interval_ms": 500}
POLLS = 100  # of 100 ms each: after 10 s without the records expected, a test has failed


@asynccontextmanager
async def producer(address: str, **settings: Any) -> AsyncIterator[AIOKafkaProducer]:  # noqa: ANN401  aiokafka's
    """A started producer; on a broker that refuses it, it is stopped all the same."""
    made = AIOKafkaProducer(bootstrap_servers=address, **settings)
    try:
        await made.start()
        yield made
    finally:
        await made.stop()


@asynccontextmanager
async def consumer(address: str, *topics: str, **settings: Any) -> AsyncIterator[AIOKafkaConsumer]:  # noqa: ANN401
    """A started consumer that begins at the beginning."""
    made = AIOKafkaConsumer(
        *topics, bootstrap_servers=address, auto_offset_reset="earliest", fetch_max_wait_ms=100, **settings
    )
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


@asynccontextmanager
async def admin(address: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """A started admin client."""
    made = AIOKafkaAdminClient(bootstrap_servers=address)
    await made.start()
    try:
        yield made
    finally:
        await made.close()


async def read(reader: AIOKafkaConsumer, count: int) -> "list[ConsumerRecord[bytes, bytes]]":
    """The next `count` records or more, in the order of their arrival; fewer after 10 s."""
    found: list[ConsumerRecord[bytes, bytes]] = []
    for _ in range(POLLS):
        for rows in (await reader.getmany(timeout_ms=100)).values():
            found += rows
        if len(found) >= count:
            break
    return found


async def append(address: str, topic: str, *values: bytes | None) -> int:
    """Append one batch to partition 0, as the changelog is written; return the offset of its first record."""
    async with producer(address) as sender:
        batch = sender.create_batch()
        for value in values:
            batch.append(key=b"k", value=value, timestamp=None)
        return int((await (await sender.send_batch(batch, topic, partition=0))).offset)


class BrokerCertificate:
    """Subclass it beside a fixture `address`."""

    async def test_a_topic_is_created_with_its_partitions(self, address: str) -> None:
        topic = await create_topic(address, fresh(), partitions=8)
        async with admin(address) as client:
            (found,) = await client.describe_topics([topic])
        assert sorted(each["partition"] for each in found["partitions"]) == list(range(8))

    async def test_a_topic_is_not_created_twice(self, address: str) -> None:
        topic = await create_topic(address, fresh())
        with pytest.raises(TopicAlreadyExistsError):
            await create_topic(address, topic)

    async def test_the_cleanup_policy_of_a_topic_is_told(self, address: str) -> None:
        topic = await create_topic(address, fresh(), config={"cleanup.policy": "compact"})
        async with admin(address) as client:
            (answer,) = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
        (resource,) = answer.resources
        assert {entry[0]: entry[1] for entry in resource[4]}["cleanup.policy"] == "compact"

    async def test_a_record_comes_back_as_it_was_sent(self, address: str) -> None:
        topic = await create_topic(address, fresh())
        headers = [("ce_id", b"1"), ("empty", b"")]
        async with producer(address) as sender, consumer(address, topic) as reader:
            await sender.send_and_wait(topic, b"value", key="Zoë".encode(), headers=headers, timestamp_ms=1_234)
            (found,) = await read(reader, 1)
        assert (found.value, found.key, list(found.headers)) == (b"value", "Zoë".encode(), headers)
        assert (found.offset, found.timestamp) == (0, 1_234)

    async def test_a_tombstone_comes_back_as_no_value(self, address: str) -> None:
        topic = await create_topic(address, fresh())
        await append(address, topic, None)
        async with consumer(address, topic) as reader:
            (found,) = await read(reader, 1)
        assert (found.key, found.value) == (b"k", None)

    async def test_a_batch_is_appended_whole_and_in_order(self, address: str) -> None:
        topic = await create_topic(address, fresh())
        assert await append(address, topic, b"0", b"1", b"2") == 0
        assert await append(address, topic, b"3", b"4") == 3
        async with consumer(address, topic) as reader:
            found = await read(reader, 5)
        assert [(row.offset, row.value) for row in found] == [(n, b"%d" % n) for n in range(5)]

    async def test_each_partition_keeps_the_order_in_which_it_was_sent(self, address: str) -> None:
        topic = await create_topic(address, fresh(), partitions=4)
        async with producer(address, linger_ms=5) as sender, consumer(address, topic) as reader:
            for number in range(2_000):
                await sender.send(topic, b"%d" % number, key=b"%d" % (number % 50))
            await sender.flush()
            found = await read(reader, 2_000)
        by_key: dict[bytes, list[int]] = {}
        for row in found:
            by_key.setdefault(row.key or b"", []).append(int(row.value or b""))
        assert len(found) == 2_000
        assert all(numbers == list(range(int(key), 2_000, 50)) for key, numbers in by_key.items())

    @pytest.mark.parametrize("codec", ["gzip", "lz4", "snappy", "zstd"])
    async def test_compressed_records_are_read(self, address: str, codec: str) -> None:
        topic = await create_topic(address, fresh())
        async with producer(address, compression_type=codec) as sender, consumer(address, topic) as reader:
            await sender.send_and_wait(topic, b"x" * 10_000)
            (found,) = await read(reader, 1)
        assert found.value == b"x" * 10_000

    async def test_reading_until_the_latest_offset_is_passed_misses_nothing(self, address: str) -> None:
        topic = await create_topic(address, fresh())
        for size in (1, 5, 1, 20, 300):
            await append(address, topic, *[b"x"] * size)
        place = TopicPartition(topic, 0)
        found = 0
        async with consumer(address) as reader:
            reader.assign([place])
            end = (await reader.end_offsets([place]))[place]
            while await reader.position(place) < end:
                found += sum(map(len, (await reader.getmany(timeout_ms=100)).values()))
        assert found == 327

    async def test_the_high_watermark_of_a_fetch_is_the_end_of_the_partition(self, address: str) -> None:
        topic = await create_topic(address, fresh())
        await append(address, topic, *[b"x"] * 7)
        async with consumer(address, topic) as reader:
            await read(reader, 7)
            assert reader.highwater(TopicPartition(topic, 0)) == 7

    async def test_members_of_a_group_share_the_partitions_between_them(self, address: str) -> None:
        topic, group = await create_topic(address, fresh(), partitions=4), fresh("group")
        async with (
            consumer(address, topic, group_id=group, **GROUP) as first,
            consumer(address, topic, group_id=group, **GROUP) as second,
        ):
            for _ in range(POLLS):
                await first.getmany(timeout_ms=100)
                await second.getmany(timeout_ms=100)
                if len(first.assignment()) == len(second.assignment()) == 2:
                    break
            assert len(first.assignment() | second.assignment()) == 4

    async def test_the_next_member_of_a_group_goes_on_where_the_last_committed(self, address: str) -> None:
        topic, group = await create_topic(address, fresh()), fresh("group")
        place = TopicPartition(topic, 0)
        await append(address, topic, *[b"%d" % n for n in range(10)])
        async with consumer(address, topic, group_id=group, enable_auto_commit=False, **GROUP) as first:
            await read(first, 10)
            await first.commit({place: 6})
        async with consumer(address, group_id=group, enable_auto_commit=False) as second:
            second.assign([place])
            assert await second.committed(place) == 6
            assert [row.value for row in await read(second, 4)] == [b"6", b"7", b"8", b"9"]
