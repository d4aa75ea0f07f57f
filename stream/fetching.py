"""aiokafka's consumer in a thread of its own, with its coordinator, its fetcher and its positions in view.

It owns what is set on that consumer beyond what Faust sets, and what the other thread may ask of it: what keeps it
from working, how far each partition has been read and when the broker said so, and whether the process slept.
It knows nothing of batches, memories or commits.

It relies on private parts of faust-streaming 0.15.3 and aiokafka 0.14.0, each held by its name in
tests/kafka/test_hooks.py: `AIOKafkaConsumerThread._create_worker_consumer`, `_ensure_consumer`, `call_thread`, and of
aiokafka `_coordinator._pending_exception`, `_coordinator.check_errors`, `_coordination_task`, `_subscription`,
`_client`, `_max_poll_records`, `_fetcher._fetch_max_wait_ms`, `_fetcher._fetch_task`, `_isolation_level`, and of a
partition's state `highwater`, `lso`, `timestamp`, `_position`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode import Service

if TYPE_CHECKING:
    from stream.app import StreamApp

# How often the thread notes that it runs (seconds).
BEAT_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a partition has been read, each None where not known yet.

    Attributes:
        position: the next offset to be handed over.
        end: where reading stops for now: the end offset, or that of the oldest transaction still open.
        answered: when the broker said so, in milliseconds since the epoch.
    """

    position: int | None = None
    end: int | None = None
    answered: int | None = None

    @property
    def at_end(self) -> bool:
        """Whether everything up to that end has been handed over."""
        return self.position is not None and self.end is not None and self.position >= self.end


class Answers:
    """When the broker last answered for each partition, and the time before that."""

    def __init__(self) -> None:
        self._dates: dict[TP, tuple[int | None, int | None]] = {}

    def fresh(self, tp: TP, answered: int | None, wall: int, within: float) -> bool:
        """Whether an answer that is dated `answered` was asked for less than `within` ms before `wall`.

        A process that slept finds an answer in its socket that is as old as its sleep, and aiokafka dates it by when it
        was read. But an answer is asked for only once the one before has been read: the date of that one counts.
        """
        before, last = self._dates.get(tp, (None, None))
        if answered != last:
            before, last = last, answered
            self._dates[tp] = before, last
        return before is not None and wall - before < within

    def clear(self) -> None:
        """The partitions are given out anew."""
        self._dates.clear()


class TaskEndedError(Exception):
    """A task of aiokafka has ended without a word; nothing would be read any more."""


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """aiokafka's consumer in its own thread, with a short fetch wait, reading what is committed."""

    app: StreamApp
    #: when the thread was last seen running, and whether it was once seen to have stood still for a whole session
    _beaten: float | None = None
    _slept = False

    def _create_worker_consumer(self, transport: driver.Transport) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = int(self.app.client.fetch_wait * 1000)
        # Faust reads what is committed only in its own transactions; others abort theirs, too.
        consumer._isolation_level = "read_committed"
        return consumer

    # -- what keeps it from working

    def coordinator_error(self) -> BaseException | None:
        """What keeps the coordinator from working, if anything does."""
        coordinator = getattr(self._consumer, "_coordinator", None)
        if coordinator is None:
            return None
        pending: BaseException | None = getattr(coordinator, "_pending_exception", None)
        return pending or _ended(getattr(coordinator, "_coordination_task", None), "the group coordinator's task")

    def fetcher_error(self) -> BaseException | None:
        """What ended the fetcher, if it has ended."""
        return _ended(getattr(getattr(self._consumer, "_fetcher", None), "_fetch_task", None), "the fetcher's task")

    def retry_joining(self) -> None:
        """Let the coordinator go on after an error that it parked."""
        self.thread_loop.call_soon_threadsafe(self._consumer._coordinator.check_errors)  # type: ignore[union-attr]

    def partitions_of(self, topics: Iterable[str]) -> dict[str, int]:
        """How many partitions each topic has, as the broker last told; where it told of none, it is asked again.

        A broker that has just come back knows of no topics for a moment. Whoever gives the partitions out then gives
        out none, to anybody, and does not ask again before its picture of the topics is five minutes old.
        """
        client = getattr(self._consumer, "_client", None)
        if client is None:
            return {}
        counts = {topic: len(client.cluster.partitions_for_topic(topic) or ()) for topic in topics}
        if not all(counts.values()):
            self.thread_loop.call_soon_threadsafe(client.force_metadata_update)
        return counts

    # -- whether the process slept

    @Service.task
    async def _beat(self) -> None:
        while not self.should_stop:
            self._slept = self.slept()
            self._beaten = monotonic()
            await asyncio.sleep(BEAT_SECONDS)

    def slept(self) -> bool:
        """Whether this process has stood still for a session's time since partitions were last assigned.

        No heartbeat has left it meanwhile, so others may hold its partitions by now, although nobody told it yet.
        """
        gap = 0.0 if self._beaten is None else monotonic() - self._beaten
        return self._slept or gap >= self.app.client.session_timeout

    def awake(self) -> None:
        """Partitions have been assigned: what was slept through does not matter any more."""
        self._slept = False
        self._beaten = monotonic()

    # -- partitions

    def bring_at_most(self, records: int) -> None:
        """No poll brings more records than that."""
        if self._consumer is not None:
            self._consumer._max_poll_records = records

    async def hold_back(self, tps: set[TP]) -> None:
        """Fetch nothing from these partitions."""
        await self.call_thread(self._hold_back, tps)

    async def _hold_back(self, tps: set[TP]) -> None:
        self._ensure_consumer().pause(*(TopicPartition(*tp) for tp in tps))

    def standing(self, tp: TP) -> Standing:
        """How far a partition has been read."""
        subscription = self._consumer._subscription.subscription if self._consumer else None
        assignment = subscription.assignment if subscription else None
        if assignment is None or TopicPartition(*tp) not in assignment.tps:
            return Standing()
        state = assignment.state_value(TopicPartition(*tp))
        # In this order: the other thread writes the time last, and takes the position away at any moment.
        answered, end = state.timestamp, state.highwater
        stable = state.lso
        return Standing(state._position, end if stable is None or stable < 0 else stable, answered)


def _ended(task: asyncio.Future[None] | None, what: str) -> BaseException | None:
    if task is None or not task.done() or task.cancelled():
        return None
    return task.exception() or TaskEndedError(f"{what} has ended")
