"""Memory: all that is kept about one customer.

Owns its parts and the moments that stand for 'no moment'. How it is written down is `journey.saving`'s business; what
stands where in `state` is the compiled machine's, and nobody else reads it.
"""

from dataclasses import dataclass
from typing import Any, Final

Slot = int | float | str | list[int | float] | None
"""One place of a state."""
State = list[Any]
"""A list of Slot. Any, because only the generated code, which checks nothing, knows which slot holds what.

Lists in it are never changed in place, so a flat copy of a state is a whole copy.
"""

DUE: Final = 0
"""The slot of a state in which the next deadline of all stands."""
NEVER: Final = 2**62
"""A deadline that does not come; an integer, so that finding the next one needs no case for it."""
BEGINNING: Final = -(2**62)
"""The time of a customer of whom no signal has been seen."""


@dataclass(slots=True)
class Memory:
    """What is kept about `customer`.

    `sequence` is that of the last transition, over all journeys; `at` how far the customer's own time has come, in ms;
    `offsets` the last offset applied of each source.
    """

    customer: str
    sequence: int
    at: int
    state: State
    offsets: dict[str, int]

    @property
    def due(self) -> int | None:
        """The next deadline in ms; None where silence will change nothing."""
        due: int = self.state[DUE]
        return due if BEGINNING < due < NEVER else None

    def copy(self) -> "Memory":
        """Another memory that says the same and shares nothing that is ever changed."""
        return Memory(self.customer, self.sequence, self.at, self.state.copy(), self.offsets)
