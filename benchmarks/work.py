"""What is done with one event, whatever the engine: read it, step its customer, write the transitions down.

Owns the journey as it is measured: five-stage without looking back (`lateness` and `dedup_window` 0), because no peer
has either. Imports `schemas` and `journey` alone: peers run in environments of their own.

A deadline fires by event time, when something is heard of its own customer again: that is what every engine can do
with a keyed state and no clock. Stagewatch has a clock for each partition besides, so it makes more transitions.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from journey.loading import load
from journey.machine import Machine, compile_journeys
from journey.memory import Memory
from journey.saving import decode, encode
from schemas.dialects import shipped_dialects
from schemas.reading import Reader
from schemas.signals import Origin, Signal
from schemas.transitions import encode as published

JOURNEY = Path(__file__).parent.parent / "journeys" / "five-stage.yaml"
DIALECT = "segment"


def reader_and_machine(*, shipped: bool = False) -> tuple[Reader, Machine]:
    """A reader of Segment events and the compiled journey; `shipped`: with lateness and copies looked after."""
    definition = load(JOURNEY.read_text(encoding="utf-8"), JOURNEY.name)
    if not shipped:
        definition = replace(definition, lateness=0, dedup_window=0)
    machine = compile_journeys([definition])
    return Reader(shipped_dialects(), DIALECT, machine.attributes), machine


def journey_without_looking_back() -> str:
    """The text of the journey as it is measured, for a worker to be started with."""
    return without_looking_back(JOURNEY.read_text(encoding="utf-8"))


def without_looking_back(text: str) -> str:
    """A journey's text with `lateness` and `dedup_window` 0, and without its examples, which may need them."""
    lines = text.split("\nexamples:\n", maxsplit=1)[0].splitlines()
    kept = [line for line in lines if line.partition(":")[0] not in {"lateness", "dedup_window"}]
    place = next(number for number, line in enumerate(kept) if line.startswith("version:")) + 1
    return "\n".join([*kept[:place], "lateness: 0s", "dedup_window: 0s", *kept[place:]]) + "\n"


class Work:
    """The calls that peers in Python make, one event at a time."""

    def __init__(self) -> None:
        self.reader, self.machine = reader_and_machine()

    def read(self, value: bytes | None, topic: str, partition: int, offset: int) -> list[Signal]:
        """The signals in one record."""
        found = self.reader.read(value, Origin(topic, partition, offset))
        return [signal for signal in found if type(signal) is Signal]

    def step(self, memory: Memory | None, signal: Signal) -> tuple[Memory, list[bytes]]:
        """The customer's memory (None: a new customer), changed in place, and the records to publish."""
        memory = memory or self.machine.start(signal.customer)
        return memory, [published(each, signal.at) for each in self.machine.hear(memory, signal)]

    def save(self, memory: Memory) -> bytes:
        """A memory as bytes, for engines that keep those."""
        return encode(self.machine, memory)

    def load(self, customer: str, saved: bytes | None) -> Memory | None:
        """The memory that was saved, if any was."""
        return None if saved is None else decode(self.machine, customer, saved)
