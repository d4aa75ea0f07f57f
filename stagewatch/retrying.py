"""Dead letters, sent to their source again: each once, whatever happens to whoever sends them.

Owns the ledger, a small compacted topic of what has been sent again, and the transactions in which records and their
entries in the ledger are written: both or neither. Workers read what is committed. The transactional id is one for
all who retry, so that a second one puts the first out, and what a killed one left open is taken back.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from aiokafka.errors import ProducerFenced

from schemas.deadletters import DeadLetter
from schemas.parts import WHOLE, Part
from schemas.times import rfc3339
from stagewatch.deadletters import ON_REQUEST, ROOM, Chosen, Fate, Found, Judge
from stagewatch.mistakes import Mistake
from stagewatch.searching import found_on
from stream.connection import Connection
from stream.outlet import BATCH_BYTES, NotSentError, Out
from stream.rereading import read
from stream.topics import TopicSpec, look
from stream.transactions import FencedError, NoTransactionsError, TransactionalOutlet

# Records, and their bytes, that are sent in one transaction. While one is open, workers wait with what comes after it.
AT_ONCE = 500
BYTES_AT_ONCE = 4 * 1024 * 1024
# What a transaction may take (seconds): for so long, and the broker's own 10 s of looking for such, workers wait for
# one whose sender was killed; or until the next retry.
WITHIN = 15.0


Sent = dict[bytes, Part | None]
"""What has been sent again, by the identities of dead letters: these events of the record; None: all of it."""


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
            async with aclosing(self._due(chosen, await self._sent_before(), tally)) as due:
                async for _ in due:
                    advance(1)
            return tally
        async with self._sender() as outlet:
            # The ledger is read once nobody else can write to it.
            waiting, size = list[Found](), 0
            before = await self._sent_before()
            async with aclosing(self._due(chosen, before, tally)) as due:
                async for found in due:
                    waiting.append(found)
                    size += found.letter.size
                    if len(waiting) >= AT_ONCE or size >= BYTES_AT_ONCE:
                        advance(await self._send(outlet, waiting, before))
                        waiting, size = [], 0
            advance(await self._send(outlet, waiting, before))
        return tally

    async def _due(self, chosen: Chosen, before: Sent, tally: Tally) -> AsyncGenerator[Found]:
        """The dead letters to send again, each event of a record once; all others are counted.

        Two of one record may each tell of some of its events: those that could not be understood, and those on which
        the journey failed.
        """
        async with aclosing(found_on(self.connection, self.rejected, chosen)) as letters:
            async for found in letters:
                identity = found.letter.identity.encode()
                sent = before.get(identity)
                letter = found.letter.besides(sent) if identity in before else found.letter
                if letter is None:
                    tally.before += 1
                elif self._is_to_be_sent(letter, chosen, tally):
                    before[identity] = sent | letter.part if sent and letter.part else letter.part
                    yield replace(found, letter=letter)

    def _is_to_be_sent(self, letter: DeadLetter, chosen: Chosen, tally: Tally) -> bool:
        verdict = self.judge.judge(letter)
        fate = verdict.fate
        if fate is Fate.SIGNALS and letter.reason == ON_REQUEST and ON_REQUEST not in chosen.reasons:
            fate = Fate.ON_REQUEST
        if fate is Fate.SIGNALS:
            tally.sent += 1
            tally.in_part += verdict.rejection is not None
            return True
        tally.left[fate] += 1
        if fate is Fate.REFUSED and verdict.rejection:
            tally.refused[verdict.rejection.reason] += 1
        return False

    async def _sent_before(self) -> Sent:
        """What the ledger has; nothing where there is no ledger yet."""
        state = (await look(self.connection, [self.ledger])).get(self.ledger)
        found: Sent = {}
        if state is not None:
            async for _, rows in read(self.connection, self.ledger, range(state.partitions)):
                found |= {row.key: part_in(row.value) for row in rows if row.key is not None}
        return found

    @asynccontextmanager
    async def _sender(self) -> AsyncIterator[TransactionalOutlet]:
        """A way out that has put out all others of its transactional id."""
        outlet = TransactionalOutlet(self.connection, self.transactional_id, within=WITHIN)
        asyncio.get_running_loop().set_exception_handler(_unless_fenced)
        try:
            await outlet.on_start()
            yield outlet
        except FencedError as error:
            raise Mistake(
                "Another `stagewatch rejected retry` has begun meanwhile, and this one was put out. What it had not"
                " sent, the other sends"
            ) from error
        except NoTransactionsError as error:
            raise Mistake(
                f"The broker does not let us write transactions as {self.transactional_id} ({error.__cause__!r}). Use"
                " Apache Kafka, or a broker that has them, and allow Write and Describe on this transactional id"
            ) from error
        except NotSentError as error:
            raise Mistake(f"{error}. What was sent before is noted; see to the broker, and retry once more") from error
        finally:
            await outlet.on_stop()

    async def _send(self, outlet: TransactionalOutlet, some: Sequence[Found], sent: Sent) -> int:
        """Write records and their entries in one transaction, after which so much is `sent`; how many."""
        if not some:
            return 0
        records = [self._again(found) for found in some] + [self._entry(found, sent) for found in some]
        async with outlet.transaction():
            # Those of one partition are packed together, and must not be more than its topic takes at once.
            for slice_ in [records] if self._takes_many(some) else [[record] for record in records]:
                await outlet.send(slice_)
        return len(some)

    def _takes_many(self, some: Sequence[Found]) -> bool:
        states = [self.judge.sources[found.letter.origin.topic] for found in some]
        return all(state.takes is None or state.takes > BATCH_BYTES + ROOM for state in states)

    def _again(self, found: Found) -> Out:
        letter, origin = found.letter, found.letter.origin
        return Out(origin.topic, letter.key, letter.value, letter.again(), origin.partition)

    def _entry(self, found: Found, sent: Sent) -> Out:
        identity = found.letter.identity.encode()
        told = {
            "retried_at": rfc3339(self.wall()),
            "rejected": found.address,
            "reason": found.letter.reason,
            "events": str(sent[identity] or WHOLE),
        }
        return Out(self.ledger, identity, orjson.dumps(told))


def part_in(entry: bytes | None) -> Part | None:
    """The events of which an entry of the ledger tells; None for all, and where it does not say."""
    try:
        told = orjson.loads(entry or b"")["events"]
        return Part.parse(told)
    except (LookupError, TypeError, ValueError):
        return None


def _unless_fenced(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Leave out what aiokafka leaves behind of each batch when another producer puts it out: we have said so."""
    if not isinstance(context.get("exception"), ProducerFenced):
        loop.default_exception_handler(context)


def ledger_of(app_id: str) -> TopicSpec:
    """The ledger's topic, as it must be. It is never emptied: an entry lost is a record that counts twice."""
    return TopicSpec(f"{app_id}-retried", "which dead letters have been sent again", None, compacted=True)
