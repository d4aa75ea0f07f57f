"""Exactly once: who reads committed records sees each change once, whatever happens to the workers."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from signal import SIGKILL, SIGSTOP

from tests.kafka import traffic
from tests.kafka.conftest import Corner
from tests.kafka.crowd import shopping
from tests.kafka.failing import SAID, failing
from tests.kafka.polling import until
from tests.kafka.stand import Stand, assert_no_gaps, assert_same, only

KILLED, STOPPED = str(int(SIGKILL)), str(int(SIGSTOP))
# Small batches, so that a worker dies in the midst of many; silence is not what this is about.
SETTINGS = {"exactly_once": "true", "client.batch_records": "50", "clock.idle_after": "never"}
AT_LEAST_ONCE = {"exactly_once": "false"}
Event = tuple[str, object]


def nonsense(events: Iterable[Event], every: int = 10) -> list[Event]:
    """The events, and among them some of which no customer can be told."""
    found: list[Event] = []
    for number, (customer, event) in enumerate(events):
        found.append((customer, event))
        if number % every == 0:
            found.append((customer, {"type": "track", "number": number}))
    return found


async def everything_is_done(stand: Stand, last: str = "last", **settings: str) -> None:
    """Let a worker do what is left."""
    async with stand.worker(last, **settings) as worker:
        await worker.ready()
        await until(stand.caught_up, 60, "the last worker to commit everything")
        await worker.stop()


async def assert_each_once(stand: Stand, events: list[Event]) -> None:
    """Every topic has what the replay says, each record once."""
    found = await stand.transitions()
    wanted = await asyncio.to_thread(stand.replay, events)
    assert_no_gaps(found)  # of all that was found: nothing is there twice
    assert_same(found, wanted)
    assert_same(await stand.transitions("cart-abandoned"), only(wanted, "cart_abandoned"))
    stages = {each.key: each.json for each in await stand.read("customer-stages") if each.key is not None}
    assert {key.decode(): each["sequence"] for key, each in stages.items() if each["sequence"]} == {
        customer: len(told) for customer, told in wanted.items()
    }
    rejected = Counter(
        (each.header("stagewatch-topic"), each.header("stagewatch-partition"), each.header("stagewatch-offset"))
        for each in await stand.read("rejected-events")
    )
    assert rejected.total() == len(rejected) == sum("number" in event for _, event in events if isinstance(event, dict))


async def test_whenever_a_worker_dies_each_change_is_seen_once(corner: Corner, tmp_path: Path) -> None:
    files = {"store.kind": "rocksdb", "store.path": str(tmp_path / "store")}
    stand = corner(sources={"events": "segment"}, settings=SETTINGS | files)
    await stand.create_topics()
    events = nonsense(shopping(200, 2_500))
    steps = ["sent", "offsets", "committed"]
    share = -(-len(events) // (len(steps) + 1))
    for number, step in enumerate(steps):
        await stand.send(events[number * share : (number + 1) * share])
        async with stand.worker(step, failing(step, "7", KILLED)) as worker:
            assert await worker.ended(60) == 128 + SIGKILL
            assert "thrown away" not in worker.log, "what lies in files goes as far as the changelog does"
    assert await stand.left_to_commit() > 0
    await stand.send(events[len(steps) * share :])
    await everything_is_done(stand)
    await assert_each_once(stand, events)
    seen = await traffic.read(stand.broker, stand.topic("stage-transitions"), "read_uncommitted")
    assert len(seen) > len(await stand.read("stage-transitions")), "what was given up is there for who wants to see it"


async def test_a_worker_that_slept_in_the_midst_of_a_batch_finds_itself_shut_out(corner: Corner) -> None:
    stand = corner(partitions=1, sources={"events": "segment"}, settings=SETTINGS)
    await stand.create_topics()
    events = nonsense(shopping(100, 1_000, partitions=1))
    await stand.send(events)
    async with stand.worker("sleeper", failing("sent", "5", STOPPED)) as sleeper:

        async def asleep() -> bool:
            return SAID.format(step="sent") in sleeper.log

        async def given_to_another() -> bool:
            return "Exactly once: took partitions 0" in other.log

        await until(asleep, 60, "the worker to sleep")
        async with stand.worker("other") as other:
            await until(given_to_another, 60, "the partition to be given to the other worker")
            await until(stand.caught_up, 60, "the other worker to do everything")
            sleeper.thaw()
            assert await sleeper.ended(60) == 1
            assert "FencedError" in sleeper.log
            assert "another worker holds the partition" in sleeper.log
            await other.stop()
    await assert_each_once(stand, events)


async def test_exactly_once_can_be_switched_on_and_off(corner: Corner) -> None:
    stand = corner(partitions=1, sources={"events": "segment"}, settings=SETTINGS)
    await stand.create_topics()
    events = nonsense(shopping(100, 1_000, partitions=1))
    await stand.send(events[:700])
    # It leaves transitions in the changelog that are on no topic.
    async with stand.worker("before", failing("changelog", "6", KILLED), **AT_LEAST_ONCE) as worker:
        assert await worker.ended(60) == 128 + SIGKILL
    async with stand.worker("between", failing("sent", "1", KILLED)) as worker:  # in the midst of publishing them
        assert await worker.ended(60) == 128 + SIGKILL
    await everything_is_done(stand, "on")
    await stand.send(events[700:])
    await everything_is_done(stand, "off", **AT_LEAST_ONCE)
    await assert_each_once(stand, events)
