"""The order in which what the batches of one partition led to becomes durable.

It owns what is under way of one partition and where its changelog ends, and knows nothing of customers. A batch goes
out in this order, each step acknowledged before the next begins: what is set aside, changelog (with the outbox),
transitions; whoever hands it over hears of it after that. Flushes of one partition never overlap, and after one that
failed there is no other.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter

from stream.changelog import Marker, mark_of, marker_record
from stream.outlet import NotSentError, Out, Outlet, Place
from stream.steps import Reached, nothing

log = logging.getLogger(__name__)

# One flush under way and one batch worked out behind it: more would only add memory and delay.
FLUSHES_AHEAD = 2

Done = Callable[[float], None]
Failed = Callable[[BaseException], Awaitable[None]]


class NotOwnerError(Exception):
    """Somebody else has written to the changelog of a partition that was ours; says what that means."""


@dataclass(slots=True)
class Going:
    """What a batch leads to, as records.

    Attributes:
        number: of the batch, within its partition.
        aside: what is set aside; it goes first.
        changes: records of the changelog.
        records: what is published of it.
        clock: where the partition's clock stood after the batch, in milliseconds, or None.
    """

    number: int
    aside: list[Out]
    changes: list[Out]
    records: list[Out]
    clock: int | None


class Writing:
    """What of one partition is being written.

    Args:
        place: the changelog's topic and the partition's number.
        outlet: the way out.
        reached: told of each step that is done (stream/steps.py).
    """

    def __init__(self, place: Place, outlet: Outlet, reached: Reached = nothing) -> None:
        self.open = True
        #: number of the last batch whose transitions are acknowledged
        self.published = 0
        #: the changelog's end as our own reading and writing left it; None where that cannot be told
        self.end: int | None = None
        #: the mark of the last record before that end; None where that cannot be told
        self.last: bytes | None = None
        #: why nothing more of this partition is written, if anything is the matter
        self.failure: Exception | None = None
        #: what the last marker says
        self._marked = 0
        self._clock: int | None = None
        self._place = place
        self._outlet = outlet
        self._reached = reached
        self._flushes: list[asyncio.Task[None]] = []

    @property
    def busy(self) -> bool:
        """Whether anything is under way."""
        return bool(self._flushes)

    def begin(self, published: int, clock: int | None) -> None:
        """Go on where the changelog's marker stands."""
        self.published = self._marked = published
        self._clock = clock

    async def room(self) -> bool:
        """Wait until another batch may be worked out; False where the partition was revoked meanwhile."""
        while self.open and len(self._flushes) >= FLUSHES_AHEAD:
            await asyncio.wait(self._flushes, return_when=asyncio.FIRST_COMPLETED)
        return self.open

    def hand_over(self, going: Going, done: Done, failed: Failed) -> None:
        """Start to write, behind what was handed over before.

        `done` is called when all of it is acknowledged, with the seconds it took; `failed` with the error when it
        could not be written, after which nothing more of this partition is written.
        """
        before = self._flushes[-1] if self._flushes else None
        task = asyncio.create_task(self._flush(going, before, done, failed))
        self._flushes.append(task)
        task.add_done_callback(self._flushes.remove)

    async def _flush(self, going: Going, before: asyncio.Task[None] | None, done: Done, failed: Failed) -> None:
        started = perf_counter()
        if before is not None:
            await asyncio.wait([before])
        if self.failure is not None:
            return
        try:
            await self._send(going)
            self.published = going.number
            done(perf_counter() - started)
            self._reached("done")
        except Exception as error:  # noqa: BLE001  whatever it was, nothing may be committed after it
            self.failure = error
            await failed(error)

    async def _send(self, going: Going) -> None:
        try:
            async with asyncio.timeout(self._outlet.within):
                # What is set aside goes first: a signal on which the journey failed is skipped once memory is past it.
                await self._outlet.send(going.aside)
                self._reached("aside")
                if going.changes:
                    await self.write([*going.changes, self._marker(going.clock)])
                self._reached("changelog")
                await self._outlet.send(going.records)
                self._reached("transitions")
        except TimeoutError as error:
            raise NotSentError(f"a batch was not acknowledged within {self._outlet.within:.0f} s") from error

    async def write(self, entries: list[Out]) -> None:
        """Write records of the changelog.

        Raises:
            NotOwnerError: they stand behind somebody else's.
            NotSentError: as the outlet says.
        """
        ends = await self._outlet.send(entries)
        if self.end is None:
            return
        ours, end = self.end + len(entries), ends[self._place]
        self.end = end if end == ours else None
        self.last = mark_of(entries[-1].key, entries[-1].value)
        # An idempotent producer whose record was there already may not be told where: then nothing can be said.
        if end != ours and end >= len(entries):
            raise NotOwnerError(
                f"partition {self._place[1]} of the changelog ends at {end}, and would at {ours} if nobody else had"
                " written: another worker holds the partition, or woke up after it had lost it. Nothing is published"
                " of what may be stale"
            )

    def _marker(self, clock: int | None) -> Out:
        self._marked, self._clock = self.published, clock
        return marker_record(self._place, Marker(self.published, clock))

    async def settle(self, clock: int | None) -> None:
        """Take nothing more; return when all that was handed over is written, and the marker says so.

        It says, too, how far the clock has come where only time has passed since, so that whoever holds the partition
        next goes on from there. A marker that cannot be written costs only that the last transitions are published
        twice, and that the clock waits to follow the wall again.
        """
        self.open = False
        while self._flushes:
            await asyncio.wait(self._flushes)
        if self.failure is None and (self._marked, self._clock) != (self.published, clock):
            try:
                await self.write([self._marker(clock)])
            except (NotSentError, NotOwnerError) as error:
                log.warning("Partition %d is let go without its marker: %s", self._place[1], error)
                self.failure = error
