"""The source of tracks: what a signal, or a completed silence, does to the stage a customer is in.

Owns the lines that choose a move, make it, and set deadlines. In them `s` is the state, `g` the number of the stage,
`t` the time in ms, and `out` the list to which a move made is added: (its constant, the stage left, when that was
entered, t, the facts to publish).
"""

from collections.abc import Iterable

from journey.compiling.facts import Lines, Scope, indented
from journey.compiling.layout import TrackPlace
from journey.definition import Move, hears
from journey.memory import NEVER


def on(scope: Scope, place: TrackPlace, kind: str) -> Lines:
    """The lines by which a signal of `kind` makes a move, or else lets silence count anew; perhaps none."""
    branches = [
        (_guard(scope, place, move, move.from_), _make(scope, place, index))
        for index, move in enumerate(place.track.moves)
        if move.after is None and hears(move.kinds, kind)
    ]
    branches += [(_in(place, stages), list(lines)) for lines, stages in _anew(place, kind).items()]
    return [f"g = s[{place.stage}]", *_chain(branches)] if branches else []


def silence(scope: Scope, place: TrackPlace) -> list[tuple[int, Lines]]:
    """For each of the track's deadline slots the lines that make its move, or pass it over."""
    return [(slot, _complete(scope, place, number)) for number, slot in enumerate(place.deadlines)]


def wait(place: TrackPlace, stage: str) -> Lines:
    """The lines that set the deadlines of a stage entered at `t`."""
    moves = place.silences[place.track.stages.index(stage)]
    times = [f"t + {move.after}" for move in moves]
    times += [str(NEVER)] * (len(place.deadlines) - len(moves))
    return [f"s[{slot}] = {time}" for slot, time in zip(place.deadlines, times, strict=True)]


def _complete(scope: Scope, place: TrackPlace, number: int) -> Lines:
    stages: dict[int, list[str]] = {}
    for stage, moves in zip(place.track.stages, place.silences, strict=True):
        if number < len(moves):
            stages.setdefault(place.track.moves.index(moves[number]), []).append(stage)
    branches = [
        (_guard(scope, place, place.track.moves[index], tuple(from_)), _make(scope, place, index))
        for index, from_ in sorted(stages.items())
    ]
    passed_over = ["else:", f"    s[{place.deadlines[number]}] = {NEVER}"]
    return [f"g = s[{place.stage}]", *_chain(branches), *passed_over]


def _anew(place: TrackPlace, kind: str) -> dict[tuple[str, ...], tuple[str, ...]]:
    """The lines by which a signal lets silence count anew, each with the stages in which it does."""
    stages: dict[tuple[str, ...], tuple[str, ...]] = {}
    for stage, moves in zip(place.track.stages, place.silences, strict=True):
        lines = tuple(
            f"s[{slot}] = t + {move.after}"
            for slot, move in zip(place.deadlines, moves, strict=False)
            if hears(move.since, kind)
        )
        if lines:
            stages[lines] = (*stages.get(lines, ()), stage)
    return stages


def _make(scope: Scope, place: TrackPlace, index: int) -> Lines:
    move = place.track.moves[index]
    read = move.condition.names if move.condition else ()
    names = dict.fromkeys((*(name for name in read if name in scope.place.facts), *move.publish))
    facts = ", ".join(f"{name!r}: {scope.value(name)}" for name in names)
    return [
        f"out.append((M{place.first_move + index}, g, s[{place.entered}], t, {{{facts}}}))  # {move.name}",
        f"s[{place.stage}] = {place.track.stages.index(move.to)}",
        f"s[{place.entered}] = t",
        *wait(place, move.to),
    ]


def _guard(scope: Scope, place: TrackPlace, move: Move, stages: tuple[str, ...]) -> str:
    where = _in(place, stages)
    return where if move.condition is None else f"{where} and {scope.condition(move.condition)}"


def _in(place: TrackPlace, stages: Iterable[str]) -> str:
    """The source that tells whether `g` is one of the stages."""
    numbers = sorted(place.track.stages.index(stage) for stage in set(stages))
    others = set(range(len(place.track.stages))) - set(numbers)
    if len(numbers) == 1:
        return f"g == {numbers[0]}"
    if len(others) == 1:
        return f"g != {others.pop()}"
    return f"g in {tuple(numbers)}"


def _chain(branches: Iterable[tuple[str, Lines]]) -> Lines:
    """The first branch whose condition holds."""
    lines: Lines = []
    for condition, body in branches:
        lines += [f"{'elif' if lines else 'if'} {condition}:", *indented(body)]
    return lines
