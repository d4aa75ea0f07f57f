"""Rejections: records that could not be understood, as values with an address.

Owns the reasons, each with its meaning, and the form in which a rejected record is published: its bytes
untouched, why and whence in headers, so that it can be mended and sent again. Does not know
how a fault is found.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from schemas.decoding import texts
from schemas.parts import WHOLE, Part
from schemas.signals import Origin

REASONS: Final[Mapping[str, str]] = {
    "tombstone": "the record has no value; a deletion marker of a compacted topic is no event",
    "empty": "the value holds no byte, or nothing but white space",
    "too large": "the value is longer, or holds more events, than a record may",
    "not UTF-8": "the bytes are no UTF-8 text",
    "not JSON": "the text is not JSON (nor are NaN, half surrogates and numbers out of range)",
    "too deep": "arrays and objects stand deeper in each other than an event may have them",
    "not an object": "the value, or an event inside it, is JSON but no object",
    "not a row": "the row has cells without a column, or cells that are not text",
    "no events": "the place where the record keeps its events holds none",
    "other events": "only some of its events are meant, and it does not hold as many as it did when they were named",
    "unknown dialect": "no dialect recognises the event",
    "no customer": "no place where the dialect keeps the customer holds an id",
    "nobody": "the customer's id is one that means nobody, is too long, or holds control characters",
    "no time": "no place where the dialect keeps the time holds anything",
    "bad time": "what stands in the time's place is no time",
    "implausible time": "the time is before the year 2000 or after 2099",
    "future": "the time is further ahead of the wall clock than is allowed",
    "no command": "the record is none of the commands that there are, or has not the fields of one",
    "other key": "the record's key is not the customer whom the command names",
    "other partition": "the command stands where its customer is not: its sender has no partitioner like Kafka's own",
    "unsigned": "commands are to be signed here, and this one is not",
    "bad signature": "none of the keys that commands are signed with has signed it",
    "fault of ours": "reading it failed in a way that nobody foresaw; please report it with the record",
}
"""Every reason for which a record is refused, and what it means."""

HEADER: Final = "stagewatch-"
"""What the names of our own headers on a rejected record begin with."""

RETRIED: Final = HEADER + "retried"
"""The header of a record that was refused before and sent again: where it stood first, as `topic/partition@offset`."""

MAX_DETAIL: Final = 300
"""Longest detail, in characters: people read it, and it travels with every copy of the record."""

Headers = tuple[tuple[str, bytes], ...]


@dataclass(slots=True)
class Rejection:
    """One record refused: a reason of REASONS, what was found, where it stood, and the record as it came.

    A record that holds several events is refused once, for its first fault; `events` says how many were, and `part`
    which, if it is not known to be all of the record.
    """

    reason: str
    detail: str
    origin: Origin
    key: bytes | None
    value: bytes | None
    headers: Headers
    events: int = 1
    part: Part | None = None

    def record(self) -> tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]:
        """Key, value and headers as published: the original ones, then ours.

        Headers that we wrote on an earlier refusal of the same record give way to the new ones; that it was sent again,
        and which of its events were meant then, stays.
        """
        earlier = texts([each for each in self.headers if each[0].lower().startswith(HEADER)])
        kept = [(name, value) for name, value in self.headers if not name.lower().startswith(HEADER)]
        ours = {
            "reason": self.reason,
            "detail": self.detail[:MAX_DETAIL],
            "topic": self.origin.topic,
            "partition": str(self.origin.partition),
            "offset": str(self.origin.offset),
            "events": str(self.part or Part.of(earlier) or WHOLE),
        }
        if RETRIED in earlier:
            ours["retried"] = earlier[RETRIED][:MAX_DETAIL]
        kept += [(HEADER + name, text.encode(errors="backslashreplace")) for name, text in ours.items()]
        return self.key, self.value, kept
