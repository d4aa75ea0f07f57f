"""What of a changelog stands, and what is void, as it is read.

Owns what can be concluded from where markers stand. The records of a batch stand together, its marker behind them. They
may come to stand later than whoever held the partition next had read: their writer had lost it and did not know yet, or
the broker had appended them and shown them to nobody, since its followers were slow. Then two have written without
knowing of each other. It shows by the marker of the later one: it does not stand where its writer took it to stand, and
its batch was to begin before the end of another. He sees the first, too, and ends before he publishes or commits
anything of that batch (stream/tail.py). So the batch is void: it is worked out again, from what stands.

A changelog that was put back from a copy has other offsets: nothing in there stands where it was to. But of its batches
each was to begin behind the end of the one before it, so none is void. That is why ends are reckoned from where batches
were to begin.

A void record is to be written over by whoever reads it, since compaction may keep it and none of the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from aiokafka import ConsumerRecord

from stream.changelog import MARKER_KEY, OWN, UNREADABLE, Marker, marker_of

Row: TypeAlias = "ConsumerRecord[bytes, bytes]"


class Sifting:
    """One partition's records, in order: those of one batch are held back until its marker has told of them.

    Args:
        end: the offset before which all stands that is not read.
    """

    def __init__(self, end: int = 0) -> None:
        #: whoever knows of all that has been read cannot begin before it
        self._end = end
        self._held: list[Row] = []
        #: the number of the last batch that has a customer's record, and how many of those held stand up to that record
        self._number = b""
        self._of_number = 0
        #: keys of which the last record is void
        self.void: set[bytes] = set()

    def sifted(self, rows: Iterable[Row]) -> list[Row]:
        """Those that stand, of these and of what was held back."""
        stand: list[Row] = []
        for row in rows:
            if row.key == MARKER_KEY:
                stand += self._told(row)
                continue
            number = _number(row)
            if number:
                # By compaction markers go, of the batches before the last ones.
                if number != self._number:
                    stand += self._standing(self._release(self._of_number))
                self._number, self._of_number = number, len(self._held) + 1
            self._held.append(row)
        return stand

    def rest(self) -> list[Row]:
        """What is still held back when all has been read, and stands: its writer died amid it."""
        return self._standing(self._release(len(self._held)))

    def _release(self, count: int) -> list[Row]:
        stand, self._held, self._of_number = self._held[:count], self._held[count:], 0
        return stand

    def _standing(self, rows: list[Row]) -> list[Row]:
        if self.void:
            self.void.difference_update([row.key for row in rows])
        return rows

    def _told(self, row: Row) -> list[Row]:
        """What stands of what was held back, now that a marker has been read."""
        held = [*self._release(len(self._held)), row]
        marker, offset = _marker(row), row.offset
        if marker is None or marker.begins is None:
            return self._standing(held)
        if marker.begins + marker.records == offset or marker.begins >= self._end:
            self._end = marker.begins + marker.records + 1
            return self._standing(held)
        self._end += marker.records + 1
        first = offset - marker.records
        stand = self._standing([each for each in held if each.offset < first])
        self.void.update(each.key for each in held if each.offset >= first)
        return stand


def _number(row: Row) -> bytes:
    """The number of the batch in a customer's record; nothing in others."""
    return b"" if row.value is None or row.key.startswith(OWN) else row.value[1 : row.value.find(b",")]


def _marker(row: Row) -> Marker | None:
    """What a marker says; None where it cannot be read, which whoever takes it says."""
    try:
        return None if row.value is None else marker_of(row.value)
    except UNREADABLE:
        return None
