"""Memories written by former releases, brought into the form that `journey.saving` has now.

Owns what is known of each former form, one step each: from its number to the next. Whoever raises `FORMAT` adds a step
here, and bytes that the former release wrote to the tests.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from journey.machine import Machine
from journey.memory import BEGINNING, NEVER


def _from_3(machine: Machine, value: bytes) -> bytes:
    """Format 3 had all but the recent signals in one line, and null for a deadline that never comes.

    What stands in the slots is known where the machine has the journey as it was; else nobody reads it. The recent
    signals are left out: what was published is final, as it is for every machine of another meaning.
    """
    _, at, sequence, offsets, journeys, seen, past = orjson.loads(value.partition(b"\n")[0])
    slots: list[Any] = []
    saved = []
    for name, version, fingerprint, *each in journeys:
        saved.append((name, version, fingerprint, len(each)))
        for place in machine.layout.journeys:
            if (place.definition.journey, place.fingerprint) == (name, fingerprint):
                _fill(each, [slot - place.first for slot in place.deadlines])
        slots += map(_as_now, each)
    at = BEGINNING if at is None else at
    recent = None if past is None else (at, at, 0, *past[3:5])
    lines = (4, "", saved), (None, sequence, offsets, ()), (at, seen, recent, *slots)
    return b"\n".join(map(orjson.dumps, lines))


def _fill(slots: list[Any], deadlines: list[int]) -> None:
    for slot in deadlines:
        if slots[slot] is None:
            slots[slot] = NEVER


def _as_now(slot: Any) -> Any:  # noqa: ANN401  whatever a slot holds
    """What a slot holds, where the moments that stand for no moment were 2^62 away."""
    if isinstance(slot, list):
        return list(map(_as_now, slot))
    if isinstance(slot, dict):
        return {key: _as_now(each) for key, each in slot.items()}
    return {2**62: NEVER, -(2**62): BEGINNING}.get(slot, slot)


UPGRADES: Final[Mapping[int, Callable[[Machine, bytes], bytes]]] = {3: _from_3}
"""By the number of a former format, what brings a memory into the next."""


def upgraded(machine: Machine, form: int, value: bytes) -> bytes:
    """The memory, written in format `form`, in the oldest form from which there is no further step.

    Raises:
        ValueError: it is not written in that format. So is a TypeError.
    """
    while form in UPGRADES:
        value = UPGRADES[form](machine, value)
        form += 1
    return value
