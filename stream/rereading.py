"""Reading partitions of a topic as they stand now: from their beginning, or a given offset, to their end.

Owns a consumer of its own for each such reading, outside any group, and when a broker that says nothing is given up.
It reads what is committed, and knows nothing of what the records mean. Changelogs are read back so when partitions are
assigned, and so are dead letters.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from time import monotonic

from aiokafka import AIOKafkaConsumer, TopicPartition

from stream.batches import Records
from stream.changelog import mark_of
from stream.connection import Connection

# A reading to which nothing comes for so long (seconds) has lost its broker.
STALLED_AFTER = 30.0
# What one fetch may bring of a partition (bytes), so that recovery is not paced by round trips. Four times as much is
# no faster, and lets the worker answer nobody for four times as long, some 40 ms.
FETCH_BYTES = 2 * 1024 * 1024

Ask = Callable[[AIOKafkaConsumer, list[TopicPartition]], Awaitable[dict[TopicPartition, int]]]


class RecoveryStalledError(Exception):
    """A topic could not be read to its end; says which partitions of it."""


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
) -> AsyncGenerator[tuple[int, Records]]:
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
