"""Parts: which of a record's events are meant, where a record holds several and only some were refused.

Owns the form in which that travels in a header: `1,4-7 of 10` are the events 1, 4, 5, 6 and 7 of ten, counted from 0.
A rejected record carries it; and a record that carries it counts with these events only, so that one which is sent
again does not count twice with those that had been understood.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Self

from schemas.wrapping import MAX_EVENTS

HEADER: Final = "stagewatch-events"
"""The header's name."""

WHOLE: Final = "all"
"""What the header of a record says of which nothing was understood."""

_FORM: Final = re.compile(r"(\d{1,5}(?:-\d{1,5})?(?:,\d{1,5}(?:-\d{1,5})?){0,9999}) of (\d{1,5})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the events of a record: their numbers from 0, and how many the record holds."""

    numbers: frozenset[int]
    total: int

    def __or__(self, other: Self) -> Self:
        """Both together; they are of one record."""
        return replace(self, numbers=self.numbers | other.numbers)

    def __sub__(self, other: Self) -> Self | None:
        """What is left of it without the other, which is of the same record; None for nothing."""
        left = self.numbers - other.numbers
        return replace(self, numbers=left) if left else None

    def __str__(self) -> str:
        spans = [str(first) if first == last else f"{first}-{last}" for first, last in _spans(sorted(self.numbers))]
        return f"{','.join(spans)} of {self.total}"

    @classmethod
    def all_of(cls, total: int) -> Self:
        """Every event of a record that holds so many."""
        return cls(frozenset(range(total)), total)

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The part that a text tells of; None where it tells of none: then the whole record is meant."""
        match = _FORM.fullmatch(text)
        if match is None or int(match[2]) > MAX_EVENTS:
            return None
        total, numbers, least = int(match[2]), list[int](), 0
        for span in match[1].split(","):
            first, last = (int(each) for each in (span.split("-") * 2)[:2])
            if not least <= first <= last < total:  # in order, or ten thousand times all of them could be named
                return None
            numbers += range(first, last + 1)
            least = last + 1
        return cls(frozenset(numbers), total)

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Self | None:
        """The part that a record's headers (by name in lower case) tell of."""
        text = headers.get(HEADER)
        return None if text is None else cls.parse(text)


def _spans(numbers: list[int]) -> Iterator[tuple[int, int]]:
    """First and last of each run of neighbours."""
    first = numbers[0]
    for one, following in pairwise(numbers):
        if following != one + 1:
            yield first, one
            first = following
    yield first, numbers[-1]
