"""Workers that are measured: set up, started, asked, drained, killed.

Owns what a worker is told and how it is asked: readiness and metrics over HTTP, how much it has published by the end
offsets of its topic, how far it has come by what its group has committed. What is measured stands in the modules that
use this one.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.measuring import LOOK_EVERY, Pace, Seen
from benchmarks.running import ROOT, Running, running
from benchmarks.topics import PARTITIONS, count, places
from benchmarks.work import DIALECT, without_looking_back
from journey.machine import Machine
from stagewatch.app import changelog_of, connection_of, publish_to, topics_of
from stagewatch.library import machine_of
from stagewatch.settings import Settings, load
from stream.probe import HOST, free_ports
from stream.topics import create

SHIPPED = {
    "five-stage": ROOT / "journeys" / "five-stage.yaml",
    "six-cs": ROOT / "journeys" / "six-cs.yaml",
    "marketplace": ROOT / "examples" / "journeys" / "marketplace.yaml",
}
STORES: Mapping[str, Mapping[str, str]] = {
    "memory": {},
    "rocksdb": {"STAGEWATCH_STORE_KIND": "rocksdb", "STAGEWATCH_STORE_PATH": "{folder}"},
}
"""Where customers at rest can lie: the settings that say so, in which `{folder}` is one that outlives a worker."""
READY_WITHIN = 300.0  # seconds; a million customers are read back before, and a killed member's session runs out
STANDS_STILL = 30.0  # seconds without another transition after which a drain that has not come to its end is given up
SETTLED = 1.5  # seconds after the last transition in which the offset behind it is committed
ASK_EVERY = 0.1  # seconds


def journeys(names: Sequence[str], folder: Path, *, shipped: bool) -> str:
    """Shipped journeys as the setting `journeys` has them: as they are, or without looking back, as they are measured."""
    if shipped:
        return ",".join(str(SHIPPED[name]) for name in names)
    paths = [folder / f"{name}.yaml" for name in names]
    for name, path in zip(names, paths, strict=True):
        path.write_text(without_looking_back(SHIPPED[name].read_text(encoding="utf-8")), encoding="utf-8")
    return ",".join(map(str, paths))


def stored(store: str, folder: Path) -> dict[str, str]:
    """The settings of a store whose files, if it has any, lie in this folder; and event time alone to go by."""
    named = {name: value.format(folder=folder) for name, value in STORES[store].items()}
    return {"STAGEWATCH_CLOCK_IDLE_AFTER": "never", **named}


@dataclass(frozen=True, slots=True)
class Setup:
    """What a group of workers is told: `name` is that of the group, and stands before all its topics."""

    address: str
    name: str
    source: str
    journeys: str
    partitions: int = PARTITIONS
    further: Mapping[str, str] = field(default_factory=dict)

    def environment(self, port: int = 0) -> dict[str, str]:
        """The settings of one worker that listens on this port."""
        return {
            "STAGEWATCH_BROKER": self.address,
            "STAGEWATCH_APP_ID": self.name,
            "STAGEWATCH_TOPICS_PREFIX": f"{self.name}-",
            "STAGEWATCH_PARTITIONS": str(self.partitions),
            "STAGEWATCH_SOURCES": f"{self.source}={DIALECT}",
            "STAGEWATCH_JOURNEYS": self.journeys,
            "STAGEWATCH_HTTP_HOST": HOST,
            "STAGEWATCH_HTTP_PORT": str(port),
            **self.further,
        }

    def settings(self) -> Settings:
        """The same, as the worker understands them."""
        return load(self.environment(), None).settings

    def machine(self) -> Machine:
        """The journeys, compiled."""
        return machine_of(self.settings())

    @property
    def changelog(self) -> str:
        """The topic of its customers."""
        return changelog_of(self.settings())

    @property
    def output(self) -> str:
        """The topic of its transitions."""
        return publish_to(self.settings()).transitions

    async def create_topics(self) -> list[str]:
        """Make those that are missing, the source too; the names of all."""
        settings = self.settings()
        specs = topics_of(settings, self.machine())
        numbers = {"partitions": self.partitions, "replication": 1}
        await create(connection_of(settings), specs, **numbers, sources_too=True)
        return [spec.name for spec in specs]


@dataclass(frozen=True, slots=True)
class Worker:
    """One that runs."""

    process: Running
    port: int

    async def ready(self, within: float = READY_WITHIN) -> None:
        """Return when it holds its partitions.

        Raises:
            SystemExit: it ended, or did not come so far in time.
        """
        until = time.monotonic() + within
        while await self._ask("/ready") is None:
            self.process.check()
            if time.monotonic() > until:
                raise SystemExit(f"a worker was not ready within {within:.0f} s:\n{self.process.tail()}")
            await asyncio.sleep(ASK_EVERY)

    async def metrics(self) -> dict[str, float]:
        """Each sample of /metrics by its name, summed over labels.

        Raises:
            SystemExit: it does not answer.
        """
        text = await self._ask("/metrics")
        if text is None:
            raise SystemExit(f"a worker does not answer:\n{self.process.tail()}")
        found: defaultdict[str, float] = defaultdict(float)
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                found[sample.name] += sample.value
        return found

    async def _ask(self, path: str) -> str | None:
        return await asyncio.to_thread(_get, f"http://{HOST}:{self.port}{path}")


def _get(url: str) -> str | None:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  a worker of ours
            text: str = answer.read().decode()
            return text
    except (urllib.error.HTTPError, OSError, HTTPException):
        return None


@contextmanager
def worker(setup: Setup) -> Iterator[Worker]:
    """A worker, from being started to being told to stop."""
    port = free_ports(1)[0]
    command = [sys.executable, "-m", "stagewatch", "worker"]
    with (
        tempfile.TemporaryDirectory(prefix="stagewatch-bench-") as folder,
        running(command, setup.environment(port), Path(folder)) as process,
    ):
        yield Worker(process, port)


@dataclass(frozen=True, slots=True)
class Drained:
    """A backlog worked off: the pace of it, and the transitions that it made."""

    pace: Pace
    transitions: int


async def drained(setup: Setup, workers: Sequence[Worker], events: int, already: int = 0) -> Drained:
    """Wait until all that the source holds has been worked off; `already` transitions were there before.

    The pace is that between the first transitions seen and the last, in which the share of events is that of
    transitions; starting up and reading customers back do not count.

    Raises:
        SystemExit: a worker ended, or nothing went on any more.
    """
    async with AIOKafkaConsumer(bootstrap_servers=setup.address) as consumer:
        first = await _growth(consumer, setup, workers, Seen(already, time.monotonic(), 0.0), READY_WITHIN)
        if first is None:
            raise SystemExit(f"no transition came:\n{workers[0].process.tail()}")
        last = first
        while True:
            found = await _growth(consumer, setup, workers, last, SETTLED)
            if found is not None:
                last = found
            elif await _committed(setup) >= await count(consumer, setup.source, setup.partitions):
                break
            elif time.monotonic() - last.at > STANDS_STILL:
                raise SystemExit(f"it stands still before the end:\n{workers[0].process.tail()}")
    if last.there == first.there:
        raise SystemExit("the transitions came at once, take more events")
    made = last.there - already
    return Drained(first.until(last, events / made), made)


async def _growth(
    consumer: AIOKafkaConsumer, setup: Setup, workers: Sequence[Worker], before: Seen, within: float
) -> Seen | None:
    """When there were more transitions than before; None if nothing came within so many seconds."""
    began = time.monotonic()
    while True:
        there = await count(consumer, setup.output, setup.partitions)
        now = time.monotonic()
        if there > before.there:
            return Seen(there, now, sum(each.process.cpu_seconds() for each in workers))
        if now - began > within:
            return None
        for each in workers:
            each.process.check()
        await asyncio.sleep(LOOK_EVERY)


async def _committed(setup: Setup) -> int:
    """How many records of its source the group has done with."""
    admin = AIOKafkaAdminClient(bootstrap_servers=setup.address)
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets(setup.name, partitions=places(setup.source, setup.partitions))
        return sum(max(0, found.offset) for found in offsets.values())
    finally:
        await admin.close()
