"""A second reading of the design, with no cleverness: it keeps every feeding of every fact and walks the definition.

The compiled machine is held against it. It shares with the code the definition and nothing else; conditions are read
from their text again.
"""

import ast
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from journey.conditions import Condition
from journey.definition import Definition, Fact, Move, Track, hears
from journey.machine import Tick
from schemas.signals import Signal

DAY = 86_400_000
SIGNS: Mapping[type[ast.AST], Any] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


Value = float | int | str | None


class MissingError(Exception):
    """A value is not there."""


@dataclass
class Made:
    """A move that was made."""

    journey: str
    track: str
    name: str
    from_: str
    to: str
    at: int
    previous_at: int | None
    cause: str
    facts: dict[str, Any]


@dataclass
class Standing:
    """Where a customer stands on one track; `deadlines` by the number of the move that waits."""

    journey: int
    definition: Definition
    track: Track
    stage: str
    entered: int | None = None
    deadlines: dict[int, int] = field(default_factory=dict)

    def enter(self, stage: str, at: int) -> None:
        self.stage = stage
        self.deadlines = {
            number: at + move.after
            for number, move in enumerate(self.track.moves)
            if move.after is not None and stage in move.from_
        }


class Naive:
    """One customer on some journeys."""

    def __init__(self, definitions: Sequence[Definition]) -> None:
        self.definitions = definitions
        self.standings = [
            Standing(number, definition, track, track.initial)
            for number, definition in enumerate(definitions)
            for track in definition.tracks
        ]
        self.fed: dict[tuple[str, str], list[tuple[int, Any]]] = {
            (definition.journey, fact.name): [] for definition in definitions for fact in definition.facts
        }
        self.at: int | None = None
        self.made: list[Made] = []

    def step(self, given: Signal | Tick) -> None:
        if isinstance(given, Tick):
            if self.at is not None:
                self._silence(given.now)
            return
        if self.at is None:
            self.at = given.at
            for standing in self.standings:
                standing.enter(standing.stage, self.at)
        at = max(given.at, self.at)
        self._silence(at)
        self.at = at
        for definition in self.definitions:
            for fact in definition.facts:
                self._feed(definition, fact, given, at)
        for standing in self.standings:
            self._hear(standing, given, at)

    def stages(self) -> dict[str, dict[str, tuple[str, int | None]]]:
        result: dict[str, dict[str, tuple[str, int | None]]] = {}
        for standing in self.standings:
            result.setdefault(standing.definition.journey, {})[standing.track.name] = (standing.stage, standing.entered)
        return result

    def due(self) -> int | None:
        return min((each for standing in self.standings for each in standing.deadlines.values()), default=None)

    def _silence(self, until: int) -> None:
        while True:
            waiting = [
                (deadline, number, move)
                for number, standing in enumerate(self.standings)
                for move, deadline in standing.deadlines.items()
                if deadline <= until
            ]
            if not waiting:
                return
            deadline, number, index = min(waiting)
            standing = self.standings[number]
            assert self.at is not None
            self.at = max(self.at, deadline)
            if self._holds(standing.definition, standing.track.moves[index].condition, {}, deadline):
                self._make(standing, standing.track.moves[index], deadline, "deadline")
            else:
                del standing.deadlines[index]

    def _hear(self, standing: Standing, signal: Signal, at: int) -> None:
        here = [(number, move) for number, move in enumerate(standing.track.moves) if standing.stage in move.from_]
        for _, move in here:
            heard = move.after is None and hears(move.kinds, signal.kind)
            if heard and self._holds(standing.definition, move.condition, signal.attributes, at):
                self._make(standing, move, at, signal.id)
                return
        for number, move in here:
            if move.after is not None and hears(move.since, signal.kind):
                standing.deadlines[number] = at + move.after

    def _make(self, standing: Standing, move: Move, at: int, cause: str) -> None:
        definition = standing.definition
        facts = {fact.name: fact for fact in definition.facts}
        read = move.condition.names if move.condition else ()
        named = [name for name in (*read, *move.publish) if name in facts]
        values = {name: self._value(definition, facts[name], at) for name in named}
        before, entered = standing.stage, standing.entered
        standing.enter(move.to, at)
        standing.entered = at
        self.made.append(
            Made(definition.journey, standing.track.name, move.name, before, move.to, at, entered, cause, values)
        )

    def _feed(self, definition: Definition, fact: Fact, signal: Signal, at: int) -> None:
        fed = self.fed[definition.journey, fact.name]
        if signal.kind in fact.reset:
            fed.clear()
        if not hears(fact.kinds, signal.kind):
            return
        if not self._holds(definition, fact.condition, signal.attributes, at):
            return
        if fact.attribute is None:
            fed.append((at, 1))
        elif fact.attribute in signal.attributes:
            fed.append((at, signal.attributes[fact.attribute]))

    def _value(self, definition: Definition, fact: Fact, at: int) -> Value:
        fed = self.fed[definition.journey, fact.name]
        if fact.within is not None:
            width = DAY if fact.operation == "days" else fact.within // 32
            covered = fact.within // width if fact.operation == "days" else 32
            fed = [(when, value) for when, value in fed if when // width > at // width - covered]
        values = [value for _, value in fed]
        value: Value = None
        match fact.operation:
            case "count" | "sum":
                value = sum(values)
            case "days":
                value = len({when // DAY for when, _ in fed})
            case "days_since" if fed:
                value = (at - fed[-1][0]) / DAY
            case "first" | "last" if fed:
                value = values[0 if fact.operation == "first" else -1]
            case "min" | "max" if fed:
                value = min(values) if fact.operation == "min" else max(values)
        return value

    def _holds(
        self, definition: Definition, condition: Condition | None, attributes: Mapping[str, Any], at: int
    ) -> bool:
        if condition is None:
            return True
        facts = {fact.name: self._value(definition, fact, at) for fact in definition.facts}
        return holds(ast.parse(condition.text.strip(), mode="eval").body, {**attributes, **facts})


def holds(node: ast.expr, values: Mapping[str, Any]) -> bool:
    match node:
        case ast.BoolOp(op=ast.And()):
            return all(holds(each, values) for each in node.values)
        case ast.BoolOp():
            return any(holds(each, values) for each in node.values)
        case ast.UnaryOp():
            return not holds(node.operand, values)
        case ast.Compare():
            try:
                sides = [worth(each, values) for each in (node.left, *node.comparators)]
            except (MissingError, ZeroDivisionError):
                return False
            return all(SIGNS[type(sign)](*pair) for sign, pair in zip(node.ops, pairwise(sides), strict=True))
    raise AssertionError(node)


def worth(node: ast.expr, values: Mapping[str, Any]) -> Any:  # noqa: ANN401  a number or a text, checked long ago
    match node:
        case ast.Name(id=name):
            if values.get(name) is None:
                raise MissingError
            return values[name]
        case ast.Constant(value=value):
            return value
        case ast.UnaryOp():
            return -worth(node.operand, values)
        case ast.BinOp():
            return SIGNS[type(node.op)](worth(node.left, values), worth(node.right, values))
    raise AssertionError(node)
