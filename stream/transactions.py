"""Exactly once: what a batch leads to and the offset up to which it read are one Kafka transaction.

Owns one producer for each partition held, under the name `<app_id>-<partition>`. To take a partition is to start its
producer: the broker then refuses all further requests of whoever had that name before, and ends what he had begun. So
it comes first: only then is the end of the changelog asked for, and only then are committed offsets read.

A transaction ends with a record of Kafka's own in every partition that it wrote to, which takes an offset and is never
handed to a reader.

It relies on aiokafka 0.14.0 in what it does after an error: a producer that was fenced is good for nothing more.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Final

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import (
    InvalidProducerEpoch,
    InvalidProducerIdMapping,
    InvalidTransactionTimeout,
    KafkaConnectionError,
    KafkaError,
    ProducerFenced,
    TransactionalIdAuthorizationFailed,
)
from mode import Service

from stream.connection import Connection
from stream.outlet import NotSentError, Outlet
from stream.rereading import read
from stream.steps import Reached, nothing
from stream.tail import NotOwnerError, Tail
from stream.ways import Going, Way

log = logging.getLogger(__name__)

# What ends a transaction takes so many offsets in each partition that it wrote to.
ENDING: Final = 1
# To give a transaction up, or a producer, may take so long (seconds): whoever is next ends what is left open, and a
# rebalance waits for us meanwhile.
GIVE_UP_WITHIN: Final = 3.0
# What asking a broker for transactions may take (seconds).
ASK_WITHIN: Final = 10.0

_FENCED = (ProducerFenced, InvalidProducerEpoch)


class FencedError(NotOwnerError):
    """The broker takes nothing more under a partition's name from us; says what that means."""


class ForgottenError(NotSentError):
    """The broker does not know a producer any more, as nothing was heard of it for days; nothing has been written."""


class NoTransactionsError(Exception):
    """The broker does not offer transactions, or not to us; says what to do."""


class TransactionalOutlet(Outlet):
    """The way out of one partition: a producer whose name is the partition's."""

    def __init__(
        self, connection: Connection, name: str, *, within: float, allowed: Callable[[], bool] = lambda: True
    ) -> None:
        super().__init__(connection, client_id=name, within=within, allowed=allowed)
        self.name = name

    async def on_start(self) -> None:
        """Connect, and shut out whoever had the name before.

        Raises:
            NoTransactionsError: the broker does not let us.
            NotSentError: it did not answer in time.
        """
        # As long as a batch may take: what we began and do not end holds up whoever reads committed records only.
        self._producer = self._new_producer(transactional_id=self.name, transaction_timeout_ms=int(self.within * 1000))
        try:
            async with asyncio.timeout(self.within):
                await self._producer.start()
        except TimeoutError as error:
            raise NotSentError(f"transactions of {self.name}: no answer within {self.within:.0f} s") from error
        except KafkaConnectionError:
            raise
        except KafkaError as error:
            raise refused(self.name, error) from error

    async def on_stop(self) -> None:
        """Disconnect; a transaction that has not ended is left to whoever is next."""
        if self._producer is None:
            return
        try:
            async with asyncio.timeout(GIVE_UP_WITHIN):
                await self._producer.stop()
        except (TimeoutError, KafkaError) as error:
            log.warning("The producer of %s did not close: %r", self.name, error)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AIOKafkaProducer]:
        """All that is sent within is written when this ends, or none of it.

        Raises:
            FencedError: somebody else has our name.
            ForgottenError: nobody has, and the broker does not know that we had it.
            NotSentError: it was refused. Whether it was written is not known if that came at the very end.
        """
        producer = self._connected()
        try:
            await producer.begin_transaction()
            yield producer
            await producer.commit_transaction()
        except BaseException as error:
            # A worker that has slept may hear of its time being over before it hears of the other one.
            if _is(error, *_FENCED) or _is(await self._given_up(producer), *_FENCED):
                raise self._fenced() from error
            if _is(error, InvalidProducerIdMapping):
                raise ForgottenError(f"the broker has forgotten {self.name}") from error
            if isinstance(error, KafkaError):
                raise NotSentError(f"the transaction of {self.name} was refused: {error!r}") from error
            raise

    def _fenced(self) -> FencedError:
        return FencedError(
            f"the broker takes nothing more from this worker as {self.name}: another worker holds the partition, or"
            f" this one stood still for more than {self.within:.0f} s in the midst of a batch. Nothing of that batch is"
            " seen by who reads committed records; whoever holds the partition does it again"
        )

    async def _given_up(self, producer: AIOKafkaProducer) -> BaseException | None:
        """End the transaction without effect, so that no reader waits for the broker to do it; why that failed."""
        try:
            async with asyncio.timeout(GIVE_UP_WITHIN):
                await producer.abort_transaction()
        except (TimeoutError, KafkaError, AssertionError) as error:  # the last: it has come too far, or not even begun
            log.warning("A transaction of %s is left to the broker to end: %r", self.name, error)
            return error
        return None


def _is(error: BaseException | None, *kinds: type[BaseException]) -> bool:
    """Whether it is of one of these kinds, or comes of such a one."""
    while error is not None:
        if isinstance(error, kinds):
            return True
        error = error.__cause__
    return False


def refused(name: str, error: KafkaError) -> NoTransactionsError:
    """What it means that the broker does not let us start a producer of this name."""
    if isinstance(error, TransactionalIdAuthorizationFailed):
        prefix = name.rsplit("-", 1)[0]
        return NoTransactionsError(
            f"exactly_once: the broker does not let this user write transactions as {name}. Allow Write and Describe on"
            f" the transactional ids that begin with {prefix}-, or set exactly_once to false"
        )
    if isinstance(error, InvalidTransactionTimeout):
        return NoTransactionsError(
            "exactly_once: a transaction may take 0.8 of client.rebalance_timeout, and that is more than the broker"
            " allows. Lower client.rebalance_timeout, or raise the broker's transaction.max.timeout.ms"
        )
    return NoTransactionsError(
        f"exactly_once: the broker does not offer transactions ({error!r}). Use Apache Kafka, or a broker that has"
        " them, or set exactly_once to false"
    )


async def check(connection: Connection, app_id: str, within: float = ASK_WITHIN) -> None:
    """Ask the broker for a transaction, under a name that no partition has.

    Raises:
        NoTransactionsError: it does not offer them, or not to us.
        KafkaConnectionError: no broker answered.
    """
    outlet = TransactionalOutlet(connection, f"{app_id}-check", within=within)
    try:
        await outlet.on_start()
    except NotSentError as error:
        raise NoTransactionsError(
            f"exactly_once: the broker did not answer within {within:.0f} s when it was asked for transactions. Look"
            " whether its topic __transaction_state has leaders, or set exactly_once to false"
        ) from error
    finally:
        await outlet.on_stop()


class Transactions(Service):
    """The producers of the partitions held. As a Faust service it stops after the consumer.

    Args:
        connection: the broker.
        app_id: the consumer group, and what the producers' names begin with.
        within: seconds that a batch may take to be written.
        allowed: whether anything may leave just now.
    """

    def __init__(
        self, connection: Connection, app_id: str, *, within: float, allowed: Callable[[], bool] = lambda: True
    ) -> None:
        super().__init__()
        self.group = app_id
        self._connection = connection
        self._within = within
        self._allowed = allowed
        self._outlets: dict[int, TransactionalOutlet] = {}

    def of(self, number: int) -> TransactionalOutlet:
        """The way out of a partition that was taken."""
        if number not in self._outlets:
            raise NotOwnerError(f"partition {number} has been let go of")
        return self._outlets[number]

    async def take(self, numbers: Iterable[int]) -> None:
        """Shut out whoever held these partitions before, and end what he had begun.

        Raises:
            NoTransactionsError: the broker does not let us.
            NotSentError: it did not answer in time.
        """
        await self.let_go()
        self._outlets = {
            number: TransactionalOutlet(
                self._connection, f"{self.group}-{number}", within=self._within, allowed=self._allowed
            )
            for number in numbers
        }
        started = await asyncio.gather(*(it.on_start() for it in self._outlets.values()), return_exceptions=True)
        for error in started:
            if error is not None:
                raise error
        if self._outlets:
            log.info("Exactly once: took partitions %s", ", ".join(map(str, sorted(self._outlets))))

    async def again(self, number: int) -> None:
        """Start the producer of a partition once more.

        Raises:
            NotSentError, NoTransactionsError: as when it is taken.
        """
        outlet = self.of(number)
        await outlet.on_stop()
        await outlet.on_start()

    async def let_go(self) -> None:
        """Close what is open."""
        outlets, self._outlets = self._outlets, {}
        await asyncio.gather(*(outlet.on_stop() for outlet in outlets.values()))

    async def on_stop(self) -> None:
        """Close what is open."""
        await self.let_go()

    async def wrote_nobody(self, tail: Tail) -> bool:
        """Whether no record stands behind what we know of a changelog: Kafka may end a transaction more than once."""
        topic, number = tail.place
        starts = {} if tail.end is None else {number: tail.end}
        async for _, rows in read(self._connection, topic, [number], starts=starts, within=self._within):
            if rows:
                return False
        return True


class ExactlyOnce(Way):
    """All of a batch in one transaction: whoever reads committed records sees all of it, or nothing."""

    atomic = True

    def __init__(self, number: int, transactions: Transactions, reached: Reached = nothing) -> None:
        self._number = number
        self._transactions = transactions
        self._reached = reached

    async def deliver(self, going: Going, tail: Tail) -> None:
        """Begin, send everything, add the offset, commit."""
        try:
            await self._deliver(going, tail)
        except ForgottenError as error:
            # After 7 days without a batch (transactional.id.expiration.ms). Whoever is forgotten is not shut out.
            log.info("Partition %d was quiet for long: %s; beginning anew", self._number, error)
            await self._transactions.again(self._number)
            await self._deliver(going, tail)

    async def _deliver(self, going: Going, tail: Tail) -> None:
        outlet, changes = self._transactions.of(self._number), [*going.changes, *going.after]
        async with outlet.transaction() as producer:
            self._reached("begun")
            ends = await outlet.send([*going.aside, *changes, *going.records])
            if changes and not tail.follows(changes, ends):
                if not await self._transactions.wrote_nobody(tail):
                    raise tail.not_ours(changes, ends)
                tail.end = ends[tail.place] - len(changes)
            self._reached("sent")
            if going.source is not None:
                topic, offset = going.source
                offsets = {TopicPartition(topic, self._number): offset}
                await producer.send_offsets_to_transaction(offsets, self._transactions.group)
                self._reached("offsets")
        if changes:
            tail.wrote(changes, ends, ENDING)
        self._reached("committed")
