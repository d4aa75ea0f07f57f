"""Times: the many forms in which senders write a moment, and the one in which we do.

Owns the reading of any JSON value as a time (ms since 1970, UTC), the span in which a time is believed, and our
own published form, RFC 3339. Reads no clock: what is too far ahead is decided by who knows what time it is.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, Literal

Unit = Literal["auto", "iso", "seconds", "milliseconds", "microseconds", "nanoseconds"]
"""What a number counts, where a time is a number; `iso` where it never is one."""

EARLIEST: Final = 946_684_800_000
"""2000-01-01. Shops' data hold zeros, 1970 and 1900 as "no time"; no stream that we read is that old."""

LATEST: Final = 4_102_444_800_000
"""2100-01-01. Later ones are a unit mistaken (microseconds read as milliseconds), and within this bound no
number of seconds is also a plausible number of milliseconds, so that a number's size tells its unit."""

_EARLIEST_DAY: Final = EARLIEST // 86_400_000
_LATEST_DAY: Final = LATEST // 86_400_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001  for times without a zone, which are UTC
_ZONE_NAMES: Final = re.compile(r"\s*(UTC|GMT|Z)$", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,3})?", re.ASCII)
_LONGEST_NUMBER: Final = 64
"""Characters. Python's int() takes quadratic time, and no number of ours has as many digits."""

_FARTHEST: Final = 1e20
"""No time in any unit is a number as great as this; beyond, conversion could overflow."""

# Any, not float: compiled, what is given as a float becomes one, and floats hold no nanoseconds since 1970.
_TO_MILLISECONDS: Final[Mapping[Unit, Callable[[Any], int]]] = {
    "seconds": lambda number: round(number * 1000),
    "milliseconds": round,
    "microseconds": lambda number: int(number // 1000),
    "nanoseconds": lambda number: int(number // 1_000_000),
}


# Looked up instead of formatted, with the minute remembered: a transition has three times, at 0.4 us each, not 2.
_SECONDS: Final = tuple(f"{second:02}." for second in range(60))
_MILLISECONDS: Final = tuple(f"{millisecond:03}Z" for millisecond in range(1000))


def rfc3339(at: int) -> str:
    """`at` (ms since 1970, UTC) as text with milliseconds and `Z`: `2024-03-13T10:21:14.000Z`."""
    minutes, rest = divmod(at, 60_000)
    return _minute(minutes) + _SECONDS[rest // 1000] + _MILLISECONDS[rest % 1000]


@lru_cache(maxsize=10_000)
def _minute(minutes: int) -> str:
    return (_NAIVE_EPOCH + timedelta(minutes=minutes)).isoformat(timespec="minutes") + ":"


def parse_rfc3339(text: str) -> int:
    """The ms of a text as `rfc3339` writes it. Raises ValueError if it is no time or has no zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return _since_epoch(moment)


def written_number(text: str) -> float | int | None:
    """The number that a text writes, or None. Not `float(text)`, which also takes `1_0`, `inf` and `١٢`."""
    stripped = text.strip()
    if len(stripped) > _LONGEST_NUMBER or not _NUMBER.fullmatch(stripped):
        return None
    return int(stripped) if stripped.lstrip("+-").isdigit() else float(stripped)


def iso(text: str) -> int | None:
    """ISO 8601 with or without fraction and zone, as ms. Not bounded; None if it is no such time."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(_ZONE_NAMES.sub("+00:00", text.strip()))
        except ValueError:
            return None
    return _since_epoch(moment)


def _since_epoch(moment: datetime) -> int:
    since = moment - (_NAIVE_EPOCH if moment.tzinfo is None else _EPOCH)
    return since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000


def moment(value: object, unit: Unit = "auto") -> int | None:
    """Any form of a time as ms, not bounded; None if it is none.

    Text is a number if it reads as one and ISO 8601 if not (`20240313` reads as both and is a date). `auto`
    tells a number's unit by its size, which is unambiguous between 2000 and 2100.
    """
    if type(value) is not str:
        return None if unit == "iso" else _from_number(value, unit)
    written = None if unit == "iso" else written_number(value)
    if written is not None and (unit != "auto" or _unit(written)):
        return _from_number(written, unit)
    parsed = iso(value)
    return _from_number(written, unit) if parsed is None else parsed


def _from_number(value: Any, unit: Unit) -> int | None:  # noqa: ANN401  any JSON
    if (type(value) is not int and type(value) is not float) or not -_FARTHEST < value < _FARTHEST:
        return None
    return _TO_MILLISECONDS[unit if unit != "auto" else _unit(value) or "seconds"](value)


def _unit(number: Any) -> Unit | None:  # noqa: ANN401  see _TO_MILLISECONDS
    """In which unit this number is a plausible time, if in any."""
    if abs(number) < _FARTHEST:
        for unit, convert in _TO_MILLISECONDS.items():
            if EARLIEST <= convert(number) < LATEST:
                return unit
    return None


def time_reader(unit: Unit) -> Callable[[object], int | None]:
    """A function from any value to a plausible time in ms, or None; made once for each place of a time."""
    parse, epoch, naive_epoch = datetime.fromisoformat, _EPOCH, _NAIVE_EPOCH  # looked up once, not for every event

    def read(value: object) -> int | None:
        # Nearly every time is ISO 8601 with hyphens. These are done here, as `iso` would, without its calls;
        # whatever else a value may be is left to `moment`.
        if type(value) is str:
            try:
                found = parse(value)
            except ValueError:
                found = None
            if found is not None and (found.tzinfo is not None or value[4] == "-"):
                since = found - (naive_epoch if found.tzinfo is None else epoch)
                days = since.days
                if not _EARLIEST_DAY <= days < _LATEST_DAY:
                    return None
                return days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000
        at = moment(value, unit)
        return at if at is not None and EARLIEST <= at < LATEST else None

    return read
