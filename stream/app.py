"""The Faust app as Stagewatch runs it: our transport, our table, the outlet beside Faust's own services.

It ties the life of the partitions to Faust's: filled when assigned, settled and let go when revoked. It knows
no journey; which agent does what with a batch is wired in `stagewatch`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import faust
from faust.app.base import BootStrategy
from faust.types import TP, ServiceT
from faust.types.transports import TransportT

from stream.batches import Backlog, BatchSchema, Portion
from stream.connection import Connection
from stream.health import Health
from stream.metrics import Metrics
from stream.outlet import Outlet
from stream.partition import Output, Partition
from stream.publishing import Topics
from stream.steps import Reached, nothing
from stream.table import CustomerTable, Recovered, TableManager
from stream.topics import REJECTED_MAX_BYTES
from stream.transactions import Transactions
from stream.transport import Consumer, Transport


@dataclass(frozen=True, slots=True)
class Client:
    """How the consumer behaves; times in seconds.

    Attributes:
        session_timeout: silence after which the broker gives our partitions to others.
        heartbeat_interval: how often we say that we live.
        rebalance_timeout: how long the group waits for its members to rejoin.
        request_timeout: how long we wait for an answer.
        commit_interval: how often durable offsets are committed: what a crash makes us read again, and skip.
        fetch_wait: how long the broker may hold back a fetch that finds nothing. Faust says 1.5, and since one
            fetch a broker is under way at a time, that is how long a record can wait behind an empty partition.
        batch_records: most records that one poll may bring.
        idempotent: whether the broker knows idempotent producers; Apache Kafka does.
        exactly_once: whether what a batch leads to is one transaction, its offset included.
    """

    session_timeout: float = 20.0
    heartbeat_interval: float = 3.0
    rebalance_timeout: float = 30.0
    request_timeout: float = 40.0
    commit_interval: float = 1.0
    fetch_wait: float = 0.1
    batch_records: int = 5_000
    idempotent: bool = True
    exactly_once: bool = False


# The part of the time for which a rebalance waits that a batch may take to be written.
SHARE = 0.8


class _Boot(BootStrategy):
    """Starts the outlet with Faust's producer, before the consumer, and so stops it after the consumer."""

    app: StreamApp

    def kafka_producer(self) -> Iterable[ServiceT]:
        transactions = self.app.transactions
        return [*super().kafka_producer(), self.app.outlet, *([] if transactions is None else [transactions])]


class StreamApp(faust.App):
    """A worker: Faust's app, and what our rooms need to find each other.

    Args:
        app_id: consumer group, and prefix of the changelog's name.
        connection: the broker.
        sources: names of the source topics.
        commands: name of the topic of commands.
        publish_to: names of the topics that are published to.
        metrics: where to count.
        client: how the consumer behaves.
        wall: the wall clock, in milliseconds since the epoch.
        reached: told of each step by which a batch becomes durable.
    """

    BootStrategy = _Boot
    consumer: Consumer
    table: CustomerTable

    def __init__(
        self,
        app_id: str,
        connection: Connection,
        *,
        sources: Iterable[str],
        commands: str,
        publish_to: Topics,
        metrics: Metrics,
        client: Client,
        wall: Callable[[], int],
        reached: Reached = nothing,
    ) -> None:
        super().__init__(
            app_id,
            broker=connection.urls(),
            broker_credentials=connection.credentials(),
            broker_session_timeout=client.session_timeout,
            broker_heartbeat_interval=client.heartbeat_interval,
            broker_rebalance_timeout=client.rebalance_timeout,
            broker_request_timeout=client.request_timeout,
            broker_commit_interval=client.commit_interval,
            broker_max_poll_records=client.batch_records,
            # A worker without partitions does not poll, and aiokafka would expel it (KIP-62); the watch over
            # the coordinator and `/live` are what notices a worker that hangs.
            broker_max_poll_interval=7 * 24 * 3600.0,
            consumer_auto_offset_reset="earliest",
            TableManager=TableManager,
            table_standby_replicas=0,
            topic_disable_leader=True,
            topic_allow_declare=False,
            store="memory://",
            web_enabled=False,
            autodiscover=False,
        )
        self.client = client
        self.wall = wall
        self.reached = reached
        self.connection = connection
        self.sources = frozenset(sources)
        #: all that is read: events, and what is to be done with customers
        self.read = self.sources | {commands}
        self.publish_to = publish_to
        #: the size in bytes of a record that the topic of refused ones takes; as we make it, until it has been asked
        self.rejected_takes = REJECTED_MAX_BYTES
        self.metrics = metrics
        self.backlog = Backlog()
        self.portion = Portion(client.batch_records)
        self.health = Health()
        self.outlet = Outlet(
            connection,
            client_id=app_id,
            idempotent=client.idempotent,
            within=client.rebalance_timeout * SHARE,
            allowed=self._may_write,
        )
        #: the producer of each partition held, where they write exactly once
        self.transactions = (
            Transactions(connection, app_id, within=self.outlet.within, allowed=self._may_write)
            if client.exactly_once
            else None
        )
        self.batches = self.topic(*sorted(self.read), schema=BatchSchema(), acks=False)
        self.on_partitions_revoked.connect(self._let_go)
        metrics.watch(self.partitions)

    def _new_transport(self) -> TransportT:
        return Transport(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """Nothing is kept on disk."""

    def partitions(self) -> list[Partition]:
        """The partitions held, in order of number."""
        held = self.table.held  # once: the web server asks from its own thread
        return [held[number] for number in sorted(held)]

    def overdue(self) -> bool:
        """Whether any partition's clock has passed a deadline that has not fired."""
        return any(partition.overdue() for partition in self.table.held.values())

    # -- the life of the partitions

    def _may_write(self) -> bool:
        return not self.consumer.slept()

    async def take(self, numbers: set[int]) -> None:
        """From now on nobody who held these partitions before can write exactly once, or commit."""
        if self.transactions is not None:
            await self.transactions.take(numbers)

    async def let_go(self) -> None:
        """We write nothing more until partitions are taken again."""
        if self.transactions is not None:
            await self.transactions.let_go()

    async def settle(self) -> None:
        """Return when all work in hand is durable; no partition takes more until it is assigned again."""
        await self.table.settle()

    async def _let_go(self, *_: Any, **__: Any) -> None:
        self.health.assigned = False
        await self.table.park()

    def give_up(self, reason: Exception) -> None:
        """Stop as after a crash, and leave it to whoever started us to say why: no traceback tells more."""
        self._crash(reason)

    def recovered(self, recovery: Recovered) -> None:
        """The partitions assigned are filled."""
        self.health.assigned = True
        self.metrics.recovered(recovery)

    # -- the life of a batch

    def hand_over(self, partition: Partition, output: Output) -> None:
        """Write what a batch led to; its offset is committed after that."""
        partition.hand_over(output, self._flushed, self.crash)

    def _flushed(self, partition: Partition, output: Output, seconds: float) -> None:
        self.backlog.done(output.taken)
        self.portion.took(output.taken, seconds)
        self.metrics.flushed(output.moves, seconds)
        if output.source is not None:
            topic, offset = output.source
            self.consumer.flushed[TP(topic, partition.number)] = offset
