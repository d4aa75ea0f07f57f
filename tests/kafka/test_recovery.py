"""Coming back: from changelogs of any age, after a neighbour's death or one's own sleep, and from having nothing."""

import asyncio

import pytest

from stagewatch.app import connection_of
from stagewatch.settings import Settings
from stream import changelog, rereading
from tests.brokers import create_topic, fresh
from tests.kafka import traffic
from tests.kafka.broker import KafkaBroker
from tests.kafka.conftest import Corner
from tests.kafka.crowd import shopping
from tests.kafka.polling import until
from tests.kafka.stand import Stand, assert_no_gaps, assert_same, once
from tests.kafka.traffic import Sent
from tests.kafka.worker import Worker

SEGMENT = {"events": "segment"}
NEVER = {"clock.idle_after": "never"}


async def caught_up(stand: Stand) -> None:
    await until(stand.caught_up, 60, "everything to be committed")


async def test_a_changelog_is_read_whole_every_time(corner: Corner) -> None:
    # A read that ends early loses memories without a word; one reset that overtakes another is enough for that.
    stand = corner(sources=SEGMENT)
    await stand.make(stand.topic("log"), partitions=2)
    records = [Sent(stand.topic("log"), b"%d" % number, b"x" * 100, partition=1) for number in range(500)]
    await traffic.produce(stand.broker, records)
    connection = connection_of(Settings(broker=stand.broker))
    for _ in range(20):
        read = [len(rows) async for _, rows in rereading.read(connection, stand.topic("log"), [1])]
        assert sum(read) == len(records)


async def test_memories_come_back_from_a_compacted_changelog(corner: Corner) -> None:
    with KafkaBroker({"log.cleaner.backoff.ms": "200"}) as own:
        stand = corner(
            partitions=1, broker=own.address, sources=SEGMENT, settings=NEVER | {"client.batch_records": "200"}
        )
        await stand.create_topics()
        log = stand.changelog
        at_once = {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.01", "max.compaction.lag.ms": "1"}
        await traffic.configure(own.address, log, **at_once, **{"segment.ms": "100"})
        events = shopping(50, 6_000, partitions=1)
        third = -(-len(events) // 3)
        for number in range(3):
            await stand.send(events[number * third : (number + 1) * third])
            async with stand.worker(f"part-{number}") as worker:
                await worker.ready()
                await caught_up(stand)
                await worker.stop()

            async def compacted() -> bool:
                kept = await traffic.read(own.address, log)
                return len(kept) < (await traffic.ends(own.address, log))[0] // 2

            await until(compacted, 30, "the changelog to be compacted")
        found = await stand.transitions()
        assert_no_gaps(found)
        assert_same(found, await asyncio.to_thread(stand.replay, events))


async def test_what_a_killed_worker_held_is_taken_up_by_the_one_that_lives(corner: Corner) -> None:
    stand = corner(sources=SEGMENT, settings=NEVER | {"client.batch_records": "100"})
    await stand.create_topics()
    events = shopping(300, 12_000)
    async with stand.worker("killed") as killed, stand.worker("living") as living:
        await asyncio.gather(killed.ready(), living.ready())
        sending = asyncio.create_task(stand.send(events, pace=3_000))
        async with stand.watching("stage-transitions") as published:

            async def under_way() -> bool:
                return await published() > 1_000

            await until(under_way, 30, "both to be at work")
        await killed.kill()
        await sending
        await caught_up(stand)
        await living.stop()
    found = once(await stand.transitions())
    assert_no_gaps(found)
    assert_same(found, await asyncio.to_thread(stand.replay, events))


async def test_a_worker_that_slept_longer_than_its_session_does_no_harm_when_it_wakes(corner: Corner) -> None:
    stand = corner(sources=SEGMENT, settings=NEVER | {"client.batch_records": "50"})
    await stand.create_topics()
    events = shopping(300, 12_000)
    half = len(events) // 2
    async with stand.worker("sleeper") as sleeper:
        await sleeper.ready()
        sending = asyncio.create_task(stand.send(events[:half], pace=3_000))
        await until(lambda: _some_published(stand, 500), 30, "the sleeper to be at work")
        sleeper.freeze()
        assert not sending.done(), "it was to fall asleep amid its work"
        async with stand.worker("other") as other:
            await other.ready()
            await sending
            await caught_up(stand)
            sleeper.thaw()
            await until(lambda: _ended_or_holding(sleeper), 30, "the sleeper to join again, or to end by itself")
            await stand.send(events[half:-4])
            await caught_up(stand)
            await other.stop()
        if sleeper.code is None:
            await sleeper.stop()
    # What counts is what the changelog says in the end: the next worker starts from nothing else.
    await stand.send(events[-4:])
    async with stand.worker("next") as following:
        await following.ready()
        await caught_up(stand)
        await following.stop()
    found = once(await stand.transitions())
    assert_no_gaps(found)
    assert_same(found, await asyncio.to_thread(stand.replay, events))


async def test_the_late_record_of_a_sleeper_does_not_stand_at_the_end_of_the_changelog(corner: Corner) -> None:
    # Compaction keeps the last record of a customer, so that has to be the newest memory.
    stand = corner(partitions=1, sources=SEGMENT, settings=NEVER | {"client.batch_records": "20"})
    await stand.create_topics()
    events = shopping(10, 300, partitions=1)
    await stand.send(events[:200])
    async with stand.worker("before") as worker:
        await worker.ready()
        await caught_up(stand)
        await worker.stop()
    log = await traffic.read(stand.broker, stand.changelog)
    first, newest = {each.key: each for each in reversed(log)}, {each.key: each for each in log}
    late = [Sent(stand.changelog, key, each.value, 0) for key, each in first.items() if each != newest[key]]
    assert late
    await traffic.produce(stand.broker, late)
    async with stand.worker("between") as worker:
        await worker.ready()
        await worker.stop()
    kept = {each.key: each.value for each in await traffic.read(stand.broker, stand.changelog)}
    for key, each in newest.items():
        if not (key or b"").startswith(changelog.OWN):
            stands, new = changelog.entry_of(kept[key] or b""), changelog.entry_of(each.value or b"")
            assert stands.memory == new.memory, "the memory that stands is not the newest"
    await stand.send(events[200:])
    async with stand.worker("after") as worker:
        await worker.ready()
        await caught_up(stand)
        await worker.stop()
    found = once(await stand.transitions())
    assert_no_gaps(found)
    assert_same(found, await asyncio.to_thread(stand.replay, events))


async def test_a_recovery_whose_broker_answers_nobody_is_given_up() -> None:
    with KafkaBroker() as own:
        topic = await create_topic(own.address, fresh("log"))
        await traffic.produce(own.address, [Sent(topic, b"%d" % number, b"x" * 100_000) for number in range(300)])
        reading = rereading.read(connection_of(Settings(broker=own.address)), topic, [0], within=2.0)
        await anext(reading)
        own.freeze()
        with pytest.raises(rereading.RecoveryStalledError, match="2 s"):
            async for _ in reading:
                pass
        with pytest.raises(rereading.RecoveryStalledError):
            await rereading.end_offsets(connection_of(Settings(broker=own.address)), topic, [0], within=2.0)
        own.thaw()


async def test_a_worker_without_partitions_stands_by_and_takes_over(corner: Corner) -> None:
    stand = corner(partitions=1, sources=SEGMENT, settings=NEVER)
    await stand.create_topics()
    events = shopping(50, 1_000, partitions=1)
    async with stand.worker("a") as first:
        await first.ready()
        async with stand.worker("b") as second:
            await second.ready()
            await stand.send(events[:500])
            await caught_up(stand)
            held = [(await each.metrics())["stagewatch_partitions_held"][0][1] for each in (first, second)]
            assert sorted(held) == [0, 1]
            busy, idle = (first, second) if held[0] else (second, first)
            await busy.stop()
            await stand.send(events[500:])
            await caught_up(stand)
            await idle.stop()
    found = await stand.transitions()
    assert_no_gaps(found)
    assert_same(found, await asyncio.to_thread(stand.replay, events))


async def _some_published(stand: Stand, count: int) -> bool:
    return await stand.published() > count


async def _ended_or_holding(worker: Worker) -> bool:
    if worker.code is not None:
        return True
    try:
        held = (await worker.metrics())["stagewatch_partitions_held"][0][1]
    except AssertionError:
        return False  # it is ending just now
    return 0 < held < 4
