"""The floors under any engine in Python: the same bytes through bare `orjson.loads`, and consumed and dropped.

python -m benchmarks.limits BROKER TOPIC EVENTS    (started by `benchmarks.table`)
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections.abc import Sequence

import orjson
from aiokafka import AIOKafkaConsumer

from benchmarks.topics import places


def decoding(values: Sequence[bytes]) -> tuple[float, float]:
    """(events a second, CPU seconds a million) of bare decoding, in this process."""
    gc.collect()
    gc.disable()
    clock, cpu = time.perf_counter(), time.process_time()
    for value in values:
        orjson.loads(value)
    clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
    gc.enable()
    return len(values) / clock, cpu / len(values) * 1e6


async def consuming(address: str, topic: str, events: int) -> tuple[float, float]:
    """(events a second, CPU seconds a million) of aiokafka reading them and dropping them."""
    async with AIOKafkaConsumer(bootstrap_servers=address, auto_offset_reset="earliest") as consumer:
        consumer.assign(places(topic))
        await consumer.seek_to_beginning()
        clock, cpu, read = time.perf_counter(), time.process_time(), 0
        while read < events:
            read += sum(map(len, (await consumer.getmany(timeout_ms=1_000)).values()))
        return read / (time.perf_counter() - clock), (time.process_time() - cpu) / read * 1e6


if __name__ == "__main__":
    rate, spent = asyncio.run(consuming(sys.argv[1], sys.argv[2], int(sys.argv[3])))
    print(rate, spent)
