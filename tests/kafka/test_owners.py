"""Two who hold one partition: whoever finds that somebody else has written publishes nothing more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from journey.clock import Time
from stream.changelog import CustomerEntry, customer_record
from stream.connection import Connection
from stream.outlet import NotSentError, Out, Outlet
from stream.rereading import end_offsets
from stream.tail import NotOwnerError
from stream.ways import AtLeastOnce, Going
from stream.writing import Writing
from tests.brokers import create_topic, fresh
from tests.kafka import traffic
from tests.kafka.broker import KafkaBroker

AWAKE = [True]


@asynccontextmanager
async def outlet_to(kafka: KafkaBroker, allowed: list[bool], within: float = 10) -> AsyncIterator[Outlet]:
    """A started outlet, which sends while the last of `allowed` is true."""
    outlet = Outlet(Connection(kafka.address), client_id="test", within=within, allowed=lambda: allowed[-1])
    await outlet.start()
    try:
        yield outlet
    finally:
        await outlet.stop()


async def written(writing: Writing, log: str, topic: str, number: int) -> BaseException | None:
    """Hand a batch over; the error with which it failed, or None."""
    done: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()

    async def failed(error: BaseException) -> None:
        done.set_result(error)

    change = customer_record((log, 0), b"ann", CustomerEntry(number, b"", []))
    going = Going(number, [], [change], [Out(topic, b"ann", b"%d" % number)], Time())
    writing.hand_over(going, lambda _: done.set_result(None), failed)
    return await done


async def test_one_who_finds_that_somebody_else_wrote_to_the_changelog_publishes_nothing(kafka: KafkaBroker) -> None:
    log, topic = await create_topic(kafka.address, fresh("log")), await create_topic(kafka.address, fresh("out"))
    async with outlet_to(kafka, AWAKE) as outlet:
        old, new = Writing((log, 0), AtLeastOnce(outlet)), Writing((log, 0), AtLeastOnce(outlet))
        old.tail.end = 0
        assert await written(old, log, topic, 1) is None
        new.tail.end = (await end_offsets(Connection(kafka.address), log, [0]))[0]
        assert new.tail.end == old.tail.end
        assert await written(new, log, topic, 2) is None
        error = await written(old, log, topic, 3)
    assert isinstance(error, NotOwnerError)
    assert old.failure is error
    assert [each.value for each in await traffic.read(kafka.address, topic)] == [b"1", b"2"]


async def test_one_who_slept_sends_nothing(kafka: KafkaBroker) -> None:
    log, topic = await create_topic(kafka.address, fresh("log")), await create_topic(kafka.address, fresh("out"))
    allowed = [True]
    async with outlet_to(kafka, allowed) as outlet:
        writing = Writing((log, 0), AtLeastOnce(outlet))
        assert await written(writing, log, topic, 1) is None
        allowed.append(False)
        assert isinstance(await written(writing, log, topic, 2), NotSentError)
    assert sum((await traffic.ends(kafka.address, topic)).values()) == 1
    assert sum((await traffic.ends(kafka.address, log)).values()) == 2


async def test_what_a_broker_does_not_take_in_time_is_not_sent() -> None:
    with KafkaBroker() as own:
        topic = await create_topic(own.address, fresh("out"))
        async with outlet_to(own, AWAKE, within=2) as outlet:
            await outlet.send([Out(topic, b"k", b"before")])
            own.freeze()
            try:
                with pytest.raises(NotSentError, match="within 2 s"):
                    await outlet.send([Out(topic, b"k", b"while it answers nobody")])
                with pytest.raises(NotSentError):
                    await outlet.send([Out(fresh("unknown"), b"k", b"of a topic to be asked about")])
            finally:
                own.thaw()
