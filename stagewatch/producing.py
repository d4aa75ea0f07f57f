"""Records onto a Kafka topic, keyed by customer, in whole batches: a future for each record would cost more than it.

The partition of a key is the one that every Kafka client by default chooses, so a worker finds the customer where
any other producer would have put it.
"""

import asyncio
from collections.abc import Callable, Iterable
from time import monotonic, time
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2

from stagewatch.mischief import Item
from stagewatch.mistakes import Mistake
from stagewatch.pace import Pace

IN_FLIGHT = 16
"""Batches on their way to the broker, at most."""

LINGER = 0.05
"""Seconds that a record may wait for others when events are paced."""


class ProduceError(Mistake):
    """The events could not be written to Kafka."""


async def produce(
    client: dict[str, Any], topic: str, items: Iterable[Item], pace: Pace, advance: Callable[[int], None]
) -> None:
    """Writes the items to the topic, in order for each customer; returns when all are acknowledged.

    Raises:
        ProduceError: no broker answers, the topic does not exist, or a batch was refused.
    """
    try:
        producer = AIOKafkaProducer(**client, acks="all")
        try:
            await producer.start()
            topics = await producer.client.fetch_all_metadata()
            partitions = topics.partitions_for_topic(topic)
            if not partitions:
                raise ProduceError(
                    f"the topic {topic} does not exist on {', '.join(client['bootstrap_servers'])}: create it first"
                )
            await _Sender(producer, topic, len(partitions)).run(items, pace, advance)
        finally:
            await producer.stop()
    except (KafkaError, OSError) as error:
        raise ProduceError(f"cannot write to {topic} on {', '.join(client['bootstrap_servers'])}: {error}") from error


class _Sender:
    def __init__(self, producer: AIOKafkaProducer, topic: str, partitions: int) -> None:
        self._producer = producer
        self._topic = topic
        self._partitions = partitions
        self._places: dict[str, int] = {}
        self._batches: dict[int, Any] = {}
        self._flying: set[asyncio.Future[Any]] = set()

    async def run(self, items: Iterable[Item], pace: Pace, advance: Callable[[int], None]) -> None:
        began = flushed = monotonic()
        for at, customer, value in items:
            if not pace.free:
                now = monotonic()
                wait = pace.wait(at, now - began)
                if wait or now - flushed > LINGER:
                    await self._flush()
                    flushed = now
                    await asyncio.sleep(wait)
            await self._add(customer, value)
            advance(1)
        await self._flush()
        await asyncio.gather(*self._flying)

    async def _add(self, customer: str, value: bytes) -> None:
        place = self._places.get(customer)
        key = customer.encode()
        if place is None:
            place = self._places[customer] = (murmur2(key) & 0x7FFFFFFF) % self._partitions
        # The record's time is the wall clock's: by events' own times, brokers would soon delete old ones.
        moment = int(time() * 1_000)
        batch = self._batches.get(place)
        if batch is None or batch.append(key=key, value=value, timestamp=moment) is None:
            if batch is not None:
                await self._send(place, batch)
            # A new batch takes its first record whatever its size.
            batch = self._batches[place] = self._producer.create_batch()
            batch.append(key=key, value=value, timestamp=moment)

    async def _flush(self) -> None:
        for place, batch in self._batches.items():
            await self._send(place, batch)
        self._batches.clear()

    async def _send(self, place: int, batch: Any) -> None:  # noqa: ANN401  aiokafka's builder has no type
        if len(self._flying) >= IN_FLIGHT:
            done, self._flying = await asyncio.wait(self._flying, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
        batch.close()
        self._flying.add(await self._producer.send_batch(batch, self._topic, partition=place))
