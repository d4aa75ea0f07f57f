"""The clock: how far event time has come on a partition.

Owns its arithmetic. A source's clock is the greatest event time seen on it less `patience`; a partition fed by
several sources goes by the least of theirs, because a straggler may come from any of them; and it never goes
backwards. A source that is caught up and has been silent for `idle_after` follows the wall clock less `patience`,
or, where following is turned off, does not hold the others back. Event time is called `at`, the wall clock `wall`;
both are passed in, in ms.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Time:
    """How far event time has come, as a later clock of the same partition needs to know it.

    Attributes:
        now: on the partition, in ms; None where nothing could be said yet.
        greatest: event time of each source that has been heard, in ms.
    """

    now: int | None = None
    greatest: Mapping[str, int] = field(default_factory=dict)

    def later(self, other: "Time") -> "Time":
        """How far both have come between them."""
        known = [time for time in (self.now, other.now) if time is not None]
        sources = self.greatest.keys() | other.greatest.keys()
        pairs = {it: [time.greatest[it] for time in (self, other) if it in time.greatest] for it in sources}
        return Time(max(known, default=None), {source: max(times) for source, times in pairs.items()})


@dataclass(slots=True)
class _Source:
    heard: int
    """Wall-clock time of the last signal; of the beginning, before any."""
    greatest: int | None = None
    caught_up: bool = False


class Clock:
    """The clock of one partition.

    It stands at None until every source has said something or gone idle. `start` is the time of an earlier clock of
    the same partition: this one will not be behind it, and a source that spoke then need not speak again.
    """

    def __init__(self, patience: int, idle_after: int, *, follow_wall: bool = True, start: Time | None = None) -> None:
        start = start or Time()
        self._patience = patience
        self._idle_after = idle_after
        self._follow_wall = follow_wall
        self._now = start.now
        self._before = start.greatest
        self._sources: dict[str, _Source] = {}

    def expect(self, sources: Iterable[str], wall: int) -> None:
        """Wait for these sources from now on: those that were not heard before hold the clock back."""
        for source in sources:
            self._sources.setdefault(source, _Source(wall, self._before.get(source)))

    def saw(self, source: str, at: int, wall: int) -> None:
        """A signal of event time `at` came from `source`; one that is older than others changes nothing."""
        state = self._sources.setdefault(source, _Source(wall))
        state.heard = max(state.heard, wall)
        state.greatest = at if state.greatest is None else max(state.greatest, at)

    def caught_up(self, source: str, *, yes: bool, wall: int) -> None:
        """Whether all there is of `source` has been read. A source with a backlog is not silent, it is late."""
        self._sources.setdefault(source, _Source(wall)).caught_up = yes

    def now(self, wall: int) -> int | None:
        """How far event time has come, in ms; None where nothing can be said yet."""
        readings = [
            self._reading(source, wall) for source in self._sources.values() if not self._left_out(source, wall)
        ]
        known = [reading for reading in readings if reading is not None]
        if known and len(known) == len(readings):
            self._now = min(known) if self._now is None else max(self._now, min(known))
        return self._now

    @property
    def time(self) -> Time:
        """How far it has come, as far as it was asked."""
        heard = {source: state.greatest for source, state in self._sources.items() if state.greatest is not None}
        return Time(self._now, heard)

    def reaches(self, wall: int) -> int | None:
        """How far silence alone can have brought it, in ms; None where nothing can be said."""
        if not self._follow_wall:
            return self._now
        silent = wall - self._patience
        return silent if self._now is None else max(self._now, silent)

    def _reading(self, source: _Source, wall: int) -> int | None:
        seen = None if source.greatest is None else source.greatest - self._patience
        if not self._idle(source, wall):
            return seen
        return wall - self._patience if seen is None else max(seen, wall - self._patience)

    def _left_out(self, source: _Source, wall: int) -> bool:
        return not self._follow_wall and self._idle(source, wall)

    def _idle(self, source: _Source, wall: int) -> bool:
        return source.caught_up and wall - source.heard >= self._idle_after
