"""Batches of one partition as transactions: taken from another, given up, and what that leaves in the changelog."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka import TopicPartition

from journey.clock import Time
from stream.changelog import CustomerEntry, customer_record, mark_of
from stream.connection import Connection
from stream.outlet import NotSentError, Out, Outlet
from stream.rereading import end_offsets, marks, read
from stream.tail import NotOwnerError, Tail
from stream.transactions import ExactlyOnce, FencedError, NoTransactionsError, Transactions, check
from stream.ways import AtLeastOnce, Going
from stream.writing import Writing
from tests.brokers import create_topic, fresh
from tests.kafka import traffic
from tests.kafka.broker import KafkaBroker

EVENTS = "events"


@asynccontextmanager
async def transactions(kafka: KafkaBroker, group: str) -> AsyncIterator[Transactions]:
    """Those of a worker that holds partition 0; when they are left, what was committed can be read."""
    found = Transactions(Connection(kafka.address), group, within=10)
    await found.take([0])
    try:
        yield found
    finally:
        await found.take([0])  # which waits until the broker has ended the last one
        await found.let_go()


@pytest.fixture
async def log(kafka: KafkaBroker) -> str:
    """A changelog."""
    return await create_topic(kafka.address, fresh("log"))


@pytest.fixture
async def topic(kafka: KafkaBroker) -> str:
    """A topic that is published to."""
    return await create_topic(kafka.address, fresh("out"))


def going(log: str, topic: str, number: int, source: tuple[str, int] | None = None) -> Going:
    """A batch of one customer and one transition."""
    change = customer_record((log, 0), b"ann", CustomerEntry(number, b"", []))
    return Going(number, [], [change], [Out(topic, b"ann", b"%d" % number)], Time(), source)


async def tail_of(kafka: KafkaBroker, log: str) -> Tail:
    """The end of the changelog as it is."""
    tail = Tail((log, 0))
    tail.end = (await end_offsets(Connection(kafka.address), log, [0]))[0]
    return tail


async def values(kafka: KafkaBroker, topic: str, isolation: str = traffic.COMMITTED) -> list[bytes | None]:
    return [each.value for each in await traffic.read(kafka.address, topic, isolation)]


async def test_whoever_takes_a_partition_shuts_the_former_owner_out(kafka: KafkaBroker, log: str, topic: str) -> None:
    group = fresh("app")
    async with transactions(kafka, group) as former, transactions(kafka, group) as latter:
        tail = await tail_of(kafka, log)
        with pytest.raises(FencedError, match=f"{group}-0: another worker holds the partition"):
            await ExactlyOnce(0, former).deliver(going(log, topic, 1), await tail_of(kafka, log))
        await ExactlyOnce(0, latter).deliver(going(log, topic, 2), tail)
    assert await values(kafka, topic) == [b"2"]


async def test_what_the_former_owner_had_begun_is_given_up_before_the_changelog_is_read(
    kafka: KafkaBroker, log: str, topic: str
) -> None:
    group = fresh("app")
    async with transactions(kafka, group) as former:
        await ExactlyOnce(0, former).deliver(going(log, topic, 1), await tail_of(kafka, log))
        with pytest.raises(FencedError):  # noqa: PT012  he sleeps in the midst of it
            async with former.of(0).transaction() as producer:
                begun = going(log, topic, 2)
                await former.of(0).send([*begun.changes, *begun.records])
                async with transactions(kafka, group) as latter:
                    tail = await tail_of(kafka, log)
                    found = [row.offset async for _, rows in read(Connection(kafka.address), log, [0]) for row in rows]
                    await ExactlyOnce(0, latter).deliver(going(log, topic, 3), tail)
                await producer.send_offsets_to_transaction({TopicPartition(topic, 0): 1}, group)
    assert found == [0]
    assert await values(kafka, topic) == [b"1", b"3"]
    assert await values(kafka, topic, "read_uncommitted") == [b"1", b"2", b"3"]


async def test_where_a_changelog_ends_is_known_although_transactions_end_there_too(
    kafka: KafkaBroker, log: str, topic: str
) -> None:
    connection, tail = Connection(kafka.address), await tail_of(kafka, log)
    async with transactions(kafka, fresh("app")) as ours:
        for number in range(1, 4):
            batch = going(log, topic, number)
            await ExactlyOnce(0, ours).deliver(batch, tail)
        # What ended the last is there at the latest when the next one has begun.
        await ours.take([0])
        assert tail.end == (await end_offsets(connection, log, [0]))[0] == 6
        (change,) = batch.changes
        assert tail.last == (4, mark_of(change.key, change.value))
        assert (await marks(connection, log, {0: 4}))[0] == tail.last[1]


async def test_offsets_are_committed_with_their_batch_and_not_without_it(
    kafka: KafkaBroker, log: str, topic: str
) -> None:
    source, group = await create_topic(kafka.address, fresh(EVENTS)), fresh("app")
    tail = await tail_of(kafka, log)

    async def committed() -> int | None:
        return (await traffic.committed(kafka.address, group, [source])).get((source, 0))

    async with transactions(kafka, group) as ours:
        way = ExactlyOnce(0, ours)
        await way.deliver(going(log, topic, 1, (source, 5)), tail)
        await way.deliver(Going(2, [], [], [], Time(), (source, 7)), tail)

        def die(step: str) -> None:
            if step == "offsets":
                raise NotSentError("here")

        with pytest.raises(NotSentError):
            await ExactlyOnce(0, ours, die).deliver(going(log, topic, 3, (source, 9)), tail)
        await ours.take([0])
        assert await committed() == 7
    assert await values(kafka, topic) == [b"1"]


async def test_records_of_somebody_else_in_the_changelog_end_it_and_those_given_up_do_not(
    kafka: KafkaBroker, log: str, topic: str
) -> None:
    tail = await tail_of(kafka, log)
    async with transactions(kafka, fresh("app")) as ours, transactions(kafka, fresh("other")) as other:
        way = ExactlyOnce(0, ours)
        await way.deliver(going(log, topic, 1), tail)
        with pytest.raises(ZeroDivisionError):  # noqa: PT012  something goes wrong in the midst of it
            async with other.of(0).transaction():
                await other.of(0).send(going(log, topic, 2).changes)
                raise ZeroDivisionError
        await way.deliver(going(log, topic, 3), tail)
        assert tail.end is not None
        await traffic.produce(kafka.address, [traffic.Sent(log, b"ann", b"of a worker that knows no transactions", 0)])
        with pytest.raises(NotOwnerError):
            await way.deliver(going(log, topic, 4), tail)
    assert await values(kafka, topic) == [b"1", b"3"]


async def test_one_who_writes_step_by_step_goes_on_where_transactions_ended(
    kafka: KafkaBroker, log: str, topic: str
) -> None:
    tail = await tail_of(kafka, log)
    async with transactions(kafka, fresh("app")) as ours:
        await ExactlyOnce(0, ours).deliver(going(log, topic, 1), tail)
        await ours.take([0])
    outlet = Outlet(Connection(kafka.address), client_id="test", within=10)
    await outlet.start()
    try:
        await AtLeastOnce(outlet).deliver(going(log, topic, 2), tail)
    finally:
        await outlet.stop()
    assert tail.end == (await end_offsets(Connection(kafka.address), log, [0]))[0] == 3
    assert await values(kafka, topic) == [b"1", b"2"]


async def test_a_partition_that_was_let_go_of_is_not_written(kafka: KafkaBroker, log: str, topic: str) -> None:
    async with transactions(kafka, fresh("app")) as ours:
        writing = Writing((log, 0), ExactlyOnce(0, ours))
        await ours.let_go()
        failed: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

        async def fail(error: BaseException) -> None:
            failed.set_result(error)

        writing.hand_over(going(log, topic, 1), lambda _: None, fail)
        assert isinstance(await failed, NotOwnerError)
    assert await values(kafka, topic) == []


async def test_a_transaction_that_may_take_longer_than_the_broker_allows_is_refused_at_start(
    kafka: KafkaBroker,
) -> None:
    with pytest.raises(NoTransactionsError, match=r"Lower client\.rebalance_timeout"):
        await check(Connection(kafka.address), fresh("app"), within=3_600)
