"""Where reading a changelog begins: behind what has outlived the last worker, where that is to be trusted.

Owns what it takes to trust files: the changelog that they name still has the record before their end, the very one. A
changelog that was made anew does not; nor one that was compacted as far as that since, which is then no longer to be
read than all of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Final

from stream.connection import Connection
from stream.partition import Partition
from stream.rereading import marks
from stream.resting import FilesError, Reached
from stream.restoring import OtherMachineError, Restored

log = logging.getLogger(__name__)

# Kafka may remove what says that a customer was erased so long after it is compacted (`delete.retention.ms`), and the
# files of somebody who was away then would know of the customer still. An hour less than Kafka's day.
STALE_AFTER: Final = 23 * 60 * 60 * 1000


async def begin(
    connection: Connection, topic: str, partitions: Mapping[int, Partition], ends: Mapping[int, int], wall: int
) -> tuple[dict[int, Restored], dict[int, int]]:
    """What is known of each partition without its changelog, and from which offset that is to be read.

    Raises:
        FilesError: files cannot be read, written or removed.
        KafkaError: the broker refused.
    """
    restored = {number: await partition.unread() for number, partition in partitions.items()}
    claimed = {number: it.resting.reached for number, it in restored.items()}
    before = {number: it.offset - 1 for number, it in claimed.items() if it and it.offset <= ends[number]}
    found = await marks(connection, topic, before) if before else {}
    starts: dict[int, int] = {}
    for number, reached in claimed.items():
        if reached is None:
            continue
        why = why_not(reached, ends[number], found.get(number), wall) or await _counted(restored[number])
        if why is None:
            starts[number] = reached.offset
        else:
            log.warning("The files of partition %d are thrown away, and its changelog read whole: %s", number, why)
            restored[number].resting.discard()
            restored[number] = await partitions[number].unread()
    return restored, starts


def why_not(reached: Reached, end: int, mark: bytes | None, wall: int) -> str | None:
    """Why files that go so far do not belong to a changelog with this end, and this mark before theirs."""
    if reached.offset > end:
        return f"they go to offset {reached.offset}, and it ends at {end}"
    if mark != reached.last:
        return f"it has no longer the record before offset {reached.offset}: it was made anew, or compacted so far"
    if end > reached.ended and wall - reached.at > STALE_AFTER:
        return "somebody else has held the partition, and they are more than 23 hours old"
    return None


async def _counted(restored: Restored) -> str | None:
    """Count the customers that lie in files; why that cannot be."""
    try:
        for _ in restored.begin():
            await asyncio.sleep(0)
    except OtherMachineError:
        return "journeys have changed since they were written"
    except FilesError as error:
        return str(error)
    return None
