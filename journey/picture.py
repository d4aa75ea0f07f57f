"""Where a track's stages and moves stand in a drawing.

Owns the layout. Stages stand in a row, in the order in which the journey lists them. Moves forward run above the
row and moves backward below it, each as three straight lines (out, along, in) at a height of its own, the short
ones nearest to the row; where they leave a stage they are spread so that inner ones lie within outer ones. Knows no
drawing language.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from journey.definition import Move, Track
from journey.durations import written

ANY: Final = "any stage"
BOX_WIDTH: Final = 140
BOX_HEIGHT: Final = 40
GAP: Final = 40
LANE: Final = 24
"""The height between two moves; a name of 11 px stands on each."""
LETTER: Final = 6.5
"""About the width of a letter of 11 px: names are kept apart without measuring them."""
MARGIN: Final = 24
PORT: Final = 14
"""The width between two moves where they leave or enter a stage, as long as there is room."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A move as drawn: from stages (or ANY) to a stage. Where `sources` are several, their lines run into one.

    `after` says how much silence makes the move, and is empty where a signal does; `note` says when it is published,
    and is empty where that is always and at once.
    """

    name: str
    sources: tuple[str, ...]
    target: str
    after: str
    note: str

    @property
    def label(self) -> str:
        """What stands on the line."""
        return named(self.name, self.after)


@dataclass(frozen=True, slots=True)
class Line:
    """Where an edge runs: out of the row's rim `base` at the `starts`, along at `height`, and back into it at `end`."""

    edge: Edge
    starts: tuple[int, ...]
    end: int
    base: int
    height: int

    @property
    def furthest(self) -> int:
        """The start from which the line runs all along."""
        return max(self.starts, key=lambda start: abs(start - self.end))

    @property
    def joints(self) -> tuple[int, ...]:
        """The other starts, where lines run into it."""
        return tuple(start for start in self.starts if start != self.furthest)

    @property
    def middle(self) -> int:
        """Where the name stands: on the last stretch, which belongs to all starts."""
        return (min(self.starts, key=lambda start: abs(start - self.end)) + self.end) // 2


End = tuple[Edge, int, str]
"""An edge, a column, and whether the edge goes `out` of it or `in`."""


def edges(track: Track) -> list[Edge]:
    """The track's moves as edges; several ways of one move to the same stage are one if they are published alike."""
    sources: dict[tuple[str, str, str, str], dict[str, None]] = {}
    for move in track.moves:
        after = "" if move.after is None else f"after {written(move.after)}"
        edge = (move.name, move.to, after, _note(move))
        sources.setdefault(edge, {}).update(dict.fromkeys((ANY,) if move.from_any else move.from_))
    return [Edge(name, tuple(each), target, after, note) for (name, target, after, note), each in sources.items()]


def named(name: str, *more: str) -> str:
    """A name, and in brackets what there is to be said of it."""
    said = ", ".join(filter(None, more))
    return f"{name} ({said})" if said else name


def caption(track: Track) -> str:
    """The track's name, and what it is kept for each of."""
    return track.name if track.per is None else f"{track.name}, one for each {track.per}"


def frame(track: Track, stage: str) -> str:
    """The stage's time-frame, in words; empty where it has none."""
    return f"within {written(track.frames[stage])}" if stage in track.frames else ""


def _note(move: Move) -> str:
    notes = []
    if move.once:
        notes.append("once")
    elif move.cooldown is not None:
        notes.append(f"at most once in {written(move.cooldown)}")
    if move.grace is not None:
        notes.append(f"grace {written(move.grace)}")
    return ", ".join(notes)


class Picture:
    """One track's part of a drawing, in pixels."""

    def __init__(self, track: Track) -> None:
        self.track = track
        drawn = edges(track)
        self.row = ([ANY] if any(ANY in edge.sources for edge in drawn) else []) + list(track.stages)
        self._pitch = max(BOX_WIDTH, *(int(len(edge.label) * LETTER) for edge in drawn)) + GAP
        self._above = self._in_lanes(self._leading(drawn, forward=True))
        self._below = self._in_lanes(self._leading(drawn, forward=False))
        self._rise = MARGIN + LANE * (1 + max(self._above.values(), default=0))
        self.height = self._rise + BOX_HEIGHT + LANE * (2 + max(self._below.values(), default=-1))
        self.width = self.centre(len(self.row) - 1) + BOX_WIDTH // 2 + MARGIN

    def centre(self, column: int) -> int:
        """The middle of a column, from the left."""
        return MARGIN + BOX_WIDTH // 2 + column * self._pitch

    def row_top(self, top: int) -> int:
        """The upper rim of the row of stages, where the picture's own is at `top`."""
        return top + self._rise

    def lines(self, top: int) -> list[Line]:
        """Where every edge runs, where the picture's upper rim is at `top`."""
        upper = self.row_top(top)
        return [*self._lines(self._above, upper, -LANE), *self._lines(self._below, upper + BOX_HEIGHT, LANE)]

    def _lines(self, lanes: dict[Edge, int], base: int, step: int) -> list[Line]:
        ports = self._ports(lanes)
        return [
            Line(
                edge,
                tuple(ports[edge, column, "out"] for column in self._columns(edge)),
                ports[edge, self._target(edge), "in"],
                base,
                base + step * (lane + 1),
            )
            for edge, lane in lanes.items()
        ]

    def _ports(self, lanes: dict[Edge, int]) -> dict[End, int]:
        """Where each edge leaves and enters the rim of its stages."""
        ports: dict[End, int] = {}
        for column in range(len(self.row)):
            ends = [(edge, column, "out") for edge in lanes if column in self._columns(edge)]
            ends += [(edge, column, "in") for edge in lanes if column == self._target(edge)]
            ends.sort(key=lambda end: self._side(end, lanes[end[0]]))
            apart = min(PORT, (BOX_WIDTH - PORT) // max(1, len(ends)))
            first = self.centre(column) - apart * (len(ends) - 1) // 2
            ports |= {end: first + apart * number for number, end in enumerate(ends)}
        return ports

    def _side(self, end: End, lane: int) -> tuple[int, int]:
        """What ends are sorted by: those that lead left, inner ones first; then the others, outer ones first."""
        edge, column, way = end
        other = self._target(edge) if way == "out" else self._columns(edge)[0]
        return (0, lane) if other < column else (1, -lane)

    def _leading(self, drawn: Sequence[Edge], *, forward: bool) -> list[Edge]:
        """The edges with those of their sources from which they lead forward, or those from which they do not."""
        halves = (
            replace(
                edge,
                sources=tuple(each for each in edge.sources if (self.row.index(each) < self._target(edge)) is forward),
            )
            for edge in drawn
        )
        return [edge for edge in halves if edge.sources]

    def _in_lanes(self, drawn: Sequence[Edge]) -> dict[Edge, int]:
        """For each edge its lane, counted from the row outward: the innermost in which it meets no other."""
        taken: list[list[tuple[int, int]]] = []
        lanes: dict[Edge, int] = {}
        spans = {edge: sorted((*self._columns(edge), self._target(edge))) for edge in drawn}
        for edge in sorted(drawn, key=lambda each: spans[each][-1] - spans[each][0]):
            left, right = spans[edge][0], spans[edge][-1]
            lane = 0
            while lane < len(taken) and any(left <= end and start <= right for start, end in taken[lane]):
                lane += 1
            if lane == len(taken):
                taken.append([])
            taken[lane].append((left, right))
            lanes[edge] = lane
        return lanes

    def _columns(self, edge: Edge) -> list[int]:
        return [self.row.index(each) for each in edge.sources]

    def _target(self, edge: Edge) -> int:
        return self.row.index(edge.target)
