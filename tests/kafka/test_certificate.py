"""Apache Kafka does what Stagewatch needs of a broker, and more; the harness kills it and starts it again."""

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import NewPartitions
from aiokafka.errors import MessageSizeTooLargeError, UnknownTopicOrPartitionError

from stream.probe import answers
from tests.brokers import create_topic, fresh
from tests.certificate import BrokerCertificate, admin, append, consumer, producer, read
from tests.kafka.broker import KafkaBroker, KafkaFailed
from tests.kafka.polling import until


@pytest.fixture
def address(kafka: KafkaBroker) -> str:
    return kafka.address


class TestApacheKafka(BrokerCertificate):
    """All that both brokers promise."""


async def test_the_latest_offset_is_that_of_the_next_record(address: str) -> None:
    topic = await create_topic(address, fresh())
    await append(address, topic, b"0", b"1")
    await append(address, topic, b"2", b"3", b"4")
    place = TopicPartition(topic, 0)
    async with consumer(address) as reader:
        assert await reader.end_offsets([place]) == {place: 5}


async def test_the_offset_for_a_time_is_that_of_its_first_record(address: str) -> None:
    topic = await create_topic(address, fresh())
    place = TopicPartition(topic, 0)
    async with producer(address) as sender, consumer(address) as reader:
        for at in (1_000, 2_000):
            await sender.send_and_wait(topic, b"x", timestamp_ms=at)
        assert (await reader.offsets_for_times({place: 2_000}))[place].offset == 1


async def test_idempotent_producers_write_each_record_once(address: str) -> None:
    topic = await create_topic(address, fresh())
    async with producer(address, enable_idempotence=True) as sender:
        offsets = [(await sender.send_and_wait(topic, b"x")).offset for _ in range(3)]
    assert offsets == [0, 1, 2]


async def test_what_a_transaction_wrote_is_read_only_once_committed(address: str) -> None:
    topic = await create_topic(address, fresh())
    async with producer(address, transactional_id=fresh("transaction")) as sender:
        await sender.begin_transaction()
        await sender.send_and_wait(topic, b"withdrawn")
        await sender.abort_transaction()
        await sender.begin_transaction()
        await sender.send_and_wait(topic, b"kept")
        await sender.send_offsets_to_transaction({TopicPartition(topic, 0): 1}, fresh("group"))
        await sender.commit_transaction()
    async with consumer(address, topic, isolation_level="read_committed") as reader:
        assert [row.value for row in await read(reader, 1)] == [b"kept"]


async def test_a_topic_that_is_asked_for_is_not_created(address: str) -> None:
    topic = fresh()
    async with admin(address) as client:
        (found,) = await client.describe_topics([topic])
        assert found["error_code"] == UnknownTopicOrPartitionError.errno
        assert topic not in await client.list_topics()


async def test_the_number_of_partitions_can_be_raised(address: str) -> None:
    topic = await create_topic(address, fresh())
    async with admin(address) as client:

        async def raised() -> bool:
            (found,) = await client.describe_topics([topic])
            return len(found["partitions"]) == 3

        await client.create_partitions({topic: NewPartitions(3)})
        assert await until(raised, within=10, what="the third partition")


async def test_a_record_over_the_topics_limit_is_refused(address: str) -> None:
    topic = await create_topic(address, fresh(), config={"max.message.bytes": "100000"})
    async with producer(address) as sender:
        with pytest.raises(MessageSizeTooLargeError):
            await sender.send_and_wait(topic, b"x" * 200_000)


async def test_acknowledged_records_outlive_a_killed_broker() -> None:
    with KafkaBroker() as broker:
        topic = await create_topic(broker.address, fresh())
        await append(broker.address, topic, b"before")
        broker.kill()
        broker.start()
        await append(broker.address, topic, b"after")
        async with consumer(broker.address, topic) as reader:
            found = await read(reader, 2)
    assert [row.value for row in found] == [b"before", b"after"]


async def test_a_broker_that_is_left_is_gone_with_its_folder() -> None:
    with KafkaBroker() as broker:
        folder = broker.folder
        assert answers(broker.port)
    assert not folder.exists()
    assert not answers(broker.port)


async def test_the_end_of_the_log_is_quoted_where_the_broker_does_not_start() -> None:
    with pytest.raises(KafkaFailed, match=r"num\.partitions"), KafkaBroker({"num.partitions": "-1"}):
        pass
