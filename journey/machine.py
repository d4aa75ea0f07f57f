"""The machine: compiled journeys, and the steps by which a customer moves along them.

Owns what one input does to one memory: deadlines up to it first, then facts, then at most one move a track; and the
making of transitions out of moves. Pure: `step` and `apply` never change the memory they are given. The methods of
`Machine` that say so change it in place, for those who own it.

What a customer goes through follows from the customer's signals in the order of their times, each once. A signal that
comes in that order is heard at once; what becomes of others, `journey.rewinding` and `journey.duplicates` say.
"""

import linecache
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from journey import moves, windows
from journey.compiling.carts import runtime
from journey.compiling.layout import CartsPlace, Layout, TrackPlace, lay_out
from journey.compiling.source import OTHER, carts_name, generate, named
from journey.definition import Definition
from journey.duplicates import noted_before
from journey.memory import BEGINNING, DUE, NEVER, Memory, State
from journey.moves import Constant, Made
from journey.rewinding import hear_late, in_order, keep, rank
from journey.tally import Tally
from schemas.signals import KINDS, Signal
from schemas.stages import Standing
from schemas.transitions import DEADLINE, Cause, Transition, transition_id

_OFFSET: Final = attrgetter("origin.offset")

SEMANTICS: Final = 1
"""Raised when a machine comes to make other transitions of the same journey and signals."""


@dataclass(frozen=True, slots=True)
class Tick:
    """An input that says only that time has come as far as `now` (event time in ms)."""

    now: int


class Machine:
    """Journeys compiled together, so that one customer can be followed on several at once.

    `kinds` are the kinds of signal that change anything, `attributes` those that anything reads, `routes` the
    topics that transitions are copied to; `patience`, `lateness` and `dedup_window` (ms) the longest of any of the
    journeys; `grace` the longest of any move; `source` the generated module, to be shown; `meaning` differs between
    machines that could make other transitions of the same signals.
    """

    def __init__(self, definitions: Sequence[Definition]) -> None:
        self.definitions = tuple(definitions)
        self.layout = lay_out(definitions)
        source = generate(self.layout)
        self.source = source.text
        self.kinds = named(self.layout) | (frozenset(KINDS) if OTHER in source.functions else frozenset())
        self.patience = max(definition.patience for definition in definitions)
        self.lateness = max(definition.lateness for definition in definitions)
        self.dedup_window = max(definition.dedup_window for definition in definitions)
        self.attributes = source.attributes | ({"order"} if self.dedup_window else frozenset())
        constants = _constants(self.layout)
        self._shown = _shown(self.layout)
        self._standing = tuple(slot for *_, slot in self._shown)
        self.routes = frozenset(topic for move in constants for topic in move.route)
        module = _execute(source.text, _names(self.layout, constants))
        self._handlers = {kind: module[name] for kind, name in source.functions.items()}
        self._late_handlers = {kind: module[name] for kind, name in source.late.items()}
        self._silence: Callable[[State, int], list[Made | None]] = module["silence"]
        self.begin: Callable[[State, int], None] = module["begin"]
        self.grace = max(move.grace or 0 for each in definitions for track in each.tracks for move in track.moves)
        told = (SEMANTICS, source.text, constants, self.lateness, self.dedup_window)
        self.meaning = blake2b(repr(told).encode(), digest_size=4).hexdigest()

    def start(self, customer: str) -> Memory:
        """The memory of a customer of whom nothing has been seen."""
        return Memory(customer, 0, BEGINNING, list(self.layout.initial), {})

    def hear(self, memory: Memory, signal: Signal, tally: Tally | None = None) -> list[Transition]:
        """`step` with a signal, in place; what is worth counting is added to `tally`."""
        tally = Tally() if tally is None else tally
        copy = self.dedup_window > 0 and noted_before(memory, signal, self, tally)
        if copy or (signal.at <= memory.at and not in_order(memory, signal)):
            return hear_late(self, memory, [(signal, copy)], tally)
        if self.lateness:
            keep(self, memory, signal, tally)
        return self.advance(memory, signal, tally)

    def hear_all(self, memory: Memory, signals: Sequence[Signal], tally: Tally | None = None) -> list[Transition]:
        """`hear` for all signals of one record, in place: those that come late are put in their places together."""
        tally = Tally() if tally is None else tally
        signals = sorted(signals, key=rank)
        if memory.past is None or in_order(memory, signals[0]):
            return [each for signal in signals for each in self.hear(memory, signal, tally)]
        heard = [(each, self.dedup_window > 0 and noted_before(memory, each, self, tally)) for each in signals]
        return hear_late(self, memory, heard, tally)

    def advance(self, memory: Memory, signal: Signal, tally: Tally) -> list[Transition]:
        """Go on, in place, to a signal that is not before the memory's time, and let it count."""
        state = memory.state
        transitions: list[Transition] = []
        at = memory.at = signal.at
        if state[DUE] <= at:
            if state[DUE] == BEGINNING:
                self.begin(state, at)
            else:
                transitions = _published(memory, self._silence(state, at), None, tally)
        handlers = self._late_handlers if signal.late else self._handlers
        handler = handlers.get(signal.kind) or handlers.get(OTHER)
        if handler is not None and (made := handler(state, at, signal)):
            transitions += _published(memory, made, signal, tally)
        return transitions

    def wait(self, memory: Memory, now: int) -> list[Transition]:
        """`step` with a tick, in place."""
        due = memory.due
        transitions: list[Transition] = []
        while due is not None and due <= now:
            memory.at = max(memory.at, due)
            transitions += _published(memory, self._silence(memory.state, due), None, Tally())
            due = memory.due
        return transitions

    def stand_alike(self, memory: Memory, other: Memory) -> bool:
        """Whether both are in the same stage on each track, as `stages` tells them; quicker than asking that."""
        return self.numbers(memory) == self.numbers(other)

    def numbers(self, memory: Memory) -> list[int]:
        """The number of the stage on each track, in the order of `stages`."""
        state = memory.state
        return [state[slot] for slot in self._standing]

    def named(self, numbers: Sequence[int]) -> list[tuple[str, str, str]]:
        """(journey, track, stage) for each track, of what `numbers` told."""
        return [
            (journey, track, stages[number])
            for (journey, track, stages, _), number in zip(self._shown, numbers, strict=True)
        ]

    def stages(self, memory: Memory) -> list[tuple[str, str, str]]:
        """(journey, track, stage) for each track; of one kept per cart, the stage of the cart last touched."""
        return self.named(self.numbers(memory))


def compile_journeys(definitions: Sequence[Definition]) -> Machine:
    """The machine that follows a customer on all of these journeys, in this order.

    Raises:
        ValueError: there are none, or two have the same name.
    """
    names = [definition.journey for definition in definitions]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"a machine follows one or more journeys with different names, not {names}")
    return Machine(definitions)


def step(machine: Machine, memory: Memory, given: Signal | Tick) -> tuple[Memory, list[Transition]]:
    """What one input makes of a memory: another memory, and the transitions in order. `memory` stays as it was."""
    memory = memory.copy()
    if isinstance(given, Tick):
        return memory, machine.wait(memory, given.now)
    return memory, machine.hear(memory, given)


def apply(
    machine: Machine,
    memory: Memory | None,
    customer: str,
    source: str,
    signals: Sequence[Signal],
    *,
    tally: Tally | None = None,
    enough: int | None = None,
) -> tuple[Memory, list[Transition]]:
    """What a batch of one customer's signals from one source makes of a memory (None: the customer is new).

    Signals whose offset the memory handed in has already are left out, so a batch can be given again after a crash.
    They are compared with that memory, not with each other, because one record can hold several signals. With `enough`
    transitions made, no further record is begun: the memory's offset tells which was the last.
    """
    memory = machine.start(customer) if memory is None else memory.copy()
    tally = Tally() if tally is None else tally
    applied = last = memory.offsets.get(source, -1)
    transitions: list[Transition] = []
    for offset, record in groupby(signals, _OFFSET):
        if enough is not None and len(transitions) >= enough:
            break
        if offset > applied:
            signal, *others = record
            transitions += (
                machine.hear_all(memory, [signal, *others], tally) if others else machine.hear(memory, signal, tally)
            )
            last = max(last, offset)
    if last > applied:
        memory.offsets = {**memory.offsets, source: last}
    return memory, transitions


def where(machine: Machine, memory: Memory) -> dict[str, dict[str, Standing]]:
    """Where a customer stands on each track of each journey."""
    return {
        place.definition.journey: {track.track.name: _standing(memory.state, track) for track in place.tracks}
        for place in machine.layout.journeys
    }


def _standing(state: State, place: TrackPlace | CartsPlace) -> Standing:
    stages = place.track.stages
    if isinstance(place, CartsPlace):
        inner = place.inner
        carts = {cart[0]: (stages[cart[inner.stage]], cart[inner.entered]) for cart in state[place.carts].values()}
        return Standing(stages[state[place.shown]], state[place.since], carts=carts)
    stage = stages[state[place.stage]]
    furthest = None if place.furthest is None else stages[state[place.furthest]]
    dropped_off = None
    if place.frame is not None and stage in place.track.frames:
        dropped_off = state[place.frame] == NEVER
    return Standing(stage, state[place.entered], furthest, dropped_off)


def _shown(layout: Layout) -> list[tuple[str, str, tuple[str, ...], int]]:
    """For each track its journey, its name, its stages, and the slot that has the number of the stage."""
    return [
        (
            place.definition.journey,
            each.track.name,
            each.track.stages,
            each.stage if isinstance(each, TrackPlace) else each.shown,
        )
        for place in layout.journeys
        for each in place.tracks
    ]


def _constants(layout: Layout) -> list[Constant]:
    """The constants of all moves, in document order, which is the order of their numbers."""
    found = []
    for place in layout.journeys:
        definition = place.definition
        for each in place.tracks:
            track = each if isinstance(each, TrackPlace) else each.inner
            found += [
                Constant(
                    definition.journey,
                    definition.version,
                    track.track.name,
                    track.track.stages,
                    move.name,
                    move.to,
                    move.route,
                    track.published.get(move.name),
                    move.once,
                    move.cooldown,
                )
                for move in track.moves
            ]
    return found


def _names(layout: Layout, constants: Sequence[Constant]) -> dict[str, object]:
    """What the generated code refers to."""
    carts = [track for place in layout.journeys for track in place.tracks if isinstance(track, CartsPlace)]
    return {
        "MOVES": tuple(constants),
        **{f"M{number}": move for number, move in enumerate(constants)},
        **{carts_name(place): runtime(place) for place in carts},
        **vars(windows),
        **vars(moves),
    }


def _execute(text: str, names: Mapping[str, object]) -> dict[str, Any]:
    """The generated module's names; its lines are made known so that a traceback shows them."""
    name = f"<journeys {blake2b(text.encode(), digest_size=4).hexdigest()}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    module: dict[str, Any] = {**names, "__name__": name}
    exec(compile(text, name, "exec"), module)  # noqa: S102  our own text, generated from checked values
    return module


def _published(memory: Memory, made: Sequence[Made | None], signal: Signal | None, tally: Tally) -> list[Transition]:
    """The transitions that publish the moves made, numbered on from the memory's last."""
    if not made:
        return []
    if signal is None:
        cause, cause_id, late = Cause(DEADLINE), DEADLINE, False
    else:
        origin, cause_id, late = signal.origin, signal.id, signal.late
        cause = Cause(signal.kind, cause_id, origin.topic, origin.partition, origin.offset)
    transitions = []
    for each in made:
        if each is None:
            tally.carts_forgotten += 1
        elif each[7] is None:
            transitions.append(_transition(memory, each, cause, cause_id, late))
        elif each[7]:
            kind, held_id, topic, partition, offset, held_late = each[7]
            of_held = Cause(kind, held_id, topic, partition, offset)
            transitions.append(_transition(memory, each, of_held, held_id, held_late))
        else:
            transitions.append(_transition(memory, each, Cause(DEADLINE), DEADLINE, late=False))
    return transitions


def _transition(memory: Memory, made: Made, cause: Cause, cause_id: str, late: bool) -> Transition:
    move, left, entered, at, facts, cart, reason, _ = made
    customer = memory.customer
    found = transition_id(customer, move.journey, move.version, move.track, cart, move.name, at, cause_id)
    if memory.past is not None:
        found = memory.past.name(found)
    memory.sequence += 1
    return Transition(
        found,
        memory.sequence,
        customer,
        move.journey,
        move.version,
        move.track,
        cart,
        move.name,
        move.stages[left],
        move.to,
        at,
        entered,
        cause,
        facts,
        "made" if reason is None else "suppressed",
        None,
        reason,
        late,
        move.route if reason is None else (),
    )
