"""What a replay came to, in tables: what was read, where customers stand, which moves were made, how long stays last.

It reads nothing but what was tallied and the transitions, as any subscriber could; it keeps, for each move, who
made it, and for each stay its length.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from statistics import median, quantiles

from rich.console import Console
from rich.table import Table

from journey.definition import Definition, Track
from journey.memory import Memory
from schemas.transitions import Transition
from stagewatch.feed import Tally

Place = tuple[str, str]
"""A journey and one of its tracks."""

_DAY, _HOUR, _MINUTE = 86_400_000, 3_600_000, 60_000


class Summary:
    """Counts transitions as they pass. `memories`: for the replay to leave behind, one for each customer seen."""

    def __init__(self) -> None:
        self.memories: dict[str, Memory] = {}
        self._stands: dict[Place, dict[tuple[str, str | None], str]] = defaultdict(dict)
        self._made: Counter[tuple[Place, str]] = Counter()
        self._makers: dict[tuple[Place, str], set[str]] = defaultdict(set)
        self._stays: dict[tuple[Place, str], array[int]] = defaultdict(lambda: array("q"))

    def counted(self, transitions: Iterable[Transition]) -> Iterator[Transition]:
        """The transitions as they come, each counted."""
        for transition in transitions:
            place = (transition.journey, transition.track)
            self._stands[place][transition.customer, transition.instance] = transition.to
            self._made[place, transition.name] += 1
            self._makers[place, transition.name].add(transition.customer)
            if transition.previous_at is not None:
                self._stays[place, transition.from_].append(transition.at - transition.previous_at)
            yield transition

    def makers(self, journey: str, track: str, move: str) -> set[str]:
        """The customers who made a move at least once."""
        return self._makers.get(((journey, track), move), set())

    def show(self, console: Console, tally: Tally, definitions: Iterable[Definition]) -> None:
        """Prints all tables."""
        console.print(_read(tally, len(self.memories)))
        for definition in definitions:
            for track in definition.tracks:
                place = (definition.journey, track.name)
                console.print(self._stages(place, track))
                if moves := self._moves(place, track):
                    console.print(moves)

    def _stages(self, place: Place, track: Track) -> Table:
        table = _table(f"{place[0]}: {place[1]}", "stage", "customers", "left after (median)", "(p90)", "times")
        stands = Counter(self._stands[place].values())
        stands[track.initial] += len(self.memories.keys() - {customer for customer, _ in self._stands[place]})
        for stage in track.stages:
            stays = self._stays.get((place, stage), array("q"))
            table.add_row(stage, f"{stands[stage]:,}", *_typical(stays), f"{len(stays):,}" if stays else "")
        return table

    def _moves(self, place: Place, track: Track) -> Table | None:
        table = _table("", "move", "to", "times", "customers")
        for move in track.moves:
            times = self._made.pop((place, move.name), 0)
            if times:
                table.add_row(move.name, move.to, f"{times:,}", f"{len(self._makers[place, move.name]):,}")
        return table if table.row_count else None


def length(milliseconds: float) -> str:
    """A length of time with the two figures that matter: `2 d 4 h`, `31 min`, `12 s`."""
    if milliseconds >= _DAY:
        return f"{milliseconds // _DAY:.0f} d {milliseconds % _DAY // _HOUR:.0f} h"
    if milliseconds >= _HOUR:
        return f"{milliseconds // _HOUR:.0f} h {milliseconds % _HOUR // _MINUTE:.0f} min"
    return f"{milliseconds / _MINUTE:.0f} min" if milliseconds >= _MINUTE else f"{milliseconds / 1_000:.0f} s"


def _typical(stays: "array[int]") -> tuple[str, str]:
    """The median, and what nine of ten stays do not exceed."""
    if len(stays) < 2:  # noqa: PLR2004  quantiles want two
        return (length(stays[0]), length(stays[0])) if stays else ("", "")
    return length(median(stays)), length(quantiles(stays, n=10, method="inclusive")[8])


def _read(tally: Tally, customers: int) -> Table:
    table = _table("what was read", "", "events")
    table.add_row("all", f"{tally.events:,}")
    table.add_row("signals", f"{tally.signals.total():,}, of {customers:,} customers")
    for kind, count in tally.signals.most_common():
        table.add_row(f"  {kind}", f"{count:,}")
    table.add_row("passed over", f"{tally.passed.total():,}")
    for (dialect, name), count in tally.passed.most_common():
        table.add_row(f"  {name or '(no name)'} ({dialect})", f"{count:,}")
    table.add_row("rejected", f"{tally.rejected.total():,}")
    for reason, count in tally.rejected.most_common():
        table.add_row(f"  {reason}", f"{count:,}")
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    return table
