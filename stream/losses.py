"""Whether a changelog still has all that was ever in it, as far as that can be told without having been there.

Owns what a lost memory looks like, and what an operator is told. Customers whose memory is gone would pass for new
ones: their stages and sequences would begin anew amid their lives, and nothing would say so. What has been read of the
sources is not read again by itself. So a worker does not start on such a changelog.

What it cannot see is a changelog that was made anew while a worker was writing to it: that worker ends with an error,
but what it wrote last passes for the beginning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from stream.connection import Connection
from stream.rereading import beginning_offsets

REMEDY = (
    "What was known of its customers is gone, and to go on would take them for new ones. Put the topic back as it was"
    " from a copy, if there is one; or choose another `app_id`, which reads the sources from their beginning and"
    " publishes what comes of them, with the ids that subscribers know where the sources still have everything"
)


class MemoriesLostError(Exception):
    """The changelog has lost records that are not to be missed; says what to do."""


async def refuse_emptied(
    connection: Connection, changelog: str, group: str, sources: Iterable[str], ends: Mapping[int, int]
) -> None:
    """Whoever commits has written to the changelog before, so an empty partition has nothing committed.

    Raises:
        MemoriesLostError: it has.
        KafkaError: the broker refused.
    """
    places = [TopicPartition(source, number) for number, end in ends.items() if end == 0 for source in sorted(sources)]
    for place, offset in (await _committed(connection, group, places)).items() if places else ():
        if offset > 0:
            raise MemoriesLostError(
                f"{changelog}, partition {place.partition}, is empty, but {place.topic} has been read there up to"
                f" offset {offset}: the topic was deleted, or made anew. {REMEDY}"
            )


async def refuse_truncated(connection: Connection, changelog: str, starts: Mapping[int, int]) -> None:
    """Each partition can be read from where it has to be; compaction leaves it so.

    Raises:
        MemoriesLostError: one cannot.
        KafkaError: the broker refused.
    """
    for number, beginning in (await beginning_offsets(connection, changelog, sorted(starts))).items():
        if beginning > starts[number]:
            raise MemoriesLostError(
                f"{changelog}, partition {number}, begins at offset {beginning}, and is needed from {starts[number]}:"
                " its records were deleted, by hand or by age, which compaction alone does not do; see to it that its"
                f" cleanup.policy is compact. {REMEDY}"
            )


async def _committed(connection: Connection, group: str, places: list[TopicPartition]) -> dict[TopicPartition, int]:
    admin = AIOKafkaAdminClient(**connection.client())
    await admin.start()
    try:
        found = await admin.list_consumer_group_offsets(group, partitions=places)
    finally:
        await admin.close()
    return {place: told.offset for place, told in found.items()}
