"""A changelog that has lost what it held: a worker does not start on it, and says what to do."""

import asyncio

from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete

from tests.kafka import traffic
from tests.kafka.conftest import Corner
from tests.kafka.crowd import Event, shopping
from tests.kafka.polling import until
from tests.kafka.stand import Stand, assert_no_gaps, assert_same, once
from tests.kafka.worker import command

SEGMENT = {"events": "segment"}
NEVER = {"clock.idle_after": "never"}


async def worked(stand: Stand, events: list[tuple[str, Event]]) -> None:
    """A worker takes these and stops."""
    await stand.send(events)
    async with stand.worker("before") as worker:
        await worker.ready()
        await until(stand.caught_up, 60, "everything to be committed")
        await worker.stop()


async def refused(stand: Stand, *words: str) -> None:
    async with stand.worker(words[0].replace(" ", "-")) as worker:
        code = await worker.ended(within=45)
    assert code == 1
    for word in (*words, stand.changelog, "another `app_id`"):
        assert word in worker.log


async def make_anew(stand: Stand) -> None:
    """Delete the changelog, and let `stagewatch topics` make it again."""
    async with traffic.admin(stand.broker) as client:
        await client.delete_topics([stand.changelog])

    async def made() -> bool:
        code, out, err = await asyncio.to_thread(command, stand.all_settings(), "topics", "--create")
        assert code == 0, out + err
        return stand.changelog in out

    await until(made, 30, "the changelog to be made anew")


async def cut_off(stand: Stand, before: int) -> None:
    """Delete the first records of the changelog's first partition, as only somebody who may configure it can."""
    place = TopicPartition(stand.changelog, 0)
    await traffic.configure(stand.broker, stand.changelog, **{"cleanup.policy": "delete"})

    async def deleted() -> bool:
        async with traffic.admin(stand.broker) as client:
            return bool(await client.delete_records({place: RecordsToDelete(before)}))

    await until(deleted, 10, "the records to be deleted")
    await traffic.configure(stand.broker, stand.changelog, **{"cleanup.policy": "compact"})


async def test_a_changelog_that_lost_its_beginning_or_all_is_refused(
    corner: Corner,
) -> None:
    stand = corner(sources=SEGMENT, settings=NEVER)
    await stand.create_topics()
    events = shopping(60, 1_500)
    await worked(stand, events[:1_000])
    before = await stand.transitions()
    await cut_off(stand, before=5)
    await stand.send(events[1_000:])
    await refused(stand, "begins at offset 5", "cleanup.policy")
    await make_anew(stand)
    await refused(stand, "is empty")
    assert await stand.transitions() == before, "nothing is published of customers who are not known any more"
    anew = {"app_id": f"{stand.name}-anew"}
    code, out, err = await asyncio.to_thread(command, stand.all_settings(**anew), "topics", "--create")
    assert code == 0, out + err
    wanted = await asyncio.to_thread(stand.replay, events)
    async with stand.worker("anew", app_id=anew["app_id"]) as worker:
        await worker.ready()

        async def said() -> bool:
            return await stand.published() == sum(map(len, [*before.values(), *wanted.values()]))

        await until(said, 60, "all to be said again")
        await worker.stop()
    found = once(await stand.transitions())
    assert_no_gaps(found)
    assert_same(found, wanted)


async def test_a_partition_on_which_nobody_was_heard_of_is_no_lost_one(corner: Corner) -> None:
    stand = corner(partitions=1, sources=SEGMENT, settings=NEVER)
    await stand.create_topics()
    await stand.send([("nobody", "no event")])
    async with stand.worker("first") as worker:
        await worker.ready()
        await until(stand.caught_up, 30, "what is no event to be set aside")
        await worker.kill()
    async with stand.worker("second") as worker:
        await worker.ready()
        await worker.stop()
