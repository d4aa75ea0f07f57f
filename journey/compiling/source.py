"""From a layout to the Python source of a machine: a function for each kind of signal, and two for time.

Owns the text of the generated module. It is straight-line code over one flat list. Every name in it comes from here and
every value has been checked; nothing a user wrote gets in except as a quoted constant or a name that is one. What the
functions must do is said by the naive reading in the tests, which they are held against.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from journey.compiling.facts import Lines, Scope, feed, indented
from journey.compiling.layout import Layout
from journey.compiling.tracks import on, silence, wait
from journey.definition import Definition, Kinds
from journey.memory import DUE, NEVER

OTHER = "*"
"""Stands for every kind of signal that no journey names. No kind can be called so."""


@dataclass(frozen=True, slots=True)
class Source:
    """A generated module: its text, the function for each kind (OTHER included), the attributes it reads."""

    text: str
    functions: dict[str, str]
    attributes: frozenset[str]


def generate(layout: Layout) -> Source:
    """The module for the journeys of `layout`. A kind that changes nothing has no function."""
    attributes: set[str] = set()
    bodies: dict[tuple[str, ...], list[str]] = {}
    for kind in sorted({OTHER, *named(layout)}):
        if body := tuple(_on(layout, kind, attributes)):
            bodies.setdefault(body, []).append(kind)
    lines: Lines = []
    functions: dict[str, str] = {}
    for number, (body, kinds) in enumerate(bodies.items()):
        functions |= dict.fromkeys(kinds, f"on_{number}")
        lines += [f"def on_{number}(s, t, a):  # {', '.join(kinds)}", *indented(body), "", ""]
    lines += ["def begin(s, t):", *indented(_begin(layout)), "", ""]
    lines += ["def silence(s, until):", *indented(_silence(layout)), ""]
    return Source("\n".join(lines), functions, frozenset(attributes))


def named(layout: Layout) -> frozenset[str]:
    """Every kind of signal that a journey names."""
    return frozenset(kind for place in layout.journeys for kinds in _kinds(place.definition) for kind in kinds or ())


def _kinds(definition: Definition) -> Iterator[Kinds]:
    for fact in definition.facts:
        yield from (fact.kinds, fact.reset)
    for track in definition.tracks:
        for move in track.moves:
            yield from (move.kinds, move.since)


def _on(layout: Layout, kind: str, attributes: set[str]) -> Lines:
    read: set[str] = set()
    feeding: Lines = []
    moving: Lines = []
    for place in layout.journeys:
        scope = Scope(place, read)
        for fact, slot in place.facts.values():
            feeding += feed(scope, fact, slot, kind)
        for track in place.tracks:
            if lines := on(scope, track, kind):
                moving += [f"# {place.definition.journey}: {track.track.name}", *lines]
    attributes |= read
    given = [f"a_{name} = a.get({name!r})" for name in sorted(read)]
    if not moving:
        return given + feeding
    return [*given, *feeding, "out = []", *moving, *_next(layout), "return out"]


def _begin(layout: Layout) -> Lines:
    tracks = [track for place in layout.journeys for track in place.tracks]
    return [*(line for track in tracks for line in wait(track, track.track.initial)), *_next(layout)]


def _silence(layout: Layout) -> Lines:
    choice: Lines = []
    for place in layout.journeys:
        for track in place.tracks:
            for slot, lines in silence(Scope(place, set()), track):
                choice += [f"{'elif' if choice else 'if'} s[{slot}] == t:", *indented(lines)]
    body = indented([*choice, *_next(layout)]) if choice else []
    return ["out = []", f"while (t := s[{DUE}]) <= until:", *body, "return out"] if choice else ["return []"]


def _next(layout: Layout) -> Lines:
    """The lines that find the next deadline of all."""
    first, *others = layout.deadlines or [None]
    if first is None:
        return [f"s[{DUE}] = {NEVER}"]
    lines = [f"d = s[{first}]"]
    for slot in others:
        lines += [f"if s[{slot}] < d:", f"    d = s[{slot}]"]
    return [*lines, f"s[{DUE}] = d"]
