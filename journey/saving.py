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
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import orjson

from journey.carrying import Moment, moment_of
from journey.describing import Description
from journey.machine import Machine
from journey.memory import BEGINNING, DUE, NEVER, Memory, Past, State
from journey.migrating import Migration, Refusal, saved_in
from journey.recent import write
from journey.upgrading import upgraded

FORMAT: Final = 4
"""Raised when the form changes; `journey.upgrading` has what is known of former ones."""
NOTHING: Final[Mapping[str, bytes]] = MappingProxyType({})
DAMAGED: Final = "this is not a saved memory, or it is damaged"
_BEGINNING: Final = b"[%d," % FORMAT


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
    """The head of what `encode` gave, without reading the rest; `stages` are those of the machine that saved it.

    Raises:
        SavedMemoryError: it is nothing of the kind.
    """
    try:
        begin = value.index(b"\n") + 1
        due, sequence, offsets, stages = orjson.loads(value[begin : value.index(b"\n", begin)])
        if type(sequence) is not int or type(offsets) is not dict or (due is not None and type(due) is not int):
            raise SavedMemoryError(DAMAGED)
        return Head(due, sequence, offsets, tuple(stages))
    except (TypeError, ValueError):
        raise SavedMemoryError(DAMAGED) from None


def is_of(machine: Machine, value: bytes) -> bool:
    """Whether a machine of the same meaning saved it; what others saved, `decode` brings over."""
    return value.startswith(_first_line(machine))


def layout_of(value: bytes) -> str:
    """The name of the layout in which a memory was saved."""
    return _named(value.partition(b"\n")[0])


def layout(machine: Machine) -> tuple[str, bytes]:
    """The name of the layout in which the machine's memories are saved, and what another needs to know to read them."""
    return _named(_first_line(machine)), Description.of(machine.layout).model_dump_json().encode()


def is_current(value: bytes) -> bool:
    """Whether a memory is in the form that `encode` gives; `upgraded` brings others into it."""
    return value.startswith(_BEGINNING)


def current(machine: Machine, value: bytes) -> bytes:
    """The memory in the form that `encode` gives, in whichever of the known ones it was written.

    Raises:
        SavedMemoryError: another format, or nothing of the kind.
    """
    if is_current(value):
        return value
    try:
        form, *_ = orjson.loads(value.partition(b"\n")[0])
        value = upgraded(machine, form, value)
    except (LookupError, TypeError, ValueError):
        raise SavedMemoryError(DAMAGED) from None
    if is_current(value):
        return value
    if type(form) is not int or form == FORMAT:
        raise SavedMemoryError(DAMAGED)
    raise SavedMemoryError(
        f"saved in format {form}, which is not {FORMAT}: run the release that wrote it, or start a new table"
    )


def lasts(machine: Machine, value: bytes, described: Mapping[str, bytes] = NOTHING) -> bool:
    """Whether what `decode` makes of a memory depends on when, so that it is to be written down at once.

    Raises:
        SavedMemoryError: another format, or nothing of the kind.
    """
    return not is_of(machine, value) and _migration_of(machine, value, described)[1].lasting


def why_not(machine: Machine, value: bytes, described: Mapping[str, bytes] = NOTHING) -> list[Refusal]:
    """Why the machine does not read memories like this one, whosever it is; empty where it does.

    `described` has layouts by their names, as `layout` gave them.

    Raises:
        SavedMemoryError: another format, or nothing of the kind.
    """
    return [] if is_of(machine, value) else _migration_of(machine, value, described)[1].refusals


def left_out(machine: Machine, value: bytes) -> list[str]:
    """The journeys in which a memory was saved and which the machine does not follow.

    Raises:
        SavedMemoryError: nothing of the kind.
    """
    try:
        _, _, journeys = orjson.loads(value.partition(b"\n")[0])
        followed = {definition.journey for definition in machine.definitions}
        found = [name for name, *_ in journeys if name not in followed]
    except (LookupError, TypeError, ValueError):
        raise SavedMemoryError(DAMAGED) from None
    if not all(isinstance(name, str) for name in found):
        raise SavedMemoryError(DAMAGED)
    return found


def decode(
    machine: Machine,
    customer: str,
    value: bytes,
    described: Mapping[str, bytes] = NOTHING,
    now: int | None = None,
) -> Memory:
    """The memory of `customer` that `value` is.

    A journey that the machine follows and the memory does not know begins at the memory's time; one that the memory
    knows and the machine does not follow is left out (`left_out` names it); what becomes of one in another version,
    `journey.migrating` says. Where the machine is not of the same meaning as the one that saved the memory, no signal
    can be put in a place before the memory's time.

    Args:
        machine: whose memory it is to be.
        customer: whose it is.
        value: what `encode` gave, or what a former release wrote.
        described: layouts by their names, as `layout` gave them; needed where a journey has another version.
        now: how far time has come (ms): no deadline of what is new lies before that.

    Raises:
        SavedMemoryError: another format, another version of a journey that cannot be told, or nothing of the kind.
    """
    value = current(machine, value)
    try:
        first, written, rest, *more = value.split(b"\n", 3)
        due, sequence, offsets, _ = orjson.loads(written)
        at, seen, recent, *slots = orjson.loads(rest)
        found = b64decode(seen)
        meaning, state = machine.meaning, [NEVER if due is None else due, *slots]
        if first != _first_line(machine):
            meaning, migration = _migration_of(machine, value, described)
            state = _migrated(migration, slots, moment_of(customer, at, now))
        if at == BEGINNING:
            state = machine.start(customer).state
        if type(at) is not int or type(sequence) is not int or len(state) != len(machine.layout.initial):
            raise SavedMemoryError(DAMAGED)
        memory = Memory(customer, sequence, at, state, offsets, found)
        if recent is not None and machine.lateness:
            memory.past = _past(machine, memory, meaning, recent, *more)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        raise SavedMemoryError(DAMAGED) from None
    return memory


def _migrated(migration: Migration, slots: State, moment: Moment) -> State:
    if migration.refusals:
        raise SavedMemoryError("\n".join(each.message for each in migration.refusals))
    return slots if moment.at == BEGINNING else migration.state(slots, moment)


@lru_cache(maxsize=64)
def _first_line(machine: Machine) -> bytes:
    return orjson.dumps((FORMAT, machine.meaning, saved_in(machine.layout)))


def _migration_of(machine: Machine, value: bytes, described: Mapping[str, bytes]) -> tuple[str, Migration]:
    """The meaning of the machine that saved a memory, and the way from its journeys to those of this one."""
    first = value.partition(b"\n")[0]
    return _migration(machine, first, described.get(_named(first)))


@lru_cache(maxsize=64)
def _migration(machine: Machine, first: bytes, description: bytes | None) -> tuple[str, Migration]:
    try:
        _, meaning, journeys = orjson.loads(first)
        saved = [(name, version, fingerprint, int(count)) for name, version, fingerprint, count in journeys]
        described = None if description is None else Description.model_validate_json(description)
        return meaning, Migration(machine, saved, described)
    except (LookupError, TypeError, ValueError):
        raise SavedMemoryError(DAMAGED) from None


def _named(first: bytes) -> str:
    return blake2b(first, digest_size=8).hexdigest()


def _past(machine: Machine, memory: Memory, meaning: str, saved: Sequence[Any], written: bytes = b"") -> Past:
    """The past as it was, if this machine would make of it what was published; else what was published is final."""
    began, oldest, count, revisions, generation = saved
    if meaning == machine.meaning:
        return Past(began, oldest, count, None, [], written, revisions, generation)
    return Past(memory.at, memory.at, 0, memory.state.copy(), [], b"", revisions, generation)
