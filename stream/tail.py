"""Where the changelog of one partition ends, as our own reading and writing left it.

Owns what tells that somebody else has written there, and the last record, by which the changelog is known again. Knows
neither what is in the records nor how they are sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stream.changelog import mark_of
from stream.outlet import Out, Place


class NotOwnerError(Exception):
    """Somebody else holds a partition that was ours; says what that means."""


class Tail:
    """The end of a changelog's partition; `place` is its topic and number."""

    def __init__(self, place: Place) -> None:
        self.place = place
        #: the offset of what is written next; None where that cannot be told
        self.end: int | None = None
        #: offset and mark of the last record before that end; None where that cannot be told
        self.last: tuple[int, bytes] | None = None

    def was_read(self, last: tuple[int, bytes] | None) -> None:
        """The changelog has been read to `end`, and this was its last record."""
        known = last is not None and self.end is not None and last[0] < self.end
        self.last = last if known else None

    def follows(self, entries: Sequence[Out], ends: Mapping[Place, int]) -> bool:
        """Whether these records, behind which the changelog now ends, stand where nobody else had written."""
        end = ends[self.place]
        # An idempotent producer whose record was there already may not be told where: then nothing can be said.
        return self.end is None or end < len(entries) or end == self.end + len(entries)

    def not_ours(self, entries: Sequence[Out], ends: Mapping[Place, int]) -> NotOwnerError:
        """What it means that records do not stand where they should."""
        return NotOwnerError(
            f"partition {self.place[1]} of the changelog ends at {ends[self.place]}, and would at"
            f" {(self.end or 0) + len(entries)} if nobody else had written: another worker holds the partition, or woke"
            " up after it had lost it. Nothing is published of what may be stale"
        )

    def wrote(self, entries: Sequence[Out], ends: Mapping[Place, int], beyond: int = 0) -> None:
        """These records were the last; `beyond` them stand so many that end a transaction."""
        end = ends[self.place]
        if self.end is None:
            return
        known = end == self.end + len(entries)
        self.end = end + beyond if known else None
        self.last = (end - 1, mark_of(entries[-1].key, entries[-1].value)) if known else None
