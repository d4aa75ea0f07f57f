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

Per = Literal["cart"]
"""The attribute of which each value has an instance of a track to itself."""

DROPPED_OFF: Final = "dropped_off"
"""The name of the transition that says a customer has stayed in a stage for longer than its time-frame."""

GONE: Final = "gone"
"""What `migrates` says of a track that the version before had and this one does not."""

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
    days themselves (UTC), today included. With `per` it is kept for each instance
    of the journey's track that is kept so.
    """

    name: str
    operation: Operation
    kinds: Kinds
    attribute: str | None = None
    type: Type = "number"
    within: int | None = None
    reset: frozenset[str] = frozenset()
    condition: Condition | None = None
    per: Per | None = None

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

    It is published once in `cooldown` (ms), or only `once`, and otherwise suppressed; a signal of the kinds in `reset`
    forgets when that was. Its publication waits for `grace` (ms), in which it can be undone. `late`: a signal too late
    to be put in its place makes it all the same.
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
    cooldown: int | None = None
    once: bool = False
    reset: frozenset[str] = frozenset()
    grace: int | None = None
    late: bool = False


@dataclass(frozen=True, slots=True)
class Track:
    """One state machine; a customer begins in `initial` with the first signal. `meanings` explains some stages.

    `frames`: how long (ms) a customer may stay in a stage before counting as dropped off; `furthest`: the stages stand
    in order, and the furthest one reached is kept; `per`: kept for each value of that attribute, where `orders` says
    whether an order is heard by `any` open instance or the `same` as it names.
    """

    name: str
    initial: str
    stages: tuple[str, ...]
    moves: tuple[Move, ...]
    meanings: Mapping[str, str] = field(default_factory=dict)
    frames: Mapping[str, int] = field(default_factory=dict)
    furthest: bool = False
    per: Per | None = None
    orders: Literal["any", "same"] = "any"


@dataclass(frozen=True, slots=True)
class ExampleSignal:
    """A signal of an example, `at` ms after the example's beginning.

    `arrives`: how far time had been told (ms after the beginning) when it came; `id`: for one that comes twice.
    """

    at: int
    kind: str
    attributes: Mapping[str, float | int | str]
    arrives: int | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """A transition that an example must give; what is None, and facts not named, are not held against it."""

    name: str
    at: int | None = None
    facts: Mapping[str, float | int | str | None] = field(default_factory=dict)
    kind: Literal["made", "corrected", "suppressed"] = "made"
    cart: str | None = None
    late: bool | None = None


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
    """A whole journey. `signals` are its further kinds; `where` names the text it was read from.

    `migrates` has for tracks the stage of this version to which those go who stand in a former one, by the former
    one's name; None for a track that is gone.
    """

    journey: str
    version: int
    title: str
    patience: int
    lateness: int
    dedup_window: int
    signals: Mapping[str, str]
    facts: tuple[Fact, ...]
    tracks: tuple[Track, ...]
    examples: tuple[Example, ...]
    where: str
    migrates: Mapping[str, Mapping[str, str] | None] = field(default_factory=dict)
