"""Memories written down and read back: the form in which a customer is kept in the changelog.

Owns that form: [format, at, sequence, offsets, journeys, seen, past], where each journey is [name, version,
fingerprint, slot, ...]. The customer is not in it (that is the record's key). Deadlines that never come are null; the
next deadline of all is not written, it follows from the others. `seen` is base64. `past` is null or [began, slots,
signals, revisions]: of the state before the recent signals only those [slot, value] that differ from the state now, and
each signal as [at, kind, id, topic, partition, offset, attributes, late]. `encode` and `decode` change no value, so
replaying from a saved memory gives the same transitions to the byte.
"""

from base64 import b64decode, b64encode
from typing import Any, Final

from journey.compiling.layout import JourneyPlace
from journey.machine import Machine
from journey.memory import BEGINNING, DUE, NEVER, Memory, Past, State
from schemas.signals import Origin, Signal

FORMAT: Final = 2
"""Raised when the form changes. A reader refuses other numbers, but for 1, which had no `seen` and no `past`."""


class SavedMemoryError(Exception):
    """A saved memory cannot be read by this machine; the message says why and what to do."""


def encode(machine: Machine, memory: Memory) -> list[Any]:
    """The memory as a list of what JSON can hold. It shares parts with the memory: write it down, do not change it."""
    state = memory.state
    at = None if memory.at == BEGINNING else memory.at
    journeys = [_written(place, state) for place in machine.layout.journeys]
    seen = b64encode(memory.seen).decode()
    return [FORMAT, at, memory.sequence, memory.offsets, journeys, seen, _past_written(state, memory.past)]


def decode(machine: Machine, customer: str, value: Any) -> Memory:  # noqa: ANN401  whatever JSON held
    """The memory of `customer` that `value` is.

    A journey that the machine follows and the memory does not know begins at the memory's time; one that the memory
    knows and the machine does not follow is left out. In either case signals from before cannot be put in their place.

    Raises:
        SavedMemoryError: another format, another version of a journey, or nothing of the kind.
    """
    try:
        form, at, sequence, offsets, journeys, *further = value
        saved = {name: (version, fingerprint, slots) for name, version, fingerprint, *slots in journeys}
        seen, past = further if form == FORMAT else ("", None)
    except (TypeError, ValueError):
        raise SavedMemoryError(f"this is not a saved memory: {str(value)[:200]}") from None
    if form not in {1, FORMAT}:
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
        if past is not None and machine.lateness and list(saved) == [each.journey for each in machine.definitions]:
            memory.past = _past(memory, past)
    return memory


def _written(place: JourneyPlace, state: State) -> list[Any]:
    slots = state[place.first : place.end]
    for slot in place.deadlines:
        if state[slot] == NEVER:
            slots[slot - place.first] = None
    return [place.definition.journey, place.definition.version, place.fingerprint, *slots]


def _past_written(state: State, past: Past | None) -> list[Any] | None:
    if past is None:
        return None
    changed = [[slot, was] for slot, (was, value) in enumerate(zip(past.before, state, strict=True)) if was != value]
    return [past.began, changed, [_signal_written(signal) for signal in past.signals], past.revisions]


def _signal_written(signal: Signal) -> list[Any]:
    origin = signal.origin
    at, late = signal.at, int(signal.late)
    return [at, signal.kind, signal.id, origin.topic, origin.partition, origin.offset, signal.attributes, late]


def _past(memory: Memory, written: list[Any]) -> Past:
    began, changed, signals, revisions = written
    before = memory.state.copy()
    for slot, was in changed:
        before[slot] = was
    heard = [
        Signal(memory.customer, kind, at, name, attributes, Origin(topic, partition, offset), bool(late))
        for at, kind, name, topic, partition, offset, attributes, late in signals
    ]
    return Past(before, began, heard, revisions)


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
