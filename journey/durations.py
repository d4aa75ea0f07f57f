"""Durations as people write them: `30s`, `30m`, `2h`, `7d`, `1d12h`.

Owns their grammar. Everything else counts in milliseconds.
"""

import re
from typing import Final

UNITS: Final = {"w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000}
LONGEST: Final = 36_525 * UNITS["d"]
"""A hundred years: longer is a slip of the pen, and stays far from where 64-bit milliseconds end."""

_PART: Final = re.compile(r"(\d{1,9})([wdhms])")
_WHOLE: Final = re.compile(r"0|(?:\d{1,9}[wdhms])+")


def milliseconds(text: str) -> int:
    """The duration in milliseconds.

    Raises:
        ValueError: it is not one; the message says how durations are written.
    """
    if _WHOLE.fullmatch(text) is None:
        raise ValueError(f"'{text}' is not a duration: write a number and a unit, as in 30s, 30m, 2h, 7d or 1d12h")
    total = sum(int(count) * UNITS[unit] for count, unit in _PART.findall(text))
    if total > LONGEST:
        raise ValueError(f"'{text}' is longer than a hundred years")
    return total


def written(duration: int) -> str:
    """A duration in milliseconds as people write it; what is less than a second is left out."""
    parts = []
    for unit, size in UNITS.items():
        count, duration = divmod(duration, size)
        if count and unit != "w":
            parts.append(f"{count}{unit}")
        elif count:
            duration += count * size
    return "".join(parts) or "0s"
