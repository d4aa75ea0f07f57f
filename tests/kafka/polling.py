"""Waiting in tests: ask again until it is so, or fail with what was last seen.

The one place of the suite that lets time pass. It owns the deadline and the pause between two looks; what is
looked at is the caller's.
"""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

T = TypeVar("T")

LOOK_EVERY = 0.05  # seconds between two looks


class TooLate(AssertionError):  # noqa: N818  reads as a sentence in a failed test
    """What was waited for did not come in time."""


async def until(look: Callable[[], Awaitable[T]], within: float, what: str, *, every: float = LOOK_EVERY) -> T:
    """The first true answer of `look`, asked again and again for `within` seconds, `every` so many after an answer.

    Raises:
        TooLate: there was none; says `what` was waited for, and the last answer.
    """
    deadline = monotonic() + within
    while True:
        seen = await look()
        if seen:
            return seen
        if monotonic() > deadline:
            raise TooLate(f"waited {within:g} s for {what}; last seen: {seen!r}")
        await asyncio.sleep(every)
