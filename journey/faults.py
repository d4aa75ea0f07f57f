"""What is wrong with a journey, said so that somebody who is no programmer can mend it.

Owns the form of a fault and the manner of suggesting what was meant. Knows nothing about what can be wrong.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

SHOWN = 12
"""More names than these in one sentence are not read by anybody."""
LONGEST = 64
"""Characters of a name. What is longer is no slip of the pen, and finding what it is near to takes their square."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing wrong: the file, where in it (line and column from 1), what it stands under, what to do."""

    where: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}:{self.line}:{self.column}: {self.message}"


class JourneyError(Exception):
    """A journey's text cannot be used; `faults` has everything found wrong with it, in order of line."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = sorted(set(faults))
        super().__init__("\n".join(map(str, self.faults)))


def suggest(name: object, known: Iterable[str]) -> str:
    """The known name that was probably meant, or which there are, as a sentence to put after a fault's message."""
    names = [each for each in known if len(each) <= LONGEST]
    if len(str(name)) <= LONGEST and (close := get_close_matches(str(name), names, n=1)):
        return f"Did you mean '{close[0]}'?"
    if not names:
        return "There are none here."
    more = " and more" if len(names) > SHOWN else ""
    return f"There are: {', '.join(sorted(names)[:SHOWN])}{more}."
