"""Moments as the wire writes them: milliseconds inside, RFC 3339 text outside.

Owns the two directions for our own published form and the span of time in which events are believed. How a
sender's times are understood, in their many forms, is `schemas.values`. Knows no wall clock.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001  arithmetic without zones is twice as fast, and UTC is meant
_MILLISECOND: Final = timedelta(milliseconds=1)

EARLIEST: Final = 946_684_800_000
"""2000-01-01. Shops' data hold zeros, 1970 and 1900 as "no time"; no stream that we read is that old."""

LATEST: Final = 4_102_444_800_000
"""2100-01-01. Later ones are a unit mistaken (microseconds read as milliseconds), and within this bound no
number of seconds is also a plausible number of milliseconds, so that a number's size tells its unit."""


def rfc3339(at: int) -> str:
    """`at` (ms since 1970, UTC) as text with milliseconds and `Z`: `2024-03-13T10:21:14.000Z`."""
    return (_NAIVE_EPOCH + timedelta(milliseconds=at)).isoformat(timespec="milliseconds") + "Z"


def milliseconds(moment: datetime) -> int:
    """A zoned moment as ms since 1970, rounded down."""
    return (moment - _EPOCH) // _MILLISECOND


def parse_rfc3339(text: str) -> int:
    """The ms of a text as `rfc3339` writes it. Raises ValueError if it is no time or has no zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return milliseconds(moment)
