"""The order in which what the batches of one partition led to becomes durable.

It owns what is under way of one partition and what its marker says, and knows nothing of customers. How one batch is
written is its way's (stream/ways.py); whoever hands it over hears of it when all of it is acknowledged. Flushes of one
partition never overlap, and after one that failed there is no other.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from time import perf_counter

from journey.clock import Time
from stream.changelog import Marker, marker_record
from stream.outlet import WITHIN, NotSentError, Out, Place
from stream.steps import Reached, nothing
from stream.tail import NotOwnerError, Tail
from stream.ways import Going, Way

log = logging.getLogger(__name__)

# One flush under way and one batch worked out behind it: more would only add memory and delay.
FLUSHES_AHEAD = 2

Done = Callable[[float], None]
Failed = Callable[[BaseException], Awaitable[None]]


class Writing:
    """What of one partition is being written.

    Args:
        place: the changelog's topic and the partition's number.
        way: how a batch is written.
        within: seconds that one may take to be acknowledged.
        reached: told when a batch counts as durable.
    """

    def __init__(self, place: Place, way: Way, within: float = WITHIN, reached: Reached = nothing) -> None:
        self.open = True
        #: number of the last batch whose transitions are acknowledged
        self.published = 0
        self.tail = Tail(place)
        #: why nothing more of this partition is written, if anything is the matter
        self.failure: Exception | None = None
        #: what the last marker says
        self._marked = 0
        self._clock = Time()
        self._floor: Mapping[str, int] = {}
        self._way = way
        self._within = within
        self._reached = reached
        self._flushes: list[asyncio.Task[None]] = []

    @property
    def busy(self) -> bool:
        """Whether anything is under way."""
        return bool(self._flushes)

    def begin(self, published: int, clock: Time, floor: Mapping[str, int]) -> None:
        """Go on where the changelog's marker stands."""
        self.published = self._marked = published
        self._clock, self._floor = clock, floor

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
        if going.changes or (self._way.atomic and going.records):
            going = self._marked_with(going)
        await self._deliver(going)

    async def _deliver(self, going: Going) -> None:
        try:
            async with asyncio.timeout(self._within):
                await self._way.deliver(going, self.tail)
        except TimeoutError as error:
            raise NotSentError(f"a batch was not acknowledged within {self._within:.0f} s") from error

    async def catch_up(self, going: Going, *, marked: bool) -> None:
        """Write what the changelog held and may not stand there or be known, before any batch.

        The marker, too, where that is not what is `marked`.

        Raises:
            NotOwnerError, NotSentError: as its way says.
        """
        if not marked:
            await self._deliver(self._marked_with(going))
        elif going.changes or going.records:
            await self._send(going)
        self.published = going.number

    def _marked_with(self, going: Going) -> Going:
        published = going.number if self._way.atomic else self.published
        marker = self._marker(published, going.clock, going.floor, going.number, behind=len(going.changes))
        return replace(going, changes=[*going.changes, marker])

    def _marker(self, published: int, clock: Time, floor: Mapping[str, int], batch: int, behind: int = 0) -> Out:
        """A marker that is written `behind` so many records."""
        self._marked, self._clock, self._floor = published, clock, floor
        # Exactly once, nobody else writes; and what stands elsewhere, since Kafka ended a transaction twice, stands.
        begins = None if self._way.atomic else self.tail.end
        return marker_record(self.tail.place, Marker(published, clock, floor, batch, begins, behind))

    async def settle(self, clock: Time, floor: Mapping[str, int]) -> None:
        """Take nothing more; return when all that was handed over is written, and the marker says so.

        It says, too, how far the clock has come where only time has passed since, so that whoever holds the partition
        next goes on from there. A marker that cannot be written costs only that the last transitions are published
        twice, and that the clock waits to follow the wall again.
        """
        self.open = False
        while self._flushes:
            await asyncio.wait(self._flushes)
        said = self._marked, self._clock, self._floor
        if self.failure is None and said != (self.published, clock, floor):
            try:
                marker = self._marker(self.published, clock, floor, self.published)
                await self._deliver(Going(self.published, [], [marker], [], clock))
            except (NotSentError, NotOwnerError) as error:
                log.warning("Partition %d is let go without its marker: %s", self.tail.place[1], error)
                self.failure = error
