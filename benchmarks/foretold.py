"""What a replay says that an engine must publish, and how what it did publish differs.

Three semantics: deadlines fired when their own customer is heard of again, which every engine can do; with a clock for
each partition, as a worker has; and that with the journey as shipped, looking back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from typing import Any

import orjson

from benchmarks.job import Row
from benchmarks.topics import by_partition
from benchmarks.work import reader_and_machine
from journey.machine import Machine
from journey.memory import Memory
from journey.replay import fold
from schemas.reading import Reader
from schemas.signals import Origin, Signal
from schemas.transitions import Transition, encode

SHOWN = 5
"""Differences that are spelt out, of each side."""


class Semantics(Enum):
    """When deadlines fire, and whether the journey looks back."""

    OWN = "deadlines with the customer's next event"
    CLOCK = "a clock for each partition"
    SHIPPED = "a clock for each partition, an hour's late events put in place, seven days of copies known"


def transitions(rows: Sequence[Row], semantics: Semantics) -> Iterator[Transition]:
    """Those that the rows lead to."""
    reader, machine = reader_and_machine(shipped=semantics is Semantics.SHIPPED)
    if semantics is Semantics.OWN:
        yield from _own(machine, _signals(reader, rows))
        return
    for part in by_partition(rows):
        yield from fold(machine, _signals(reader, part), None)


def _signals(reader: Reader, rows: Iterable[Row]) -> Iterator[Signal]:
    for number, (_, value) in enumerate(rows):
        for found in reader.read(value, Origin("file", 0, number)):
            if type(found) is Signal:
                yield found


def _own(machine: Machine, signals: Iterable[Signal]) -> Iterator[Transition]:
    memories: dict[str, Memory] = {}
    for signal in signals:
        if signal.customer not in memories:
            memories[signal.customer] = machine.start(signal.customer)
        yield from machine.hear(memories[signal.customer], signal)


def difference(rows: Sequence[Row], semantics: Semantics, published: Iterable[bytes]) -> str | None:
    """What was published and should not have been, and the other way round; None if nothing."""
    wanted = Counter(_told(orjson.loads(encode(each, each.at))) for each in transitions(rows, semantics))
    found = Counter(_told(orjson.loads(value)) for value in published)
    missing, unwanted = wanted - found, found - wanted
    if not missing and not unwanted:
        return None
    lines = [f"{missing.total()} of {wanted.total()} transitions missing, {unwanted.total()} unwanted"]
    lines += [f"  missing  {each}" for each in sorted(missing, key=str)[:SHOWN]]
    lines += [f"  unwanted {each}" for each in sorted(unwanted, key=str)[:SHOWN]]
    return "\n".join(lines)


def _told(record: dict[str, Any]) -> tuple[Any, ...]:
    """What must be the same: whose, which, when, why, and with which facts."""
    cause = record["cause"]
    facts = tuple(sorted(record["facts"].items()))
    names = ("customer", "track", "instance", "name", "from", "to", "at", "previous_at", "kind", "reason", "sequence")
    return (*(record[name] for name in names), cause["kind"], cause["id"], facts)
