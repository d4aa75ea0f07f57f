"""Log lines that come again and again: the first is let through, and then how many there were.

While a broker is away, aiokafka says so ninety times a second, in four ways. Whoever reads the log, and the disk it
lies on, are told each of them once in a while instead.
"""

import logging
import re

TALKER = "aiokafka"
"""Whose lines are meant; our own differ in numbers that matter."""

EVERY = 10.0
"""Seconds between two lines that say the same."""

MOST = 1_000
"""Different lines that are known again; when there are more, all are forgotten."""

_NUMBERS = re.compile(r"\d+")


class Repeating(logging.Filter):
    """Lets one of many warnings of aiokafka's through that differ in numbers only, with how many were held back.

    It reads no clock: each line brings the time at which it was said.
    """

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, str], float] = {}
        self._held: dict[tuple[str, str], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to let the line through; the number of those held back is added to it."""
        if record.levelno < logging.WARNING or not record.name.startswith(TALKER):
            return True
        text = record.getMessage()
        about = record.name, _NUMBERS.sub("0", text)
        last = self._said.get(about)
        if last is not None and 0 <= record.created - last < EVERY:
            self._held[about] = self._held.get(about, 0) + 1
            return False
        if held := self._held.pop(about, 0):
            since = record.created - (last or 0.0)
            record.msg, record.args = f"{text} (and {held:,} times more in the {since:.0f} s before)", ()
        if len(self._said) >= MOST:
            self._said.clear()
            self._held.clear()
        self._said[about] = record.created
        return True
