"""The main job on events made by others: what two workers publish is what a replay of the file says."""

import asyncio

from tests.kafka.conftest import Corner
from tests.kafka.polling import until
from tests.kafka.shop import CUSTOMERS, ECOM, FILE, Row, keyed
from tests.kafka.stand import ByCustomer, Stand, assert_no_gaps, assert_same, only, replayed


def shop(corner: Corner, idle_after: str) -> Stand:
    settings = {"dialect_files": ECOM, "clock.idle_after": idle_after}
    return corner(sources={"events": "ecom"}, settings=settings)


async def test_two_workers_that_share_a_topic_say_what_a_replay_of_it_says(
    corner: Corner, rows: list[Row], told_by_replay: ByCustomer
) -> None:
    stand = shop(corner, "never")
    await stand.create_topics()
    async with stand.worker("a") as a, stand.worker("b") as b:
        await asyncio.gather(a.ready(), b.ready())
        await stand.send(keyed(rows))
        await until(stand.caught_up, 60, "both workers to commit everything")
        heard = [sum(value for _, value in (await each.metrics())["stagewatch_signals_total"]) for each in (a, b)]
        await asyncio.gather(a.stop(), b.stop())
    assert all(heard), f"one of the workers had nothing to do: {heard}"
    found = await stand.transitions()
    assert len(found) == CUSTOMERS + 4
    assert_no_gaps(found)
    assert_same(found, told_by_replay)


async def test_silence_after_the_last_event_counts_once_the_topic_is_quiet(corner: Corner, rows: list[Row]) -> None:
    stand = shop(corner, "1s")
    wanted = await asyncio.to_thread(replayed, [FILE], ECOM, until="2026-01-01T00:00:00Z", into=stand.folder)
    await stand.create_topics()
    await stand.send(keyed(rows[:-4]))
    async with stand.worker() as worker:
        await worker.ready()
        awaited = sum(map(len, wanted.values()))

        async def all_said() -> bool:
            return await stand.published() >= awaited

        await until(all_said, 60, f"{awaited} transitions")
        await worker.stop()
    found = await stand.transitions()
    assert_no_gaps(found)
    assert_same(found, wanted)


async def test_a_routed_topic_gets_just_the_transitions_of_its_moves_and_the_stages_topic_the_last_of_each(
    corner: Corner, rows: list[Row], told_by_replay: ByCustomer
) -> None:
    stand = shop(corner, "never")
    await stand.create_topics()
    await stand.send(keyed(rows))
    async with stand.worker() as worker:
        await worker.ready()
        await until(stand.caught_up, 60, "the worker to commit everything")
        await worker.stop()
    assert_same(await stand.transitions("cart-abandoned"), only(told_by_replay, "cart_abandoned"))
    stages = {record.key: record.json for record in await stand.read("customer-stages")}
    assert len(stages) == CUSTOMERS + 4
    for customer, told in told_by_replay.items():
        where = stages[customer.encode()]
        assert where["sequence"] == told[-1]["sequence"]
        tracks = where["journeys"]["five-stage"]["tracks"]
        assert {each["track"]: each["to"] for each in told}.items() <= {
            track: value["stage"] for track, value in tracks.items()
        }.items()
