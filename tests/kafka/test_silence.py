"""Silence by the wall clock: deadlines fire when nobody sends, once, and also over the death of every worker."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from tests.kafka.conftest import Corner
from tests.kafka.faulty import POISON, SAID
from tests.kafka.polling import until
from tests.kafka.stand import Stand, Told, assert_no_gaps, once
from tests.kafka.worker import ROOT

JOURNEYS = ROOT / "tests" / "kafka" / "journeys"
ABANDONED_AFTER = 3  # seconds, in quick.yaml; patience and idle_after are 1 s each
PROMPTLY = 3  # seconds beyond deadline, patience and idleness: one turn of the sweep, and two busy cores


def call(customer: str, name: str, at: datetime | None = None) -> tuple[str, dict[str, Any]]:
    """A track call of this moment, or another."""
    at = at or datetime.now(UTC)
    when = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return customer, {
        "type": "track",
        "messageId": f"{customer} {name} {when}",
        "userId": customer,
        "event": name,
        "timestamp": when,
    }


# So long that a worker can sleep for some seconds and is not missed.
LONG_SESSION = {"client.session_timeout": "20s", "client.request_timeout": "30s"}


def stand_of(corner: Corner, journey: str, further: Mapping[str, str] | None = None) -> Stand:
    settings = {"journeys": str(JOURNEYS / journey), "clock.idle_after": "1s", **(further or {})}
    return corner(sources={"events": "segment"}, settings=settings)


async def said(stand: Stand, count: int, within: float) -> list[Told]:
    """The first `count` transitions, in the order in which they were published."""

    async def look() -> bool:
        return await stand.published() >= count

    await until(look, within, f"{count} transitions")
    return [each for told in (await stand.transitions()).values() for each in told]


async def test_a_cart_alone_on_a_silent_topic_is_abandoned_on_time(corner: Corner) -> None:
    stand = stand_of(corner, "quick.yaml")
    await stand.create_topics()
    async with stand.worker() as worker:
        await worker.ready()
        event = call("alone", "Product Added")
        await stand.send([event])
        started, abandoned = await said(stand, 2, ABANDONED_AFTER + 1 + 1 + PROMPTLY)
        await worker.stop()
    began = datetime.fromisoformat(event[1]["timestamp"])
    assert (started["name"], abandoned["name"]) == ("cart_started", "cart_abandoned")
    assert datetime.fromisoformat(abandoned["at"]) == began + timedelta(seconds=ABANDONED_AFTER)
    assert abandoned["cause"] == {"kind": "deadline", "id": None}
    (copy,) = await stand.read("cart-abandoned")
    late = datetime.fromisoformat(copy.json["recorded_at"]) - datetime.fromisoformat(copy.json["at"])
    assert timedelta(seconds=1) <= late <= timedelta(seconds=2 + PROMPTLY), "not after patience, or not promptly"


async def test_a_worker_that_slept_while_an_order_came_does_not_call_the_cart_abandoned(corner: Corner) -> None:
    stand = stand_of(corner, "quick.yaml", LONG_SESSION)
    await stand.create_topics()
    async with stand.worker() as worker:
        await worker.ready()
        await stand.send([call("ann", "Product Added")])
        await said(stand, 1, 10)
        worker.freeze()
        await stand.send([call("ann", "Order Completed")])
        woken = monotonic() + 2 * ABANDONED_AFTER

        async def overslept() -> bool:
            return monotonic() > woken

        await until(overslept, 10, "the deadline to pass")
        worker.thaw()
        await until(stand.caught_up, 10, "the order to be committed")
        await stand.send([call("bob", "Product Added")])
        await said(stand, 4, ABANDONED_AFTER + 1 + 1 + PROMPTLY)
        await worker.stop()
    found = await stand.transitions()
    assert [each["name"] for each in found["ann"]] == ["cart_started", "ordered"]
    assert [each["name"] for each in found["bob"]] == ["cart_started", "cart_abandoned"]


async def test_a_deadline_on_which_the_journey_fails_is_left_out_and_all_others_fire(corner: Corner) -> None:
    stand = stand_of(corner, "quick.yaml")
    await stand.create_topics()
    async with stand.worker("faulty", ("-m", "tests.kafka.faulty", "deadline")) as worker:
        await worker.ready()
        await stand.send([call(POISON, "Product Added"), call("ann", "Product Added"), call("bob", "Product Added")])
        await said(stand, 5, ABANDONED_AFTER + 1 + 1 + PROMPTLY)
        metrics = await worker.metrics()
        await worker.stop()
    assert (await stand.transitions("cart-abandoned")).keys() == {"ann", "bob"}
    assert metrics["stagewatch_deadlines_failed_total"] == [({}, 1.0)]
    assert worker.log.count("The journey failed on a deadline") == 1, "said once, and not again"
    assert SAID not in worker.log, "its words may name a customer"


async def test_carts_pending_when_every_worker_stops_are_abandoned_by_those_that_come_after(corner: Corner) -> None:
    stand = stand_of(corner, "patient.yaml")
    await stand.create_topics()
    customers = {f"customer_{number}" for number in range(20)}
    async with stand.worker("before-a") as a, stand.worker("before-b") as b:
        await asyncio.gather(a.ready(), b.ready())
        await stand.send(call(customer, "Product Added") for customer in sorted(customers))
        began = monotonic()
        await said(stand, len(customers), 10)
        await asyncio.gather(a.stop(), b.stop())
    assert monotonic() - began < 12, "the workers took so long to stop that nothing was pending any more"
    assert await stand.published() == len(customers)
    async with stand.worker("after-a") as a, stand.worker("after-b") as b:
        await asyncio.gather(a.ready(), b.ready())
        await said(stand, 2 * len(customers), 30)
        held = [value for each in (a, b) for _, value in (await each.metrics())["stagewatch_customers"]]
        assert sum(held) == len(customers)
        await stand.send(call(customer, "Order Completed") for customer in sorted(customers))
        await said(stand, 3 * len(customers), 10)
        await asyncio.gather(a.stop(), b.stop())
    found = await stand.transitions()
    assert found.keys() == customers
    assert_no_gaps(found)
    for told in found.values():
        assert [each["name"] for each in told] == ["cart_started", "cart_abandoned", "cart_recovered"]
        assert told[-1]["facts"] == {"carts": 1}


async def test_a_deadline_fired_by_the_wall_clock_just_before_a_crash_is_remembered(corner: Corner) -> None:
    stand = stand_of(corner, "quick.yaml")
    await stand.create_topics()
    customers = {f"customer_{number}" for number in range(40)}
    async with stand.worker("killed") as worker, stand.watching("stage-transitions") as published:
        await worker.ready()
        await stand.send(call(customer, "Product Added") for customer in sorted(customers))

        async def first_abandoned() -> bool:
            return await published() > len(customers)

        await until(first_abandoned, 20, "the first cart to be abandoned")
        await worker.kill()
    async with stand.worker("after") as worker:
        await worker.ready()
        await until(lambda: _all_abandoned(stand, customers), 20, "every cart to be abandoned")
        await stand.send(call(customer, "Order Completed") for customer in sorted(customers))
        await until(stand.caught_up, 20, "the orders to be committed")
        await worker.stop()
    found = once(await stand.transitions())
    assert_no_gaps(found)
    for told in found.values():
        assert [each["name"] for each in told] == ["cart_started", "cart_abandoned", "cart_recovered"]


async def _all_abandoned(stand: Stand, customers: set[str]) -> bool:
    return (await stand.transitions("cart-abandoned")).keys() == customers
