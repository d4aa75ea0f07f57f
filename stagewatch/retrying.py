"""Dead letters, sent to their source again: each once, whatever happens to whoever sends them.

Owns the ledger, a small compacted topic of what has been sent again, and the transactions in which records and their
entries in the ledger are written: both or neither. Workers read what is committed. The transactional id is one for
all who retry, so that a second one puts the first out, and what a killed one left open is taken back.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import ProducerFenced

from schemas.times import rfc3339
from stagewatch.deadletters import ON_REQUEST, Chosen, Fate, Found, Judge
from stagewatch.mistakes import Mistake
from stagewatch.searching import found_on
from stream.changelog import read
from stream.connection import Connection
from stream.outlet import MAX_REQUEST_BYTES
from stream.topics import TopicSpec, look

# Records, and their bytes, that are sent in one transaction. While one is open, workers wait with what comes after it.
AT_ONCE = 500
BYTES_AT_ONCE = 4 * 1024 * 1024
# What a transaction may take (ms): for so long, and the broker's own 10 s of looking for such, workers wait for one
# whose sender was killed; or until the next retry.
TRANSACTION_MS = 15_000


@dataclass(slots=True)
class Tally:
    """What became of the dead letters that were looked at.

    Attributes:
        sent: sent again; in a dry run, those that would be.
        in_part: of those, the ones of which a part will be rejected again.
        before: left alone, since they had been sent again before.
        left: left alone, by why.
        refused: of those that would be rejected again, by reason.
    """

    sent: int = 0
    in_part: int = 0
    before: int = 0
    left: Counter[Fate] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Retry:
    """A retry, ready to run.

    Attributes:
        connection: the broker.
        rejected: the topic of dead letters.
        ledger: the topic of what has been sent again.
        transactional_id: of all who retry for this application.
        judge: says what would be understood.
        wall: the wall clock, in milliseconds since the epoch.
    """

    connection: Connection
    rejected: str
    ledger: str
    transactional_id: str
    judge: Judge
    wall: Callable[[], int]

    async def run(self, chosen: Chosen, *, dry: bool, advance: Callable[[int], None]) -> Tally:
        """Send the chosen dead letters again that would be understood and have not been sent before; `dry`: only count.

        Raises:
            Mistake: another retry has begun meanwhile, or a topic does not exist.
            KafkaError, RecoveryStalledError: the broker refused. What the tally would have said is in the ledger.
        """
        tally = Tally()
        if dry:
            async for _ in self._due(chosen, await self._sent_before(), tally):
                advance(1)
            return tally
        async with self._sender() as producer:
            # The ledger is read once nobody else can write to it.
            waiting, size = list[Found](), 0
            async for found in self._due(chosen, await self._sent_before(), tally):
                waiting.append(found)
                size += found.letter.size
                if len(waiting) >= AT_ONCE or size >= BYTES_AT_ONCE:
                    advance(await self._send(producer, waiting))
                    waiting, size = [], 0
            advance(await self._send(producer, waiting))
        return tally

    async def _due(self, chosen: Chosen, before: set[bytes], tally: Tally) -> AsyncIterator[Found]:
        """The dead letters to send again, each identity once; all others are counted."""
        async for found in found_on(self.connection, self.rejected, chosen):
            letter, identity = found.letter, found.letter.identity.encode()
            verdict = self.judge.judge(letter)
            fate = verdict.fate
            if fate is Fate.SIGNALS and letter.reason == ON_REQUEST and ON_REQUEST not in chosen.reasons:
                fate = Fate.ON_REQUEST
            if identity in before:
                tally.before += 1
            elif fate is Fate.SIGNALS:
                before.add(identity)
                tally.sent += 1
                tally.in_part += verdict.rejection is not None
                yield found
            else:
                tally.left[fate] += 1
                if fate is Fate.REFUSED and verdict.rejection:
                    tally.refused[verdict.rejection.reason] += 1

    async def _sent_before(self) -> set[bytes]:
        """The identities in the ledger; none where there is no ledger yet."""
        state = (await look(self.connection, [self.ledger])).get(self.ledger)
        found: set[bytes] = set()
        if state is not None:
            async for _, rows in read(self.connection, self.ledger, range(state.partitions)):
                found.update(row.key for row in rows if row.key is not None)
        return found

    @asynccontextmanager
    async def _sender(self) -> AsyncIterator[AIOKafkaProducer]:
        """A producer that has put out all others of its transactional id."""
        producer = AIOKafkaProducer(
            **self.connection.client(),
            client_id=self.transactional_id,
            transactional_id=self.transactional_id,
            transaction_timeout_ms=TRANSACTION_MS,
            max_request_size=MAX_REQUEST_BYTES,
        )
        try:
            await producer.start()
            yield producer
        except ProducerFenced as error:
            raise Mistake(
                "Another `stagewatch rejected retry` has begun meanwhile, and this one was put out. What it had not"
                " sent, the other sends."
            ) from error
        finally:
            await producer.stop()

    async def _send(self, producer: AIOKafkaProducer, some: Sequence[Found]) -> int:
        """Write records and their entries in one transaction; how many."""
        if not some:
            return 0
        async with producer.transaction():
            flying = []
            for found in some:
                letter, origin = found.letter, found.letter.origin
                flying += [
                    await producer.send(
                        origin.topic, letter.value, key=letter.key, partition=origin.partition, headers=letter.again()
                    ),
                    await producer.send(self.ledger, self._entry(found), key=letter.identity.encode()),
                ]
            await asyncio.gather(*flying)
        return len(some)

    def _entry(self, found: Found) -> bytes:
        told = {"retried_at": rfc3339(self.wall()), "rejected": found.address, "reason": found.letter.reason}
        return orjson.dumps(told)


def ledger_of(app_id: str) -> TopicSpec:
    """The ledger's topic, as it must be. It is never emptied: an entry lost is a record that counts twice."""
    return TopicSpec(f"{app_id}-retried", "which dead letters have been sent again", None, compacted=True)
