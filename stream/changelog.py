"""The customer table's changelog: what a record of it holds, written and read.

Owns the form of each record, and knows neither how records travel nor what is made of them.

One record a customer, by its id, one marker a partition, and whatever else a partition has to keep under keys of its
own. A customer's record carries the memory and the outbox: the transitions that the batch which wrote it caused.
Batches of a partition are numbered; the marker says up to which batch all transitions have been acknowledged on their
topics. After a crash, therefore, an outbox with a higher number is published again and no other is. The marker says,
too, how far each source had been worked out by the batch that it was written with: what of that is read again has been
applied, also where the customer is unknown, having been erased since.

And it says where its batch was to begin: one that stands elsewhere is void (stream/sifting.py).

The marker's value is a JSON array, `[published, clock, floor, batch, greatest, begins, records]`; a customer's is a
line of JSON, `[batch, outbox]`, and after it the memory as `journey.saving` writes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final

import orjson

from journey.clock import Time
from journey.saving import SavedMemoryError
from stream.outlet import Out, Place

# What a partition keeps for itself; no customer has such a key: ids with control characters are refused.
OWN = b"\x00"
MARKER_KEY = OWN + b"partition"
# Before the keys of records that are to be published and go once they are: [topic, key, value, headers] as JSON.
PENDING = OWN + b"pending:"
# How the first line of a customer's record ends where its batch has led to no transition.
NO_OUTBOX = b",[]]"
# The header of a tombstone, and of what a partition keeps for itself.
FLOOR = "floor"
NOTHING: Mapping[str, int] = {}
NOT_OURS = "it is none of this release's. Run the release that wrote it"


class UnknownEntryError(Exception):
    """A record of the changelog was written by another release."""


# What reading a record that is damaged may raise.
UNREADABLE: Final = (SavedMemoryError, UnknownEntryError, AttributeError, LookupError, TypeError, ValueError)


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
        begins: the offset of its batch's first record, if nobody else has written; None where that could not be told.
        records: how many of its batch stand before it.
    """

    published: int
    clock: Time = field(default_factory=Time)
    floor: Mapping[str, int] = field(default_factory=dict)
    batch: int = 0
    begins: int | None = None
    records: int = 0


def customer_record(place: Place, customer: bytes, entry: CustomerEntry) -> Out:
    """The entry as it is written."""
    topic, partition = place
    value = orjson.dumps((entry.batch, entry.outbox), option=orjson.OPT_APPEND_NEWLINE) + entry.memory
    return Out(topic, customer, value, partition=partition)


def marker_record(place: Place, marker: Marker) -> Out:
    """The marker as it is written."""
    topic, partition = place
    clock = marker.clock
    begins = marker.begins, marker.records
    value = orjson.dumps([marker.published, clock.now, marker.floor, marker.batch, clock.greatest, *begins])
    return Out(topic, MARKER_KEY, value, partition=partition)


def own_record(place: Place, key: bytes, value: bytes | None, floor: Mapping[str, int] = NOTHING) -> Out:
    """What a partition keeps for itself, as it is written; None: nothing any more.

    It holds for what is read from `floor` on, and a worker that dies before the marker may not read again what was
    before that.
    """
    topic, partition = place
    return Out(topic, key, value, [(FLOOR, orjson.dumps(floor))] if floor else [], partition)


def tombstone(place: Place, customer: bytes, floor: Mapping[str, int]) -> Out:
    """What says that there is no such customer any more, of all that was before `floor`; that is not read again.

    A worker that slept may write an older memory behind it, and is told by that.
    """
    topic, partition = place
    return Out(topic, customer, None, [(FLOOR, orjson.dumps(floor))], partition)


def floor_of(headers: Iterable[tuple[str, bytes]]) -> dict[str, int]:
    """The floor in the headers of a record; empty where there is none."""
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
    """A marker from its bytes; those of earlier releases have two parts, four, or five.

    Raises:
        TypeError, ValueError: it is none.
    """
    return _marker(*orjson.loads(value))


def _marker(  # noqa: PLR0917  in the order in which they are written
    published: int,
    now: int | None,
    floor: object = None,
    batch: int = 0,
    greatest: object = None,
    begins: int | None = None,
    records: int = 0,
) -> Marker:
    numbers = published, batch, records, *(it for it in (now, begins) if it is not None)
    if not all(type(each) is int for each in numbers):
        raise ValueError("a marker holds numbers")
    return Marker(published, Time(now, _by_source(greatest)), _by_source(floor), batch, begins, records)


def mark_of(key: bytes | None, value: bytes | None) -> bytes:
    """What a record is known again by."""
    return blake2b(b"%d,%b%b" % (len(key or b""), key or b"", value or b""), digest_size=16).digest()
