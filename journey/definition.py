"""What a journey is once it has been read: facts, tracks, moves and examples, with every name resolved.

Owns the words of the classifier as values. They are made by `journey.loading` and taken as right by everyone else.
Knows neither YAML nor how a journey is run. Durations are milliseconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from journey.conditions import Condition, Type

Kinds = frozenset[str] | None
"""Kinds of signal; None stands for any."""

Operation = Literal["count", "sum", "first", "last", "min", "max", "days", "days_since"]

BUCKETS: Final = 32
"""A window is kept as at most this many buckets, so its memory is bounded however many signals fall into it."""

DAY: Final = 86_400_000


def hears(kinds: Kinds, kind: str) -> bool:
    """Whether `kind` is among `kinds`."""
    return kinds is None or kind in kinds


@dataclass(frozen=True, slots=True)
class Fact:
    """A value kept per customer.

    `count`, `sum` and `days` begin at 0; the others are missing until they are fed. A fact with `within` covers at most
    that long a time, and leaves out less than a 32nd of it (and 31 ms) at its older end; for `days` its buckets are the
    days themselves (UTC), today included.
    """

    name: str
    operation: Operation
    kinds: Kinds
    attribute: str | None = None
    type: Type = "number"
    within: int | None = None
    reset: frozenset[str] = frozenset()
    condition: Condition | None = None

    @property
    def optional(self) -> bool:
        """Whether it can be missing."""
        return self.operation not in {"count", "sum", "days"}

    @property
    def bucket(self) -> int:
        """The width of one of its window's buckets, in ms."""
        assert self.within is not None  # noqa: S101  asked of facts with a window only
        return DAY if self.operation == "days" else self.within // BUCKETS

    @property
    def buckets(self) -> int:
        """How many of them its window covers, the one being filled included."""
        assert self.within is not None  # noqa: S101  asked of facts with a window only
        return self.within // DAY if self.operation == "days" else BUCKETS


@dataclass(frozen=True, slots=True)
class Move:
    """A rule: from these stages to that one, on a signal of these kinds, or after so much silence.

    `after` counts from entering the stage, and anew from every signal of the kinds in `since`.
    """

    name: str
    from_: tuple[str, ...]
    to: str
    kinds: Kinds = frozenset()
    after: int | None = None
    since: Kinds = frozenset()
    condition: Condition | None = None
    publish: tuple[str, ...] = ()
    route: tuple[str, ...] = ()
    from_any: bool = False


@dataclass(frozen=True, slots=True)
class Track:
    """One state machine; a customer begins in `initial` with the first signal. `meanings` explains some stages."""

    name: str
    initial: str
    stages: tuple[str, ...]
    moves: tuple[Move, ...]
    meanings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExampleSignal:
    """A signal of an example, `at` ms after the example's beginning."""

    at: int
    kind: str
    attributes: Mapping[str, float | int | str]


@dataclass(frozen=True, slots=True)
class Expected:
    """A transition that an example must give; `at` and `facts` are held against it where they are given."""

    name: str
    at: int | None = None
    facts: Mapping[str, float | int | str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Example:
    """A few signals and the transitions they must give, in order, on `tracks` alone; where in the text it stands."""

    name: str
    tracks: frozenset[str]
    signals: tuple[ExampleSignal, ...]
    until: int
    transitions: tuple[Expected, ...]
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Definition:
    """A whole journey. `signals` are its further kinds; `where` names the text it was read from."""

    journey: str
    version: int
    title: str
    patience: int
    lateness: int
    signals: Mapping[str, str]
    facts: tuple[Fact, ...]
    tracks: tuple[Track, ...]
    examples: tuple[Example, ...]
    where: str
