"""The worker against stock Faust: the same job, the same Apache Kafka, one run, in turn.

    python -m benchmarks.delivery [--rounds 3] [--events 200000] [--stock-events 20000]

Throughput is counted between two moments seen from outside: when the first transitions appear on the output topic
and when the last of those that a replay foretells is there; so starting up and joining the group do not count.
CPU seconds are the process's own, from its start. Stock Faust gets fewer events, since it takes that much longer.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.partitioner import DefaultPartitioner

from benchmarks.job import DIALECT, events, reader_and_machine
from journey.machine import step
from journey.memory import Memory
from journey.replay import fold
from schemas.signals import Origin, Signal
from tests.kafka.broker import KafkaBroker

PARTITIONS = 8
CUSTOMERS = 20_000
PATIENCE = 300.0  # seconds until a run that does not end is given up


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one run: events a second, and CPU seconds of the process per million events."""

    rate: float
    cpu: float


def foretold(rows: Sequence[tuple[bytes, bytes]]) -> tuple[int, int]:
    """How many transitions the rows lead to while events alone drive time: with a clock a partition, and with none.

    Stock Faust has no clock: its deadlines fire when their own customer sends something again.
    """
    reader, machine = reader_and_machine()
    partitioner, places = DefaultPartitioner(), list(range(PARTITIONS))
    signals: dict[int, list[Signal]] = {place: [] for place in places}
    for number, (key, value) in enumerate(rows):
        found = reader.read(value, Origin("file", 0, number))
        signals[partitioner(key, places, places)] += [it for it in found if type(it) is Signal]
    with_clock = sum(1 for mine in signals.values() for _ in fold(machine, mine, None))
    memories: dict[str, Memory] = {}
    without = 0
    for signal in (signal for mine in signals.values() for signal in mine):
        memory = memories.get(signal.customer) or machine.start(signal.customer)
        memories[signal.customer], made = step(machine, memory, signal)
        without += len(made)
    return with_clock, without


async def produce(address: str, topic: str, rows: Sequence[tuple[bytes, bytes]]) -> None:
    """Put the rows on a topic, by customer."""
    async with AIOKafkaProducer(bootstrap_servers=address, linger_ms=50, max_batch_size=256 * 1024) as producer:
        last = [await producer.send(topic, value, key=key) for key, value in rows]
        await asyncio.gather(*last)


async def make(address: str, topics: dict[str, dict[str, str]]) -> None:
    """Create topics."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, PARTITIONS, 1, topic_configs=conf) for name, conf in topics.items()])
    finally:
        await admin.close()


async def watch(address: str, topic: str, expected: int, process: subprocess.Popen[bytes]) -> tuple[float, float]:
    """(share that was there when the first were seen, seconds from then until all were)."""
    places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    async with AIOKafkaConsumer(bootstrap_servers=address) as consumer:
        first: tuple[float, int] | None = None
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            there = sum((await consumer.end_offsets(places)).values())
            now = time.monotonic()
            if there and first is None:
                first = now, there
            if there >= expected and first is not None:
                return first[1] / expected, now - first[0]
            if process.poll() is not None:
                raise SystemExit(f"{process.args!r} ended with {process.returncode}")
            await asyncio.sleep(0.01)
    raise SystemExit(f"{topic}: {there} of {expected} transitions after {PATIENCE:.0f} s")


def start(command: Sequence[str], env: dict[str, str]) -> subprocess.Popen[bytes]:
    """A process whose words nobody reads."""
    return subprocess.Popen(command, env=os.environ | env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    """User and system time of a process so far (Linux)."""
    fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measure(
    command: Sequence[str], env: dict[str, str], address: str, topic: str, job: tuple[int, int]
) -> Measured:
    """Run a command until the job's transitions are all there."""
    number, expected = job
    process = start(command, env)
    try:
        share, seconds = await watch(address, topic, expected, process)
        return Measured(number * (1 - share) / seconds, cpu_seconds(process) / number * 1e6)
    finally:
        process.terminate()
        process.wait(30)


async def worker_run(address: str, round_: int, job: tuple[int, int]) -> Measured:
    """One run of the worker, its topics its own."""
    prefix, app_id = f"w{round_}-", f"worker{round_}"
    compacted = {"cleanup.policy": "compact"}
    routes = reader_and_machine()[1].routes
    await make(
        address,
        {
            f"{app_id}-customers-changelog": compacted,
            f"{prefix}customer-stages": compacted,
            f"{prefix}stage-transitions": {},
            f"{prefix}rejected-events": {},
        }
        | {prefix + route: {} for route in routes},
    )
    env = {
        "STAGEWATCH_BROKER": address,
        "STAGEWATCH_APP_ID": app_id,
        "STAGEWATCH_TOPICS_PREFIX": prefix,
        "STAGEWATCH_PARTITIONS": str(PARTITIONS),
        "STAGEWATCH_SOURCES": f"events={DIALECT}",
        "STAGEWATCH_CLOCK_IDLE_AFTER": "never",
        "STAGEWATCH_HTTP_PORT": "0",
    }
    command = [sys.executable, "-m", "stagewatch", "worker"]
    return await measure(command, env, address, f"{prefix}stage-transitions", job)


async def stock_run(address: str, round_: int, job: tuple[int, int]) -> Measured:
    """One run of stock Faust; its group and changelog are new each time, since the topics' names are."""
    output = f"s{round_}-transitions"
    await make(address, {output: {}})
    command = [
        sys.executable,
        "-m",
        "benchmarks.stock",
        address,
        "fewer-events",
        output,
        str(PARTITIONS),
        f"stock{round_}",
    ]
    with tempfile.TemporaryDirectory() as folder:
        return await measure(command, {"TMPDIR": folder}, address, output, job)


async def compare(address: str, options: argparse.Namespace) -> None:
    """All rounds, and the table."""
    rows = list(events(options.events, customers=CUSTOMERS))
    fewer = rows[: options.stock_events]
    await make(address, {"events": {}, "fewer-events": {}})
    await produce(address, "events", rows)
    await produce(address, "fewer-events", fewer)
    jobs = (len(rows), foretold(rows)[0]), (len(fewer), foretold(fewer)[1])
    print(
        f"{len(rows):,} events of {sum(len(value) for _, value in rows) // len(rows)} bytes; {jobs[0][1]:,} transitions"
    )
    found: dict[str, list[Measured]] = {"worker": [], "stock Faust": []}
    for round_ in range(options.rounds):
        found["worker"].append(await worker_run(address, round_, jobs[0]))
        found["stock Faust"].append(await stock_run(address, round_, jobs[1]))
        print(f"round {round_ + 1}: " + ", ".join(f"{name} {runs[-1].rate:,.0f}/s" for name, runs in found.items()))
    for name, runs in found.items():
        rates = [run.rate for run in runs]
        print(
            f"{name:12} median {statistics.median(rates):>9,.0f} events/s ({min(rates):,.0f} to {max(rates):,.0f}), "
            f"{statistics.median(run.cpu for run in runs):.1f} CPU s a million"
        )
    ratios = [ours.rate / theirs.rate for ours, theirs in zip(found["worker"], found["stock Faust"], strict=True)]
    print(
        f"ratio, round by round: {', '.join(f'{ratio:.1f}' for ratio in ratios)}; median {statistics.median(ratios):.1f}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--stock-events", type=int, default=20_000)
    with KafkaBroker() as kafka:
        asyncio.run(compare(kafka.address, parser.parse_args()))
