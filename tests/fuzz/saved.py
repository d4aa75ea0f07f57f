"""The changelog, damaged, to what reads it back: customers' records, markers, tombstones and a partition's own.

What must hold: whatever stands there, reading it back either says which record is damaged, or gives customers who can be
asked for, one by one, and what is to be published again; and nothing but their own errors comes of it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final

import orjson

from journey.clock import Time
from journey.machine import Machine, apply, compile_journeys
from journey.memory import Memory
from journey.saving import SavedMemoryError, encode
from schemas.reading import Reader
from schemas.signals import Origin, Signal
from schemas.transitions import Transition
from stagewatch.library import machine_of_journeys
from stream.changelog import (
    OWN,
    PENDING,
    CustomerEntry,
    DamagedError,
    Marker,
    UnknownEntryError,
    customer_record,
    marker_record,
    own_record,
    tombstone,
)
from stream.outlet import Out
from stream.publishing import from_outbox, published
from stream.restoring import Restored
from stream.strangers import LONGEST_REASON, MOST_REASONS, JourneysChangedError, layout_record, refuse
from tests.fuzz import hostile
from tests.fuzz.events import AT, Records

PLACE: Final = ("shop-customers-changelog", 3)
MOST_SAID: Final = MOST_REASONS * LONGEST_REASON + 2_000


@dataclass(frozen=True, slots=True)
class Row:
    """A record of the changelog as it is read."""

    key: bytes
    value: bytes | None
    offset: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()
    topic: str = PLACE[0]
    partition: int = PLACE[1]


class Saved:
    """Changelogs of which one record is damaged, and what is wrong with what comes of reading them back."""

    def __init__(self) -> None:
        self.machine: Machine = machine_of_journeys(["five-stage"])
        #: of the journey's next version, by which the same customers are brought over
        self.next: Machine = compile_journeys([replace(it, version=it.version + 1) for it in self.machine.definitions])
        layout = _row(own_record(PLACE, *layout_record(self.machine)))
        self.layout = layout
        self.rows = [*_customers(self.machine), *_others(), *[layout] * 5]

    def make(self, random: Random) -> list[Row]:
        """A changelog."""
        rows = [*random.sample(self.rows, 4), self.layout]
        at = random.choice((0, 1, 2, 3, 0, 1, 2, 3, 4))
        for _ in range(random.choice((1, 1, 2))):
            rows[at] = self.damaged(random, rows[at])
        return [replace(row, offset=offset) for offset, row in enumerate(rows)]

    def damaged(self, random: Random, row: Row) -> Row:
        """The record with something done to it."""
        lot, value = random.random(), row.value or b""
        if lot < 0.05:
            return replace(
                row, value=random.choice((None, b"", b"[]", b"null", b"\n\n\n", random.choice(self.rows).value))
            )
        if lot < 0.1:
            return replace(row, key=random.choice((b"", b"\xff", b"\0partition", PENDING, OWN + b"x", b"u-1")))
        if lot < 0.15:
            floor = random.choice((b"", b"{}", b"[]", b'{"e":1}', b'{"e":"1"}', b"\xff", b"1", b'{"e":1e400}'))
            return replace(row, value=None, headers=(("floor", floor),))
        if lot < 0.5:
            return replace(row, value=hostile.bytes_changed(random, value))
        lines = value.split(b"\n")
        number = random.randrange(len(lines))
        try:
            said = orjson.loads(lines[number])
        except orjson.JSONDecodeError:
            return replace(row, value=value[::-1])
        hostile.mutate(random, said if isinstance(said, list | dict) else [said])
        lines[number] = hostile.written(random, said)
        return replace(row, value=b"\n".join(lines))

    def check(self, case: list[Row]) -> str | None:
        """What is wrong with what comes of a changelog."""
        return self._check(self.machine, case) or self._check(self.next, case)

    def _check(self, machine: Machine, case: list[Row]) -> str | None:
        restored = Restored(machine)
        rows: Any = case
        try:
            restored.read(rows)
            restored.ended()
            refuse({PLACE[1]: restored.strangers})
            list(restored.bring_over(AT))
        except DamagedError as error:
            said = str(error)
            return None if "at offset " in said and len(said) < 1_500 else f"it does not say where: {said[:300]}"
        except JourneysChangedError as error:
            return None if len(str(error)) < MOST_SAID else "it says too much"
        for customer in restored.memories:
            try:
                memory = restored.memories[customer]
            except SavedMemoryError:
                continue
            with suppress(orjson.JSONEncodeError):  # nested deeper than orjson writes, which it says
                encode(machine, memory.copy())
        for stages in restored.census:
            machine.named(stages)
        try:
            for _, outbox in restored.unpublished():
                [*map(from_outbox, outbox)]
            [*restored.again()]
        except UnknownEntryError as error:
            return None if len(str(error)) < 1_500 else "it says too much"
        return None


def _customers(machine: Machine) -> list[Row]:
    """Records of customers, at every step of their way."""
    events = Records()
    reader, random = Reader(events.dialects, "auto"), Random(1)
    seeds = random.sample(events.seeds, 200)
    rows, memories = list[Row](), dict[str, Memory]()
    for offset, (_, seed) in enumerate(seeds):
        later = b"%d" % (AT + random.choice((0, 60_000, 86_400_000)))
        signals: dict[str, list[Signal]] = {}
        for each in reader.read(seed.replace(b"1710325274000", later), Origin("events", 3, offset)):
            if isinstance(each, Signal):
                signals.setdefault(each.customer, []).append(each)
        for who, heard in signals.items():
            memories[who], made = apply(machine, memories.get(who), who, "events", heard)
            rows.append(_row(_entry(machine, offset, memories[who].copy(), made)))
    return rows


def _entry(machine: Machine, batch: int, memory: Memory, made: list[Transition]) -> Out:
    outbox = [published(each, AT).outbox() for each in made]
    return customer_record(PLACE, memory.customer.encode(), CustomerEntry(batch, encode(machine, memory), outbox))


def _others() -> list[Row]:
    outs = [
        *(
            marker_record(PLACE, Marker(number, Time(AT + number, {"events": AT}), {"events": number}, number))
            for number in range(20)
        ),
        *(tombstone(PLACE, b"u-%d" % number, {"events": number}) for number in range(20)),
        *(own_record(PLACE, OWN + b"salt", b"x" * 16) for _ in range(5)),
        *(own_record(PLACE, PENDING + b"%d" % number, b'["t","k","v",[]]') for number in range(5)),
    ]
    return [_row(out) for out in outs]


def _row(out: Out) -> Row:
    return Row(out.key or b"", out.value, 0, tuple(out.headers))
