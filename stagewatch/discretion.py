"""What an error may say in a log: all of it where its words were chosen for operators, else what and where it was.

A slip of ours ends in an error of Python's own, and that quotes what was in hand: `KeyError: '4711'` is a customer. Its
type and its way through the code are what is needed to mend it. Who is a customer is not known here, so it goes by who
made the words.
"""

import logging
from collections.abc import Iterator
from traceback import format_tb
from typing import Final

SPEAKING: Final = ("agents", "aiokafka", "journey", "mode", "faust", "schemas", "stagewatch", "stream")
"""Packages whose errors say what happened in words of their own."""

ABOVE: Final = "\nwhich led to this:\n\n"


def told(error: BaseException) -> str:
    """What the error is, with its words where they may be told."""
    name = type(error).__name__
    speaks = isinstance(error, OSError) or type(error).__module__.partition(".")[0] in SPEAKING
    words = str(error) if speaks else "its words are withheld, since they may speak of a customer"
    return f"{name}: {words}" if words and words != name else name


def traced(error: BaseException) -> str:
    """The error's way through the code and those that led to it, the first of them first."""
    parts = [
        f"Traceback (most recent call last):\n{''.join(format_tb(it.__traceback__))}{told(it)}" for it in _led(error)
    ]
    return ABOVE.join(reversed(parts))


def _led(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


class Discretion(logging.Filter):
    """Puts into each line what its errors may say, in place of the errors; lets every line through."""

    def filter(self, record: logging.LogRecord) -> bool:
        """True; the line's arguments, traceback and, of asyncio's own, what it appends, are replaced."""
        if isinstance(record.args, tuple):
            record.args = tuple(told(it) if isinstance(it, BaseException) else it for it in record.args)
        if isinstance(record.msg, BaseException):
            record.msg, record.args = told(record.msg), ()
        if record.name == "asyncio" and record.levelno >= logging.WARNING:
            # Behind its first line it prints tasks and handles, with the results and errors in them.
            record.msg, record.args = record.getMessage().partition("\n")[0], ()
        if isinstance(record.exc_info, tuple) and record.exc_info[1] is not None:
            record.exc_text = traced(record.exc_info[1])
        return True
