"""A worker's life: checked before it starts, stopped in order, and never ended without saying why.

It owns the process: signals, the event loop, the web server's thread and the exit code. What the worker does is
wired in `stagewatch.app`.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import contextmanager
from time import monotonic, time
from typing import TYPE_CHECKING

import uvloop
from aiokafka.errors import KafkaError

from stagewatch.app import connection_of, create_app, topics_of
from stagewatch.discretion import told
from stagewatch.library import machine_of, readers_of
from stagewatch.mistakes import Mistake
from stagewatch.settings import Settings
from stagewatch.settings.loading import revealed
from stagewatch.web import WebServer
from stream import transactions
from stream.app import StreamApp
from stream.reasons import UnusableError
from stream.rights import may_have
from stream.steps import Reached, nothing
from stream.table import TOLD
from stream.topics import TopicSpec, TopicState, denied, faults, look
from stream.transactions import NoTransactionsError

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

# How often the loop says that it turns (seconds).
HEARTBEAT = 1.0
# What ending the batch in hand, committing and leaving the group may take (seconds), so that a process that is told to
# end has ended within ten.
STOP_WITHIN = 9.0
# And what it may take to end after that, tasks that were left and threads.
LEFT_WITHIN = 5.0


# Memories are long-lived and hold no cycles, and looking through them again and again took a third of the time of
# a batch; so the collector comes round after so many new objects, instead of 700.
COLLECT_AFTER = (50_000, 20, 50)


class WorkerError(Mistake):
    """The worker cannot start or go on; the message says what happened and what to do."""


def wall_clock() -> int:
    """Milliseconds since the epoch."""
    return int(time() * 1000)


async def check_topics(settings: Settings, specs: Sequence[TopicSpec]) -> dict[str, TopicState]:
    """The topics as the broker has them, where it answers and each is as it must be.

    Raises:
        WorkerError: otherwise, with every fault.
    """
    try:
        connection = connection_of(settings)
        states = await look(connection, [it.name for it in specs])
        refused = [] if await may_have(connection, settings.app_id) else [_no_group(settings.app_id)]
    except UnusableError as error:
        raise WorkerError(str(error)) from error
    except (KafkaError, OSError) as error:
        raise WorkerError(
            f"No broker answers at {settings.broker} ({error}). Start it, or correct `broker` and `security`."
        ) from error
    if found := [*faults(specs, states), *denied(specs, states), *refused]:
        raise WorkerError("\n".join(map(str, found)))
    return states


def _no_group(group: str) -> str:
    return f"consumer group {group}: this login may not do Read there. Give the login this operation on this group"


async def check_transactions(settings: Settings) -> None:
    """Where a worker is to write exactly once, the broker lets it.

    Raises:
        WorkerError: otherwise, with what to do.
    """
    if not settings.exactly_once:
        return
    try:
        await transactions.check(connection_of(settings), settings.app_id)
    except (NoTransactionsError, KafkaError, OSError) as error:
        raise WorkerError(str(error)) from error


async def serve(app: StreamApp, stop: asyncio.Event) -> None:
    """Run the worker until `stop` is set.

    Raises:
        WorkerError: the worker crashed; what it had in hand is not committed and will be read again.
    """
    starting = asyncio.create_task(app.start())
    beating = asyncio.create_task(_beat(app))
    stopping = asyncio.create_task(stop.wait())
    ended = asyncio.create_task(app.wait_until_stopped())
    try:
        await asyncio.wait({stopping, ended, starting}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done() and starting.exception() is None and not ended.done():
            await asyncio.wait({stopping, ended}, return_when=asyncio.FIRST_COMPLETED)
        failure = app.crash_reason or (starting.exception() if starting.done() else None)
        if failure is None and not stop.is_set():
            failure = WorkerError("it ended without having been told to")
        if failure is not None:
            app.health.crashed = type(failure).__name__  # anybody may ask; what it holds is for the log
        await _stop(app)
    finally:
        for task in (starting, beating, stopping, ended):
            task.cancel()
        await asyncio.gather(starting, beating, stopping, ended, return_exceptions=True)
    if isinstance(failure, TOLD):
        raise WorkerError(str(failure)) from failure
    if failure is not None:
        raise WorkerError(f"The worker stopped: {told(failure)}. Nothing is lost; start it again.") from failure


async def _stop(app: StreamApp) -> None:
    """Stop in order; where that takes too long or fails, end the process, which a thread may keep in the group."""
    stopping = asyncio.ensure_future(app.stop())
    # Not cancelled after that time, since Faust's services neither end when they are cancelled nor say so.
    await asyncio.wait({stopping}, timeout=STOP_WITHIN)
    if not stopping.done():
        log.critical("Not stopped within %.0f s, so ended; what was in hand will be read again", STOP_WITHIN)
    elif not stopping.cancelled() and (error := stopping.exception()) is not None:
        log.critical("Stopping failed, so ended; what was in hand will be read again", exc_info=error)
    else:
        return
    logging.shutdown()
    os._exit(1)


def _end_within(seconds: float) -> None:
    """End the process by then, whatever keeps it: a rebalance that comes while it stops can keep its tasks for ever."""
    failure = sys.exception()

    def end() -> None:
        log.critical("Stopped, but not ended within %.0f s, so ended: %s", seconds, failure or "as it was told to")
        logging.shutdown()
        os._exit(1)

    waiting = threading.Timer(seconds, end)
    waiting.daemon = True
    waiting.start()


async def _beat(app: StreamApp) -> None:
    while True:
        partitions = app.partitions() if app.health.assigned else []
        wall = app.wall()
        going = {
            (name, partition.number): state
            for partition in partitions
            for name, state in partition.waiting(wall).items()
        }
        app.health.turned(monotonic(), going)
        await asyncio.sleep(HEARTBEAT)


def web_of(app: StreamApp, settings: Settings) -> WebServer:
    """/metrics, /live and /ready of a worker, while used in a `with`."""
    health = app.health
    return WebServer(
        settings.http.host,
        settings.http.port,
        registry=app.metrics.registry,
        live=lambda: health.live(monotonic()),
        ready=lambda: health.ready(monotonic()),
        token=revealed(settings.http.token),
    )


def run(settings: Settings, reached: Reached = nothing) -> None:
    """Run a worker until SIGTERM or SIGINT; `reached` is told of each step by which a batch becomes durable.

    Raises:
        WorkerError: it could not start, or crashed.
    """
    machine = machine_of(settings)
    readers = readers_of(settings, machine)

    async def main() -> None:
        states = await check_topics(settings, topics_of(settings, machine))
        await check_transactions(settings)
        app = create_app(settings, machine, readers, wall_clock, reached=reached)
        app.rejected_takes = states[app.publish_to.rejected].takes or app.rejected_takes
        with web_of(app, settings), stop_on_signals() as stop:
            try:
                await serve(app, stop)
            finally:
                _end_within(LEFT_WITHIN)

    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    uvloop.run(main())


@contextmanager
def stop_on_signals() -> Iterator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set, while the block runs."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
