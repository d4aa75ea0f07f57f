"""How late silence is told where a million customers wait for theirs to end.

    python -m benchmarks.pending [--quick] [--customers 1000000] [--due 1000] [--load 2000] [--seconds 30]

Each customer of a small journey (below) has looked at a product, and is told to have left an hour later. They looked in
such an order that, from some time after the worker is up, `--due` of them leave every second. Before that nothing is
due, and what CPU time the worker takes then is compared with that of one with a thousand customers. Then they leave
while nobody else shops, which the clock notices by the wall clock; and while `--load` events a second of others come.
Lateness is counted from the end of the silence and `patience` to the moment at which a subscriber holds the
transition, both by the wall clock.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer

from benchmarks.figures import keep, parser_of, percentiles
from benchmarks.job import Job, Row
from benchmarks.known import FILLERS, introduce, make_topics, remembered
from benchmarks.paced import Order, paced
from benchmarks.report import about
from benchmarks.topics import places
from benchmarks.workers import Setup, Worker, worker
from journey.durations import milliseconds
from journey.machine import Machine
from schemas.signals import Origin, Signal
from schemas.times import parse_rfc3339
from schemas.transitions import DEADLINE
from tests.kafka.broker import KafkaBroker

AFTER, PATIENCE = "1h", "2s"
JOURNEY = f"""\
journey: pending
version: 1
title: Looked, and left
patience: {PATIENCE}
lateness: 0s
dedup_window: 0s

tracks:
  look:
    stages: {{idle: not looking, looking: looking at products, left: has left}}
    initial: idle
    moves:
      - {{name: looked, from: [idle, left], to: looking, on: product_viewed}}
      - {{name: left, from: looking, to: left, after: {AFTER}, since: product_viewed}}
"""
OTHERS = Job(events=100_000, customers=10_000)
"""Whose events come beside."""
FEW = 1_000
READ_AT_LEAST = 12_000  # customers a second, of which the time until the first is due is counted
SPARE = 25.0  # seconds, on top of that
IDLE = 15.0  # seconds in which the CPU time of a worker with nothing to do is measured
CALM = 5.0  # seconds between being ready and that, and between two phases


@dataclass(frozen=True, slots=True)
class Leaving:
    """Customers of whom so many leave in each second from `begin` on (ms since the epoch)."""

    customers: int
    due: int
    begin: int

    def looked(self, number: int) -> int:
        """When this customer looked, so as to leave in turn."""
        return self.begin + number * 1000 // self.due - (milliseconds(AFTER) or 0)

    def rows(self, machine: Machine, source: str) -> Iterator[Row]:
        """All of them, as records of the changelog."""
        for number in range(self.customers):
            customer = f"waiting-{number:07d}"
            origin = Origin(source, 0, number % FILLERS)
            signal = Signal(customer, "product_viewed", self.looked(number), f"look-{number}", {}, origin)
            yield customer.encode(), remembered(machine, source, [signal], 0)


@dataclass(frozen=True, slots=True)
class Told:
    """A transition by silence: when it should have been told, and when it was heard, in ms since the epoch."""

    due: int
    heard: float


async def hear(address: str, topic: str, seconds: float) -> list[Told]:
    """Transitions that silence made, for so long."""
    found: list[Told] = []
    patience = milliseconds(PATIENCE) or 0
    async with AIOKafkaConsumer(bootstrap_servers=address, fetch_max_wait_ms=100) as consumer:
        consumer.assign(places(topic))
        await consumer.seek_to_end()
        gc.disable()  # a subscriber that stops to collect would be taken for a late worker
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            batches = await consumer.getmany(timeout_ms=100)
            now = time.time() * 1000
            for record in (record for records in batches.values() for record in records):
                told = orjson.loads(record.value)
                if told["cause"]["kind"] == DEADLINE:
                    found.append(Told(parse_rfc3339(told["at"]) + patience, now))
    gc.enable()
    return found


def lateness(told: Sequence[Told], begin: float) -> list[float]:
    """Milliseconds by which they came late, of those that were due after `begin` (ms since the epoch)."""
    return [each.heard - each.due for each in told if each.due >= begin]


async def idle(running: Worker, seconds: float) -> float:
    """CPU seconds a second, of the worker left alone."""
    began, before = time.monotonic(), running.process.cpu_seconds()
    await asyncio.sleep(seconds)
    return (running.process.cpu_seconds() - before) / (time.monotonic() - began)


async def few(address: str, folder: Path) -> float:
    """The same of a worker with few customers, none of them due."""
    setup = _setup(address, folder, "few")
    await make_topics(setup)
    far = int(time.time() * 1000) + 600_000
    await introduce(setup, Leaving(FEW, FEW, far).rows(setup.machine(), setup.source))
    with worker(setup) as running:
        await running.ready()
        await asyncio.sleep(CALM)
        return await idle(running, IDLE)


def _setup(address: str, folder: Path, name: str) -> Setup:
    path = folder / "pending.yaml"
    path.write_text(JOURNEY, encoding="utf-8")
    return Setup(address, name, f"{name}-events", str(path))


async def phase(setup: Setup, running: Worker, options: argparse.Namespace, load: float) -> dict[str, Any]:
    """Lateness for a while, with so many events a second beside."""
    with tempfile.TemporaryDirectory() as folder:
        order = Order(setup.address, setup.source, setup.partitions, load, options.seconds + 3 * CALM, OTHERS)
        producing = paced(order, Path(folder)) if load else nullcontext(None)
        with producing as producer:
            await asyncio.sleep(CALM if producer is None else 2 * CALM)
            begin, before = time.time() * 1000, running.process.cpu_seconds()
            told = await hear(setup.address, setup.output, options.seconds)
            spent = running.process.cpu_seconds() - before
            _still_there(producer)
    late = lateness(told, begin)
    if not late:
        raise SystemExit(f"nobody left:\n{running.process.tail()}")
    return {"load": load, "late": percentiles(late), "busy": spent / options.seconds}


def _still_there(producer: subprocess.Popen[bytes] | None) -> None:
    if producer is not None and producer.poll():
        raise SystemExit(f"the producer ended with {producer.returncode}")


async def measure(address: str, options: argparse.Namespace) -> dict[str, Any]:
    """Nothing due, then some due in the quiet, then under load."""
    OTHERS.rows()  # made now, if they are not there yet: it takes a while
    with tempfile.TemporaryDirectory() as folder:
        alone = await few(address, Path(folder))
        print(f"nothing due, {FEW:,} customers: {alone:.3f} CPU s a second", flush=True)
        setup = _setup(address, Path(folder), "many")
        await make_topics(setup)
        machine, spare = setup.machine(), SPARE + options.customers / READ_AT_LEAST
        writing = options.customers / READ_AT_LEAST  # what making and writing them down takes, at most
        leaving = Leaving(options.customers, options.due, int((time.time() + writing + spare) * 1000))
        await introduce(setup, leaving.rows(machine, setup.source))
        with worker(setup) as running:
            await running.ready()
            await asyncio.sleep(CALM)
            left = leaving.begin / 1000 - time.time()
            print(f"{options.customers:,} customers are read, {left:.0f} s before the first of them is due", flush=True)
            found: dict[str, Any] = {"few": alone, "many": None}
            if left > IDLE:
                found["many"] = await idle(running, IDLE)
                print(f"nothing due, {options.customers:,} customers: {found['many']:.3f} CPU s a second", flush=True)
            await asyncio.sleep(max(0.0, leaving.begin / 1000 - time.time()))
            pending = (await running.metrics())["stagewatch_deadlines_pending"]
            found |= {"pending": pending, "phases": []}
            for load in (0.0, float(options.load)):
                found["phases"].append(await phase(setup, running, options, load))
                late = found["phases"][-1]["late"]
                said = ", ".join(f"{name} {late[name]:,.0f}" for name in ("p50", "p99", "max"))
                print(
                    f"{options.due}/s due of {pending:,.0f}, {load:,.0f} events/s beside: late by {said} ms", flush=True
                )
        return found


def main(given: Sequence[str] | None = None) -> None:
    """The command."""
    parser = parser_of(__doc__, "pending")
    parser.add_argument("--customers", type=int)
    parser.add_argument("--due", type=int, help="customers that leave every second")
    parser.add_argument("--load", type=int, help="events a second of others")
    parser.add_argument("--seconds", type=float, help="of each phase")
    options = parser.parse_args(given)
    small = (20_000, 200, 500, 8.0) if options.quick else (1_000_000, 1_000, 2_000, 30.0)
    names = ("customers", "due", "load", "seconds")
    for name, value in zip(names, small, strict=True):
        setattr(options, name, getattr(options, name) or value)
    said = about("benchmarks.pending")
    with KafkaBroker() as kafka:
        found = asyncio.run(measure(kafka.address, options))
    keep("pending", options, said, {**{name: getattr(options, name) for name in names}, **found})


if __name__ == "__main__":
    main()
