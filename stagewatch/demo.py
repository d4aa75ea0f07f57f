"""Everything on one machine: a broker, shoppers, the worker and a subscriber who shows what it hears.

The shoppers have lived for HISTORY before the demo begins, and time runs SPEED times as fast as on the wall: an
hour goes by in a second, so that half an hour of silence is something to watch. The worker is the real one; only
its clock is another.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile
from time import monotonic
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer

from schemas.dialects import shipped_dialects
from stagewatch.app import connection_of, create_app, publish_to, topics_of
from stagewatch.library import machine_of, readers_of
from stagewatch.live import View
from stagewatch.mischief import Item, Shares, mischief
from stagewatch.mistakes import Mistake
from stagewatch.pace import Pace
from stagewatch.producing import produce
from stagewatch.settings import Settings
from stagewatch.shoppers import Plan, shoppers
from stagewatch.speaking import in_json
from stagewatch.worker import check_topics, serve, stop_on_signals, wall_clock, web_of
from stream.broker import (
    HEARTBEAT_INTERVAL,
    IDEMPOTENT_PRODUCERS,
    REBALANCE_TIMEOUT,
    SESSION_TIMEOUT,
    EmbeddedBroker,
    EmbeddedBrokerError,
)
from stream.topics import create

HOUR = 3_600_000
HISTORY = 30 * 24 * HOUR
SPEED = 3_600
SOURCE = "shop-events"
DIALECT = "segment"
# As events come in life: a few late or twice, every other order from a pixel and a webhook. The month of history alone
# gives some 40 corrections, so that one is seen as soon as anything is.
MISCHIEF = Shares(duplicates=0.02, late=0.05)
SEVERAL_CARTS = 0.3
TOLD_TWICE = 0.5
# How long the subscriber waits for transitions before it draws again (milliseconds).
DRAW_EVERY = 200


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What can be chosen: how many shoppers, the seed of their chance, the speed of time, the web server's port."""

    shoppers: int = 400
    seed: int = 1
    speed: int = SPEED
    port: int = 8000


class FastClock:
    """A wall clock that runs `speed` times as fast, from the moment it is made."""

    def __init__(self, speed: int) -> None:
        self._speed = speed
        self.start = wall_clock()
        self._began = monotonic()

    def __call__(self) -> int:
        """Milliseconds since the epoch, as the demo has it."""
        return self.start + int((monotonic() - self._began) * 1000 * self._speed)


def demo_settings(address: str, options: DemoOptions) -> Settings:
    """The worker's settings; the short timeouts are what the embedded broker needs to let a lone worker in soon."""
    return Settings.model_validate(
        {
            "broker": address,
            "sources": [{"topic": SOURCE, "dialect": DIALECT}],
            "partitions": 4,
            "http": {"port": options.port},
            "client": {
                "session_timeout": int(SESSION_TIMEOUT * 1000),
                "heartbeat_interval": int(HEARTBEAT_INTERVAL * 1000),
                "rebalance_timeout": int(REBALANCE_TIMEOUT * 1000),
            },
            # Of the demo's time: with an hour to a second, silence for a moment is silence.
            "clock": {"idle_after": HOUR},
        }
    )


@contextmanager
def _embedded_broker() -> Iterator[EmbeddedBroker]:
    try:
        with EmbeddedBroker() as broker:
            yield broker
    except EmbeddedBrokerError as error:
        raise Mistake(str(error)) from error


async def run_demo(options: DemoOptions, view: View) -> None:
    """Run until Ctrl-C; when this returns nothing of it is left.

    Raises:
        Mistake: the embedded broker is not installed, or a port is taken.
    """
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    with _embedded_broker() as broker:
        settings = demo_settings(broker.address, options)
        machine = machine_of(settings)
        readers = readers_of(settings, machine)
        connection = connection_of(settings)
        specs = topics_of(settings, machine)
        await create(connection, specs, partitions=settings.partitions, replication=1, sources_too=True)
        await check_topics(settings, specs)
        clock = FastClock(options.speed)
        app = create_app(settings, machine, readers, clock, idempotent=IDEMPOTENT_PRODUCERS)
        with web_of(app, settings) as web, stop_on_signals() as stop, view:
            view.at(web.address, broker.address)
            worker = asyncio.create_task(serve(app, stop))
            around = [
                asyncio.create_task(_shop(connection.client(), options, clock)),
                asyncio.create_task(_listen(settings, clock, view)),
            ]
            try:
                await asyncio.wait({worker, *around}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                stop.set()
                await worker
                await _end(around)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel what still runs; raise what ended by itself with an error."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in tasks:
        if not task.cancelled():
            task.result()


async def _shop(client: dict[str, Any], options: DemoOptions, clock: FastClock) -> None:
    """Produce the shoppers' past at once, then what they do as time goes by."""
    start = clock.start - HISTORY
    plan = Plan(options.seed, options.shoppers, start, carts=SEVERAL_CARTS, copies=TOLD_TWICE)
    items = mischief(shoppers(plan), in_json(shipped_dialects()[DIALECT]), MISCHIEF, options.seed)
    past, present = _split(items, clock.start)
    await produce(client, SOURCE, past, Pace(), lambda _: None)
    await produce(client, SOURCE, present, Pace(speed=options.speed, first=clock()), lambda _: None)


def _split(items: Iterator[Item], now: int) -> tuple[Iterator[Item], Iterator[Item]]:
    """What happened before `now`, and what comes after; the second is to be read when the first is done."""
    later: list[Item] = []

    def before(item: Item) -> bool:
        if item.at >= now:
            later.append(item)
        return item.at < now

    def after() -> Iterator[Item]:
        yield from later
        yield from items

    return takewhile(before, items), after()


async def _listen(settings: Settings, clock: FastClock, view: View) -> None:
    """Subscribe to the transitions and the customers' stages like any other service, and show them."""
    topics = publish_to(settings)
    consumer = AIOKafkaConsumer(
        topics.transitions, topics.stages, **connection_of(settings).client(), auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        while True:
            for place, rows in (await consumer.getmany(timeout_ms=DRAW_EVERY)).items():
                show = view.stands if place.topic == topics.stages else view.heard
                for row in rows:
                    if row.value is not None:  # else the customer stands nowhere any more
                        show(orjson.loads(row.value))
            view.draw(clock())
    finally:
        await consumer.stop()
