"""Dead letters, found on the broker.

Owns the reading of their topic as it stands now, and how a broker that does not answer is told of. It writes nothing.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager

from aiokafka.errors import KafkaError

from schemas.deadletters import DeadLetter
from stagewatch.deadletters import Chosen, Found
from stagewatch.mistakes import Mistake
from stream.connection import Connection
from stream.reasons import UnusableError
from stream.rereading import RecoveryStalledError, read
from stream.topics import TopicState, look


@asynccontextmanager
async def in_words(broker: str) -> AsyncIterator[None]:
    """What the broker does not do inside the block is a Mistake, told in words."""
    try:
        yield
    except UnusableError as error:
        raise Mistake(str(error)) from error
    except (KafkaError, OSError, RecoveryStalledError) as error:
        raise Mistake(
            f"The broker at {broker} does not do what was asked ({error!r}). Start it, or correct `broker` and"
            " `security`."
        ) from error


async def allowed(connection: Connection, needed: Mapping[str, Sequence[str]]) -> dict[str, TopicState]:
    """The topics among the `needed` that exist, where this login may do the operations named.

    Raises:
        Mistake: it may not; says what is lacking.
        KafkaError: the broker does not answer what it is asked.
    """
    states = await look(connection, needed)
    lacking = {
        name: [each for each in needed[name] if each not in state.allowed]
        for name, state in states.items()
        if state.allowed is not None
    }
    if told := [
        f"{name}: this login may not do {' and '.join(those)} there" for name, those in lacking.items() if those
    ]:
        raise Mistake("\n".join(f"{each}. Give it these operations on this topic" for each in told))
    return states


async def found_on(
    connection: Connection, topic: str, chosen: Chosen, starts: Mapping[int, int] | None = None
) -> AsyncGenerator[Found]:
    """The chosen dead letters of a topic as it stands now, each partition's in order.

    Args:
        connection: the broker.
        topic: of rejected records.
        chosen: which are meant.
        starts: where to begin; only these partitions are read then.

    Raises:
        Mistake: the topic, or a partition of `starts`, does not exist.
        KafkaError, RecoveryStalledError: the broker refused, or did not answer.
    """
    state = (await allowed(connection, {topic: ["Read"]})).get(topic)
    if state is None:
        raise Mistake(f"{topic}: does not exist on this broker. Run `stagewatch topics --create`, or correct `topics`")
    partitions = sorted(starts) if starts else list(range(state.partitions))
    if partitions and partitions[-1] >= state.partitions:
        raise Mistake(f"{topic} has no partition {partitions[-1]}: it has {state.partitions}, from 0")
    async with aclosing(read(connection, topic, partitions, starts=starts)) as batches:
        async for _, rows in batches:
            for row in rows:
                letter = DeadLetter.of(row.key, row.value, row.headers)
                if letter and chosen.has(one := Found(row.partition, row.offset, row.timestamp, letter)):
                    yield one
