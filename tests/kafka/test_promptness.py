"""How promptly silence is told, by the wall clock: no later than 2 s after a deadline and the patience beyond it.

Measured where it counts, at a subscriber's; each test prints the worst that it saw.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka.partitioner import DefaultPartitioner

from tests.kafka import traffic
from tests.kafka.conftest import Corner
from tests.kafka.polling import until
from tests.kafka.stand import Stand
from tests.kafka.test_silence import JOURNEYS, call

PROMPT = 2.0  # seconds after deadline and patience: what is promised
PATIENCE = 1.0  # seconds, in quick.yaml and patient.yaml
PARTITIONS = 4
OFTEN, SELDOM = 0.1, 0.9  # seconds between two events of somebody busy; `idle_after` is 1 s
SOURCE = {"events": "segment"}


def on_partition(number: int, count: int, called: str = "customer") -> list[str]:
    """So many customers whose records fall on this partition."""
    choose, numbers = DefaultPartitioner(), list(range(PARTITIONS))
    names = (f"{called}_{each}" for each in range(100 * count))
    return [name for name in names if choose(name.encode(), numbers, numbers) == number][:count]


def on_each(count: int, called: str = "customer") -> list[str]:
    """So many customers on each partition."""
    return [name for number in range(PARTITIONS) for name in on_partition(number, count, called)]


async def lateness(stand: Stand, carts: Collection[str], within: float) -> dict[str, float]:
    """Per customer, how long after deadline and patience (s) a subscriber had each of these carts as abandoned."""
    async with traffic.overhearing(stand.broker, stand.topic("cart-abandoned")) as overheard:
        await stand.send([call(customer, "Product Added") for customer in sorted(carts)])

        async def all_said() -> bool:
            return {each.json["customer"] for _, each in overheard} >= set(carts)

        await until(all_said, within, f"{len(carts)} carts to be abandoned")
        told = [(seen, each.json) for seen, each in overheard if each.json["customer"] in carts]
    assert len(told) == len(carts), "a cart was called abandoned twice"
    return {it["customer"]: seen - datetime.fromisoformat(it["at"]).timestamp() - PATIENCE for seen, it in told}


def assert_prompt(late: dict[str, float], where: str) -> None:
    print(f"{where}: {len(late)} carts, {min(late.values()):.3f} to {max(late.values()):.3f} s after patience")  # noqa: T201  pytest -s shows it
    for customer, seconds in late.items():
        assert 0 <= seconds <= PROMPT, f"{customer}: {seconds:.3f} s after deadline and patience"


@asynccontextmanager
async def busy(stand: Stand, *partitions: int, every: float = OFTEN) -> AsyncIterator[None]:
    """While the block runs, somebody looks around on each of these partitions, `every` so many seconds."""
    lookers = [on_partition(number, 1, "looker")[0] for number in partitions]
    over = asyncio.get_running_loop().create_future()

    async def look_around() -> None:
        while not over.done():
            await stand.send([call(who, "Product Viewed") for who in lookers])
            await asyncio.wait([over], timeout=every)

    looking = asyncio.create_task(look_around())
    try:
        yield
    finally:
        over.set_result(None)
        await looking


def stand_of(
    corner: Corner, journey: str = "quick", idle_after: str = "1s", sources: Mapping[str, str] = SOURCE
) -> Stand:
    settings = {"journeys": str(JOURNEYS / f"{journey}.yaml"), "clock.idle_after": idle_after}
    return corner(PARTITIONS, sources=sources, settings=settings)


@pytest.mark.parametrize(("journey", "idle_after"), [("quick", "1s"), ("patient", "5s")])
async def test_where_all_is_silent_carts_are_abandoned_on_time(corner: Corner, journey: str, idle_after: str) -> None:
    stand = stand_of(corner, journey, idle_after)
    await stand.create_topics()
    async with stand.worker() as worker:
        await worker.ready()
        assert_prompt(await lateness(stand, on_each(5), 30), f"all silent, idle after {idle_after}")
        await worker.stop()


@pytest.mark.parametrize("sources", [SOURCE, SOURCE | {"orders": "shopify"}], ids=len)
async def test_carts_of_a_silent_partition_are_abandoned_on_time_while_others_are_busy_and_so_are_theirs(
    corner: Corner, sources: dict[str, str]
) -> None:
    stand = stand_of(corner, sources=sources)
    await stand.create_topics()
    async with stand.worker("a") as a, stand.worker("b") as b:
        await asyncio.gather(a.ready(), b.ready())
        async with busy(stand, 1, 2), busy(stand, 3, every=SELDOM):
            late = await lateness(stand, on_each(5), 30)
        await asyncio.gather(a.stop(), b.stop())
    for where, numbers in {"silent while others are busy": [0], "busy": [1, 2], "hardly busy": [3]}.items():
        of_these = {name: late[name] for number in numbers for name in on_partition(number, 5)}
        assert_prompt(of_these, f"{where}, {len(sources)} sources")


async def test_strange_clocks_of_some_make_nobody_elses_cart_abandoned_too_soon_or_too_late(corner: Corner) -> None:
    stand = stand_of(corner)
    await stand.create_topics()
    now = datetime.now(UTC)
    early, refused = now - timedelta(weeks=10), [datetime(year, 6, 1, tzinfo=UTC) for year in (1970, 2099, 2100)]
    async with stand.worker() as worker, busy(stand, 1):
        await worker.ready()
        strange = on_each(1, "strange")
        await stand.send([call(who, "Product Added", at) for at in [early, *refused] for who in strange])
        assert_prompt(await lateness(stand, on_each(5), 30), "among strange clocks")
        await worker.stop()
    assert await stand.published("rejected-events") == len(refused) * len(strange)
    for who in strange:
        started, abandoned, *_ = (await stand.transitions())[who]
        assert (started["name"], abandoned["name"]) == ("cart_started", "cart_abandoned")
        assert datetime.fromisoformat(abandoned["at"]) < early + timedelta(seconds=4)
