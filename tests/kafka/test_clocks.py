"""The clock of a partition, as its metric tells it: it never goes back, and nobody's wrong watch moves it."""

import asyncio
from datetime import UTC, datetime, timedelta

from tests.kafka.conftest import Corner
from tests.kafka.crowd import BEGAN, Event, event, shopping
from tests.kafka.polling import until
from tests.kafka.shop import one_customer_each
from tests.kafka.stand import Stand, assert_no_gaps, assert_same, once
from tests.kafka.test_silence import JOURNEYS, call
from tests.kafka.worker import Worker

TEN_WEEKS, MINUTE = timedelta(weeks=10), timedelta(minutes=1)
EARLY = one_customer_each(4, "early")
REFUSED = {1970: "implausible time", 2099: "future", 2100: "implausible time"}

Clocks = dict[str, float]


async def clocks(*workers: Worker) -> Clocks:
    """Where the clock of each partition stands (Unix time in s), of all that these workers hold."""
    found = [(await each.metrics()).get("stagewatch_clock_seconds", []) for each in workers]
    return {labels["partition"]: value for each in found for labels, value in each}


async def whole(*workers: Worker) -> Clocks:
    """The clocks, once the workers hold all partitions between them, and each of them some."""

    async def look() -> Clocks | None:
        held = [set(await clocks(each)) for each in workers]
        return await clocks(*workers) if all(held) and sum(map(len, held)) == 4 else None

    return await until(look, 30, "4 clocks") or {}


async def taken(stand: Stand, events: list[tuple[str, Event]]) -> None:
    await stand.send(events)
    await until(stand.caught_up, 60, "everything to be committed")


def early(name: str, minutes: int) -> list[tuple[str, Event]]:
    """What customers on each partition do whose clocks are ten weeks early, so long after their beginning."""
    at = BEGAN - TEN_WEEKS + minutes * MINUTE
    return [(who, event(who, name, at, 10**6 + minutes)) for who in EARLY]


def refused() -> list[tuple[str, Event]]:
    """What customers on each partition do in years that are not believed."""
    when = [datetime(year, 6, 1, tzinfo=UTC) for year in REFUSED]
    return [(who, event(who, "Product Added", at, 10**6 + at.year)) for at in when for who in EARLY]


async def test_strange_clocks_move_none_and_other_customers_go_through_what_they_would_have(corner: Corner) -> None:
    stand = corner(sources={"events": "segment"}, settings={"clock.idle_after": "never"})
    await stand.create_topics()
    events = shopping(60, 1_000)
    async with stand.worker("first") as first:
        await first.ready()
        await taken(stand, events[:500])
        before = await whole(first)
        await taken(stand, early("Product Added", 0) + refused() + early("Checkout Started", 2))
        assert await whole(first) == before
        await first.kill()
    async with stand.worker("second") as second:
        await second.ready()
        assert await whole(second) == before, "not after the worker was killed and another one came"
        await taken(stand, early("Order Completed", 10))
        assert await whole(second) == before, "not by what the other one hears first"
        async with stand.worker("third") as third:
            await third.ready()
            assert await whole(second, third) == before, "not after a rebalance"
            await taken(stand, events[500:])
            ends = set((await whole(second, third)).values())
            await second.stop()
            await third.stop()
    last = datetime.fromisoformat(events[-1][1]["timestamp"]).timestamp()
    assert ends == {last - 30}
    found = once(await stand.transitions())
    assert_no_gaps(found)
    of_early = [found.pop(who) for who in EARLY]
    assert_same(found, await asyncio.to_thread(stand.replay, events))
    for told in of_early:
        (abandoned,) = (each for each in told if each["name"] == "cart_abandoned")
        assert datetime.fromisoformat(abandoned["at"]) == BEGAN - TEN_WEEKS + 32 * MINUTE
        (ordered,) = (each for each in told if each["name"] == "ordered")
        assert ordered["late"], "their silence of ten weeks was over when the order came"
    reasons = {
        each.json["timestamp"][:4]: each.header("stagewatch-reason") for each in await stand.read("rejected-events")
    }
    assert reasons == {str(year): reason for year, reason in REFUSED.items()}


async def test_a_clock_that_follows_the_wall_does_not_go_back_when_workers_come_and_go(corner: Corner) -> None:
    settings = {"journeys": str(JOURNEYS / "quick.yaml"), "clock.idle_after": "1s"}
    stand = corner(sources={"events": "segment"}, settings=settings)
    await stand.create_topics()
    began = datetime.now(UTC).timestamp()
    seen: list[Clocks] = []

    async def follow(*workers: Worker, seconds: float) -> None:
        """Until each clock has come so far since the beginning."""

        async def far() -> bool:
            seen.append(await clocks(*workers))
            return len(seen[-1]) == 4 and min(seen[-1].values()) > began + seconds

        await until(far, 30, f"the clocks to come to {seconds} s; last {seen[-1:]}")

    async with stand.worker("first") as first:
        await first.ready()
        await stand.send([call(who, "Product Added") for who in one_customer_each(4)])
        await until(stand.caught_up, 20, "the carts to be taken")
        await follow(first, seconds=10)
        async with stand.worker("second") as second:
            await second.ready()
            await follow(first, second, seconds=16)
            await first.stop()
            await follow(second, seconds=20)
            await second.stop()
    async with stand.worker("third") as third:
        await third.ready()
        await follow(third, seconds=30)
        await third.stop()
    for number in range(4):
        told = [each[str(number)] for each in seen if str(number) in each]
        assert told == sorted(told), f"partition {number} went back"
