"""A service that follows abandoned carts: each transition once, though Stagewatch may publish it twice.

    python examples/subscriber.py 127.0.0.1:9092 cart-abandoned

After a crash Stagewatch publishes again what may not have arrived, with the same `id`. Whoever remembers the ids
it has acted on acts once. Here they are kept in memory, the newest 100,000; a service that must survive its own
restarts keeps them beside what it does, in the same database transaction.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import OrderedDict

from aiokafka import AIOKafkaConsumer

REMEMBERED = 100_000


class Seen:
    """The newest ids acted on."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()

    def first_time(self, transition_id: str) -> bool:
        """Whether this id is new; it is not the next time."""
        if transition_id in self._ids:
            return False
        self._ids[transition_id] = None
        if len(self._ids) > REMEMBERED:
            self._ids.popitem(last=False)
        return True


async def follow(broker: str, topic: str) -> None:
    """Print every transition on the topic, once."""
    seen = Seen()
    async with AIOKafkaConsumer(
        topic, bootstrap_servers=broker, group_id="cart-reminders", auto_offset_reset="earliest"
    ) as consumer:
        async for record in consumer:
            transition = json.loads(record.value)
            if not seen.first_time(transition["id"]):
                continue
            if transition["kind"] == "corrected":
                print(f"{transition['customer']}: withdraw what was done for {transition['corrects']}")
            elif transition["kind"] == "made":
                print(f"{transition['customer']}: {transition['name']} at {transition['at']}, {transition['facts']}")


if __name__ == "__main__":
    asyncio.run(follow(*sys.argv[1:3]))
