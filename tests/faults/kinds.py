"""The faults of the mix: each one thing that production does, with a name.

Each of them leaves the world as it was, but for the workers that it ended, which somebody starts again, and the clock.
"""

import asyncio
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from tests.faults.world import World
from tests.kafka.polling import TooLate

SESSION = 3.0  # seconds, as tests/kafka/stand.py has it
COMES_TO_IT = 20  # seconds that a worker has for the step at which it is to die
MINUTE, DAY = 60_000, 86_400_000
STEPS = ("aside", "changelog", "transitions", "done", "commit", "committed")
STEPS_EXACTLY_ONCE = ("begun", "sent", "offsets", "committed")


class Missed(Exception):  # noqa: N818  the fault did not come about
    """It did not happen: there was nothing to happen to."""


class Fault(Protocol):
    """One thing that happens."""

    @property
    def name(self) -> str:
        """What happens."""

    async def do(self, world: World) -> None:
        """Let it happen; return when it is over. Missed where it did not come about."""


@dataclass(frozen=True, slots=True)
class Killed:
    """A worker ends at a moment drawn by lot, and cannot do anything about it."""

    name: ClassVar[str] = "worker killed (SIGKILL)"

    async def do(self, world: World) -> None:
        """Kill one."""
        worker = await world.somebody()
        await world.wait(0, 1)
        await world.kill(worker)


@dataclass(frozen=True, slots=True)
class Stopped:
    """A worker is told to stop, and ends in order."""

    name: ClassVar[str] = "worker told to stop (SIGTERM)"

    async def do(self, world: World) -> None:
        """Stop one."""
        worker = await world.somebody(ready=world.dice.random() < 0.8)
        await world.wait(0, 1)
        await world.stop(worker)


@dataclass(frozen=True, slots=True)
class KilledAt:
    """A worker ends between one step of a batch and the next."""

    step: str

    @property
    def name(self) -> str:
        """With the step."""
        return f"worker killed at step {self.step}"

    async def do(self, world: World) -> None:
        """Arm one, and let batches come until it is gone."""
        worker = await world.somebody()
        worker.doomed = True
        worker.order.give(kill={"step": self.step, "after": world.dice.randrange(4)})
        for _ in range(COMES_TO_IT):
            if worker.code is not None:
                break
            world.play_on()
            await asyncio.sleep(1)
        worker.order.give(kill=None)
        if worker.code is None:
            worker.doomed = False
            raise Missed(f"{worker.name} did not come to {self.step}")


@dataclass(frozen=True, slots=True)
class Slept:
    """A worker stands still for longer than its session, and goes on as if nothing had been."""

    name: ClassVar[str] = "worker asleep beyond its session (SIGSTOP, SIGCONT)"

    async def do(self, world: World) -> None:
        """Send one to sleep, and wake it."""
        worker = await world.somebody()
        async with world.bad():
            worker.send(signal.SIGSTOP)
            await world.wait(SESSION + 0.5, SESSION + 4)
            worker.send(signal.SIGCONT)


@dataclass(frozen=True, slots=True)
class CameAndWent:
    """So many workers join, and as many leave, one after the other or all at once."""

    rounds: int

    @property
    def name(self) -> str:
        """One, or a storm of them."""
        return "worker joins, another leaves" if self.rounds == 1 else "workers come and go in a storm"

    async def do(self, world: World) -> None:
        """Let them come and go."""
        for _ in range(self.rounds):
            world.wanted += 1
            newcomer = world.hire()
            if self.rounds == 1:
                try:
                    await newcomer.ready(30)
                except (TooLate, AssertionError):  # it may have ended of something else that happens
                    await world.wait(0, 1)
            else:
                await world.wait(0.5, 3)
            world.wanted -= 1
            await world.stop(await world.somebody(ready=False))


@dataclass(frozen=True, slots=True)
class BrokerKilled:
    """The broker ends and comes back with what it had on its disk."""

    name: ClassVar[str] = "broker killed and restarted"

    async def do(self, world: World) -> None:
        """Kill it, start it."""
        async with world.bad(), world.broker_busy:
            await asyncio.to_thread(world.kafka.kill)
            await world.wait(0, 4)
            await asyncio.to_thread(world.kafka.start)
            await world.wait(0, 1)


@dataclass(frozen=True, slots=True)
class Slow:
    """The network is slow for some seconds."""

    name: ClassVar[str] = "network slow"

    async def do(self, world: World) -> None:
        """Slow it down."""
        async with world.bad():
            world.proxy.delay, world.proxy.pace = world.dice.uniform(0.05, 0.4), world.dice.uniform(50_000, 500_000)
            await world.wait(2, 6)
            world.proxy.heal()


@dataclass(frozen=True, slots=True)
class Cut:
    """Connections break off, and new ones are refused for a while."""

    name: ClassVar[str] = "network cut off"

    async def do(self, world: World) -> None:
        """Cut it, once or more often."""
        async with world.bad():
            for _ in range(world.dice.randint(1, 3)):
                world.proxy.refuse(yes=world.dice.random() < 0.7)
                world.proxy.cut()
                await world.wait(0, 2)
            world.proxy.heal()
            await world.wait(0, 1)


@dataclass(frozen=True, slots=True)
class Held:
    """Nothing goes through any more, and nobody is told."""

    name: ClassVar[str] = "network silent"

    async def do(self, world: World) -> None:
        """Hold all back, for shorter or longer than a session."""
        async with world.bad():
            world.proxy.hold(yes=True)
            await world.wait(1, SESSION + 3)
            world.proxy.heal()
            await world.wait(0, 1)


@dataclass(frozen=True, slots=True)
class Stepped:
    """The machine's clock is set."""

    forward: bool

    @property
    def name(self) -> str:
        """With the direction."""
        return f"clock stepped {'forward' if self.forward else 'back'}"

    async def do(self, world: World) -> None:
        """Set it by minutes or by days from where it stands."""
        by = world.dice.choice([2 * MINUTE, 90 * MINUTE, DAY])
        world.step_clock(world.clock + by if self.forward else world.clock - by)
        await world.wait(0.5, 2)


def kinds(*, exactly_once: bool) -> Sequence[Fault]:
    """Every fault of the mix."""
    return (
        Killed(),
        Stopped(),
        *(KilledAt(step) for step in (STEPS_EXACTLY_ONCE if exactly_once else STEPS)),
        Slept(),
        CameAndWent(1),
        CameAndWent(3),
        BrokerKilled(),
        Slow(),
        Cut(),
        Held(),
        Stepped(forward=True),
        Stepped(forward=False),
    )
