"""What faults happen to: a broker behind a bad network, workers that somebody starts again, a history being played.

Owns all processes of a run, and what is noted about them. Workers reach the broker through the proxy, whoever plays and
checks reaches it directly. A worker that ends by itself is started again, as whoever runs workers would; that is no
fault of ours as long as nothing is lost, and it is counted.
"""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from subprocess import CalledProcessError
from time import monotonic

from aiokafka.errors import KafkaError

from stream.probe import HOST, free_ports
from tests.faults.player import Player
from tests.faults.proxy import Proxy
from tests.faults.worker import Order
from tests.kafka.broker import KafkaBroker
from tests.kafka.held import program
from tests.kafka.polling import TooLate, until
from tests.kafka.stand import Stand
from tests.kafka.traffic import Count
from tests.kafka.worker import STOP_WITHIN, Worker

PROGRAM = ("-m", "tests.faults.worker")
LOOK_WITHIN = 3.0  # seconds that the broker has to tell an end offset
OK = 200  # of HTTP
SOME = 200  # records, of which something is published
LOOK_EVERY = 0.25  # seconds between two looks at who has ended
AGAIN_AFTER = 0.5  # seconds before another one is started in the place of one that has ended
TAIL = 3_000  # characters of the log of a worker that did what it must not
# A worker whose broker does not answer may end with 1, having left what was in hand for the next one to read again, and
# so may one that is still starting; of SIGTERM itself, if it has only just begun.
KILLED = 128 + signal.SIGKILL
ENDS_IN_TROUBLE = {0, 1, 128 + signal.SIGTERM}


def behind_a_proxy(kafka: KafkaBroker) -> tuple[int, int]:
    """Give a broker, before it is entered, a second listener whose clients are sent to a proxy; (proxy, target)."""
    told, listens = free_ports(2)
    kafka.settings |= {
        "listeners": f"PLAINTEXT://{HOST}:{kafka.port},WORKERS://{HOST}:{listens},"
        f"CONTROLLER://{HOST}:{kafka.controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{kafka.port},WORKERS://{HOST}:{told}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,WORKERS:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
    }
    return told, listens


class Hand(Worker):
    """A worker that takes orders."""

    def __init__(self, settings: Mapping[str, str], folder: Path, name: str) -> None:
        (folder / name).mkdir()
        file = folder / name / "orders"
        super().__init__(settings, folder, name, (*PROGRAM, str(file)))
        self.order = Order(file)
        #: whether it has been told where to die
        self.doomed = False

    def send(self, number: signal.Signals) -> bool:
        """Send its process a signal; False where it has ended meanwhile."""
        try:
            os.kill(program(self._running), number)
        except (CalledProcessError, ValueError, ProcessLookupError):
            return False
        return True


class World:
    """What a run has.

    Attributes:
        stand: topics and settings.
        kafka: the broker.
        proxy: what stands between it and the workers.
        player: plays the history.
        dice: all chance.
        count: tells how many transitions there are on their topic.
        wanted: how many workers there are to be.
        workers: those that are.
        clock: ms by which the machine's clock is wrong.
        ends: of workers that ended by themselves: exit code, and how often.
        slowest: seconds that it took a worker, told to stop, to end.
        troubles: what must not have happened.
    """

    def __init__(self, stand: Stand, kafka: KafkaBroker, proxy: Proxy, player: Player, *, count: Count) -> None:
        self.stand, self.kafka, self.proxy, self.player, self.count = stand, kafka, proxy, player, count
        self.dice = Random()  # noqa: S311  for tests
        self.wanted = 0
        self.workers: list[Hand] = []
        self.clock = 0
        self.ends: Counter[int] = Counter()
        self.slowest = 0.0
        self.troubles: list[str] = []
        self.broker_busy = asyncio.Lock()
        self._numbers = 0
        self._bad = 0

    # -- workers

    def hire(self) -> Hand:
        """Another worker, started."""
        self._numbers += 1
        settings = self.stand.all_settings(broker=f"{HOST}:{self.proxy.port}")
        worker = Hand(settings, self.stand.folder, f"w{self._numbers}")
        worker.order.give(clock=self.clock)
        worker.begin()
        self.workers.append(worker)
        return worker

    async def supervise(self) -> None:
        """See to it that there are as many workers as are wanted, until cancelled."""
        while True:
            for worker in [*self.workers]:
                if worker.code is not None:
                    self.workers.remove(worker)
                    if not worker.doomed:
                        self.ends[worker.code] += 1
            if len(self.workers) < self.wanted:
                await asyncio.sleep(AGAIN_AFTER)
                if len(self.workers) < self.wanted:
                    self.hire()
            await asyncio.sleep(LOOK_EVERY)

    async def somebody(self, *, ready: bool = True) -> Hand:
        """A worker drawn by lot; one that is ready, if there is one within 20 s."""

        async def look() -> list[Hand]:
            found = [each for each in self.workers if each.code is None]
            return [each for each in found if not ready or (await each.get("/ready"))[0] == OK]

        with suppress(TooLate):
            return self.dice.choice(await until(look, 20, "a worker to be ready", every=LOOK_EVERY))
        return await self.somebody(ready=False)

    async def kill(self, worker: Hand) -> None:
        """SIGKILL: return when it is gone."""
        if worker in self.workers:
            self.workers.remove(worker)
            await asyncio.to_thread(worker.end)

    async def stop(self, worker: Hand) -> None:
        """SIGTERM: it has to end within ten seconds, whatever else goes on; with 0 if it was ready and nothing did."""
        if worker not in self.workers:
            return
        self.workers.remove(worker)
        ready = (await worker.get("/ready"))[0] == OK
        quiet, began = ready and not self._bad, monotonic()
        if not worker.send(signal.SIGTERM):
            return
        try:
            code = await worker.ended(STOP_WITHIN + 5)
        except TooLate:
            await asyncio.to_thread(worker.end)
            code = -1
        took = monotonic() - began
        self.slowest = max(self.slowest, took)
        quiet = quiet and not self._bad
        allowed = {0} if quiet else ENDS_IN_TROUBLE
        if worker.doomed:  # the step at which it is to die may be its last
            allowed = allowed | {KILLED}
        if took > STOP_WITHIN or code not in allowed:
            self.troubles.append(
                f"{worker.name} was told to stop, took {took:.1f} s and ended with {code}:\n{worker.log[-TAIL:]}"
            )

    def step_clock(self, by: int) -> None:
        """The machine's clock is wrong by so many ms from now on."""
        self.clock = by
        for worker in self.workers:
            worker.order.give(clock=by)

    # -- how it goes

    @asynccontextmanager
    async def bad(self) -> AsyncIterator[None]:
        """While this lasts, a worker may end with 1 when it is told to stop."""
        self._bad += 1
        try:
            yield
        finally:
            self._bad -= 1

    async def goes_on(self, within: float = 30.0) -> bool:
        """Wait until something is published that was not; False where nothing is."""
        before = await self.published()
        self.play_on()

        async def look() -> bool:
            return (await self.published() or 0) > (before or 0)

        try:
            return await until(look, within, "anything to be published", every=LOOK_EVERY)
        except TooLate:
            return False

    def play_on(self) -> None:
        """Let some more of the history be played, so that there is something to do."""
        self.player.allow((self.player.played + SOME) / self.player.total)

    async def published(self) -> int | None:
        """How many transitions are on their topic; None where that cannot be told just now."""
        try:
            async with asyncio.timeout(LOOK_WITHIN):
                return await self.count()
        except (KafkaError, OSError, TimeoutError):
            return None

    async def wait(self, least: float, most: float) -> None:
        """Let some time pass, drawn by lot (seconds)."""
        await asyncio.sleep(self.dice.uniform(least, most))
