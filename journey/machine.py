"""The machine: compiled journeys, and the steps by which a customer moves along them.

Owns what one input does to one memory: deadlines up to it first, then facts, then at most one move a track; and the
making of transitions out of moves. Pure: `step` and `apply` never change the memory they are given. The methods of
`Machine` that say so change it in place, for those who own it.

A signal older than what its customer has been through already counts as if it came at that later moment.
"""

import linecache
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from journey import windows
from journey.compiling.layout import lay_out
from journey.compiling.source import OTHER, generate, named
from journey.definition import Definition
from journey.memory import BEGINNING, DUE, Memory, State
from schemas.signals import KINDS, Signal
from schemas.transitions import DEADLINE, Cause, Fact, Transition, transition_id


@dataclass(frozen=True, slots=True)
class Tick:
    """An input that says only that time has come as far as `now` (event time in ms)."""

    now: int


@dataclass(frozen=True, slots=True)
class _Move:
    """What is the same in all transitions of one move."""

    journey: str
    version: int
    track: str
    stages: tuple[str, ...]
    name: str
    to: str
    route: tuple[str, ...]


Made = tuple[_Move, int, int | None, int, dict[str, Fact]]
"""A move made: which, the number of the stage left, when that was entered, at, the facts to publish."""


class Machine:
    """Journeys compiled together, so that one customer can be followed on several at once.

    `kinds` are the kinds of signal that change anything, `attributes` those that anything reads, `routes` the
    topics that transitions are copied to; `patience` and `lateness` (ms) the longest of any of the journeys;
    `source` the generated module, to be shown.
    """

    def __init__(self, definitions: Sequence[Definition]) -> None:
        self.definitions = tuple(definitions)
        self.layout = lay_out(definitions)
        source = generate(self.layout)
        self.source = source.text
        self.attributes = source.attributes
        self.kinds = named(self.layout) | (KINDS.keys() if OTHER in source.functions else frozenset())
        self.routes = frozenset(topic for move in _moves(definitions) for topic in move.route)
        self.patience = max(definition.patience for definition in definitions)
        self.lateness = max(definition.lateness for definition in definitions)
        module = _execute(source.text, {f"M{number}": move for number, move in enumerate(_moves(definitions))})
        self._handlers = {kind: module[name] for kind, name in source.functions.items()}
        self._other = self._handlers.get(OTHER)
        self._silence: Callable[[State, int], list[Made]] = module["silence"]
        self.begin: Callable[[State, int], None] = module["begin"]

    def start(self, customer: str) -> Memory:
        """The memory of a customer of whom nothing has been seen."""
        return Memory(customer, 0, BEGINNING, list(self.layout.initial), {})

    def hear(self, memory: Memory, signal: Signal) -> list[Transition]:
        """`step` with a signal, in place."""
        state = memory.state
        transitions: list[Transition] = []
        at = signal.at
        if at > memory.at:
            memory.at = at
        else:
            at = memory.at
        if state[DUE] <= at:
            if state[DUE] == BEGINNING:
                self.begin(state, at)
            else:
                transitions = _published(memory, self._silence(state, at), None)
        handler = self._handlers.get(signal.kind, self._other)
        if handler is not None and (made := handler(state, at, signal.attributes)):
            transitions += _published(memory, made, signal)
        return transitions

    def wait(self, memory: Memory, now: int) -> list[Transition]:
        """`step` with a tick, in place."""
        due = memory.due
        transitions: list[Transition] = []
        while due is not None and due <= now:
            memory.at = max(memory.at, due)
            transitions += _published(memory, self._silence(memory.state, due), None)
            due = memory.due
        return transitions


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
    machine: Machine, memory: Memory | None, customer: str, source: str, signals: Sequence[Signal]
) -> tuple[Memory, list[Transition]]:
    """What a batch of one customer's signals from one source makes of a memory (None: the customer is new).

    Signals whose offset the memory handed in has already are left out, so a batch can be given again after a crash.
    They are compared with that memory, not with each other, because one record can hold several signals.
    """
    memory = machine.start(customer) if memory is None else memory.copy()
    applied = memory.offsets.get(source, -1)
    transitions: list[Transition] = []
    last = applied
    for signal in signals:
        if signal.origin.offset > applied:
            transitions += machine.hear(memory, signal)
            last = max(last, signal.origin.offset)
    if last > applied:
        memory.offsets = {**memory.offsets, source: last}
    return memory, transitions


def where(machine: Machine, memory: Memory) -> dict[str, dict[str, tuple[str, int | None]]]:
    """For each journey and track the stage a customer is in, and since when (ms; None: from the beginning)."""
    return {
        place.definition.journey: {
            track.track.name: (track.track.stages[memory.state[track.stage]], memory.state[track.entered])
            for track in place.tracks
        }
        for place in machine.layout.journeys
    }


def _moves(definitions: Sequence[Definition]) -> list[_Move]:
    """The constants of all moves, in document order, which is the order of their numbers."""
    return [
        _Move(each.journey, each.version, track.name, track.stages, move.name, move.to, move.route)
        for each in definitions
        for track in each.tracks
        for move in track.moves
    ]


def _execute(text: str, constants: Mapping[str, object]) -> dict[str, Any]:
    """The generated module's names; its lines are made known so that a traceback shows them."""
    name = f"<journeys {blake2b(text.encode(), digest_size=4).hexdigest()}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    module: dict[str, Any] = {"__name__": name, **constants, **vars(windows)}
    exec(compile(text, name, "exec"), module)  # noqa: S102  our own text, generated from checked values
    return module


def _published(memory: Memory, made: Sequence[Made], signal: Signal | None) -> list[Transition]:
    """The transitions that publish the moves made, numbered on from the memory's last."""
    if not made:
        return []
    if signal is None:
        cause, cause_id = Cause(DEADLINE), DEADLINE
    else:
        origin, cause_id = signal.origin, signal.id
        cause = Cause(signal.kind, cause_id, origin.topic, origin.partition, origin.offset)
    customer = memory.customer
    transitions = []
    for move, left, entered, at, facts in made:
        memory.sequence += 1
        transitions.append(
            Transition(
                transition_id(customer, move.journey, move.version, move.track, None, move.name, at, cause_id),
                memory.sequence,
                customer,
                move.journey,
                move.version,
                move.track,
                None,
                move.name,
                move.stages[left],
                move.to,
                at,
                entered,
                cause,
                facts,
                route=move.route,
            )
        )
    return transitions
