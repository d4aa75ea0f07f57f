"""The customer table's changelog: what a record of it holds, and reading a partition of it back.

One record a customer, by its id, one marker a partition, and whatever else a partition has to keep under keys of its
own. A customer's record carries the memory and the outbox: the transitions that the batch which wrote it caused.
Batches of a partition are numbered; the marker says up to which batch all transitions have been acknowledged on their
topics. After a crash, therefore, an outbox with a higher number is published again and no other is. The marker says,
too, how far each source had been worked out by the batch that it was written with: what of that is read again has been
applied, also where the customer is unknown, having been erased since.

The marker's value is a JSON array, `[published, clock, floor, batch, greatest]`; a customer's is a line of JSON,
`[batch, outbox]`, and after it the memory as `journey.saving` writes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from time import monotonic
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from journey.clock import Time
from journey.saving import SavedMemoryError
from stream.connection import Connection
from stream.outlet import Out

# What a partition keeps for itself; no customer has such a key: ids with control characters are refused.
OWN = b"\x00"
MARKER_KEY = OWN + b"partition"
# Before the keys of records that are to be published and go once they are: [topic, key, value, headers] as JSON.
PENDING = OWN + b"pending:"
# How the first line of a customer's record ends where its batch has led to no transition.
NO_OUTBOX = b",[]]"
# The header of a tombstone.
FLOOR = "floor"
NOT_OURS = "it is none of this release's. Run the release that wrote it"
# A recovery that reads nothing for so long (seconds) has lost its broker.
STALLED_AFTER = 30.0
# What one fetch may bring of a partition (bytes), so that recovery is not paced by round trips. Four times as much is
# no faster, and lets the worker answer nobody for four times as long, some 40 ms.
FETCH_BYTES = 2 * 1024 * 1024


class RecoveryStalledError(Exception):
    """The changelog could not be read to its end."""


class UnknownEntryError(Exception):
    """A record of the changelog was written by another release."""


class DamagedError(Exception):
    """A record of the changelog cannot be read; says which, why, and what to do. Nothing of what is in it is told.

    Args:
        place: topic, partition and offset.
        why: what was the matter; its words are told where they are ours.
    """

    def __init__(self, place: tuple[str, int, int], why: Exception) -> None:
        topic, partition, offset = place
        said = str(why) if isinstance(why, SavedMemoryError | UnknownEntryError) else type(why).__name__
        super().__init__(
            f"The record at offset {offset} of {topic}[{partition}] cannot be read ({said}). Nobody but stagewatch may"
            " write to that topic. To go on without that customer, who begins anew then, write a tombstone with the"
            " record's key (docs/changing-a-journey.md says how); else restore the topic"
        )


@dataclass(slots=True)
class CustomerEntry:
    """A customer's record: memory as `journey.saving` wrote it, and the outbox of batch number `batch`."""

    batch: int
    memory: bytes
    outbox: list[Any]


@dataclass(slots=True)
class Marker:
    """A partition's record.

    Attributes:
        published: all batches up to this one are on their topics.
        clock: how far event time had come.
        floor: of each source, the offset before which all has been applied by what stands before the marker.
        batch: the one that it was written with, or that was the last one published.
    """

    published: int
    clock: Time = field(default_factory=Time)
    floor: Mapping[str, int] = field(default_factory=dict)
    batch: int = 0


def customer_record(place: tuple[str, int], customer: bytes, entry: CustomerEntry) -> Out:
    """The entry as it is written."""
    topic, partition = place
    value = orjson.dumps((entry.batch, entry.outbox), option=orjson.OPT_APPEND_NEWLINE) + entry.memory
    return Out(topic, customer, value, partition=partition)


def marker_record(place: tuple[str, int], marker: Marker) -> Out:
    """The marker as it is written."""
    topic, partition = place
    clock = marker.clock
    value = orjson.dumps([marker.published, clock.now, marker.floor, marker.batch, clock.greatest])
    return Out(topic, MARKER_KEY, value, partition=partition)


def own_record(place: tuple[str, int], key: bytes, value: bytes | None) -> Out:
    """What a partition keeps for itself, as it is written; None: nothing any more."""
    topic, partition = place
    return Out(topic, key, value, partition=partition)


def tombstone(place: tuple[str, int], customer: bytes, floor: Mapping[str, int]) -> Out:
    """What says that there is no such customer any more, of all that was before `floor`.

    A worker that slept may write an older memory behind it, and is told by that.
    """
    topic, partition = place
    return Out(topic, customer, None, [(FLOOR, orjson.dumps(floor))], partition)


def floor_of(headers: Iterable[tuple[str, bytes]]) -> dict[str, int]:
    """The floor in the headers of a tombstone; empty where there is none."""
    return next((_by_source(orjson.loads(value)) for name, value in headers if name == FLOOR), {})


def _by_source(numbers: object) -> dict[str, int]:
    if numbers is None:
        return {}
    if not isinstance(numbers, dict) or not all(type(each) is int for each in numbers.values()):
        raise ValueError("there has to be a number for each source")
    return numbers


def entry_of(value: bytes) -> CustomerEntry:
    """A customer's entry from its bytes.

    Raises:
        UnknownEntryError: it is not written as this release does.
    """
    batch, first, memory = apart(value)
    try:
        _, outbox = orjson.loads(first)
        if not isinstance(outbox, list):
            raise UnknownEntryError(NOT_OURS)
        return CustomerEntry(batch, memory, outbox)
    except (TypeError, ValueError):
        raise UnknownEntryError(NOT_OURS) from None


def apart(value: bytes) -> tuple[int, bytes, bytes]:
    """The number of the batch, the line that has the outbox, and the memory; a third of the cost of all of it.

    Raises:
        UnknownEntryError: it is not written as this release does.
    """
    first, newline, memory = value.partition(b"\n")
    batch = first[1 : first.find(b",")]
    if not newline or not batch.isdigit():
        raise UnknownEntryError(NOT_OURS)
    return int(batch), first, memory


def marker_of(value: bytes) -> Marker:
    """A marker from its bytes; those of earlier releases have two parts, or four.

    Raises:
        TypeError, ValueError: it is none.
    """
    return _marker(*orjson.loads(value))


def _marker(published: int, now: int | None, floor: object = None, batch: int = 0, greatest: object = None) -> Marker:
    if not all(type(each) is int for each in (published, batch, 0 if now is None else now)):
        raise ValueError("a marker holds numbers")
    return Marker(published, Time(now, _by_source(greatest)), _by_source(floor), batch)


def mark_of(key: bytes | None, value: bytes | None) -> bytes:
    """What a record is known again by."""
    return blake2b(b"%d,%b%b" % (len(key or b""), key or b"", value or b""), digest_size=16).digest()


Rows = Sequence["ConsumerRecord[bytes, bytes]"]
Ask = Callable[[AIOKafkaConsumer, list[TopicPartition]], Awaitable[dict[TopicPartition, int]]]


async def end_offsets(
    connection: Connection, topic: str, partitions: Sequence[int], *, within: float = STALLED_AFTER
) -> dict[int, int]:
    """The end offset of each partition.

    Raises:
        RecoveryStalledError: it was not told `within` so many seconds.
        KafkaError: the broker refused.
    """
    return await _asked(connection, topic, partitions, within, AIOKafkaConsumer.end_offsets)


async def beginning_offsets(
    connection: Connection, topic: str, partitions: Sequence[int], *, within: float = STALLED_AFTER
) -> dict[int, int]:
    """The offset from which each partition can be read. Compaction does not move it.

    Raises:
        RecoveryStalledError: it was not told `within` so many seconds.
        KafkaError: the broker refused.
    """
    return await _asked(connection, topic, partitions, within, AIOKafkaConsumer.beginning_offsets)


async def _asked(
    connection: Connection, topic: str, partitions: Sequence[int], within: float, ask: Ask
) -> dict[int, int]:
    places = [TopicPartition(topic, number) for number in partitions]
    try:
        async with asyncio.timeout(within), _reader(connection) as consumer:
            offsets = await ask(consumer, places)
    except TimeoutError:
        raise _stalled(topic, places, within) from None
    return {place.partition: offset for place, offset in offsets.items()}


async def marks(
    connection: Connection, topic: str, offsets: Mapping[int, int], *, within: float = STALLED_AFTER
) -> dict[int, bytes]:
    """The mark of the record that stands at an offset of each partition; none of a partition where none stands there.

    Raises:
        KafkaError: the broker refused.
    """
    places = {TopicPartition(topic, number): offset for number, offset in offsets.items()}
    found: dict[int, bytes] = {}
    async with _reader(connection) as consumer:
        consumer.assign([*places])
        for place, offset in places.items():
            consumer.seek(place, offset)
        until = monotonic() + within
        while places and monotonic() < until:
            for place, rows in (await consumer.getmany(*places, timeout_ms=1000, max_records=1)).items():
                if rows and rows[0].offset == places.pop(place):
                    found[place.partition] = mark_of(rows[0].key, rows[0].value)
    return found


async def read(
    connection: Connection,
    topic: str,
    partitions: Sequence[int],
    *,
    starts: Mapping[int, int] | None = None,
    within: float = STALLED_AFTER,
) -> AsyncGenerator[tuple[int, Rows]]:
    """Every record from the beginning of each partition to the end it has when the reading starts.

    A partition that is among `starts` is read from that offset on.

    Yields:
        (partition, records in order of offset), again and again until all are read.

    Raises:
        RecoveryStalledError: nothing came `within` so many seconds.
        KafkaError: the broker refused.
    """
    places = [TopicPartition(topic, number) for number in partitions]
    ends = await end_offsets(connection, topic, partitions, within=within)
    starts = starts or {}
    places = [place for place in places if starts.get(place.partition, 0) < ends[place.partition]]
    if not places:
        return
    async with _reader(connection) as consumer:
        consumer.assign(places)
        for place in places:
            if place.partition in starts:
                # In one breath with `assign`, whose own look for a beginning would come after it otherwise.
                consumer.seek(place, starts[place.partition])
        remaining = set(places)
        heard = monotonic()
        while True:
            remaining = await _unread(consumer, remaining, ends, within)
            if not remaining:
                return
            for place, rows in (await consumer.getmany(*remaining, timeout_ms=1000)).items():
                heard = monotonic()
                await asyncio.sleep(0)  # meanwhile the broker is asked for what comes next
                yield place.partition, rows
            if monotonic() - heard > within:
                raise _stalled(topic, remaining, within)


@asynccontextmanager
async def _reader(connection: Connection) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        **connection.client(),
        enable_auto_commit=False,
        # Not `latest` with a `seek_to_beginning`: the reset that assigning begins can finish after the one that
        # seeking begins, and then nothing is read and nobody is told.
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        fetch_max_wait_ms=50,
        max_partition_fetch_bytes=FETCH_BYTES,
    )
    try:  # not its own `async with`, which leaves open what is given up while it starts
        await consumer.start()
        yield consumer
    finally:
        # aiokafka cancels what assigning began, and waits for it: that would cancel us, had it not run at all yet.
        await asyncio.sleep(0)
        await consumer.stop()


async def _unread(
    consumer: AIOKafkaConsumer, places: set[TopicPartition], ends: dict[int, int], within: float
) -> set[TopicPartition]:
    """Those of the partitions that have not been read to their end."""
    try:
        async with asyncio.timeout(within):
            return {place for place in places if await consumer.position(place) < ends[place.partition]}
    except TimeoutError:
        raise _stalled(next(iter(places)).topic, places, within) from None


def _stalled(topic: str, places: Iterable[TopicPartition], within: float) -> RecoveryStalledError:
    numbers = ", ".join(str(place.partition) for place in sorted(places))
    return RecoveryStalledError(f"{topic}: nothing could be read for {within:.0f} s; not read to the end: {numbers}")
