"""A replay's summary as tables for people: what was read, where customers stand, which moves hold, how long stays last.

It counts nothing that `stagewatch.summary` has not counted. Columns and rows that would say nothing are left out.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median, quantiles
from typing import Final

from rich.console import Console
from rich.table import Table

from journey.definition import DROPPED_OFF, Definition, Track
from journey.machine import where
from journey.tally import Tally
from schemas.stages import Standing
from stagewatch.feed import Read
from stagewatch.summary import Move, Place, Summary

_DAY, _HOUR, _MINUTE = 86_400_000, 3_600_000, 60_000

TOLD: Final = {
    "duplicates": "came twice, and were counted once",
    "rewound": "came late, and were put in their place",
    "too_late": "came too late for that: counted, but nothing was corrected",
    "signals_settled": "could no longer be overtaken by late ones: too many of one customer at once",
    "ids_forgotten": "ids were forgotten early, so that a copy would count again: too many of one customer",
    "carts_forgotten": "open carts were forgotten: too many of one customer",
}
"""What there is to count beside transitions, in plain words; each key a count of `journey.tally.Tally`."""

Standings = dict[tuple[str, str], list[Standing]]
"""Where each customer stands, by journey and track."""


def show(summary: Summary, read: Read, console: Console) -> None:
    """Prints all tables."""
    console.print(_read(read, len(summary.memories)))
    if (tallied := _tallied(summary.tally)).row_count:
        console.print(tallied)
    standings = _standings(summary)
    for definition in summary.machine.definitions:
        for track in definition.tracks:
            console.print(_stages(summary, definition, track, standings.get((definition.journey, track.name), [])))
            if (moves := _moves(summary, definition, track)).row_count:
                console.print(moves)


def length(milliseconds: float) -> str:
    """A length of time with the two figures that matter: `2 d 4 h`, `31 min`, `12 s`."""
    if milliseconds >= _DAY:
        return f"{milliseconds // _DAY:.0f} d {milliseconds % _DAY // _HOUR:.0f} h"
    if milliseconds >= _HOUR:
        return f"{milliseconds // _HOUR:.0f} h {milliseconds % _HOUR // _MINUTE:.0f} min"
    return f"{milliseconds / _MINUTE:.0f} min" if milliseconds >= _MINUTE else f"{milliseconds / 1_000:.0f} s"


def _read(read: Read, customers: int) -> Table:
    table = _table("what was read", "", "events")
    table.add_row("all", f"{read.events:,}")
    table.add_row("signals", f"{read.signals.total():,}, of {customers:,} customers")
    for kind, count in read.signals.most_common():
        table.add_row(f"  {kind}", f"{count:,}")
    table.add_row("passed over", f"{read.passed.total():,}")
    for (dialect, name), count in read.passed.most_common():
        table.add_row(f"  {name or '(no name)'} ({dialect})", f"{count:,}")
    table.add_row("rejected", f"{read.rejected.total():,}")
    for reason, count in read.rejected.most_common():
        table.add_row(f"  {reason}", f"{count:,}")
    return table


def _tallied(tally: Tally) -> Table:
    table = _table("of the signals", "", "times")
    for name, words in TOLD.items():
        if count := getattr(tally, name):
            table.add_row(words, f"{count:,}")
    return table


def _standings(summary: Summary) -> Standings:
    standings: Standings = {}
    for memory in summary.memories.values():
        for journey, tracks in where(summary.machine, memory).items():
            for track, standing in tracks.items():
                standings.setdefault((journey, track), []).append(standing)
    return standings


def _stages(summary: Summary, definition: Definition, track: Track, standings: Sequence[Standing]) -> Table:
    """Where customers stand; of a track kept per cart each customer stands where the cart last touched does."""
    further = dict(_further(track, standings))
    columns = ("stage", "customers", "left after (median)", "(p90)", "times", *further)
    table = _table(f"{definition.journey}: {track.name}", *columns)
    stands = Counter(standing.stage for standing in standings)
    for stage in track.stages:
        stays = summary.stays(Place(definition.journey, track.name, stage))
        figures = [f"{counts[stage]:,}" for counts in further.values()]
        table.add_row(stage, f"{stands[stage]:,}", *_typical(stays), f"{len(stays):,}" if stays else "", *figures)
    return table


def _further(track: Track, standings: Sequence[Standing]) -> Iterator[tuple[str, Counter[str | None]]]:
    """The columns that only some tracks have, each with a count by stage."""
    if track.per is not None:
        yield f"{track.per}s", Counter(stage for each in standings for stage, _ in (each.carts or {}).values())
    if track.furthest:
        yield "came so far", Counter(each.furthest for each in standings)
    if track.frames:
        yield "dropped off", Counter(each.stage for each in standings if each.dropped_off)


def _moves(summary: Summary, definition: Definition, track: Track) -> Table:
    moves = sorted(summary.moves(definition.journey, track.name), key=lambda move: _rank(track, move))
    apart = {
        word: counts
        for word, counts in (("corrected", summary.corrected), ("suppressed", summary.suppressed))
        if any(counts[move] for move in moves)
    }
    table = _table("", "move", "to", "times", "customers", *apart)
    for move in moves:
        figures = [summary.times(move), len(summary.customers(move)), *(counts[move] for counts in apart.values())]
        if any(figures):
            table.add_row(move.name, move.to, *(f"{figure:,}" for figure in figures))
    return table


def _rank(track: Track, move: Move) -> tuple[int, int]:
    """The place of a move in the document; those who dropped off come last, in order of stage."""
    if move.name == DROPPED_OFF:
        return len(track.moves), track.stages.index(move.to)
    return next((number, 0) for number, each in enumerate(track.moves) if (each.name, each.to) == (move.name, move.to))


def _typical(stays: Sequence[int]) -> tuple[str, str]:
    """The median, and what nine of ten stays do not exceed."""
    if len(stays) < 2:  # noqa: PLR2004  quantiles want two
        return (length(stays[0]), length(stays[0])) if stays else ("", "")
    return length(median(stays)), length(quantiles(stays, n=10, method="inclusive")[8])


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", no_wrap=not number)
    return table
