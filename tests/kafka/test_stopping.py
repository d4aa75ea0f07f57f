"""SIGTERM: the worker stops soon, with 0, everything in hand committed, and its partitions free at once."""

import asyncio

import pytest

from tests.kafka import traffic
from tests.kafka.broker import KafkaBroker
from tests.kafka.conftest import Corner
from tests.kafka.crowd import shopping
from tests.kafka.polling import until
from tests.kafka.stand import assert_no_gaps, assert_same, once
from tests.kafka.worker import STOP_WITHIN, Worker

NEVER = {"clock.idle_after": "never"}
# So long that a worker which did not leave the group would keep the next one out for the whole test.
LONG_SESSION = {"client.session_timeout": "60s", "client.request_timeout": "70s", "client.heartbeat_interval": "1s"}
AT_ONCE = 15  # seconds for a process to start, join and be ready


async def test_a_worker_told_to_stop_has_committed_what_it_read_and_left_its_partitions_to_the_next(
    corner: Corner,
) -> None:
    stand = corner(sources={"events": "segment"}, settings=NEVER | LONG_SESSION)
    await stand.create_topics()
    events = shopping(100, 2_000)
    await stand.send(events)
    async with stand.worker("first") as first:
        await first.ready()

        async def all_read() -> bool:
            return await stand.published() >= sum(map(len, wanted.values()))

        wanted = await asyncio.to_thread(stand.replay, events)
        await until(all_read, 30, "everything to be published")
        await first.stop()
    topic = stand.topic("events")
    ends = await traffic.ends(stand.broker, topic)
    assert await traffic.committed(stand.broker, stand.group, [topic]) == {(topic, n): end for n, end in ends.items()}
    async with stand.worker("next") as second:
        await second.ready(within=AT_ONCE)
        await second.stop()
    assert_same(await stand.transitions(), wanted)


async def test_a_worker_told_to_stop_amid_its_work_leaves_nothing_half_done(corner: Corner) -> None:
    stand = corner(sources={"events": "segment"}, settings=NEVER | LONG_SESSION | {"client.batch_records": "50"})
    await stand.create_topics()
    events = shopping(300, 12_000)
    await stand.send(events)
    async with stand.worker("first") as first, stand.watching("stage-transitions") as published:
        await until(lambda: _some(published), 45, "the first transitions")
        await first.stop()
    left = await stand.left_to_commit()
    assert 0 < left < len(events), "it was to be stopped amid its work"
    before = await stand.published()
    async with stand.worker("next") as second:
        await second.ready(within=AT_ONCE)
        await until(stand.caught_up, 60, "the next worker to commit everything")
        await second.stop()
    assert await stand.published() > before
    found = await stand.transitions()
    assert_no_gaps(found)
    assert_same(found, await asyncio.to_thread(stand.replay, events))


async def test_a_worker_with_nothing_to_do_stops_as_soon(corner: Corner) -> None:
    stand = corner(sources={"events": "segment"}, settings=NEVER)
    await stand.create_topics()
    async with stand.worker() as worker:
        await worker.ready()
        assert await worker.stop() < 5


async def test_a_worker_told_to_stop_ends_within_ten_seconds_though_the_broker_answers_nobody(corner: Corner) -> None:
    with KafkaBroker() as own:
        stand = corner(broker=own.address, sources={"events": "segment"}, settings=NEVER | LONG_SESSION)
        await stand.create_topics()
        events = shopping(100, 6_000)
        await stand.send(events[:5_000])
        async with stand.worker("first") as first:
            async with stand.watching("stage-transitions") as published:
                await until(lambda: _some(published), 45, "the first transitions")
            own.freeze()
            first.term()
            code = await first.ended(within=STOP_WITHIN)
            own.thaw()
        assert code == 1
        assert "what was in hand will be read again" in first.log
        await stand.send(events[5_000:])
        async with stand.worker("next") as second:
            await second.ready()
            await until(stand.caught_up, 60, "the next worker to commit everything")
            await second.stop()
        found = once(await stand.transitions())
        assert_no_gaps(found)
        assert_same(found, await asyncio.to_thread(stand.replay, events))


async def test_a_worker_whose_broker_answers_nobody_gives_up_by_itself(corner: Corner) -> None:
    with KafkaBroker() as own:
        stand = corner(broker=own.address, sources={"events": "segment"}, settings=NEVER | LONG_SESSION)
        await stand.create_topics()
        async with stand.worker() as worker:
            await worker.ready()
            await stand.send(shopping(100, 20_000))
            async with stand.watching("stage-transitions") as published:
                await until(lambda: _some(published), 45, "the first transitions")
            own.freeze()
            code = await worker.ended(within=10 + STOP_WITHIN)
            own.thaw()
    assert code == 1
    assert "within 8 s" in worker.log


@pytest.mark.parametrize("told", ["the first", "the second", "both"])
async def test_a_worker_told_to_stop_amid_a_rebalance_does_not_hang(corner: Corner, told: str) -> None:
    # A rolling restart: one comes while another goes, and the group is given out anew at that very moment.
    stand = corner(sources={"events": "segment"}, settings=NEVER)
    await stand.create_topics()
    events = shopping(100, 3_000)
    sending = asyncio.create_task(stand.send(events, pace=1_000))
    async with stand.worker("first") as first:
        await first.ready()
        async with stand.worker("second") as second:
            await until(lambda: _says(first, "Revoking previously assigned partitions f"), 30, "a rebalance to begin")
            if told != "the second":
                await first.stop()
            if told != "the first":
                await second.stop()
            await sending
            if told != "both":
                await until(stand.caught_up, 30, "the worker that is left to commit everything")
                await (first if told == "the second" else second).stop()
    if told == "both":
        async with stand.worker("third") as third:
            await third.ready(within=AT_ONCE)
            await until(stand.caught_up, 30, "the next worker to commit everything")
            await third.stop()
    found = await stand.transitions()
    assert_no_gaps(found)
    assert_same(found, await asyncio.to_thread(stand.replay, events))


async def _says(worker: Worker, words: str) -> bool:
    return words in worker.log


async def _some(count: traffic.Count) -> bool:
    return await count() > 0
