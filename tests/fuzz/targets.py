"""Which targets there are, and which part of all cases each gets.

The quick ones get most: a record is read in microseconds, and a file of YAML in milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tests.fuzz.commands import Commands
from tests.fuzz.conditions import Conditions
from tests.fuzz.documents import Dialects, Journeys, Settings
from tests.fuzz.events import Records, Rows, Stream
from tests.fuzz.running import SLICE, Target
from tests.fuzz.saved import Saved


@dataclass(frozen=True, slots=True)
class Part:
    """A target, the part of all cases that it gets, and how many of them make a slice."""

    make: Callable[[], Target]
    share: float
    size: int = SLICE


TARGETS: Final[Mapping[str, Part]] = {
    "records": Part(Records, 0.60),
    "rows": Part(Rows, 0.10),
    "stream": Part(Stream, 0.02, 200),
    "conditions": Part(Conditions, 0.16),
    "commands": Part(Commands, 0.04),
    "saved": Part(Saved, 0.04, 500),
    "journeys": Part(Journeys, 0.01, 50),
    "dialects": Part(Dialects, 0.01, 50),
    "settings": Part(Settings, 0.02, 100),
}
