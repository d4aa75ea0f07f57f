"""Plays a history into its topic: in order, at a bounded rate, and only as far as it may just now.

Owns how far the history has been played. A broker that is away for a while holds it up and loses nothing.
"""

import asyncio
from collections.abc import Sequence
from time import monotonic

from aiokafka import AIOKafkaProducer

from tests.faults.history import Played

A_SECOND = 20  # pieces


class Player:
    """Plays records at most at `rate` a second, up to `allowed` of them.

    Attributes:
        played: how many have been acknowledged.
        allowed: how many may be.
    """

    def __init__(self, broker: str, topic: str, records: Sequence[Played], rate: float) -> None:
        self.played = 0
        self.allowed = 0
        self.total = len(records)
        self._broker = broker
        self._topic = topic
        self._records = records
        self._rate = rate

    def allow(self, share: float) -> None:
        """Play as far as this share of the records, if not further."""
        self.allowed = max(self.allowed, min(self.total, round(share * self.total)))

    async def play(self) -> None:
        """Return when all of them have been played."""
        piece = max(1, round(self._rate / A_SECOND))
        async with AIOKafkaProducer(bootstrap_servers=self._broker, enable_idempotence=True, linger_ms=5) as producer:
            while self.played < self.total:
                began = monotonic()
                some = self._records[self.played : min(self.allowed, self.played + piece)]
                sent = [await producer.send(self._topic, value, key=key) for key, value in some]
                await asyncio.gather(*sent)
                self.played += len(some)
                await asyncio.sleep(max(0.0, began + 1 / A_SECOND - monotonic()))  # the pace
