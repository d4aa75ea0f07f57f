"""Faust's way in, changed in four places: batches, the offsets committed, revocation, and errors while joining.

As it comes, Faust hands over one message at a time (four futures and a queue each), commits what agents
have acknowledged rather than what is durable, forgets acknowledgements before it commits them at a
rebalance, and never looks at the coordinator's errors. Here:

- one message carries all records of one partition from one poll; an empty one says that time passes;
- the offset committed is the one that `Consumer.flushed` holds: changelog and transitions are written;
- on revocation, work in hand ends and is committed before Faust forgets anything;
- an error of the group coordinator stops the worker instead of leaving it idle for ever.

What it may ask of aiokafka's own thread stands in stream/fetching.py. It relies on private parts of faust-streaming
0.15.3, each held by its name in tests/kafka/test_hooks.py: `Consumer._drain_messages`, `_wait_next_records`,
`_read_offset`, `_committed_offset`, `_commit_offsets`, `_get_active_partitions`, `_is_changelog_tp`,
`_new_consumer_thread`, `force_commit`, `perform_seek`, `seek_wait`, `earliest_offsets`, `wait_empty`.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Any

from aiokafka.errors import IllegalStateError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, Message
from mode import Service

from stream.batches import Batch, Records
from stream.fetching import Answers, ConsumerThread

if TYPE_CHECKING:
    from stream.app import StreamApp

# How long a poll waits for records (seconds), and so how stale an idle partition's clock can be.
POLL_SECONDS = 0.25
# The same while deadlines that have passed wait for the next batch of their partition.
HURRY_SECONDS = 0.01
# Polls begin at least so far apart (seconds). A batch costs some 1 ms, most of it in requests to the broker, so at a
# tenth of the highest throughput this halves the CPU time (200 to 100 us an event), for 15 ms of median latency.
APART_SECONDS = 0.02
# Records between delivery and the commit of their offsets; more than this and polling pauses. At some 2 KB a record in
# Python it bounds what a worker keeps in memory to about 100 MB, however slowly a broker takes what they lead to. How
# many batches may wait to be worked out, stream/batches.py says.
MAX_IN_FLIGHT = 50_000
# How often the group coordinator's health is looked at (seconds).
WATCH_SECONDS = 2.0
# That a partition has been read to its end is believed on an answer which was asked for so recently (ms), beyond the
# time that the broker may hold answers back.
FRESH = 1_000


class PartitionsChangedError(Exception):
    """A topic has another number of partitions than when the worker started; says what to do."""


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
        self._polled = 0.0
        self._answers = Answers()
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
        await asyncio.sleep(self._polled + APART_SECONDS - monotonic())
        self._polled = monotonic()
        generation = self.app.consumer_generation_id
        wait = HURRY_SECONDS if self.app.overdue() else POLL_SECONDS
        self._thread.bring_at_most(self.app.portion.now)
        records, _ = await self._wait_next_records(timeout=wait)
        batches: list[tuple[TP, Records]] = [(TP(*tp), rows) for tp, rows in (records or {}).items()]
        batches += [(tp, ()) for tp in self._idle(records or {}, wait)]
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
            sources = [tp for tp in self.assignment() if tp.topic in self.app.read]
            if new := [tp for tp in sources if not self._committed_offset[tp]]:
                await self.seek_wait(await self.earliest_offsets(*new))
        except (IllegalStateError, AssertionError):  # aiokafka raises either where the assignment is gone
            return False
        return True

    async def _deliver(self, tp: TP, records: Records, generation: int) -> None:
        wall = self.app.wall()  # before anything is looked at: a process may stand still at any line
        standing = self._thread.standing(tp)
        within = FRESH + 2_000 * self.app.client.fetch_wait
        fresh = self._answers.fresh(tp, standing.answered, wall, within)
        caught_up = standing.at_end and fresh
        batch: Any = Batch(tp.topic, tp.partition, records, caught_up, standing.end, wall, standing.answered)
        self.app.backlog.add(batch)
        self._ticked[tp] = monotonic()
        message = Message(
            topic=tp.topic,
            partition=tp.partition,
            offset=records[-1].offset if records else -1,
            timestamp=0.0,
            timestamp_type=0,
            headers=None,
            key=None,
            value=batch,
            checksum=None,
            serialized_key_size=0,
            serialized_value_size=0,
            tp=tp,
            generation_id=generation,
        )
        await self.callback(message)

    def _idle(self, busy: Any, wait: float) -> list[TP]:
        """The source partitions that got nothing for `wait` seconds, and of which no tick is under way."""
        now = monotonic()
        return [
            tp
            for tp in self._get_active_partitions()
            if tp.topic in self.app.sources
            and tp not in busy
            and now - self._ticked.get(tp, 0.0) >= wait
            and not self.app.backlog.ticking((tp.topic, tp.partition))
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
        if not offsets:
            return False
        if self.app.transactions is not None:
            # Committed already, each with its batch. Once more, from here, they could follow another worker's.
            self._committed_offset.update(offsets)
            return False
        self.app.reached("commit")
        done = await self._commit_offsets(offsets)
        self.app.reached("committed")
        return done

    async def wait_empty(self) -> None:
        """Return when the work in hand is durable and its offsets are committed."""
        await self.app.settle()
        await self.commit()
        await self.force_commit()  # `commit` lets a caller off who comes while another one commits

    # -- rebalances: what goes wrong in them stops the worker, since aiokafka would log it and go on

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """End the work in hand and commit it, before Faust forgets what was held."""
        try:
            await self._let_go()
            await super().on_partitions_revoked(revoked)
        except Exception as error:
            await self.app.crash(error)
            raise

    async def _let_go(self) -> None:
        if self.assignment() and not self.should_stop:
            self.stop_flow()
            self.app.flow_control.suspend()
            self.app.flow_control.clear()
            await self.wait_empty()
        self.app.backlog.clear()
        self.flushed.clear()
        self._ticked.clear()
        self._answers.clear()

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Changelogs are assigned with their sources, and read by `stream.table` instead of here.

        While stopping, the thread that would hold them back answers nobody any more, and waits for this to return.
        """
        try:
            if not self.should_stop:
                self._thread.awake()
                await self._thread.hold_back({tp for tp in assigned if self._is_changelog_tp(tp)})
            await super().on_partitions_assigned(assigned, generation_id)
        except Exception as error:
            await self.app.crash(error)
            raise

    def slept(self) -> bool:
        """Whether this process has slept so long that its partitions may be somebody else's by now."""
        return self._thread.slept()

    # -- errors of aiokafka's own tasks, which nobody would hear of

    @Service.task
    async def _watch_coordinator(self) -> None:
        """A first error is retried, as aiokafka's own `getmany` would; one that stays stops the worker."""
        while not self.should_stop:
            await self.sleep(WATCH_SECONDS)
            error, dead = self._thread.coordinator_error(), self._thread.fetcher_error()
            if self.app.should_stop:
                return
            if others := self._of_other_counts():
                await self.app.crash(others)
                return
            if dead is not None:
                await self.app.crash(dead)
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

    def _of_other_counts(self) -> PartitionsChangedError | None:
        """What is wrong where a topic has got more partitions, or been made anew with others, under this worker."""
        table = self.app.table
        counts = self._thread.partitions_of([*self.app.sources, table.changelog_topic_name])
        if missing := [topic for topic, count in counts.items() if count == 0]:
            self.log.warning("The broker does not tell of %s; asked again", ", ".join(missing))
        others = [f"{topic} has {count}" for topic, count in counts.items() if count not in {0, table.partitions}]
        if not others:
            return None
        return PartitionsChangedError(
            f"{', '.join(others)} partitions where `partitions` says {table.partitions}. All sources and the changelog"
            " need the same number, or customers would be mixed up. A topic cannot lose partitions: make it anew, under"
            " another name, with as many as before, and put that name into `sources`"
        )

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
