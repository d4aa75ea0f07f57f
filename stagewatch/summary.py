"""What a replay came to: which moves hold in the end, how long stays last, and where that leaves the customers.

It reads nothing but the transitions, as any subscriber could, and the memories that are left behind. All figures are
net: what was corrected is taken out again, with the stay that it ended; what was suppressed is counted apart. Where
customers stand is read from the memories, since transitions that still hold are not published again when a late
signal changes the stage they left. How it looks on paper is in `stagewatch.tables`.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from journey.definition import DROPPED_OFF
from journey.machine import Machine
from journey.memory import Memory
from journey.tally import Tally
from schemas.transitions import Transition


class Place(NamedTuple):
    """A stage of one track of a journey."""

    journey: str
    track: str
    stage: str


class Move(NamedTuple):
    """All moves of one name to one stage of a track."""

    journey: str
    track: str
    name: str
    to: str


class _Published(NamedTuple):
    """What may yet be corrected; `length` is that of the stay it ended, in ms, None where it ended none."""

    id: str
    at: int
    suppressed: bool
    stage: str
    length: int | None


_REACH: Final = 3
"""How many times the lateness a correction can reach back: once for the signal, twice where the time that its customer
had reached was itself taken back."""


class Summary:
    """Counts transitions as they pass. `memories` and `tally` are for the replay to fill in."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.memories: dict[str, Memory] = {}
        self.tally = Tally()
        self.corrected: Counter[Move] = Counter()
        self.suppressed: Counter[Move] = Counter()
        self._makers: dict[Move, Counter[str]] = defaultdict(Counter)
        self._lengths: dict[Place, array[int]] = defaultdict(lambda: array("q"))
        self._taken_out: dict[Place, Counter[int]] = defaultdict(Counter)
        self._recent: dict[str, list[_Published]] = {}
        # A move that was held back is published late, at the time at which it was made.
        graces = [move.grace or 0 for each in machine.definitions for track in each.tracks for move in track.moves]
        self._reach = _REACH * machine.lateness + max(graces, default=0)

    def counted(self, transitions: Iterable[Transition]) -> Iterator[Transition]:
        """The transitions as they come, each counted."""
        for transition in transitions:
            if transition.kind == "corrected":
                self._withdraw(transition)
            else:
                self._add(transition)
            yield transition

    def moves(self, journey: str, track: str) -> list[Move]:
        """The moves of a track of which there is anything to tell, in order of name and stage."""
        told = self._makers.keys() | self.suppressed.keys() | self.corrected.keys()
        return sorted(move for move in told if (move.journey, move.track) == (journey, track))

    def times(self, move: Move) -> int:
        """How often it was made and not corrected."""
        return self._makers[move].total() if move in self._makers else 0

    def customers(self, move: Move) -> set[str]:
        """Who made it at least once for good."""
        return {customer for customer, times in self._makers.get(move, Counter()).items() if times > 0}

    def stays(self, place: Place) -> list[int]:
        """How long each stay in the stage lasted that came to an end (ms), the shortest first; whoever was told."""
        lengths = Counter(self._lengths.get(place, ()))
        lengths.subtract(self._taken_out.get(place, Counter()))
        return sorted(lengths.elements())

    def _add(self, transition: Transition) -> None:
        move = _move(transition)
        if transition.kind == "suppressed":
            self.suppressed[move] += 1
        else:
            self._makers[move][transition.customer] += 1
        length = _length(transition)
        if length is not None:
            self._lengths[Place(move.journey, move.track, transition.from_)].append(length)
        if self._reach:
            at = transition.at
            recent = self._recent.setdefault(transition.customer, [])
            if recent and recent[0].at < at - self._reach:
                recent[:] = [each for each in recent if each.at >= at - self._reach]
            recent.append(_published(transition))

    def _withdraw(self, correction: Transition) -> None:
        """Take out what is corrected, as it was published: meanwhile a late signal may have changed what it says."""
        move = _move(correction)
        recent = self._recent.get(correction.customer, [])
        withdrawn = next((each for each in recent if each.id == correction.corrects), None)
        if withdrawn is None:  # further back than should be: then what the correction says has to do
            withdrawn = _published(correction)
        else:
            recent.remove(withdrawn)
        if withdrawn.suppressed:
            self.suppressed[move] -= 1
        else:
            self.corrected[move] += 1
            self._makers[move][correction.customer] -= 1
        if withdrawn.length is not None:
            self._taken_out[Place(move.journey, move.track, withdrawn.stage)][withdrawn.length] += 1


def _published(transition: Transition) -> _Published:
    suppressed = transition.kind == "suppressed"
    return _Published(transition.id, transition.at, suppressed, transition.from_, _length(transition))


def _length(transition: Transition) -> int | None:
    """How long the stay was that came to an end; who dropped off is still there."""
    if transition.previous_at is None or transition.name == DROPPED_OFF:
        return None
    return transition.at - transition.previous_at


def _move(transition: Transition) -> Move:
    return Move(transition.journey, transition.track, transition.name, transition.to)
