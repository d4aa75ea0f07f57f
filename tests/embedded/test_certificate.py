"""The embedded broker does what Stagewatch needs of a broker; its oddities are asserted, so that we see them go."""

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import NewPartitions
from aiokafka.errors import IncompatibleBrokerVersion, UnknownError

from stream.broker import IDEMPOTENT_PRODUCERS, PARTITIONS_BY_DEFAULT, EmbeddedBroker
from tests.brokers import create_topic, fresh
from tests.certificate import BrokerCertificate, admin, append, consumer, producer


@pytest.fixture
def address(embedded: EmbeddedBroker) -> str:
    return embedded.address


class TestEmbeddedBroker(BrokerCertificate):
    """All that both brokers promise."""


async def test_the_latest_offset_is_that_of_the_last_batchs_first_record_plus_one(address: str) -> None:
    topic = await create_topic(address, fresh())
    await append(address, topic, b"0", b"1")
    await append(address, topic, b"2", b"3", b"4")
    place = TopicPartition(topic, 0)
    async with consumer(address) as reader:
        assert await reader.end_offsets([place]) == {place: 3}


async def test_the_offset_for_a_time_is_always_the_first(address: str) -> None:
    topic = await create_topic(address, fresh())
    place = TopicPartition(topic, 0)
    async with producer(address) as sender, consumer(address) as reader:
        for at in (1_000, 2_000):
            await sender.send_and_wait(topic, b"x", timestamp_ms=at)
        assert (await reader.offsets_for_times({place: 2_000}))[place].offset == 0


@pytest.mark.parametrize("settings", [{"enable_idempotence": True}, {"transactional_id": "t"}], ids=str)
async def test_idempotent_and_transactional_producers_are_refused(address: str, settings: dict[str, object]) -> None:
    assert not IDEMPOTENT_PRODUCERS
    with pytest.raises(UnknownError):
        async with producer(address, **settings):
            pass


async def test_a_topic_that_is_asked_for_is_created(address: str) -> None:
    topic = fresh()
    async with admin(address) as client:
        (found,) = await client.describe_topics([topic])
        assert len(found["partitions"]) == PARTITIONS_BY_DEFAULT
        assert topic in await client.list_topics()


async def test_the_number_of_partitions_cannot_be_raised(address: str) -> None:
    topic = await create_topic(address, fresh())
    async with admin(address) as client:
        with pytest.raises(IncompatibleBrokerVersion):
            await client.create_partitions({topic: NewPartitions(2)})


async def test_a_record_of_any_size_is_taken(address: str) -> None:
    topic = await create_topic(address, fresh())
    async with producer(address, max_request_size=6_000_000) as sender:
        assert (await sender.send_and_wait(topic, b"x" * 5_000_000)).offset == 0
