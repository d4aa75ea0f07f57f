"""Texts that people write: settings, secrets, journeys, dialects. UTF-8, with or without the mark that Windows adds.

Of a file without end, a device say, no more is read than anybody writes; who reads it says what is too long.
"""

from pathlib import Path

MOST = 1 << 24
"""Characters: far more than any of these may have, so that what is too long is told with its length."""


def text_in(path: str | Path) -> str:
    """The text of a file, up to MOST characters of it.

    Raises:
        OSError: it cannot be read.
        UnicodeDecodeError: it is no UTF-8.
    """
    with Path(path).open(encoding="utf-8-sig") as file:
        return file.read(MOST)
