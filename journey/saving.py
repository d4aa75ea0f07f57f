"""Memories written down and read back: the form in which a customer is kept in the changelog.

Owns that form, two lines and more. The first is JSON: [format, at, sequence, offsets, journeys, seen, past], where each
journey is [name, version, fingerprint, slot, ...]. The customer is not in it (that is the record's key). Deadlines that
never come are null; the next deadline of all is not written, it follows from the others. `seen` is base64. `past` is
null or [began, oldest, count, revisions, generation, meaning of the machine]; what more there is to it, which is read
only when it is asked for, stands in the further lines, as `journey.recent` has it. `encode` and `decode` change no
value, so replaying from a saved memory gives the same transitions to the byte.
"""

from base64 import b64decode, b64encode
from typing import Any, Final

import orjson

from journey.compiling.layout import JourneyPlace
from journey.machine import Machine
from journey.memory import BEGINNING, DUE, NEVER, Memory, Past, State
from journey.recent import write

FORMAT: Final = 3
"""Raised when the form changes; a reader that finds another number refuses."""


class SavedMemoryError(Exception):
    """A saved memory cannot be read by this machine; the message says why and what to do."""


def encode(machine: Machine, memory: Memory) -> bytes:
    """The memory as bytes; its past is kept in that form from then on.

    Raises:
        orjson.JSONEncodeError: it holds what JSON cannot.
    """
    state, past = memory.state, memory.past
    at = None if memory.at == BEGINNING else memory.at
    journeys = [_written(place, state) for place in machine.layout.journeys]
    recent = None
    if past is not None:
        recent = past.began, past.oldest, past.count, past.revisions, past.generation, machine.meaning
    seen = b64encode(memory.seen).decode()
    first = orjson.dumps((FORMAT, at, memory.sequence, memory.offsets, journeys, seen, recent))
    return first if past is None else b"\n".join((first, write(past, machine.layout.initial)))


def decode(machine: Machine, customer: str, value: bytes) -> Memory:
    """The memory of `customer` that `value` is.

    A journey that the machine follows and the memory does not know begins at the memory's time; one that the memory
    knows and the machine does not follow is left out. Where the machine is not of the same meaning as the one that
    saved the memory, no signal can be put in a place before the memory's time.

    Raises:
        SavedMemoryError: another format, another version of a journey, or nothing of the kind.
    """
    first, _, written = value.partition(b"\n")
    try:
        form, *parts = orjson.loads(first)
        if int(form) == FORMAT:
            at, sequence, offsets, journeys, seen, past = parts
            saved = {name: (version, fingerprint, slots) for name, version, fingerprint, *slots in journeys}
    except (TypeError, ValueError):
        raise SavedMemoryError(f"this is not a saved memory: {value[:200]!r}") from None
    if form != FORMAT:
        raise SavedMemoryError(
            f"saved in format {form}, which is not {FORMAT}: run the release that wrote it, or start a new table"
        )
    memory = machine.start(customer)
    memory.sequence, memory.offsets, memory.seen = sequence, offsets, b64decode(seen)
    if at is not None:
        memory.at = at
        machine.begin(memory.state, at)
        for place in machine.layout.journeys:
            if (found := saved.get(place.definition.journey)) is not None:
                memory.state[place.first : place.end] = _slots(place, *found)
        memory.state[DUE] = min((memory.state[slot] for slot in machine.layout.deadlines), default=NEVER)
        if past is not None and machine.lateness:
            memory.past = _past(machine, memory, past, written)
    return memory


def _past(machine: Machine, memory: Memory, saved: list[Any], written: bytes) -> Past:
    """The past as it was, if this machine would make of it what was published; else what was published is final."""
    began, oldest, count, revisions, generation, meaning = saved
    if meaning == machine.meaning:
        return Past(began, oldest, count, None, [], written, revisions, generation)
    return Past(memory.at, memory.at, 0, memory.state.copy(), [], b"", revisions, generation)


def _written(place: JourneyPlace, state: State) -> list[Any]:
    slots = state[place.first : place.end]
    for slot in place.deadlines:
        if state[slot] == NEVER:
            slots[slot - place.first] = None
    return [place.definition.journey, place.definition.version, place.fingerprint, *slots]


def _slots(place: JourneyPlace, version: int, fingerprint: str, slots: State) -> State:
    definition = place.definition
    if version != definition.version:
        raise SavedMemoryError(
            f"saved by version {version} of the journey '{definition.journey}', this is {definition.version}: "
            "run the version that wrote it, or give the new one another name and follow customers on both"
        )
    if fingerprint != place.fingerprint or len(slots) != place.end - place.first:
        raise SavedMemoryError(
            f"version {version} of the journey '{definition.journey}' has been changed since this was saved: "
            "give the changed journey a new version, and bring back the old text for this one"
        )
    for slot in place.deadlines:
        if slots[slot - place.first] is None:
            slots[slot - place.first] = NEVER
    return slots
