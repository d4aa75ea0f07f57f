"""The agent that classifies: a batch of one partition in, memories and transitions out.

One task takes all partitions' batches in order, and nothing between taking a batch and handing its output over
gives way to another task; so each partition has one writer, and time passing (an empty batch) is an input in the
same line as the signals.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING

from agents.sweep import sweep
from journey.machine import Machine, apply
from journey.memory import Memory
from schemas.reading import Reader
from schemas.rejections import Rejection
from schemas.signals import Origin, Passed, Signal
from schemas.transitions import Transition
from stream.outlet import partition_of
from stream.publishing import rejection_record

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord
    from faust.types import StreamT

    from stream.app import StreamApp
    from stream.batches import Batch
    from stream.partition import Output, Partition

log = logging.getLogger(__name__)

# The transitions that a batch makes of one customer travel with the memory in one record, which the broker bounds.
MOST_OF_A_KEY = 200

Found = tuple[Memory, list[Transition]]


@dataclass(slots=True)
class Classifier:
    """What the agents need, whichever partition a batch is of.

    Attributes:
        app: the worker.
        machine: the compiled journeys.
        readers: for each source topic, how its records are read.
        future_skew: milliseconds that an event may be ahead of the wall clock.
        partitions: of each source.
    """

    app: StreamApp
    machine: Machine
    readers: Mapping[str, Reader]
    future_skew: int
    partitions: int


@dataclass(slots=True)
class Understood:
    """A batch's records, read: signals by customer in order of offset, and what else there was."""

    signals: dict[str, list[Signal]] = field(default_factory=dict)
    rejections: list[Rejection] = field(default_factory=list)
    applied: Counter[tuple[str, ...]] = field(default_factory=Counter)
    passed: Counter[tuple[str, str]] = field(default_factory=Counter)
    skipped: int = 0
    misplaced: int = 0
    late: int = 0
    newest: int | None = None


async def classify(classifier: Classifier, batches: StreamT[Batch]) -> None:
    """Classify until the worker stops; an error that is no record's fault stops it before it commits."""
    try:
        async for whole in batches:
            for batch in cut(whole):
                if not await _taken(classifier, batch):
                    break
    except Exception as error:  # noqa: BLE001  Faust would acknowledge the batch, restart the agent and go on
        await classifier.app.crash(error)


async def _taken(classifier: Classifier, batch: Batch) -> bool:
    """Work a batch out, and what silence its time brings; False where its partition was revoked."""
    app = classifier.app
    app.backlog.taken(batch)
    partition = app.table.held.get(batch.partition)
    if partition is None or not await partition.writing.room():
        return False
    app.hand_over(partition, work(classifier, partition, batch))
    # One slice: the batches of other partitions wait behind this one, and the next tick goes on.
    if partition.overdue() and await partition.writing.room():
        app.hand_over(partition, sweep(classifier, partition))
    return True


def cut(batch: Batch) -> Iterator[Batch]:
    """The batch in pieces, each with at most MOST_OF_A_KEY records of any key; nearly always in one."""
    keys: Counter[bytes | None] = Counter(row.key for row in batch.records)
    keys.pop(None, None)
    if not keys or max(keys.values()) <= MOST_OF_A_KEY:
        yield batch
        return
    keys.clear()
    start = 0
    for end, row in enumerate(batch.records):
        if keys[row.key] == MOST_OF_A_KEY:
            yield replace(batch, records=batch.records[start:end], caught_up=False)
            keys.clear()
            start = end
        keys[row.key] += row.key is not None
    yield replace(batch, records=batch.records[start:])


def work(classifier: Classifier, partition: Partition, batch: Batch) -> Output:
    """What a batch leads to: its signals applied, what could not be understood, how far the clock has come."""
    app, output = classifier.app, partition.begin(batch.wall)
    partition.arrived(batch)
    if not batch.records:
        partition.tell_time(batch, None)
        return output
    started = perf_counter()
    understood = read(classifier, batch)
    for signals in understood.signals.values():
        for memory, transitions in _applied(classifier, partition, batch, understood, signals):
            partition.take(output, memory, transitions)
    partition.tell_time(batch, understood.newest)
    output.others += [rejection_record(app.publish_to, it, app.rejected_takes) for it in understood.rejections]
    output.source = (batch.topic, batch.records[-1].offset + 1)
    output.taken = len(batch.records)
    _count(classifier, batch, understood, perf_counter() - started)
    return output


def read(classifier: Classifier, batch: Batch) -> Understood:
    """Understand each record of a batch, or say why not."""
    reader, latest = classifier.readers[batch.topic], batch.wall + classifier.future_skew
    understood = Understood()
    topic, partition = batch.topic, batch.partition
    for row in batch.records:
        origin = Origin(topic, partition, row.offset)
        for outcome in reader.read(row.value, origin, key=row.key, headers=row.headers, latest=latest):
            if type(outcome) is Signal:
                understood.signals.setdefault(outcome.customer, []).append(outcome)
                newest = understood.newest
                understood.newest = outcome.at if newest is None else max(newest, outcome.at)
            elif type(outcome) is Passed:
                understood.passed[topic, outcome.name] += 1
            elif type(outcome) is Rejection:
                understood.rejections.append(outcome)
    return understood


def _applied(
    classifier: Classifier, partition: Partition, batch: Batch, understood: Understood, signals: list[Signal]
) -> list[Found]:
    """One customer's signals applied; a signal on which the journey fails is rejected and the others count."""
    machine, customer, topic = classifier.machine, signals[0].customer, batch.topic
    memory = partition.memories.get(customer)
    seen = -1 if memory is None else memory.offsets.get(topic, -1)
    fresh = [signal for signal in signals if signal.origin.offset > seen] if seen >= 0 else signals
    understood.skipped += len(signals) - len(fresh)
    if not fresh:
        return []
    if memory is not None:
        understood.late += sum(signal.at < memory.at for signal in fresh)
    elif partition_of(customer.encode(), classifier.partitions) != batch.partition:
        understood.misplaced += 1
    try:
        found = [apply(machine, memory, customer, topic, fresh)]
    except Exception:
        log.exception("The journey failed on signals of %s[%d]", topic, batch.partition)
        return _without_poison(classifier, memory, batch, understood, fresh)
    understood.applied.update((topic, signal.kind) for signal in fresh)
    return found


def _without_poison(
    classifier: Classifier, memory: Memory | None, batch: Batch, understood: Understood, signals: list[Signal]
) -> list[Found]:
    """The same, record by record, leaving out those on which the journey fails."""
    records: dict[int, list[Signal]] = {}
    for signal in signals:
        records.setdefault(signal.origin.offset, []).append(signal)
    found: list[Found] = []
    for offset, parts in records.items():
        try:
            outcome = apply(classifier.machine, memory, parts[0].customer, batch.topic, parts)
        except Exception as error:  # noqa: BLE001  whatever it is, it must not stop the partition
            row = next(row for row in batch.records if row.offset == offset)
            understood.rejections.append(_rejection(row, parts[0], error))
        else:
            memory = outcome[0]
            found.append(outcome)
            understood.applied.update((batch.topic, signal.kind) for signal in parts)
    return found


def _rejection(row: ConsumerRecord[bytes, bytes], signal: Signal, error: Exception) -> Rejection:
    detail = f"the journey failed on a {signal.kind}: {error!r}"
    return Rejection("fault of ours", detail, signal.origin, row.key, row.value, tuple(row.headers))


def _count(classifier: Classifier, batch: Batch, understood: Understood, seconds: float) -> None:
    metrics = classifier.app.metrics
    rejections = Counter((batch.topic, rejection.reason) for rejection in understood.rejections)
    metrics.count("signals", understood.applied)
    metrics.count("rejections", rejections)
    metrics.count("skipped", {(batch.topic,): understood.skipped})
    metrics.count("late", {(batch.topic,): understood.late})
    metrics.count("misplaced", {(batch.topic,): understood.misplaced})
    metrics.count_passed(understood.passed)
    metrics.observe("batch", seconds)
    metrics.observe("step", seconds / len(batch.records))
