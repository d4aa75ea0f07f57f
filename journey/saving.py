"""Memories written down and read back: the form in which a customer is kept in the changelog, and while at rest.

Owns that form, lines of JSON. The first is of the machine, the same for all customers: [format, meaning, journeys],
where each journey is [name, version, fingerprint, number of slots]. The second is what can be asked of a memory that is
not read back whole (`Head`): [due, sequence, offsets, stages]. The third is the rest: [at, seen, past, slot, ...]. The
customer is in none of them (that is the record's key). `seen` is base64. `past` is null or [began, oldest, count,
revisions, generation]; what more there is to it, which is read only when it is asked for, stands in the further lines,
as `journey.recent` has it. `encode` and `decode` change no value, so replaying from a saved memory gives the same
transitions to the byte.
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any, Final, NamedTuple

import orjson

from journey.compiling.layout import JourneyPlace
from journey.machine import Machine
from journey.memory import BEGINNING, DUE, NEVER, Memory, Past, State
from journey.recent import write

FORMAT: Final = 4
"""Raised when the form changes; a reader that finds another number refuses."""


class SavedMemoryError(Exception):
    """A saved memory cannot be read by this machine; the message says why and what to do."""


class Head(NamedTuple):
    """What can be told of a saved memory at little cost.

    Attributes:
        due: the next deadline in ms; None where silence will change nothing.
        sequence: of the last transition.
        offsets: the last offset applied of each source.
        stages: the number of the stage on each track, in the order of `Machine.stages`.
    """

    due: int | None
    sequence: int
    offsets: dict[str, int]
    stages: tuple[int, ...]


def encode(machine: Machine, memory: Memory) -> bytes:
    """The memory as bytes; its past is kept in that form from then on.

    Raises:
        orjson.JSONEncodeError: it holds what JSON cannot.
    """
    past = memory.past
    recent = None if past is None else (past.began, past.oldest, past.count, past.revisions, past.generation)
    seen = b64encode(memory.seen).decode()
    lines = [
        _first_line(machine),
        orjson.dumps((memory.due, memory.sequence, memory.offsets, machine.numbers(memory))),
        orjson.dumps((memory.at, seen, recent, *memory.state[DUE + 1 :])),
    ]
    if past is not None:
        lines.append(write(past))
    return b"\n".join(lines)


def head(value: bytes) -> Head:
    """The head of what `encode` gave, without reading the rest; `stages` are those of the machine that saved it."""
    begin = value.index(b"\n") + 1
    due, sequence, offsets, stages = orjson.loads(value[begin : value.index(b"\n", begin)])
    return Head(due, sequence, offsets, tuple(stages))


def is_of(machine: Machine, value: bytes) -> bool:
    """Whether a machine of the same meaning saved it; what others saved can be brought into that form by `decode`."""
    return value.startswith(_first_line(machine))


def decode(machine: Machine, customer: str, value: bytes) -> Memory:
    """The memory of `customer` that `value` is.

    A journey that the machine follows and the memory does not know begins at the memory's time; one that the memory
    knows and the machine does not follow is left out. Where the machine is not of the same meaning as the one that
    saved the memory, no signal can be put in a place before the memory's time.

    Raises:
        SavedMemoryError: another format, another version of a journey, or nothing of the kind.
    """
    first, *lines = value.split(b"\n", 3)
    same = first == _first_line(machine)
    try:
        meaning, journeys = (machine.meaning, []) if same else _told(first)
        due, sequence, offsets, _ = orjson.loads(lines[0])
        at, seen, recent, *slots = orjson.loads(lines[1])
        found = b64decode(seen)
    except (IndexError, TypeError, ValueError):
        raise SavedMemoryError(f"this is not a saved memory: {value[:200]!r}") from None
    if at == BEGINNING:
        state = machine.start(customer).state
    elif same:
        state = [NEVER if due is None else due, *slots]
    else:
        state = _brought_over(machine, at, journeys, slots)
    memory = Memory(customer, sequence, at, state, offsets, found)
    if recent is not None and machine.lateness:
        memory.past = _past(machine, memory, meaning, recent, lines[2])
    return memory


@lru_cache(maxsize=64)
def _first_line(machine: Machine) -> bytes:
    journeys = [
        (place.definition.journey, place.definition.version, place.fingerprint, place.end - place.first)
        for place in machine.layout.journeys
    ]
    return orjson.dumps((FORMAT, machine.meaning, journeys))


def _told(first: bytes) -> tuple[str, list[Any]]:
    """The meaning and the journeys that a first line names."""
    form, *rest = orjson.loads(first)
    if type(form) is int and form != FORMAT:
        raise SavedMemoryError(
            f"saved in format {form}, which is not {FORMAT}: run the release that wrote it, or start a new table"
        )
    meaning, journeys = rest
    return meaning, [(name, version, fingerprint, int(count)) for name, version, fingerprint, count in journeys]


def _brought_over(machine: Machine, at: int, journeys: Sequence[Any], slots: State) -> State:
    """The state of this machine, with what another's journeys, saved in this order, have in common with its own."""
    ends = list(accumulate(count for *_, count in journeys))
    saved = {
        name: (version, fingerprint, slots[end - count : end])
        for (name, version, fingerprint, count), end in zip(journeys, ends, strict=True)
    }
    state: State = list(machine.layout.initial)
    machine.begin(state, at)
    for place in machine.layout.journeys:
        if (found := saved.get(place.definition.journey)) is not None:
            state[place.first : place.end] = _slots(place, *found)
    state[DUE] = min((state[slot] for slot in machine.layout.deadlines), default=NEVER)
    return state


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
    return slots


def _past(machine: Machine, memory: Memory, meaning: str, saved: Sequence[Any], written: bytes) -> Past:
    """The past as it was, if this machine would make of it what was published; else what was published is final."""
    began, oldest, count, revisions, generation = saved
    if meaning == machine.meaning:
        return Past(began, oldest, count, None, [], written, revisions, generation)
    return Past(memory.at, memory.at, 0, memory.state.copy(), [], b"", revisions, generation)
