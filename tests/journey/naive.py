"""A second reading of the design, with no cleverness: it keeps every feeding of every fact and walks the definition.

The compiled machine is held against it. It shares with the code the definition and nothing else; conditions are read
from their text again. It takes signals as they are given: it knows neither duplicates nor what came out of order.
"""

import ast
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from typing import Any, Literal, Protocol

from journey.conditions import Condition
from journey.definition import DROPPED_OFF, Definition, Fact, Kinds, Move, Track, hears
from schemas.signals import ATTRIBUTES, Signal

DAY = 86_400_000
MOST_CARTS = 20
ADDRESSED = frozenset(kind for kind in ATTRIBUTES["cart"].kinds if not kind.startswith("order_"))
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
Fed = list[tuple[int, Any]]


class MissingError(Exception):
    """A value is not there."""


class Tick(Protocol):
    """Whatever tells time."""

    @property
    def now(self) -> int: ...


@dataclass
class Made:
    """A record as it is published; `cause` is the signal's id or "deadline", `cause_kind` its kind or "deadline"."""

    journey: str
    track: str
    name: str
    from_: str
    to: str
    at: int
    previous_at: int | None
    cause: str
    facts: dict[str, Any]
    cause_kind: str
    instance: str | None = None
    kind: Literal["made", "suppressed"] = "made"
    reason: Literal["cooldown", "once", "undone"] | None = None
    late: bool = False


@dataclass
class Held:
    """A record held back until its grace is over."""

    move: Move
    made: Made
    until: int


@dataclass
class Standing:
    """Where a customer, or one cart, stands on a track; `deadlines` by the number of the move that waits."""

    track: Track
    cart: str | None
    stage: str
    entered: int | None = None
    deadlines: dict[int, int] = field(default_factory=dict)
    frame: int | None = None
    held: Held | None = None
    fed: dict[str, Fed] = field(default_factory=dict)

    def enter(self, stage: str, at: int) -> None:
        self.stage = stage
        self.deadlines = {
            number: at + move.after
            for number, move in enumerate(self.track.moves)
            if move.after is not None and stage in move.from_
        }
        self.frame = at + self.track.frames[stage] if stage in self.track.frames else None

    def waiting(self) -> list[tuple[int, int, int]]:
        """Every deadline with its rank (the end of grace, then silences, then the time-frame) and its move's number."""
        found = [(deadline, 1, number) for number, deadline in self.deadlines.items()]
        if self.held is not None:
            found.append((self.held.until, 0, 0))
        if self.frame is not None:
            found.append((self.frame, 2, 0))
        return found


@dataclass
class Followed:
    """One track of one journey: its standings in the order in which they were last touched.

    A track that is not kept per cart has a single one, for None. `shown`: the cart last touched or moved;
    `published`: when a move of that name was last published.
    """

    definition: Definition
    track: Track
    standings: dict[str | None, Standing]
    furthest: str
    shown: str | None = None
    published: dict[str, int] = field(default_factory=dict)

    def addresses(self, kind: str) -> bool:
        return kind in ADDRESSED or (self.track.orders == "same" and kind.startswith("order_"))

    def begins_with(self, kind: str) -> bool:
        moves = any(hears(move.kinds, kind) or hears(move.since, kind) for move in self.track.moves)
        facts = [fact for fact in self.definition.facts if fact.per is not None]
        return moves or any(hears(fact.kinds, kind) or kind in fact.reset for fact in facts)

    def is_open(self, standing: Standing) -> bool:
        if standing.held is not None:
            return True
        return standing.stage != self.track.initial and any(
            standing.stage in move.from_ and (move.after is not None or self._heard_by_all(move.kinds))
            for move in self.track.moves
        )

    def _heard_by_all(self, kinds: Kinds) -> bool:
        return kinds is None or any(not self.addresses(kind) for kind in kinds)


class Naive:
    """One customer on some journeys."""

    def __init__(self, definitions: Sequence[Definition]) -> None:
        self.definitions = definitions
        self.tracks = [
            Followed(definition, track, {}, track.initial) for definition in definitions for track in definition.tracks
        ]
        for followed in self.tracks:
            if followed.track.per is None:
                followed.standings[None] = Standing(followed.track, None, followed.track.initial)
        self.fed: dict[tuple[str, str], Fed] = {
            (definition.journey, fact.name): [] for definition in definitions for fact in definition.facts
        }
        self.at: int | None = None
        self.published: list[Made] = []

    def step(self, given: Signal | Tick) -> None:
        if isinstance(given, Signal):
            self.hear(given)
        else:
            self.wait(given.now)

    def wait(self, now: int) -> None:
        if self.at is not None:
            self._silence(now)

    def hear(self, signal: Signal) -> None:
        if self.at is None:
            self.at = signal.at
            for followed in self.tracks:
                for standing in followed.standings.values():
                    standing.enter(standing.stage, self.at)
        at = max(signal.at, self.at)
        self._silence(at)
        self.at = at
        for followed in self.tracks:
            for move in followed.track.moves:
                if signal.kind in move.reset and not signal.late:
                    followed.published.pop(move.name, None)
        hearing = [(followed, self._given(followed, signal, at)) for followed in self.tracks]
        for definition in self.definitions:
            self._feed_all(definition, signal, at, hearing)
        for followed, standings in hearing:
            for standing in standings:
                self._answer(followed, standing, signal, at)

    def stages(self) -> dict[str, dict[str, tuple[str, int | None]]]:
        result: dict[str, dict[str, tuple[str, int | None]]] = {}
        for followed in self.tracks:
            standing = followed.standings.get(followed.shown)
            shown = (followed.track.initial, None) if standing is None else (standing.stage, standing.entered)
            result.setdefault(followed.definition.journey, {})[followed.track.name] = shown
        return result

    def furthest(self) -> dict[str, dict[str, str]]:
        """The furthest stage reached, of each track that keeps it."""
        result: dict[str, dict[str, str]] = {}
        for followed in self.tracks:
            if followed.track.furthest:
                result.setdefault(followed.definition.journey, {})[followed.track.name] = followed.furthest
        return result

    def carts(self, journey: str, track: str) -> dict[str | None, str]:
        """The stage of each cart that is remembered, the one touched last at the end."""
        return {
            cart: standing.stage
            for followed in self.tracks
            if (followed.definition.journey, followed.track.name) == (journey, track)
            for cart, standing in followed.standings.items()
        }

    def due(self) -> int | None:
        return min(
            (
                deadline
                for followed in self.tracks
                for standing in followed.standings.values()
                for deadline, _, _ in standing.waiting()
            ),
            default=None,
        )

    def _given(self, followed: Followed, signal: Signal, at: int) -> list[Standing]:
        """Those who hear the signal; a cart that begins with it is among them."""
        if followed.track.per is None:
            return list(followed.standings.values())
        addressed = followed.addresses(signal.kind)
        if not addressed:
            open_ = [standing for standing in followed.standings.values() if followed.is_open(standing)]
            if open_:
                return open_
        named = signal.attributes.get("cart")
        cart = None if named is None else str(named)
        if cart not in followed.standings:
            if not followed.begins_with(signal.kind):
                return []
            self._begin(followed, cart, at)
        elif addressed and followed.begins_with(signal.kind):
            followed.standings[cart] = followed.standings.pop(cart)
            followed.shown = cart
        return [followed.standings[cart]]

    def _begin(self, followed: Followed, cart: str | None, at: int) -> None:
        for other, standing in list(followed.standings.items()):
            if not followed.is_open(standing):
                del followed.standings[other]
        if len(followed.standings) == MOST_CARTS:
            forgotten = followed.standings.pop(next(iter(followed.standings)))
            if forgotten.held is not None:
                self._publish(followed, forgotten.held.move, forgotten.held.made)
        standing = Standing(followed.track, cart, followed.track.initial)
        standing.enter(followed.track.initial, at)
        standing.fed = {fact.name: [] for fact in followed.definition.facts if fact.per is not None}
        followed.standings[cart] = standing
        followed.shown = cart

    def _silence(self, until: int) -> None:
        while True:
            waiting = [
                (deadline, number, place, rank, index)
                for number, followed in enumerate(self.tracks)
                for place, standing in enumerate(followed.standings.values())
                for deadline, rank, index in standing.waiting()
                if deadline <= until
            ]
            if not waiting:
                return
            deadline, number, place, rank, index = min(waiting)
            assert self.at is not None
            self.at = max(self.at, deadline)
            followed = self.tracks[number]
            standing = list(followed.standings.values())[place]
            if rank == 0:
                self._end_grace(followed, standing)
            elif rank == 1:
                self._end_silence(followed, standing, index, deadline)
            else:
                self._drop_off(followed, standing, deadline)

    def _end_grace(self, followed: Followed, standing: Standing) -> None:
        assert standing.held is not None
        self._publish(followed, standing.held.move, standing.held.made)
        standing.held = None

    def _end_silence(self, followed: Followed, standing: Standing, index: int, at: int) -> None:
        move = followed.track.moves[index]
        if self._holds(followed.definition, standing, move.condition, {}, at):
            self._make(followed, standing, move, at, None)
        else:
            del standing.deadlines[index]

    def _drop_off(self, followed: Followed, standing: Standing, at: int) -> None:
        standing.frame = None
        journey, track, stage = followed.definition.journey, followed.track.name, standing.stage
        self.published.append(
            Made(journey, track, DROPPED_OFF, stage, stage, at, standing.entered, "deadline", {}, "deadline")
        )

    def _answer(self, followed: Followed, standing: Standing, signal: Signal, at: int) -> None:
        here = [(number, move) for number, move in enumerate(followed.track.moves) if standing.stage in move.from_]
        for _, move in here:
            heard = move.after is None and hears(move.kinds, signal.kind) and (move.late or not signal.late)
            if heard and self._holds(followed.definition, standing, move.condition, signal.attributes, at):
                self._make(followed, standing, move, at, signal)
                return
        for number, move in here:
            if move.after is not None and hears(move.since, signal.kind) and not signal.late:
                standing.deadlines[number] = at + move.after

    def _make(self, followed: Followed, standing: Standing, move: Move, at: int, signal: Signal | None) -> None:
        made = Made(
            journey=followed.definition.journey,
            track=followed.track.name,
            name=move.name,
            from_=standing.stage,
            to=move.to,
            at=at,
            previous_at=standing.entered,
            cause="deadline" if signal is None else signal.id,
            facts=self._facts_told(followed.definition, standing, move, at),
            cause_kind="deadline" if signal is None else signal.kind,
            instance=standing.cart,
            late=signal is not None and signal.late,
        )
        held, standing.held = standing.held, None
        standing.enter(move.to, at)
        standing.entered = at
        followed.shown = standing.cart
        followed.furthest = max(followed.furthest, move.to, key=followed.track.stages.index)
        if held is not None and move.to == held.made.from_:
            self.published += [replace(each, kind="suppressed", reason="undone") for each in (held.made, made)]
            return
        if held is not None:
            self._publish(followed, held.move, held.made)
        if move.grace is None:
            self._publish(followed, move, made)
        else:
            standing.held = Held(move, made, at + move.grace)

    def _publish(self, followed: Followed, move: Move, made: Made) -> None:
        last = followed.published.get(move.name)
        if move.once and last is not None:
            made = replace(made, kind="suppressed", reason="once")
        elif move.cooldown is not None and last is not None and made.at - last < move.cooldown:
            made = replace(made, kind="suppressed", reason="cooldown")
        else:
            followed.published[move.name] = made.at
        self.published.append(made)

    def _facts_told(self, definition: Definition, standing: Standing, move: Move, at: int) -> dict[str, Value]:
        facts = {fact.name: fact for fact in definition.facts}
        read = move.condition.names if move.condition else ()
        named = [name for name in (*read, *move.publish) if name in facts]
        return {name: self._value(definition, facts[name], standing, at) for name in named}

    def _feed_all(
        self, definition: Definition, signal: Signal, at: int, hearing: list[tuple[Followed, list[Standing]]]
    ) -> None:
        """Each fact in document order; one that is kept per cart in every cart that hears the signal."""
        carts = [
            standing
            for followed, standings in hearing
            if followed.definition is definition and followed.track.per is not None
            for standing in standings
        ]
        for fact in definition.facts:
            for standing in carts if fact.per is not None else [None]:
                self._feed(definition, fact, standing, signal, at)

    def _feed(self, definition: Definition, fact: Fact, standing: Standing | None, signal: Signal, at: int) -> None:
        fed = self._fed(definition, fact, standing)
        if signal.kind in fact.reset:
            fed.clear()
        if not hears(fact.kinds, signal.kind):
            return
        if not self._holds(definition, standing, fact.condition, signal.attributes, at):
            return
        if fact.attribute is None:
            fed.append((at, 1))
        elif fact.attribute in signal.attributes:
            fed.append((at, signal.attributes[fact.attribute]))

    def _fed(self, definition: Definition, fact: Fact, standing: Standing | None) -> Fed:
        if fact.per is None:
            return self.fed[definition.journey, fact.name]
        assert standing is not None, f"the fact '{fact.name}' is kept per cart and read where there is none"
        return standing.fed[fact.name]

    def _value(self, definition: Definition, fact: Fact, standing: Standing | None, at: int) -> Value:
        fed = self._fed(definition, fact, standing)
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
        self,
        definition: Definition,
        standing: Standing | None,
        condition: Condition | None,
        attributes: Mapping[str, Any],
        at: int,
    ) -> bool:
        if condition is None:
            return True
        read = [fact for fact in definition.facts if fact.name in condition.names]
        facts = {fact.name: self._value(definition, fact, standing, at) for fact in read}
        return holds(_parsed(condition.text.strip()), {**attributes, **facts})


@cache
def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


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
