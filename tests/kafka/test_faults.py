"""What goes wrong at run time: refused sends, a full group, slips of ours. The worker says so, and loses nothing."""

import asyncio

import pytest

from tests.kafka.broker import KafkaBroker
from tests.kafka.conftest import Corner
from tests.kafka.crowd import BEGAN, event, shopping
from tests.kafka.faulty import POISON, SAID
from tests.kafka.polling import until
from tests.kafka.stand import Stand, assert_no_gaps, assert_same, once, only
from tests.kafka.traffic import configure

FAULTY = ("-m", "tests.kafka.faulty")
SEGMENT = {"events": "segment"}
NEVER = {"clock.idle_after": "never"}


async def finish(stand: Stand) -> None:
    """Run a worker until everything is committed."""
    async with stand.worker("after") as worker:
        await worker.ready()
        await until(stand.caught_up, 60, "the next worker to commit everything")
        await worker.stop()


async def test_a_worker_that_may_not_join_a_full_group_ends_and_says_why(corner: Corner) -> None:
    with KafkaBroker({"group.max.size": "1"}) as own:
        stand = corner(broker=own.address, sources=SEGMENT, settings=NEVER)
        await stand.create_topics()
        async with stand.worker("in") as first:
            await first.ready()
            async with stand.worker("out") as second:
                code = await second.ended(within=30)
            assert code not in {0, 128 + 9}
            assert "group" in second.log.lower()
            assert "max" in second.log.lower()
            await stand.send(shopping(20, 100))
            await until(stand.caught_up, 30, "the worker in the group to go on undisturbed")
            await first.stop()


@pytest.mark.parametrize("refused", ["cart-abandoned", "changelog"])
async def test_a_send_that_the_broker_refuses_stops_the_worker_before_it_commits_and_is_made_up_for(
    corner: Corner, refused: str
) -> None:
    stand = corner(sources=SEGMENT, settings=NEVER)
    await stand.create_topics()
    refusing = stand.changelog if refused == "changelog" else stand.topic(refused)
    kept = {"cleanup.policy": "compact"} if refused == "changelog" else {}
    await configure(stand.broker, refusing, **kept, **{"max.message.bytes": "10"})
    events = shopping(100, 2_000)
    await stand.send(events)
    async with stand.worker("refused") as worker:
        code = await worker.ended(within=60)
    assert code not in {0, 128 + 9}
    assert refusing in worker.log
    assert await stand.left_to_commit() == len(events), "committed past what was not sent"
    if refused == "changelog":
        assert await stand.published() == 0, "published what memory does not hold"
    await configure(stand.broker, refusing, **kept)
    await finish(stand)
    wanted = stand.replay(events)
    found = once(await stand.transitions())
    assert_no_gaps(found)
    assert_same(found, wanted)
    assert_same(once(await stand.transitions("cart-abandoned")), only(wanted, "cart_abandoned"))


async def test_a_record_on_which_the_journey_fails_is_set_aside_and_all_others_count(corner: Corner) -> None:
    stand = corner(sources=SEGMENT, settings=NEVER)
    await stand.create_topics()
    events = shopping(50, 1_000)
    poison = [(POISON, event(POISON, "Product Viewed", BEGAN, number)) for number in range(9_000, 9_003)]
    await stand.send([*events[:300], *poison[:2], *events[300:-4], poison[2], *events[-4:]])
    async with stand.worker("faulty", (*FAULTY, "journey")) as worker:
        await worker.ready()
        await until(stand.caught_up, 30, "the worker to commit everything")
        applied = (await worker.metrics())["stagewatch_signals_total"]
        await worker.stop()
    assert sum(count for _, count in applied) == len(events), "what was set aside was not applied"
    found = await stand.transitions()
    assert_no_gaps(found)
    assert_same(found, stand.replay(events))
    rejected = await stand.read("rejected-events")
    assert [each.json for each in rejected] == [spoilt for _, spoilt in poison]
    assert {each.header("stagewatch-reason") for each in rejected} == {"fault of ours"}
    assert all(SAID in each.header("stagewatch-detail") for each in rejected)


async def test_a_worker_whose_ground_gives_way_stops_and_leaves_the_offsets_where_they_were(corner: Corner) -> None:
    stand = corner(sources=SEGMENT, settings=NEVER)
    await stand.create_topics()
    events = shopping(50, 500)
    await stand.send(events)
    async with stand.worker("faulty", (*FAULTY, "readers")) as worker:
        code = await worker.ended(within=30)
    assert code not in {0, 128 + 9}
    assert SAID in worker.log
    assert await stand.left_to_commit() == len(events)
    await finish(stand)
    assert_same(await stand.transitions(), stand.replay(events))


async def test_a_worker_that_cannot_let_its_partitions_go_ends_and_says_so(corner: Corner) -> None:
    stand = corner(sources=SEGMENT, settings=NEVER)
    await stand.create_topics()
    async with stand.worker("faulty", (*FAULTY, "rebalance")) as worker:
        await worker.ready()
        async with stand.worker("other"):
            code = await worker.ended(within=30)
    assert code not in {0, 128 + 9}
    assert SAID in worker.log


@pytest.mark.parametrize(
    ("fault", "said"), [("quitter", "without having been told to"), ("fetcher", "the fetcher's task has ended")]
)
async def test_a_worker_that_does_nothing_any_more_ends_and_says_so(corner: Corner, fault: str, said: str) -> None:
    stand = corner(sources=SEGMENT, settings=NEVER)
    await stand.create_topics()
    async with stand.worker("faulty", (*FAULTY, fault)) as worker:
        code = await worker.ended(within=30)
    assert code not in {0, 128 + 9}
    assert said in worker.log


async def test_a_worker_that_gave_nothing_out_since_the_broker_told_of_no_topics_does_not_leave_it_at_that(
    corner: Corner,
) -> None:
    stand = corner(sources=SEGMENT, settings=NEVER)
    await stand.create_topics()
    events = shopping(50, 500)
    await stand.send(events)
    async with stand.worker("blind", (*FAULTY, "blind")) as worker:
        await worker.ready()
        await until(stand.caught_up, 30, "the worker to be given its partitions after all")
        assert "Ignoring missing topic" in worker.log, "it was to give nothing out at first"
        await worker.stop()
    assert_same(await stand.transitions(), stand.replay(events))


async def test_a_broker_that_dies_and_comes_back_costs_nothing(corner: Corner) -> None:
    with KafkaBroker() as own:
        stand = corner(broker=own.address, sources=SEGMENT, settings=NEVER)
        await stand.create_topics()
        events = shopping(100, 2_000)
        await stand.send(events[:1_000])
        async with stand.worker("before") as worker:
            await worker.ready()
            await until(stand.caught_up, 30, "the first half to be committed")
            await asyncio.to_thread(own.kill)
            await asyncio.to_thread(own.start)
            await stand.send(events[1_000:])
            await until(lambda: _done_or_ended(stand, worker.code), 60, "the worker to go on, or to end by itself")
            if worker.code is None:
                await worker.stop()
        if not await stand.caught_up():
            await finish(stand)
        found = once(await stand.transitions())
        assert_no_gaps(found)
        assert_same(found, stand.replay(events))


async def _done_or_ended(stand: Stand, code: int | None) -> bool:
    return code is not None or await stand.caught_up()
