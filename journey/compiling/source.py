"""From a layout to the Python source of a machine: two functions for each kind of signal, and two for time.

Owns the text of the generated module. It is straight-line code over one flat list. Every name in it comes from here and
every value has been checked; nothing a user wrote gets in except as a quoted constant or a name that is one. What the
functions must do is said by the naive reading in the tests, which they are held against.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from journey.compiling.carts import MakingCarts
from journey.compiling.facts import Lines, Scope, feed, indented
from journey.compiling.layout import CartsPlace, JourneyPlace, Layout, TrackPlace
from journey.compiling.tracks import Making
from journey.definition import Definition, Kinds
from journey.memory import DUE, NEVER

OTHER = "*"
"""Stands for every kind of signal that no journey names. No kind can be called so."""


@dataclass(frozen=True, slots=True)
class Source:
    """A generated module: its text, the attributes it reads, and for each kind (OTHER included) two functions.

    `functions` are for signals in their place, `late` for those that come too late for it.
    """

    text: str
    functions: dict[str, str]
    late: dict[str, str]
    attributes: frozenset[str]


def generate(layout: Layout) -> Source:
    """The module for the journeys of `layout`. A kind that changes nothing has no function."""
    generating = _Generating(layout)
    functions = generating.functions("on", late=False)
    late = generating.functions("late", late=True)
    lines = [*generating.lines, "def begin(s, t):", *indented(generating.begin()), "", ""]
    lines += ["def silence(s, until):", *indented(generating.silence()), ""]
    return Source("\n".join(lines), functions, late, frozenset(generating.attributes))


def carts_name(place: CartsPlace) -> str:
    """What the carts of a track are called in the source."""
    return f"C{place.carts}"


def named(layout: Layout) -> frozenset[str]:
    """Every kind of signal that a journey names."""
    return frozenset(kind for place in layout.journeys for kinds in _kinds(place.definition) for kind in kinds or ())


def _kinds(definition: Definition) -> Iterator[Kinds]:
    for fact in definition.facts:
        yield from (fact.kinds, fact.reset)
    for track in definition.tracks:
        for move in track.moves:
            yield from (move.kinds, move.since, move.reset)


@dataclass(slots=True)
class _Generating:
    layout: Layout
    lines: Lines = field(default_factory=list)
    attributes: set[str] = field(default_factory=set)

    def functions(self, prefix: str, *, late: bool) -> dict[str, str]:
        """Write the functions for all kinds, one for those to which the same happens; the name of each kind's."""
        bodies: dict[tuple[str, ...], list[str]] = {}
        for kind in sorted({OTHER, *named(self.layout)}):
            if body := tuple(self._on(kind, late=late)):
                bodies.setdefault(body, []).append(kind)
        functions: dict[str, str] = {}
        for number, (body, kinds) in enumerate(bodies.items()):
            functions |= dict.fromkeys(kinds, f"{prefix}_{number}")
            self.lines += [f"def {prefix}_{number}(s, t, signal):  # {', '.join(kinds)}", *indented(body), "", ""]
        return functions

    def begin(self) -> Lines:
        """The lines by which silence begins for a new customer."""
        lines: Lines = []
        for place in self.layout.journeys:
            for track in place.tracks:
                if isinstance(track, TrackPlace):
                    lines += Making(Scope({}, set()), track).wait(track.track.initial)
        return [*lines, *self._next()]

    def silence(self) -> Lines:
        """The lines that complete every silence up to a time."""
        choice: Lines = []
        for place in self.layout.journeys:
            for making in self._makings(place, Scope(place.facts, set())):
                branches = [making.silence()] if isinstance(making, MakingCarts) else making.silence()
                for slot, lines in branches:
                    choice += [f"{'elif' if choice else 'if'} {slot} == t:", *indented(lines)]
        body = indented([*choice, *self._next()])
        return ["out = []", f"while (t := s[{DUE}]) <= until:", *body, "return out"] if choice else ["return []"]

    def _on(self, kind: str, *, late: bool) -> Lines:
        read: set[str] = set()
        feeding: Lines = []
        moving: Lines = []
        for place in self.layout.journeys:
            scope = Scope(place.facts, read)
            for fact, here in place.facts.values():
                feeding += feed(scope, fact, here, kind)
            for making in self._makings(place, scope):
                if lines := [*(() if late else making.forgetting(kind)), *making.on(kind, late=late)]:
                    moving += [f"# {place.definition.journey}: {making.place.track.name}", *lines]
        self.attributes |= read
        given = [f"a_{name} = a.get({name!r})" for name in sorted(read)]
        given = ["a = signal.attributes", *given] if given else []
        if not moving:
            return given + feeding
        return [*given, *feeding, "out = []", *moving, *self._next(), "return out"]

    def _makings(self, place: JourneyPlace, scope: Scope) -> Iterator[Making | MakingCarts]:
        for track in place.tracks:
            if isinstance(track, CartsPlace):
                yield MakingCarts(scope, track, carts_name(track))
            else:
                yield Making(scope, track)

    def _next(self) -> Lines:
        """The lines that find the next deadline of all."""
        first, *others = self.layout.deadlines or [None]
        if first is None:
            return [f"s[{DUE}] = {NEVER}"]
        lines = [f"d = s[{first}]"]
        for slot in others:
            lines += [f"if s[{slot}] < d:", f"    d = s[{slot}]"]
        return [*lines, f"s[{DUE}] = d"]
