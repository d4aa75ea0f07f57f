"""Lengths of time and instants as settings and options hold them.

Lengths are written as in a journey (`30m`, `1d12h`), and also in milliseconds (`500ms`) or as `never`.
"""

import re

from journey import durations
from schemas.times import iso

NEVER = "never"
_FINE = re.compile(r"(\d{1,9})ms")


def milliseconds(text: str) -> int:
    """The length in milliseconds. ValueError, saying how lengths are written, where the text is none."""
    plain = text.strip().lower()
    fine = _FINE.fullmatch(plain)
    return int(fine[1]) if fine else durations.milliseconds(plain)


def written(length: int | None) -> str:
    """The length as `milliseconds` reads it; None is `never`."""
    if length is None:
        return NEVER
    return f"{length}ms" if length % 1_000 else durations.written(length)


def instant(text: str) -> int:
    """The instant of an RFC 3339 text, in ms; a date is its midnight, no zone means UTC. Else ValueError."""
    at = iso(text.strip())
    if at is None:
        raise ValueError(f"'{text}' is not a time: write it as 2024-06-30T00:00:00Z")
    return at
