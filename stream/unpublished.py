"""What of the outboxes in a changelog may not have reached its topics, told from where records stand.

Owns what can be concluded from markers. The records of a batch stand together, its marker behind them. Who writes a
batch has published all that he knows to stand before it; his marker says up to which number that is.

But records may come to stand later than whoever held the partition next had read: their writer slept, or the broker had
appended them without showing them to anybody, since its followers were slow. Then two have written who did not know of
each other, and the numbers of one say nothing of the other's. It shows by a marker that does not stand where its writer
took it to stand: of what stands before that one, nothing is known to be published.
"""

from __future__ import annotations

from collections.abc import Iterator

from stream.changelog import NO_OUTBOX, Marker


class Unpublished:
    """The outboxes of one partition, as far as its changelog has been read."""

    def __init__(self) -> None:
        #: of the batch that is being read, by customer; and of the one before it, until a marker tells of it
        self._lines: dict[str, bytes] = {}
        self._batch = 0
        self._lines_before: dict[str, bytes] = {}
        self._batch_before = 0
        #: of which no marker has told and none will
        self._strays: dict[str, bytes] = {}

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        """Customers, each with the line that has the outbox."""
        yield from self._strays.items()
        yield from self._lines_before.items()
        yield from self._lines.items()

    @property
    def strayed(self) -> bool:
        """Whether somebody wrote who did not know of what stood before, so that numbers alone do not tell any more."""
        return bool(self._strays)

    def took(self, customer: str, batch: int, line: bytes) -> None:
        """A customer's record was read, and is his newest."""
        if batch != self._batch:
            # Those of the batch before it are forgotten: where its marker is gone by compaction, it was published.
            self._lines_before, self._batch_before = self._lines, self._batch
            self._lines, self._batch = {}, batch
        if self._lines_before or self._strays:
            self.forget(customer)
        if not line.endswith(NO_OUTBOX):
            self._lines[customer] = line + b"\n"
        elif self._lines:
            self._lines.pop(customer, None)

    def forget(self, customer: str) -> None:
        """What was read of the customer counts no more."""
        for outboxes in (self._lines, self._lines_before, self._strays):
            outboxes.pop(customer, None)

    def told(self, marker: Marker, offset: int) -> None:
        """A marker was read at this offset."""
        if marker.offset not in {None, offset}:
            self._strays |= self._lines_before | self._lines
            self._lines_before, self._lines = {}, {}
            return
        if marker.published >= self._batch_before:
            self._lines_before = {}
        if marker.published >= self._batch:
            self._lines = {}
