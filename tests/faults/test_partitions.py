"""Topics with another number of partitions than there should be, when a worker starts and while it runs."""

import asyncio

from aiokafka.admin import NewPartitions

from tests.kafka import traffic
from tests.kafka.conftest import Corner
from tests.kafka.crowd import shopping
from tests.kafka.polling import until
from tests.kafka.stand import Stand, assert_same

SEGMENT = {"events": "segment"}
# Clients look at the topics again after five minutes, this one after a second.
CURIOUS = ("-m", "tests.kafka.faulty", "curious")
NEVER = {"clock.idle_after": "never"}


async def widen(stand: Stand, topic: str, partitions: int) -> None:
    async with traffic.admin(stand.broker) as client:
        await client.create_partitions({topic: NewPartitions(partitions)})


async def test_a_changelog_of_another_number_of_partitions_is_refused(
    corner: Corner,
) -> None:
    stand = corner(sources=SEGMENT, settings=NEVER)
    await stand.create_topics()
    await widen(stand, stand.changelog, 5)
    async with stand.worker() as worker:
        assert await worker.ended(within=45) == 1
        assert f"{stand.changelog}: has 5 partitions where `partitions` says 4" in worker.log
        assert "Traceback" not in worker.log


async def test_a_source_that_gets_more_partitions_under_a_worker_ends_it(corner: Corner) -> None:
    stand = corner(sources=SEGMENT, settings=NEVER)
    await stand.create_topics()
    events = shopping(60, 1_000)
    await stand.send(events)
    async with stand.worker("before", CURIOUS) as worker:
        await worker.ready()
        await until(stand.caught_up, 60, "everything to be committed", every=0.5)
        await widen(stand, stand.topic("events"), 5)
        assert await worker.ended(within=30) == 1
        assert f"{stand.topic('events')} has 5 partitions where `partitions` says 4" in worker.log
    assert_same(await stand.transitions(), await asyncio.to_thread(stand.replay, events))
