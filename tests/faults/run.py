"""One run: a history is played while faults happen by a seeded schedule, and the subscriber judges what is left.

Owns the order of things: what happens when, and how it ends. It ends as it has to: everything healed, everything read,
every worker stopped; then a worker that has nothing but the changelog to go on from meets the last events, with which
all silence ends.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic

from tests.faults.history import DIALECT, History, history
from tests.faults.kinds import Fault, Missed, kinds
from tests.faults.player import Player
from tests.faults.proxy import Proxy
from tests.faults.verdict import Verdict, judged
from tests.faults.world import World, behind_a_proxy
from tests.kafka import traffic
from tests.kafka.broker import KafkaBroker
from tests.kafka.polling import until
from tests.kafka.stand import Stand
from tests.kafka.traffic import Sent

SETTINGS = {
    "journeys": "five-stage",
    "clock.idle_after": "never",  # events alone drive time, so that the replay knows what must come of them
    "client.batch_records": "200",  # small, so that faults fall into the middle of many
}
AHEAD = 3  # the player is so many faults ahead of what has happened, at most
AGAIN = 2  # times that a fault which did not come about is tried again
SELDOM = 0.5  # seconds between two looks at offsets, which cost as much as a worker does in that time
STILL = 3.0  # seconds without another transition after which all has been said
CAUGHT_UP_WITHIN = 180.0
A_SECOND_AT_LEAST = 500  # records that workers take, and the player plays, when all is well

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """A run: the same plan gives the same history and the same faults in the same order.

    Attributes:
        seed: of everything.
        events: good ones; copies and spoilt ones come on top.
        faults: how many happen.
        rate: events a second, at most.
        workers: so many, when nobody joins or leaves.
        settings: further ones of the workers.
        exactly_once: whether a batch is a transaction.
        together: the share of faults (0 to 1) that begin while the one before still goes on.
        kinds: the faults, if not all there are.
    """

    seed: int
    events: int
    faults: int
    rate: float = 1_500.0
    customers: int = 500
    workers: int = 2
    partitions: int = 4
    settings: Mapping[str, str] = field(default_factory=dict)
    exactly_once: bool = False
    together: float = 0.2
    kinds: Sequence[Fault] = ()


@dataclass
class Outcome:
    """What came of a run.

    Attributes:
        plan: of it.
        events: records that were played.
        verdict: what the subscriber found.
        faults: how often what happened.
        missed: faults that did not come about, by name.
        ends: exit codes of workers that ended by themselves.
        slowest: seconds from SIGTERM to the end of a worker, at most.
        troubles: what must not have happened, beside what the subscriber found.
        seconds: that it took.
    """

    plan: Plan
    events: int
    verdict: Verdict
    faults: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    ends: Counter[int] = field(default_factory=Counter)
    slowest: float = 0.0
    troubles: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        once = self.verdict.duplicates == 0 or not self.plan.exactly_once
        return not +self.verdict.wrongs and not self.troubles and once


def schedule(plan: Plan) -> list[Fault]:
    """What happens, in order: all kinds once, in an order drawn by lot, and so on."""
    dice, all_ = Random(plan.seed), plan.kinds or kinds(exactly_once=plan.exactly_once)  # noqa: S311  for tests
    found: list[Fault] = []
    while len(found) < plan.faults:
        found += dice.sample(all_, len(all_))
    return found[: plan.faults]


async def run(plan: Plan, folder: Path, say: Say = lambda _: None) -> Outcome:
    """Play it all, and judge."""
    began = monotonic()
    played = await asyncio.to_thread(
        history, plan.seed, plan.events, customers=plan.customers, partitions=plan.partitions
    )
    say(f"{monotonic() - began:,.0f} s: {played.events:,} records to be played")
    async with world_of(plan, played, folder) as world:
        outcome = Outcome(plan, played.events, Verdict())
        await mix(world, schedule(plan), outcome, say)
        await _to_the_end(world, plan, say)
        await _last_words(world, played)
        say(f"{monotonic() - began:,.0f} s: replaying the history, and judging")
        outcome.verdict = await judged(world.stand, await asyncio.to_thread(played.expected))
    outcome.ends, outcome.slowest, outcome.troubles = world.ends, world.slowest, world.troubles
    outcome.seconds = monotonic() - began
    return outcome


@asynccontextmanager
async def world_of(plan: Plan, played: History, folder: Path) -> AsyncIterator[World]:
    """Broker, proxy, player and workers, all running."""
    kafka = KafkaBroker()
    told, listens = behind_a_proxy(kafka)
    settings = {**SETTINGS, **plan.settings}
    async with AsyncExitStack() as stack:
        await asyncio.to_thread(kafka.__enter__)
        stack.push(kafka)
        stand = Stand(kafka.address, "faults", folder, plan.partitions, {"events": DIALECT}, settings)
        await stand.create_topics()
        proxy = await stack.enter_async_context(Proxy(told, listens))
        player = Player(kafka.address, stand.topic("events"), played.records, plan.rate)
        count = await stack.enter_async_context(stand.watching("stage-transitions"))
        world = World(stand, kafka, proxy, player, count=count)
        world.dice.seed(plan.seed)
        world.wanted = plan.workers
        tasks = [asyncio.create_task(world.supervise()), asyncio.create_task(player.play())]
        try:
            yield world
        finally:
            for task in tasks:
                task.cancel()
            for worker in world.workers:
                worker.end()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in tasks:
            if not task.cancelled() and (error := task.exception()):
                raise error


async def mix(world: World, faults: Sequence[Fault], outcome: Outcome, say: Say) -> None:
    """Let all of it happen, each when the history has come as far."""
    slices = len(faults) + AHEAD + 1  # some are left for the last ones to happen in
    world.player.allow(AHEAD / slices)
    await world.goes_on(60)
    going: set[asyncio.Task[None]] = set()
    for number, fault in enumerate(faults):
        world.player.allow((number + AHEAD) / slices)
        floor = number * world.player.total // slices

        async def played(floor: int = floor) -> bool:
            return world.player.played >= floor

        await until(played, 120, f"the history to be played as far as fault {number}")
        going.add(asyncio.create_task(_happens(world, fault, number, outcome, say)))
        if world.dice.random() >= outcome.plan.together or number == len(faults) - 1:
            await asyncio.gather(*going)
            going.clear()
            if world.dice.random() < 0.6:
                await world.goes_on()


async def _happens(world: World, fault: Fault, number: int, outcome: Outcome, say: Say) -> None:
    for _ in range(1 + AGAIN):
        began = monotonic()
        try:
            await fault.do(world)
        except Missed as missed:
            outcome.missed[fault.name] += 1
            say(f"{number + 1:4}. {fault.name}: missed, {missed}")
            await world.goes_on()
        else:
            outcome.faults[fault.name] += 1
            took, at = monotonic() - began, f"{world.player.played:,} played"
            say(f"{number + 1:4}. {fault.name}: {took:.1f} s, {at}, {await world.published()} published")
            return


async def _to_the_end(world: World, plan: Plan, say: Say) -> None:
    """All is well again; return when all of the history has been worked out and every worker has stopped."""
    world.proxy.heal()
    world.wanted = plan.workers
    world.player.allow(1.0)

    async def done() -> bool:
        return world.player.played == world.player.total and await world.stand.caught_up()

    await until(
        done,
        CAUGHT_UP_WITHIN + world.player.total / A_SECOND_AT_LEAST,
        "all of the history to be committed",
        every=SELDOM,
    )
    await _still(world)
    say(f"all of the history is committed; {await world.published()} published")
    world.wanted = 0
    await asyncio.gather(*(world.stop(worker) for worker in [*world.workers]))


async def _last_words(world: World, played: History) -> None:
    """The last events meet a worker that starts from the changelog alone."""
    stand = world.stand
    await traffic.produce(stand.broker, [Sent(stand.topic("events"), *each) for each in played.closing])
    world.wanted = 1
    await until(stand.caught_up, CAUGHT_UP_WITHIN, "the last events to be committed", every=SELDOM)
    await _still(world)
    world.wanted = 0
    await asyncio.gather(*(world.stop(worker) for worker in [*world.workers]))


async def _still(world: World) -> None:
    """Return when nothing more has been published for some time."""
    seen, since = await world.published(), monotonic()

    async def look() -> bool:
        nonlocal seen, since
        now = await world.published()
        if now != seen:
            seen, since = now, monotonic()
        return monotonic() - since > STILL

    await until(look, CAUGHT_UP_WITHIN, "all to have been said", every=SELDOM)
