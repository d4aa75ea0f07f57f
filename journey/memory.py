"""Memory: all that is kept about one customer.

Owns its parts and the moments that stand for 'no moment'. How it is written down is `journey.saving`'s business; what
stands where in `state` is the compiled machine's, and nobody else reads it.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from schemas.signals import Signal
from schemas.transitions import revised_id

Slot = int | float | str | list[Any] | dict[str, list[Any]] | None
"""One place of a state."""
State = list[Any]
"""A list of Slot. Any, because only the generated code, which checks nothing, knows which slot holds what.

Lists and dicts in it are never changed in place, so a flat copy of a state is a whole copy.
"""

DUE: Final = 0
"""The slot of a state in which the next deadline of all stands."""
NEVER: Final = 2**53
"""A deadline that does not come; an integer, so that finding the next one needs no case for it, and one that every JSON
reader has exactly. A time so late is 285,000 years away."""
BEGINNING: Final = -NEVER
"""The time of a customer of whom no signal has been seen."""


@dataclass(slots=True)
class Past:
    """What it takes to put a late signal in its place: the recent signals, in the order of their times.

    The state before the first of them had come as far as `began`; `oldest` is the time of the first (ms), `count` how
    many there are. That state and all signals but the newest can be kept as bytes (`written`, as `journey.recent` has
    it) instead: then `before` is None and `signals` are those that are newer. `revisions` tells of transitions that
    were withdrawn, by the id they had at first, how often they were and their time; where these became too many to be
    told apart, all ids are of another `generation`.
    """

    began: int
    oldest: int
    count: int
    before: State | None
    signals: list[Signal]
    written: bytes = b""
    revisions: dict[str, list[int]] = field(default_factory=dict)
    generation: int = 0

    def copy(self) -> "Past":
        """Another that can be changed without this one."""
        return Past(
            self.began,
            self.oldest,
            self.count,
            self.before,
            self.signals.copy(),
            self.written,
            self.revisions,
            self.generation,
        )

    def name(self, first: str) -> str:
        """The id under which the transition that has the id `first` is published."""
        times, _ = self.revisions.get(first, (0, 0))
        return revised_id(first, self.generation, times) if times or self.generation else first

    def withdraw(self, first: str, at: int) -> None:
        """Note that the transition of the time `at` that has the id `first` is withdrawn once more."""
        times, _ = self.revisions.get(first, (0, 0))
        self.revisions[first] = [times + 1, at]


@dataclass(slots=True)
class Memory:
    """What is kept about `customer`.

    `sequence` is that of the last transition, over all journeys; `at` how far the customer's own time has come, in ms;
    `offsets` the last offset applied of each source; `seen` what `journey.duplicates` keeps; `past` is None where
    journeys do not look back.
    """

    customer: str
    sequence: int
    at: int
    state: State
    offsets: dict[str, int]
    seen: bytes = b""
    past: Past | None = None

    @property
    def due(self) -> int | None:
        """The next deadline in ms; None where silence will change nothing."""
        due: int = self.state[DUE]
        return due if BEGINNING < due < NEVER else None

    def copy(self) -> "Memory":
        """Another memory that says the same and shares nothing that is ever changed."""
        past = None if self.past is None else self.past.copy()
        return Memory(self.customer, self.sequence, self.at, self.state.copy(), self.offsets, self.seen, past)
