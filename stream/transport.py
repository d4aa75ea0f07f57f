"""Faust's way in, changed in four places: batches, the offsets committed, revocation, and errors while joining.

As it comes, Faust hands over one message at a time (four futures and a queue each), commits what agents
have acknowledged rather than what is durable, forgets acknowledgements before it commits them at a
rebalance, and never looks at the coordinator's errors. Here:

- one message carries all records of one partition from one poll; an empty one says that time passes;
- the offset committed is the one that `Consumer.flushed` holds: changelog and transitions are written;
- on revocation, work in hand ends and is committed before Faust forgets anything;
- an error of the group coordinator stops the worker instead of leaving it idle for ever.

It relies on private parts of faust-streaming 0.15.3 and aiokafka 0.14.0, each held by its name in
tests/kafka/test_hooks.py: `Consumer._drain_messages`, `_wait_next_records`, `_read_offset`, `_committed_offset`,
`_commit_offsets`, `_get_active_partitions`, `_is_changelog_tp`, `_new_consumer_thread`, `force_commit`,
`perform_seek`, `seek_wait`, `earliest_offsets`, `wait_empty`, `AIOKafkaConsumerThread._create_worker_consumer`,
`_ensure_consumer`, `call_thread`, and of aiokafka `_coordinator._pending_exception`, `_coordinator.check_errors`,
`_coordination_task`, `_subscription`, `_fetcher._fetch_max_wait_ms`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

import faust
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, Message
from mode import Service

if TYPE_CHECKING:
    from stream.app import StreamApp

# How long a poll waits for records (seconds), and so how stale an idle partition's clock can be.
POLL_SECONDS = 0.25
# Records between delivery and the commit of their offsets; more than this and polling pauses. At some
# 2 KB a record in Python it bounds what a worker that lags by millions keeps in memory to about 100 MB.
MAX_IN_FLIGHT = 50_000
# How often the group coordinator's health is looked at (seconds).
WATCH_SECONDS = 2.0

Records = Sequence["ConsumerRecord[bytes, bytes]"]


@dataclass(slots=True)
class Batch:
    """What one poll brought for one partition of one source.

    Attributes:
        topic: the source topic.
        partition: its partition.
        records: in order of offset; empty where the poll brought none and only time has passed.
        caught_up: the broker had nothing more for this partition when the poll ended.
        highwater: the partition's end offset as the broker last told it, or None.
    """

    topic: str
    partition: int
    records: Records
    caught_up: bool
    highwater: int | None


class BatchSchema(faust.Schema[None, Batch]):
    """Passes a batch through Faust's decoding unchanged."""

    def loads_key(self, app: Any, message: Any, **_: Any) -> None:
        """A batch has no key."""

    def loads_value(self, app: Any, message: Any, **_: Any) -> Any:
        """The batch itself."""
        return message.value


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """aiokafka's consumer in its own thread, with a short fetch wait and its coordinator in view."""

    app: StreamApp

    def _create_worker_consumer(self, transport: driver.Transport) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = int(self.app.client.fetch_wait * 1000)
        return consumer

    def coordinator_error(self) -> BaseException | None:
        """What keeps the coordinator from working, if anything does."""
        coordinator = getattr(self._consumer, "_coordinator", None)
        if coordinator is None:
            return None
        pending: BaseException | None = getattr(coordinator, "_pending_exception", None)
        if pending is not None:
            return pending
        task: asyncio.Future[None] | None = getattr(coordinator, "_coordination_task", None)
        if task is None or not task.done() or task.cancelled():
            return None
        return task.exception() or RuntimeError("the group coordinator's task has ended")

    def retry_joining(self) -> None:
        """Let the coordinator go on after an error that it parked."""
        self.thread_loop.call_soon_threadsafe(self._consumer._coordinator.check_errors)  # type: ignore[union-attr]

    async def hold_back(self, tps: set[TP]) -> None:
        """Fetch nothing from these partitions."""
        await self.call_thread(self._hold_back, tps)

    async def _hold_back(self, tps: set[TP]) -> None:
        self._ensure_consumer().pause(*(TopicPartition(*tp) for tp in tps))

    def place(self, tp: TP) -> tuple[int | None, int | None]:
        """(next offset to be fetched, end offset) of a partition, None where not known yet."""
        subscription = self._consumer._subscription.subscription if self._consumer else None
        assignment = subscription.assignment if subscription else None
        if assignment is None or TopicPartition(*tp) not in assignment.tps:
            return None, None
        state = assignment.state_value(TopicPartition(*tp))
        return (state.position if state.has_valid_position else None), state.highwater


class NotInGroupError(Exception):
    """The broker does not let this worker into its consumer group; says what it answered."""


class Consumer(driver.Consumer):
    """Delivers batches; commits what has been flushed and nothing else."""

    app: StreamApp
    _thread: ConsumerThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: next offset per source partition up to which everything is durable
        self.flushed: dict[TP, int] = {}
        self._ticked: dict[TP, float] = {}
        self._discarded = False
        self._joining_failed = False

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def create_topic(self, *_: Any, **__: Any) -> None:
        """Topics are made by `stagewatch topics` and checked at start, never in passing."""

    # -- delivery

    def resume_flow(self) -> None:
        """Faust resumes twice, before the table is filled and after; what is delivered between it throws away."""
        if self.app.table.filled:
            super().resume_flow()

    async def _drain_messages(self, fetcher: Any) -> None:
        try:
            while not (self.should_stop or fetcher.should_stop):
                await self._poll()
        except self.consumer_stopped_errors:
            if not self.app.should_stop:
                raise
        except asyncio.CancelledError:
            if not self.app.should_stop:
                raise

    async def _poll(self) -> None:
        """Fetch once and hand over what came, each partition's records as one batch.

        Whatever is fetched and not handed over (a rebalance came between) is fetched again; memory knows which
        offsets it has already applied.
        """
        if not self.flow_active:
            await self.wait(self.can_resume_flow.wait())
        if self._discarded:
            self._discarded = not await self._gone_back()
        await self.app.backlog.room(MAX_IN_FLIGHT)
        generation = self.app.consumer_generation_id
        records, _ = await self._wait_next_records(timeout=POLL_SECONDS)
        batches: list[tuple[TP, Records]] = [(TP(*tp), rows) for tp, rows in (records or {}).items()]
        batches += [(tp, ()) for tp in self._idle(records or {})]
        for tp, rows in batches:
            if not self.flow_active or generation != self.app.consumer_generation_id:
                self._discarded = True
                return
            await self._deliver(tp, rows, generation)
        await asyncio.sleep(0)

    async def _gone_back(self) -> bool:
        """Go back to the committed offsets; False where a rebalance came between.

        Where nothing has been committed yet, back to the beginning: aiokafka's own seek leaves those positions as
        they are, behind what was discarded.
        """
        try:
            if self.assignment():
                await self.perform_seek()
            sources = [tp for tp in self.assignment() if tp.topic in self.app.sources]
            if new := [tp for tp in sources if not self._committed_offset[tp]]:
                await self.seek_wait(await self.earliest_offsets(*new))
        except IllegalStateError:
            return False
        return True

    async def _deliver(self, tp: TP, records: Records, generation: int) -> None:
        position, highwater = self._thread.place(tp)
        caught_up = position is not None and highwater is not None and position >= highwater
        batch: Any = Batch(tp.topic, tp.partition, records, caught_up, highwater)
        self.app.backlog.add(len(records))
        self._ticked[tp] = monotonic()
        offset = records[-1].offset if records else -1
        message = Message(
            tp.topic, tp.partition, offset, 0.0, 0, None, None, batch, None,
            0, 0, tp, generation_id=generation,
        )  # fmt: skip
        await self.callback(message)

    def _idle(self, busy: Any) -> list[TP]:
        """The source partitions that got nothing for a poll's time."""
        now = monotonic()
        return [
            tp
            for tp in self._get_active_partitions()
            if tp.topic in self.app.sources and tp not in busy and now - self._ticked.get(tp, 0.0) >= POLL_SECONDS
        ]

    # -- what is committed

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Commit, for each partition held, the offset up to which everything is durable."""
        held = self.assignment()
        offsets = {
            tp: offset
            for tp, offset in self.flushed.items()
            if tp in held and offset > (self._committed_offset[tp] or 0)
        }
        return await self._commit_offsets(offsets) if offsets else False

    async def wait_empty(self) -> None:
        """Return when the work in hand is durable and its offsets are committed."""
        await self.app.settle()
        await self.commit()
        await self.force_commit()  # `commit` lets a caller off who comes while another one commits

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """End the work in hand and commit it, before Faust forgets what was held."""
        if self.assignment() and not self.should_stop:
            self.stop_flow()
            self.app.flow_control.suspend()
            self.app.flow_control.clear()
            await self.wait_empty()
        self.app.backlog.clear()
        self.flushed.clear()
        self._ticked.clear()
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Changelogs are assigned with their sources, and read by `stream.table` instead of here.

        While stopping, the thread that would hold them back answers nobody any more, and waits for this to return.
        """
        if not self.should_stop:
            await self._thread.hold_back({tp for tp in assigned if self._is_changelog_tp(tp)})
        await super().on_partitions_assigned(assigned, generation_id)

    # -- errors while joining

    @Service.task
    async def _watch_coordinator(self) -> None:
        """A first error is retried, as aiokafka's own `getmany` would; one that stays stops the worker."""
        while not self.should_stop:
            await self.sleep(WATCH_SECONDS)
            error = self._thread.coordinator_error()
            if self.app.should_stop:
                return
            if error is None:
                self._joining_failed = False
            elif self._joining_failed or not getattr(error, "retriable", False):
                await self.app.crash(self._kept_out(error))
                return
            else:
                self.log.warning("The group coordinator reported %r; joining again", error)
                self._joining_failed = True
                self._thread.retry_joining()

    def _kept_out(self, error: BaseException) -> NotInGroupError:
        told = NotInGroupError(
            f"the consumer group {self.app.conf.id} cannot be joined or kept: the broker answered {error!r}. An unknown"
            " error is one that aiokafka has no name for, such as that of a group with group.max.size members"
        )
        told.__cause__ = error
        return told


class Transport(driver.Transport):
    """Faust's Kafka transport with our consumer."""

    Consumer = Consumer


class Backlog:
    """Counts records between delivery and commit, so that polling can pause while there are too many."""

    def __init__(self) -> None:
        self._records = 0
        self._fewer = asyncio.Event()

    def add(self, records: int) -> None:
        """So many were delivered."""
        self._records += records

    def done(self, records: int) -> None:
        """So many are durable."""
        self._records = max(0, self._records - records)
        self._fewer.set()

    def clear(self) -> None:
        """All of them were given up: their partitions were revoked."""
        self._records = 0
        self._fewer.set()

    async def room(self, limit: int) -> None:
        """Return when fewer than `limit` are under way."""
        while self._records >= limit:
            self._fewer.clear()
            await self._fewer.wait()
