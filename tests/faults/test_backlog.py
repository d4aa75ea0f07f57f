"""A worker that is far behind, or whose broker is slow: its memory is bounded, and it lives, and it stops in time."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from random import Random

import orjson

from journey.replay import fold
from schemas.transitions import record
from stagewatch.app import connection_of
from stagewatch.mischief import Item
from stagewatch.pace import Pace
from stagewatch.producing import produce
from stagewatch.settings import Settings
from stream.probe import HOST
from tests.faults.history import said
from tests.faults.proxy import Proxy
from tests.faults.verdict import Subscriber, Verdict, compare
from tests.faults.world import behind_a_proxy
from tests.kafka.broker import KafkaBroker
from tests.kafka.crowd import BEGAN, NAMES, event
from tests.kafka.held import program
from tests.kafka.net import machine_of, signals_of
from tests.kafka.polling import until
from tests.kafka.shop import one_customer_each
from tests.kafka.stand import Stand
from tests.kafka.traffic import reading
from tests.kafka.worker import STOP_WITHIN, Worker

BACKLOG = 120_000
CUSTOMERS = 5_000
PADDING = "x" * 500
# MB. A worker with nothing to do takes some 100. Up to 50,000 records are under way, at some 2 KB each in Python with
# what they lead to; what the fetcher holds, 5,000 memories, and room for the allocator come on top. All of the backlog
# at once would be 300 more.
MOST = 400


def backlog() -> Iterator[Item]:
    """So many events, a second apart, and one last one on each partition."""
    dice, at = Random(5), BEGAN  # noqa: S311  for tests
    names = dice.choices(list(NAMES), list(NAMES.values()), k=BACKLOG)
    for number, name in enumerate(names):
        at += timedelta(seconds=1)
        customer = f"customer_{dice.randrange(CUSTOMERS)}"
        told = event(customer, name, at, number)
        told["properties"]["padding"] = PADDING
        yield Item(0, customer, orjson.dumps(told))
    for number, customer in enumerate(one_customer_each(4)):
        told = event(customer, "Products Searched", at + timedelta(hours=1), BACKLOG + number)
        yield Item(0, customer, orjson.dumps(told))


def peak(worker: Worker) -> float:
    """The most memory that the process has taken so far, in MB."""
    status = Path(f"/proc/{program(worker._running)}/status").read_text()  # noqa: SLF001  its process
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1024


async def test_a_worker_far_behind_takes_bounded_memory_and_stops_in_time(
    tmp_path: Path,
) -> None:
    kafka = KafkaBroker()
    told, listens = behind_a_proxy(kafka)
    async with AsyncExitStack() as stack:
        await asyncio.to_thread(kafka.__enter__)
        stack.push(kafka)
        proxy = await stack.enter_async_context(Proxy(told, listens))
        settings = {"clock.idle_after": "never"}
        stand = Stand(kafka.address, "behind", tmp_path, sources={"events": "segment"}, settings=settings)
        await stand.create_topics()
        client = connection_of(Settings(broker=kafka.address)).client()
        await produce(client, stand.topic("events"), backlog(), Pace(None, None, first=0), lambda _: None)
        near = f"{HOST}:{proxy.port}"
        published = await stack.enter_async_context(stand.watching("stage-transitions"))

        async def more_than(count: int) -> None:
            async def look() -> bool:
                return await published() > count

            await until(look, 60, f"more than {count} transitions")

        async with stand.worker("first", broker=near) as worker:
            await more_than(0)
            await worker.stop()
        assert await stand.left_to_commit() > 0, "it was to be stopped amid the backlog"
        async with stand.worker("slowed", broker=near) as worker:
            await worker.ready()
            proxy.delay, proxy.pace = 0.02, 500_000
            await more_than(await published() + 100)
            await more_than(await published() + 100)
            assert worker.code is None
            assert (await worker.get("/live"))[0] == 200
            assert peak(worker) < MOST
            worker.term()
            assert await worker.ended(STOP_WITHIN) in {0, 1}
        proxy.heal()
        assert await stand.left_to_commit() > 0, "it was to be stopped amid the backlog"
        async with stand.worker("last") as worker:
            await worker.ready()
            await until(stand.caught_up, 240, "the backlog to be worked off", every=1)
            taken = peak(worker)
            await worker.stop()
        print(f"peak {taken:.0f} MB")  # noqa: T201  for whoever asks for it with -s
        assert taken < MOST
        await _assert_as_it_happened(stand)


async def _assert_as_it_happened(stand: Stand) -> None:
    verdict = Verdict()
    subscriber = Subscriber(verdict)
    async for each in reading(stand.broker, stand.topic("stage-transitions")):
        subscriber.heard(each)
    signals = [signal for some in (await signals_of(stand)).values() for signal in some]
    signals.sort(key=lambda signal: signal.at)
    wanted = Counter(said(record(each, each.at)) for each in fold(machine_of(stand), signals))
    compare(verdict, subscriber.believes(), wanted)
    assert not +verdict.wrongs, verdict
