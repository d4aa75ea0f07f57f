"""How long it takes from an event to the transition that it causes.

    python -m benchmarks.latency [--quick] [--only shipped] [--seconds 30] [--warmup 10]

First the highest throughput: a topic that was filled beforehand is worked off. Then events are produced at a tenth, a
half and four fifths of it by a process of its own, each dated at that very moment, while this process consumes
stage-transitions as a subscriber does. From each transition that a signal caused, the time is told between handing
that signal's event to the producer and hearing of the transition; those of the warm-up are left out. Broker, producer,
worker and subscriber share the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer

from benchmarks.figures import keep, parser_of, percentiles
from benchmarks.job import Job, Row
from benchmarks.paced import Handed, Order, Place, handed_in, paced
from benchmarks.report import about
from benchmarks.retimed import at_time
from benchmarks.topics import places, produce
from benchmarks.workers import Setup, Worker, drained, journeys, worker
from schemas.times import rfc3339
from schemas.transitions import DEADLINE
from tests.kafka.broker import KafkaBroker

LOADS = (0.1, 0.5, 0.8)
QUIET = 1.0  # seconds without a transition, after the producer has ended, after which no more are waited for


@dataclass(frozen=True, slots=True)
class Heard:
    """A transition that a signal caused: where the event stood, and when it was consumed, in monotonic seconds."""

    place: Place
    at: float


async def hear(address: str, topic: str, producer: subprocess.Popen[bytes]) -> list[Heard]:
    """All transitions that signals caused, from now until the producer has ended and nothing more comes."""
    async with AIOKafkaConsumer(bootstrap_servers=address, fetch_max_wait_ms=100) as consumer:
        consumer.assign(places(topic))
        await consumer.seek_to_end()
        found: list[Heard] = []
        gc.disable()  # a subscriber that stops to collect would be taken for a late worker
        last = time.monotonic()
        while producer.poll() is None or time.monotonic() - last < QUIET:
            batches = await consumer.getmany(timeout_ms=100)
            now = time.monotonic()
            for records in batches.values():
                last = now
                found += [Heard(place, now) for record in records if (place := _place(record.value)) is not None]
    gc.enable()
    if producer.returncode:
        raise SystemExit(f"the producer ended with {producer.returncode}")
    return found


def _place(value: bytes) -> Place | None:
    cause = orjson.loads(value)["cause"]
    return None if cause["kind"] == DEADLINE else (cause["partition"], cause["offset"])


def latencies(handed: Handed, heard: Sequence[Heard], warmup: float) -> list[float]:
    """Milliseconds from event to transition, of events handed over after the warm-up."""
    begin = handed.began + warmup
    both = ((handed.time_of(each.place), each.at) for each in heard)
    return [(at - since) * 1000 for since, at in both if since is not None and since >= begin]


async def highest(setup: Setup, running: Worker, rows: Sequence[Row]) -> dict[str, float]:
    """The pace at which a filled topic is worked off."""
    now = rfc3339(int(time.time() * 1000)).encode()
    await produce(setup.address, setup.source, [(key, at_time(value, now)) for key, value in rows])
    found = await drained(setup, [running], len(rows))
    return {"rate": found.pace.rate, "cpu": found.pace.cpu, "transitions": found.transitions / len(rows)}


async def loaded(setup: Setup, running: Worker, order: Order, warmup: float) -> dict[str, Any]:
    """One load: latency, the worker's CPU seconds a million events, how far behind its pace the producer fell (ms)."""
    with tempfile.TemporaryDirectory() as folder, paced(order, Path(folder)) as producer:
        before = running.process.cpu_seconds()
        heard = await hear(setup.address, setup.output, producer)
        spent = running.process.cpu_seconds() - before
        handed = handed_in(Path(folder))
    running.process.check()
    milliseconds = latencies(handed, heard, warmup)
    behind = percentiles([seconds * 1000 for seconds in handed.behind])
    return {
        "rate": order.rate,
        "latency": percentiles(milliseconds),
        "behind": behind,
        "cpu": spent / order.events * 1e6,
    }


async def measure(address: str, options: argparse.Namespace, *, shipped: bool) -> dict[str, Any]:
    """The highest throughput, and each load."""
    job = Job(options.events, options.events // 10)
    with tempfile.TemporaryDirectory() as folder:
        name = "latency-shipped" if shipped else "latency"
        setup = Setup(address, name, f"{name}-events", journeys(["five-stage"], Path(folder), shipped=shipped))
        await setup.create_topics()
        rows = job.rows()
        with worker(setup) as running:
            await running.ready()
            top = await highest(setup, running, rows)
            print(f"{name}: at most {top['rate']:,.0f} events/s, {top['cpu']:.1f} CPU s/M", flush=True)
            first, loads = len(rows), []
            del rows
            gc.collect()
            for share in LOADS:
                seconds = options.warmup + options.seconds
                order = Order(address, setup.source, setup.partitions, share * top["rate"], seconds, job, first)
                found = await loaded(setup, running, order, options.warmup)
                first += order.events
                loads.append({"share": share, **found})
                said = ", ".join(f"{key} {found['latency'][key]:.1f}" for key in ("p50", "p99", "p99.9", "max"))
                print(f"{name}: at {share:.0%} ({order.rate:,.0f}/s) {said} ms, {found['cpu']:.1f} CPU s/M", flush=True)
        return {"highest": top, "loads": loads}


def main(given: Sequence[str] | None = None) -> None:
    """The command."""
    parser = parser_of(__doc__, "latency")
    parser.add_argument("--events", type=int, help="of the backlog")
    parser.add_argument("--seconds", type=float, help="measured, of each load")
    parser.add_argument("--warmup", type=float, help="seconds before that, of each load")
    parser.add_argument("--only", choices=["measured", "shipped"], help="the journey without looking back, or with it")
    options = parser.parse_args(given)
    small = (60_000, 5.0, 2.0) if options.quick else (400_000, 30.0, 10.0)
    for option, value in zip(("events", "seconds", "warmup"), small, strict=True):
        if getattr(options, option) is None:
            setattr(options, option, value)
    said, found = about("benchmarks.latency"), {}
    for name in [options.only] if options.only else ["measured", "shipped"]:
        with KafkaBroker() as kafka:
            found[name] = asyncio.run(measure(kafka.address, options, shipped=name == "shipped"))
    sizes = {"seconds": options.seconds, "warmup": options.warmup, "events": options.events}
    keep("latency", options, said, {"sizes": sizes, "journeys": found})


if __name__ == "__main__":
    main()
