"""A worker that comes back: how fast customers are read, when it classifies again, what a customer takes.

    python -m benchmarks.recovery [--quick] [--customers 1000000] [--only measured]

Three kinds of customers stand in the changelog: the mix of 100,000 events by 10,000 shoppers, each under many names;
all like that shopper whose memory is the median in size; and, a quarter as many, all like the one at 99 %. A worker
that knows nobody is started beside them, and what its process holds less is theirs. The worker with the mix is killed
(SIGKILL) while it classifies, and another is started at once: the broker waits for the dead member's session to run
out, `client.session_timeout`, before it gives the partitions to the new one, and that time is told apart. With a store
that has files of its own only the mix is measured; after the kill it is read back from these.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer

from benchmarks.figures import keep, parser_of, percentile
from benchmarks.job import Job, Row
from benchmarks.known import Saved, copied, introduce, lived, make_topics
from benchmarks.report import about
from benchmarks.topics import bytes_of, count, keep_only, produce
from benchmarks.workers import ASK_EVERY, READY_WITHIN, STORES, Setup, Worker, journeys, stored, worker
from tests.kafka.broker import KafkaBroker

LIVED = Job(events=120_000, customers=10_000)
BEFORE = 100_000
"""Of the job's events, those that customers have lived through; the rest is what comes after."""
HEAVY = 4
"""Of the heavy there is one where there are so many of the others."""
QUIET = 5.0  # seconds after it is ready until memory is read


KINDS = ("mix", "typical", "heavy")


@dataclass(frozen=True, slots=True)
class Population:
    """Customers of one kind, under so many names each."""

    saved: Saved
    copies: int

    @property
    def customers(self) -> int:
        """How many there are."""
        return len(self.saved) * self.copies


def population(kind: str, saved: Saved, customers: int) -> Population:
    """As many as that of the mix or of the typical, fewer of the heavy."""
    if kind == "mix":
        return Population(saved, max(1, customers // len(saved)))
    ordered = sorted(saved.items(), key=lambda both: len(both[1]))
    share, number = (0.5, customers) if kind == "typical" else (0.99, customers // HEAVY)
    size = percentile([len(value) for _, value in ordered], share)
    return Population(dict([next(both for both in ordered if len(both[1]) == size)]), number)


async def started(setup: Setup) -> dict[str, float]:
    """A worker started on what stands there: seconds until it is ready, what it read, what its process takes."""
    began = time.monotonic()
    with worker(setup) as running:
        await running.ready()
        ready = time.monotonic() - began
        await asyncio.sleep(QUIET)
        return {"ready": ready, **await _said(running)}


async def _said(running: Worker) -> dict[str, float]:
    metrics = await running.metrics()
    customers, seconds = metrics["stagewatch_customers_recovered_total"], metrics["stagewatch_recovery_seconds_sum"]
    return {
        "customers": customers,
        "reading": seconds,
        "rate": customers / seconds,
        "cpu": running.process.cpu_seconds(),
        "megabytes": running.process.megabytes(),
        "peak": running.process.peak_megabytes(),
    }


async def killed(setup: Setup, events: Sequence[Row]) -> dict[str, float]:
    """A worker killed while it classifies, and its successor: seconds until that one is ready, and classifies."""
    half = len(events) // 2
    async with AIOKafkaConsumer(bootstrap_servers=setup.address) as consumer:
        with worker(setup) as running:
            await running.ready()
            before = await count(consumer, setup.output)
            await produce(setup.address, setup.source, events[:half])
            await _more(consumer, setup, running, before)
            running.process.kill()
        await produce(setup.address, setup.source, events[half:])
        before, began = await count(consumer, setup.output), time.monotonic()
        with worker(setup) as running:
            await running.ready()
            ready = time.monotonic() - began
            await _more(consumer, setup, running, before)
            return {"ready": ready, "classifies": time.monotonic() - began, **await _said(running)}


async def _more(consumer: AIOKafkaConsumer, setup: Setup, running: Worker, before: int) -> None:
    until = time.monotonic() + READY_WITHIN
    while await count(consumer, setup.output) <= before:
        running.process.check()
        if time.monotonic() > until:
            raise SystemExit(f"no transition came:\n{running.process.tail()}")
        await asyncio.sleep(ASK_EVERY)


async def alone(setup: Setup) -> dict[str, float]:
    """The process of a worker that knows nobody."""
    await make_topics(setup)
    with worker(setup) as running:
        await running.ready()
        await asyncio.sleep(QUIET)
        return {"megabytes": running.process.megabytes(), "peak": running.process.peak_megabytes()}


async def measure(kafka: KafkaBroker, options: argparse.Namespace, *, shipped: bool) -> list[dict[str, Any]]:
    """Every store and kind of customers, with one way to follow the journey."""
    found = []
    rows = LIVED.rows()
    with tempfile.TemporaryDirectory() as folder:
        text = journeys(["five-stage"], Path(folder), shipped=shipped)
        for store in options.stores.split(","):
            try:
                found += await in_store(kafka, options, Setup(kafka.address, store, "", text), rows, Path(folder))
            except SystemExit as error:  # the figures of the others are not to be lost
                print(f"{store}: not measured: {error}", flush=True)
    if not found:
        raise SystemExit("nothing was measured")
    return found


async def in_store(
    kafka: KafkaBroker, options: argparse.Namespace, like: Setup, rows: Sequence[Row], folder: Path
) -> list[dict[str, Any]]:
    """Every kind of customers in one store; in one with files of its own only the mix."""
    store, found = like.name, []
    empty = await alone(_named(like, "nobody", folder))
    for kind in KINDS if store == "memory" else KINDS[:1]:
        setup = _named(like, kind, folder)
        each = population(kind, lived(setup.machine(), rows[:BEFORE], setup.source), options.customers)
        told = await one(kafka, setup, each, rows[BEFORE:] if kind == "mix" else [])
        files = folder / setup.name
        told["files"] = bytes_in(files) / each.customers
        private = (told["megabytes"] - empty["megabytes"]) * 2**20 / each.customers
        found.append({"store": store, "kind": kind, **told, "empty": empty, "process": private})
        print(f"{store}, {kind}: {_line(found[-1])}", flush=True)
        shutil.rmtree(files, ignore_errors=True)
        await keep_only(kafka.address, frozenset())
    return found


def _named(like: Setup, kind: str, folder: Path) -> Setup:
    name = f"{like.name}-{kind}"
    return replace(like, name=name, source=f"{name}-events", further=stored(like.name, folder / name))


def bytes_in(folder: Path) -> int:
    """Bytes of all files below it; none where it is not there."""
    return sum(it.stat().st_size for it in folder.rglob("*") if it.is_file())


def _line(told: Mapping[str, Any]) -> str:
    said = f"{told['customers']:,.0f} customers at {told['rate']:,.0f}/s, ready after {told['ready']:.1f} s, "
    said += f"a customer {told['process']:,.0f} B in the process, {told['written']:,.0f} B in the changelog, {told['files']:,.0f} B in files"
    killed = told.get("killed")
    return said + (f"; after SIGKILL classifies after {killed['classifies']:.1f} s" if killed else "")


async def one(kafka: KafkaBroker, setup: Setup, each: Population, after: Sequence[Row]) -> dict[str, Any]:
    """One kind of customers: written, read back, and, where there are events to come, killed."""
    await make_topics(setup)
    written = await introduce(setup, copied(each.saved, each.copies))
    sizes = sorted(map(len, each.saved.values()))
    disk = bytes_of(kafka.folder / "data", setup.changelog) / written
    told: dict[str, Any] = {"value": {"p50": percentile(sizes, 0.5), "p99": percentile(sizes, 0.99)}, "written": disk}
    told |= await started(setup)
    if told["customers"] != written:
        raise SystemExit(f"{told['customers']} customers were read back of {written}")
    if after:
        told["killed"] = await killed(setup, after)
    return told


def main(given: Sequence[str] | None = None) -> None:
    """The command."""
    parser = parser_of(__doc__, "recovery")
    parser.add_argument("--customers", type=int)
    parser.add_argument("--only", choices=["measured", "shipped"], help="the journey without looking back, or with it")
    parser.add_argument("--stores", default=",".join(STORES))
    options = parser.parse_args(given)
    options.customers = options.customers or (20_000 if options.quick else 1_000_000)
    said, found = about("benchmarks.recovery"), {}
    for name in [options.only] if options.only else ["measured", "shipped"]:
        with KafkaBroker() as kafka:
            found[name] = asyncio.run(measure(kafka, options, shipped=name == "shipped"))
    keep("recovery", options, said, {"customers": options.customers, "journeys": found})


if __name__ == "__main__":
    main()
