"""Dead letters: chosen among, and read again with the dialects of today.

Owns which dead letters are meant and what would become of each. Knows no broker: they are found by
stagewatch/searching.py, and sent again by stagewatch/retrying.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from schemas.deadletters import DeadLetter
from schemas.reading import Reader
from schemas.rejections import Rejection
from schemas.signals import Signal

if TYPE_CHECKING:
    from stream.topics import TopicState

ON_REQUEST = "fault of ours"
"""Records of this reason are sent again only where that is asked for: it was not the dialects that failed on them."""

ROOM = 1024
"""What a request has around a record (bytes), rounded up."""


@dataclass(frozen=True, slots=True)
class Found:
    """A dead letter, where it stands itself, and when it was put there (ms)."""

    partition: int
    offset: int
    at: int
    letter: DeadLetter

    @property
    def address(self) -> str:
        """How it is named on the command line."""
        return f"{self.partition}@{self.offset}"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which dead letters are meant; what is empty or None leaves all in. Times are those of the refusal, in ms."""

    reasons: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    since: int | None = None
    until: int | None = None

    def has(self, found: Found) -> bool:
        """Whether this one is."""
        letter = found.letter
        return (
            (not self.reasons or letter.reason in self.reasons)
            and (not self.topics or letter.origin.topic in self.topics)
            and (self.since is None or found.at >= self.since)
            and (self.until is None or found.at < self.until)
        )


class Fate(StrEnum):
    """What would become of a dead letter that was sent to its source again, in words that follow a number."""

    SIGNALS = "would be understood"
    REFUSED = "would be rejected again"
    PASSED = "would be passed over, since no dialect hears a signal in them"
    UNKEPT = "are told by their digest only, as they were too large to be kept: find them in their source"
    FOREIGN = "are of topics, or partitions of them, that are no source in these settings"
    COMMAND = "are commands, which may be out of date by now: whoever gave one gives it anew, `stagewatch customer`"
    UNSURE = "hold several events and do not say which were refused: an older version did not note it"
    TOO_LARGE = "are larger than their source takes now (max.message.bytes)"
    ON_REQUEST = f"failed for a fault of ours, and are sent again only with --reason '{ON_REQUEST}'"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What would become of one dead letter: the signals in it, and what would be rejected again."""

    fate: Fate
    signals: tuple[Signal, ...] = ()
    rejection: Rejection | None = None


@dataclass(frozen=True, slots=True)
class Judge:
    """Reads dead letters as a worker with these settings would.

    Attributes:
        readers: for each source topic, how its records are read.
        sources: the source topics as the broker has them.
        commands: the topic of commands.
        latest: ms; what is dated later is refused as from the future.
    """

    readers: Mapping[str, Reader]
    sources: Mapping[str, TopicState]
    commands: str
    latest: int

    def judge(self, letter: DeadLetter) -> Verdict:
        """What would become of it."""
        origin, headers = letter.origin, letter.again()
        state, reader = self.sources.get(origin.topic), self.readers.get(origin.topic)
        if origin.topic == self.commands:
            return Verdict(Fate.COMMAND)
        if letter.digest is not None:
            return Verdict(Fate.UNKEPT)
        if reader is None or state is None or origin.partition >= state.partitions:
            return Verdict(Fate.FOREIGN)
        outcomes = reader.read(letter.value, origin, key=letter.key, headers=headers, latest=self.latest)
        signals = tuple(each for each in outcomes if isinstance(each, Signal))
        rejection = next((each for each in outcomes if isinstance(each, Rejection)), None)
        events = sum(each.events if isinstance(each, Rejection) else 1 for each in outcomes)
        if not signals:
            fate = Fate.REFUSED if rejection else Fate.PASSED
        elif not letter.says_part and events > 1:
            fate = Fate.UNSURE
        elif state.takes is not None and _size(letter, headers) > state.takes:
            fate = Fate.TOO_LARGE
        else:
            fate = Fate.SIGNALS
        return Verdict(fate, signals, rejection)


def _size(letter: DeadLetter, headers: list[tuple[str, bytes]]) -> int:
    beside = sum(len(name.encode()) + len(value or b"") + 8 for name, value in headers)  # a value may be null
    return len(letter.key or b"") + len(letter.value or b"") + beside + ROOM
