"""Customers that a worker knows already, written to its changelog as it would have written them.

Owns how they come about: shoppers of the one job live for a while, and each is known under as many names as are
wanted. So a million customers stand there within half a minute, and a run that begins with them measures how many
there are, not that they are new.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from zlib import crc32

import orjson

from benchmarks.job import Row
from benchmarks.retimed import renamed
from benchmarks.topics import produce, produce_parts
from benchmarks.work import DIALECT
from benchmarks.workers import Setup
from journey.machine import Machine, Tick, apply, step
from journey.saving import encode
from schemas.dialects import shipped_dialects
from schemas.reading import Reader
from schemas.signals import Origin, Signal
from stream.changelog import CustomerEntry, customer_record

FILLERS = 1_000
"""Records without a signal in each partition of a source, so that memories have offsets that stand there."""
CHUNK = 100_000
"""Customers that are written at a time."""

LEADERS = 1.0
"""Seconds that a new topic's partitions may take to have their leader."""

Saved = dict[bytes, bytes]
"""Customers and their memories, as the changelog has these."""


async def make_topics(setup: Setup) -> list[str]:
    """The worker's topics, and a source that begins with records that carry no signal; the names of all.

    Raises:
        KafkaError: the broker refused.
    """
    names = await setup.create_topics()
    await asyncio.sleep(LEADERS)
    event = {"type": "track", "event": "Filler", "userId": "filler", "originalTimestamp": "2024-01-01T00:00:00.000Z"}
    row = b"filler", orjson.dumps(event)
    await produce_parts(setup.address, setup.source, [[row] * FILLERS for _ in range(setup.partitions)])
    return names


def lived(machine: Machine, rows: Sequence[Row], source: str) -> Saved:
    """Those who sent the rows, as they are remembered after the last: no silence before it is still to be told of."""
    reader = Reader(shipped_dialects(), DIALECT, machine.attributes)
    signals: defaultdict[str, list[Signal]] = defaultdict(list)
    newest = 0
    for key, value in rows:
        for found in reader.read(value, Origin(source, 0, crc32(key) % FILLERS)):
            if type(found) is Signal:
                signals[found.customer].append(found)
                newest = max(newest, found.at)
    return {
        customer.encode(): remembered(machine, source, heard, newest - machine.patience)
        for customer, heard in signals.items()
    }


def remembered(machine: Machine, source: str, heard: Sequence[Signal], now: int) -> bytes:
    """A customer after these signals, and after all silence that has ended by `now` (ms)."""
    memory, _ = apply(machine, None, heard[0].customer, source, heard)
    if memory.due is not None and memory.due <= now:
        memory, _ = step(machine, memory, Tick(now))
    return entry(encode(machine, memory))


def entry(memory: bytes) -> bytes:
    """A record of the changelog, with nothing left to publish."""
    value = customer_record(("", 0), b"", CustomerEntry(1, memory, [])).value
    assert value is not None  # noqa: S101  a customer's record is no tombstone
    return value


def copied(saved: Mapping[bytes, bytes], copies: int) -> Iterator[Row]:
    """Records of the changelog: each customer under so many names."""
    for copy in range(copies):
        for customer, value in saved.items():
            yield renamed(customer, copy), value


async def introduce(setup: Setup, rows: Iterable[Row]) -> int:
    """Write records of the changelog; how many."""
    rows, written = iter(rows), 0
    while chunk := list(islice(rows, CHUNK)):
        await produce(setup.address, setup.changelog, chunk, setup.partitions)
        written += len(chunk)
    return written
