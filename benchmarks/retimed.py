"""The job's events told again: at another time, by other customers, without any of them passing for a copy.

Owns what is changed in an event's bytes, so that a stream of any length, for any number of customers, can be had from
the one job without being rendered anew. Rows are those of `benchmarks.job`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.job import Row

TIME = b'"originalTimestamp":"'
LENGTH = len("2024-03-13T10:21:14.000Z")
CUSTOMER = b"shopper-"


def at_time(value: bytes, text: bytes) -> bytes:
    """The event as having happened at `text` (RFC 3339 with milliseconds)."""
    begin = value.index(TIME) + len(TIME)
    return value[:begin] + text + value[begin + LENGTH :]


def renamed(text: bytes, copy: int) -> bytes:
    """The text, a customer or an event, with the customer's name being that of the copy; none is longer for it."""
    return text.replace(CUSTOMER, b"s%06d-" % copy) if copy else text


def interleaved(rows: Sequence[Row], copies: int) -> Iterator[Row]:
    """Each row by every copy of its customer in turn."""
    for customer, value in rows:
        for copy in range(copies):
            yield renamed(customer, copy), renamed(value, copy)
