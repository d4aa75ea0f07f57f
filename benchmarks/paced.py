"""A producer in a process of its own: so many events a second, of this very moment.

    python -m benchmarks.paced BROKER TOPIC PARTITIONS RATE SECONDS EVENTS CUSTOMERS FIRST FILE
                                                                             (started by `benchmarks.latency` and others)

Every few milliseconds it sends what has come due since, a batch for each partition, and notes when it took them into
its hands, on the monotonic clock, which all processes of a machine share. FILE then has that time of every event by
partition and offset, and by how much the producer was behind its own pace. FIRST is the number of the event to begin
with, of a stream that tells the job's rows again and again, each time of other customers.
"""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import time
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner

from benchmarks.job import Job, Row
from benchmarks.retimed import at_time, renamed
from benchmarks.running import ROOT
from schemas.times import rfc3339

EVERY = 0.004  # seconds between two sends
MOST = 20_000  # events of one send

Place = tuple[int, int]
"""(partition, offset)."""


def due(rate: float, passed: float, sent: int, most: int = MOST) -> int:
    """How many events are to be sent when `passed` seconds have gone by and `sent` are out."""
    return min(max(0, int(rate * passed) - sent), most)


@dataclass(slots=True)
class Handed:
    """When events were handed to the producer.

    Attributes:
        runs: of each partition, in order: (first offset, how many, seconds on the monotonic clock).
        behind: how late each send was (seconds), by the pace.
        began: of the first event, in seconds.
    """

    runs: dict[int, list[tuple[int, int, float]]] = field(default_factory=dict)
    behind: list[float] = field(default_factory=list)
    began: float = 0.0

    def time_of(self, place: Place) -> float | None:
        """When the event that stands there was handed over; None if it was not by us."""
        partition, offset = place
        runs = self.runs.get(partition, [])
        found = bisect_right(runs, (offset, sys.maxsize, 0.0)) - 1
        if found < 0:
            return None
        first, number, at = runs[found]
        return at if offset < first + number else None


class Paced:
    """Rows told again and again, at a pace: `number` of them from the `first` on."""

    def __init__(self, rows: Sequence[Row], partitions: int, first: int, number: int) -> None:
        self._rows = rows
        self._next = first
        partitioner, numbers = DefaultPartitioner(), list(range(partitions))
        keys = {self._row(count)[0] for count in range(first, first + number)}
        self._places = {key: partitioner(key, numbers, numbers) for key in keys}  # beforehand, since it is slow

    def _row(self, count: int) -> Row:
        lap, place = divmod(count, len(self._rows))
        key, value = self._rows[place]
        return renamed(key, lap), renamed(value, lap)

    def events(self, number: int) -> dict[int, list[Row]]:
        """The next so many, of this moment, by partition."""
        now = rfc3339(int(time.time() * 1000)).encode()
        found: dict[int, list[Row]] = {}
        for count in range(self._next, self._next + number):
            key, value = self._row(count)
            found.setdefault(self._places[key], []).append((key, at_time(value, now)))
        self._next += number
        return found

    async def run(self, producer: AIOKafkaProducer, topic: str, rate: float, seconds: float) -> Handed:
        """Send at this rate for so long; returns when all is acknowledged."""
        handed, sent, flying = Handed(began=time.monotonic()), 0, []
        while (passed := time.monotonic() - handed.began) < seconds:
            number = due(rate, passed, sent)
            if number:
                handed.behind.append(passed - sent / rate)
                flying += await self._send(producer, topic, number)
                sent += number
            await asyncio.sleep(max(0.0, handed.began + passed + EVERY - time.monotonic()))
        for partition, size, at, future in flying:
            written = await future
            handed.runs.setdefault(partition, []).append((written.offset, size, at))
        for runs in handed.runs.values():
            runs.sort()
        return handed

    async def _send(self, producer: AIOKafkaProducer, topic: str, number: int) -> list[tuple[int, int, float, Any]]:
        now, flying = time.monotonic(), []
        for partition, rows in self.events(number).items():
            builder = producer.create_batch()
            for key, value in rows:
                if builder.append(key=key, value=value, timestamp=None) is None:
                    raise SystemExit("a send does not fit into one batch")
            size = builder.record_count()
            flying.append((partition, size, now, await producer.send_batch(builder, topic, partition=partition)))
        return flying


@dataclass(frozen=True, slots=True)
class Order:
    """What a producer is told: where, how many a second, for how long, of which job, beginning with which event."""

    address: str
    topic: str
    partitions: int
    rate: float
    seconds: float
    job: Job
    first: int = 0

    @property
    def events(self) -> int:
        """How many that makes, at most."""
        return int(self.rate * self.seconds)


@contextmanager
def paced(order: Order, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The producer's process; killed on leaving, if it still runs."""
    words = [order.address, order.topic, order.partitions, order.rate, order.seconds]
    words += [order.job.events, order.job.customers, order.first, folder / "handed"]
    command = [sys.executable, "-m", "benchmarks.paced", *map(str, words)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def handed_in(folder: Path) -> Handed:
    """What the process left there."""
    runs, behind, began = orjson.loads((folder / "handed").read_bytes())
    return Handed({int(partition): list(map(tuple, told)) for partition, told in runs.items()}, behind, began)


async def _produce(order: Order, file: Path) -> None:
    stream = Paced(order.job.rows(), order.partitions, order.first, order.events)
    gc.collect()
    gc.disable()
    async with AIOKafkaProducer(bootstrap_servers=order.address, acks=1, max_batch_size=2**20) as producer:
        handed = await stream.run(producer, order.topic, order.rate, order.seconds)
    partial = file.with_suffix(".partial")
    partial.write_bytes(orjson.dumps((handed.runs, handed.behind, handed.began), option=orjson.OPT_NON_STR_KEYS))
    partial.rename(file)


def main(words: Sequence[str]) -> None:
    """The process."""
    address, topic, partitions, rate, seconds, events, customers, first, file = words
    job = Job(int(events), int(customers))
    order = Order(address, topic, int(partitions), float(rate), float(seconds), job, int(first))
    asyncio.run(_produce(order, Path(file)))


if __name__ == "__main__":
    main(sys.argv[1:])
