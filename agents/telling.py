"""What is told of an error that nobody foresaw: what kind it is and where it came from, and none of its words.

A journey works on what customers did, so the message of an error amid it can hold an id or a bit of an event.
"""

from __future__ import annotations

from traceback import format_tb


def whence(error: BaseException) -> str:
    """The error's type and its way through the code, the innermost call last."""
    return f"{type(error).__name__} at\n{''.join(format_tb(error.__traceback__))}"
