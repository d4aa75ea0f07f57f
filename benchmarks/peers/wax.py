"""The job on Bytewax: Kafka in, a stateful flat map by customer, Kafka out, recovery on.

Written as its documentation shows the Kafka connector
(https://docs.bytewax.io/stable/api/bytewax/bytewax.connectors.kafka.operators.html), `stateful_flat_map`
(https://docs.bytewax.io/stable/api/bytewax/bytewax.operators.html) and recovery
(https://docs.bytewax.io/stable/guide/concepts/recovery.html): the state stays an object in the process, and what
changed is written to the recovery store (SQLite) at each snapshot, ten seconds apart, which is the default epoch.

    python -m bytewax.recovery FOLDER PARTITIONS
    python -m bytewax.run benchmarks.peers.wax:flow -r FOLDER -s 10 -b 0

Broker, source and output come from BENCH_BROKER, BENCH_SOURCE and BENCH_OUTPUT.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import bytewax.operators as op  # type: ignore[import-not-found]
from bytewax.connectors.kafka import (  # type: ignore[import-not-found]
    KafkaSinkMessage,
    KafkaSourceMessage,
)
from bytewax.connectors.kafka import operators as kop
from bytewax.dataflow import Dataflow  # type: ignore[import-not-found]

from benchmarks.work import Work
from journey.memory import Memory
from schemas.signals import Signal

WORK = Work()
BROKERS = [os.environ["BENCH_BROKER"]]


def read(message: KafkaSourceMessage) -> Iterable[tuple[str, Signal]]:
    """The signals in a record, each with its customer."""
    found = WORK.read(message.value, message.topic, message.partition, message.offset)
    return [(signal.customer, signal) for signal in found]


def written(item: tuple[str, bytes]) -> KafkaSinkMessage:
    """A transition as a record."""
    customer, value = item
    return KafkaSinkMessage(key=customer.encode(), value=value)


def classify(memory: Memory | None, signal: Signal) -> tuple[Memory, list[bytes]]:
    """What a signal makes of a customer."""
    return WORK.step(memory, signal)


flow = Dataflow("classify")
source = kop.input("events", flow, brokers=BROKERS, topics=[os.environ["BENCH_SOURCE"]])
signals = op.flat_map("read", source.oks, read)
transitions = op.stateful_flat_map("classify", signals, classify)
records = op.map("written", transitions, written)
kop.output("transitions", records, brokers=BROKERS, topic=os.environ["BENCH_OUTPUT"])
