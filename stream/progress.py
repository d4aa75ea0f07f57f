"""How far each source of one partition has come: to its end, into memories, onto disk.

It owns the offsets of one partition by source, and tells from them what still waits. It neither commits nor
fetches anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from stream.batches import Batch

# A partition of which the broker has said nothing for so long (ms) counts as one that has records waiting.
UNHEARD_AFTER = 60_000
# A partition that ends before what has been applied of it is believed to do so after so long (ms), or once it brings
# records. One that has got a new leader ends a little before, until its followers have told how far they are.
RECEDED_FOR = 5_000


class SourceReplacedError(Exception):
    """A source's partition ends before what has been applied of it; says what to do."""


class Progress:
    """The offsets of one partition, by source topic."""

    def __init__(self, number: int) -> None:
        self._number = number
        #: the end as last heard, and the next offset that is not durable yet
        self.highwater: dict[str, int] = {}
        self.durable: dict[str, int] = {}
        #: of each source, the offset before which all has been worked out, here or before
        self.floor: dict[str, int] = {}
        #: the greatest offset that has been worked out, as far as is known
        self._applied: dict[str, int] = {}
        #: when the broker last answered, in milliseconds since the epoch
        self._heard: dict[str, int] = {}
        #: since when a source ends before what has been applied of it
        self._receding: dict[str, int] = {}

    def begin(self, sources: Iterable[str], applied: Mapping[str, int], wall: int) -> None:
        """The partition is here (again), with memories that have `applied` these offsets."""
        self._heard = dict.fromkeys(sources, wall)
        for source, offset in applied.items():
            self._applied[source] = max(offset, self._applied.get(source, -1))

    def begin_at(self, floor: Mapping[str, int]) -> None:
        """All before these offsets has been worked out by whoever had the partition before."""
        self.floor = dict(floor)
        # What was refused, or was a command, or of somebody erased since, has left no memory that has applied it.
        for source, offset in floor.items():
            self._applied[source] = max(offset - 1, self._applied.get(source, -1))

    def arrived(self, batch: Batch, *, flushing: bool) -> None:
        """Note how far a source has come; lag can be told before anything is durable.

        Raises:
            SourceReplacedError: its records would pass for ones that have been applied.
        """
        topic, end = batch.topic, batch.highwater
        if end is not None and self._recedes(batch, end):
            end = None
        if end is not None:
            self.highwater[topic] = end
        if batch.heard is not None:
            self._heard[topic] = batch.heard
        if batch.records:
            self.durable.setdefault(topic, batch.records[0].offset)
            self._applied[topic] = max(batch.records[-1].offset, self._applied.get(topic, -1))
        elif batch.caught_up and end is not None and not flushing:
            self.durable[topic] = end

    def _recedes(self, batch: Batch, end: int) -> bool:
        topic, applied = batch.topic, self._applied.get(batch.topic, -1)
        if end > applied:
            self._receding.pop(topic, None)
            return False
        since = self._receding.setdefault(topic, batch.wall)
        if batch.records or batch.wall - since >= RECEDED_FOR:
            raise SourceReplacedError(
                f"{topic}, partition {self._number}, ends at offset {end}, but its records up to {applied} have been"
                " applied: the topic was made anew, or has lost records. What it brings now would be passed over as"
                " known already. Make it under another name and put that into `sources` (into `topics.commands` if it"
                " is the one of commands), which keeps what is known of the customers; or choose another `app_id`,"
                " which begins without customers"
            )
        return True

    def known(self, batch: Batch) -> int:
        """How many of a batch's records, its first ones, have been worked out before."""
        floor = self.floor.get(batch.topic, 0)
        if not batch.records or batch.records[0].offset >= floor:
            return 0
        return sum(row.offset < floor for row in batch.records)

    def worked_out(self, source: str, offset: int) -> None:
        """All of a source before this offset has been worked out."""
        # Another object every time: what is being written keeps the one of its time.
        self.floor = self.floor | {source: max(offset, self.floor.get(source, 0))}

    def lag(self) -> dict[str, int]:
        """Records per source that are not durable yet."""
        durable = dict(self.durable)  # once: the web server asks from its own thread
        return {source: max(0, self.highwater.get(source, offset) - offset) for source, offset in durable.items()}

    def heard(self) -> int | None:
        """When the broker last answered for the source of which it has said nothing for longest (ms); None for none."""
        return min(list(self._heard.values()), default=None)

    def waiting(self, wall: int) -> dict[str, bool]:
        """Whether, per source, anything waits, or may: nothing has been heard of it for UNHEARD_AFTER."""
        lag = self.lag()
        return {source: lag.get(source, 0) > 0 or wall - at > UNHEARD_AFTER for source, at in self._heard.items()}
