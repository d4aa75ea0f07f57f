"""One engine's run over a topic, seen from outside: checked against the replay, or timed.

Throughput is counted between two moments: when the first transitions appear on the output topic, and when the last of
those that the replay foretells is there. Starting up and joining the group do not count; neither do CPU seconds spent
before the first moment. The share of transitions seen at the first moment counts as the share of events done by then.
What an engine has not yet made durable at the last moment (its commit comes every 5, 10 or 30 seconds) is left out,
which favours those that commit seldom; Stagewatch has nothing outstanding but its last offsets.

The second half is told apart because a JVM spends the first half minute compiling, which nobody notices who lets it
run for days; and because what is written every ten seconds may not fall into a short run at all.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aiokafka import AIOKafkaConsumer

from benchmarks.engines import Engine, Run
from benchmarks.foretold import difference
from benchmarks.job import Row
from benchmarks.running import Running, running
from benchmarks.topics import count, make, values

LOOK_EVERY = 0.02  # seconds
STARTS_WITHIN = 90.0  # seconds until the first transition
GROWS_WITHIN = 60.0  # seconds without another transition after which a run is given up
SETTLED = 2.0  # seconds after the last expected transition in which an unwanted one would still be seen


@dataclass(frozen=True, slots=True)
class Pace:
    """Events a second, and CPU seconds of the process per million events."""

    rate: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Seen:
    """How many transitions were there at a moment, and how much CPU time the process had taken; both in seconds."""

    there: int
    at: float
    cpu: float

    def until(self, later: Seen, events_each: float) -> Pace:
        """The pace between two such moments, a transition standing for so many events."""
        events = (later.there - self.there) * events_each
        return Pace(events / (later.at - self.at), (later.cpu - self.cpu) / events * 1e6)


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one run: its pace over all, and over the second half of the transitions alone; peak memory in MB."""

    whole: Pace
    half: Pace
    memory: float


async def measure(engine: Engine, run: Run, events: int, expected: int) -> Measured:
    """Run the engine until all its transitions are there.

    Raises:
        SystemExit: it ended, or stood still before.
    """
    command = engine.command(run)
    await make(run.address, {**command.topics, run.output: {}})
    with running(command.words, command.environment, run.folder) as process:
        async with AIOKafkaConsumer(bootstrap_servers=run.address) as consumer:
            first, half, last = [
                await _reach(consumer, run, process, wanted) for wanted in (1, expected // 2, expected)
            ]
        if last.there < expected:
            raise SystemExit(f"{engine.name}: {last.there} of {expected} transitions, then nothing:\n{process.tail()}")
        if half.there == expected:
            raise SystemExit(f"{engine.name}: the transitions came at once, take more events")
        each = events / expected
        return Measured(first.until(last, each), half.until(last, each), process.peak_megabytes())


async def _reach(consumer: AIOKafkaConsumer, run: Run, process: Running, wanted: int) -> Seen:
    """When there are that many, or when nothing more comes."""
    there, grew = -1, time.monotonic()
    while True:
        now_there = await count(consumer, run.output)
        now = time.monotonic()
        if now_there >= wanted:
            return Seen(now_there, now, process.cpu_seconds())
        if now_there > there:
            there, grew = now_there, now
        if now - grew > (GROWS_WITHIN if there else STARTS_WITHIN):
            return Seen(there, now, process.cpu_seconds())
        process.check()
        await asyncio.sleep(LOOK_EVERY)


async def check(engine: Engine, address: str, source: str, rows: Sequence[Row], expected: int) -> str | None:
    """How what the engine publishes differs from the replay; None if not at all.

    Every transition is compared, with who, where, when, why and its facts, and as often as it stands there.
    """
    with tempfile.TemporaryDirectory() as folder:
        run = Run(address, source, f"check-{engine.name}", Path(folder))
        command = engine.command(run)
        await make(address, {**command.topics, run.output: {}})
        with running(command.words, command.environment, run.folder) as process:
            async with AIOKafkaConsumer(bootstrap_servers=address) as consumer:
                seen = await _reach(consumer, run, process, expected)
            await asyncio.sleep(SETTLED)
            found = difference(rows, engine.semantics, await values(address, run.output))
            return found if found is None or seen.there else f"{found}\n{process.tail()}"
