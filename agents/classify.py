"""The agent that classifies: a batch of one partition in, memories and transitions out.

One task takes all partitions' batches in order, and nothing between taking a batch and handing its output over
gives way to another task; so each partition has one writer, and time passing (an empty batch) is an input in the
same line as the signals.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING

from agents.command import Obedience, obey
from agents.sweep import sweep
from agents.telling import whence
from journey.machine import Machine, apply
from journey.memory import BEGINNING, Memory
from journey.tally import Tally
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

# The transitions that a batch makes of one customer travel with the memory in one record, which may have 16 MB. They
# take 0.6 to 1.4 KB each. With ENOUGH of them no further record is begun. A record of the source makes a few as a
# rule; one that holds thousands of events, or late ones that withdraw much, can make thousands, and beyond MOST it is
# refused.
ENOUGH = 2_000
MOST = 9_000


Found = tuple[Memory, list[Transition], Tally]


class TooManyTransitionsError(Exception):
    """One record makes more transitions of one customer than can be written down with the customer's memory."""


@dataclass(slots=True)
class Classifier:
    """What the agents need, whichever partition a batch is of.

    Attributes:
        app: the worker.
        machine: the compiled journeys.
        readers: for each source topic, how its records are read.
        future_skew: milliseconds that an event may be ahead of the wall clock.
        partitions: of each source.
        obedience: what it takes to obey commands.
    """

    app: StreamApp
    machine: Machine
    readers: Mapping[str, Reader]
    future_skew: int
    partitions: int
    obedience: Obedience


@dataclass(slots=True)
class Understood:
    """A batch's records, read: signals by customer in order of offset, and what else there was.

    `applied` has the kind of each signal that was applied, `newest` the greatest event time in ms.
    """

    signals: dict[str, list[Signal]] = field(default_factory=dict)
    rejections: list[Rejection] = field(default_factory=list)
    applied: list[str] = field(default_factory=list)
    passed: Counter[tuple[str, str]] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    tally: Tally = field(default_factory=Tally)
    skipped: int = 0
    misplaced: int = 0
    newest: int | None = None


async def classify(classifier: Classifier, batches: StreamT[Batch]) -> None:
    """Classify until the worker stops; an error that is no record's fault stops it before it commits."""
    try:
        async for batch in batches:
            await _taken(classifier, batch)
    except Exception as error:  # noqa: BLE001  Faust would acknowledge the batch, restart the agent and go on
        await classifier.app.crash(error)


async def _taken(classifier: Classifier, batch: Batch) -> None:
    """Work a batch out, and what silence its time brings, unless its partition is or was revoked."""
    app = classifier.app
    app.backlog.taken(batch)
    partition = app.table.held.get(batch.partition)
    if partition is None:
        return
    does = obey if batch.topic == classifier.obedience.topic else work
    outputs = does(classifier, partition, batch)
    # What is worked out has changed memories, so there must be room for it before.
    while await partition.writing.room():
        output = next(outputs, None)
        if output is None:
            # One slice: the batches of other partitions wait behind this one, and the next tick goes on.
            if partition.overdue():
                app.hand_over(partition, sweep(classifier, partition))
            return
        app.hand_over(partition, output)


def work(classifier: Classifier, partition: Partition, batch: Batch) -> Iterator[Output]:
    """What a batch leads to: its signals applied, what could not be understood, how far the clock has come.

    Nearly always in one output. Where a customer's transitions are too many for that, more follow; the last one alone
    has the offset that may be committed.
    """
    app, output = classifier.app, partition.begin(batch.wall)
    partition.arrived(batch)
    if not batch.records:
        partition.tell_time(batch, None)
        yield output
        return
    started = perf_counter()
    known = partition.progress.known(batch)
    understood = read(classifier, replace(batch, records=batch.records[known:]) if known else batch)
    if partition.suppressed:
        _drop(classifier, partition, batch, understood)
    waiting = list(understood.signals.values())
    while waiting := _Applying(classifier, partition, batch, understood, output).all(waiting):
        yield _set_aside(app, output, understood)
        output = partition.begin(batch.wall)
    partition.tell_time(batch, understood.newest)
    output.source = (batch.topic, batch.records[-1].offset + 1)
    output.taken = len(batch.records)
    _count(classifier, batch, understood, known, perf_counter() - started)
    yield _set_aside(app, output, understood)


def _drop(classifier: Classifier, partition: Partition, batch: Batch, understood: Understood) -> None:
    """Leave out the signals of customers who are suppressed; how many they were is all that is kept."""
    dropped = 0
    for customer in [customer for customer in understood.signals if customer in partition.suppressed]:
        dropped += len(understood.signals.pop(customer))
    classifier.app.metrics.count("suppressed", {(batch.topic,): dropped})


def _set_aside(app: StreamApp, output: Output, understood: Understood) -> Output:
    """The output with what was rejected so far, which is written before any memory that is past it."""
    output.others += [rejection_record(app.publish_to, it, app.rejected_takes) for it in understood.rejections]
    understood.rejected.update(rejection.reason for rejection in understood.rejections)
    understood.rejections.clear()
    return output


def read(classifier: Classifier, batch: Batch) -> Understood:
    """Understand each record of a batch, or say why not."""
    understand, latest = classifier.readers[batch.topic].read, batch.wall + classifier.future_skew
    understood = Understood()
    topic, partition, signals, newest = batch.topic, batch.partition, understood.signals, BEGINNING
    for row in batch.records:
        origin = Origin(topic, partition, row.offset)
        for outcome in understand(row.value, origin, key=row.key, headers=row.headers, latest=latest):
            if type(outcome) is Signal:
                if outcome.customer in signals:
                    signals[outcome.customer].append(outcome)
                else:
                    signals[outcome.customer] = [outcome]
                newest = max(newest, outcome.at)
            elif type(outcome) is Passed:
                understood.passed[topic, outcome.name] += 1
            elif type(outcome) is Rejection:
                understood.rejections.append(outcome)
    understood.newest = None if newest == BEGINNING else newest
    return understood


@dataclass(slots=True)
class _Applying:
    """One output being filled: what it takes to apply one customer's signals after another's."""

    classifier: Classifier
    partition: Partition
    batch: Batch
    understood: Understood
    output: Output

    def all(self, waiting: list[list[Signal]]) -> list[list[Signal]]:
        """Apply signals, given by customer; what is left for another output, likewise."""
        return [rest for signals in waiting if (rest := self._of_customer(signals))]

    def _of_customer(self, signals: list[Signal]) -> list[Signal]:
        """Apply one customer's signals; those for whose transitions there is no more room in this output."""
        understood, topic = self.understood, self.batch.topic
        memory = self.partition.memories.get(signals[0].customer)
        seen = -1 if memory is None else memory.offsets.get(topic, -1)
        fresh = [signal for signal in signals if signal.origin.offset > seen] if seen >= 0 else signals
        understood.skipped += len(signals) - len(fresh)
        if not fresh:
            return []
        if memory is None and self._misplaced(fresh[0].customer):
            understood.misplaced += 1
        try:
            found = self._apply(memory, fresh)
        except TooManyTransitionsError:
            return self._without_poison(fresh)
        except Exception as error:  # noqa: BLE001  whatever it is, it must not stop the partition
            log.error("The journey failed on signals of %s[%d]: %s", topic, self.batch.partition, whence(error))  # noqa: TRY400
            return self._without_poison(fresh)
        last = self._take(found, fresh)
        return [signal for signal in fresh if signal.origin.offset > last]

    def _apply(self, memory: Memory | None, signals: list[Signal]) -> Found:
        tally = Tally()
        machine, customer, topic = self.classifier.machine, signals[0].customer, self.batch.topic
        changed, transitions = apply(machine, memory, customer, topic, signals, tally=tally, enough=ENOUGH)
        if len(transitions) > MOST:
            raise TooManyTransitionsError(f"{len(transitions):,} transitions of one customer, of {MOST:,} at most")
        return changed, transitions, tally

    def _take(self, found: Found, signals: list[Signal]) -> int:
        """Take over what came of signals, and count; the last offset applied."""
        memory, transitions, tally = found
        topic = self.batch.topic
        self.partition.take(self.output, memory, transitions)
        self.understood.tally.add(tally)
        last = memory.offsets[topic]
        self.understood.applied += [signal.kind for signal in signals if signal.origin.offset <= last]
        return last

    def _without_poison(self, signals: list[Signal]) -> list[Signal]:
        """The same, record by record, leaving out those on which the journey fails."""
        records: dict[int, list[Signal]] = {}
        for signal in signals:
            records.setdefault(signal.origin.offset, []).append(signal)
        for offset, parts in records.items():
            customer = parts[0].customer
            if len(self.output.customers.get(customer, ())) >= ENOUGH:
                return [signal for signal in signals if signal.origin.offset >= offset]
            memory = self.partition.memories.get(customer)  # a memory that cannot be read is no fault of the record
            try:
                found = self._apply(memory, parts)
            except Exception as error:  # noqa: BLE001  whatever it is, it must not stop the partition
                row = next(row for row in self.batch.records if row.offset == offset)
                reader = self.classifier.readers[self.batch.topic]
                self.understood.rejections.append(_rejection(reader, row, parts, error))
            else:
                self._take(found, parts)
        return []

    def _misplaced(self, customer: str) -> bool:
        return partition_of(customer.encode(), self.classifier.partitions) != self.batch.partition


def _rejection(
    reader: Reader, row: ConsumerRecord[bytes, bytes], signals: Sequence[Signal], error: Exception
) -> Rejection:
    """The record on some signals of which the journey failed; those of its other customers may have counted."""
    detail = f"the journey failed on a {signals[0].kind}: {error!r}"
    part = reader.part_of(row.value, signals, headers=row.headers)
    origin, headers = signals[0].origin, tuple(row.headers)
    return Rejection("fault of ours", detail, origin, row.key, row.value, headers, len(signals), part)


def _count(classifier: Classifier, batch: Batch, understood: Understood, known: int, seconds: float) -> None:
    metrics, topic, tally = classifier.app.metrics, batch.topic, understood.tally
    rejected = understood.rejected + Counter(rejection.reason for rejection in understood.rejections)
    metrics.count("signals", {(topic, kind): number for kind, number in Counter(understood.applied).items()})
    metrics.count("rejections", {(topic, reason): number for reason, number in rejected.items()})
    metrics.count("skipped", {(topic,): understood.skipped + known})
    metrics.count("misplaced", {(topic,): understood.misplaced})
    for name in ("duplicates", "rewound", "too_late"):
        metrics.count(name, {(topic,): getattr(tally, name)})
    for name in ("signals_settled", "ids_forgotten", "carts_forgotten"):
        metrics.count(name, {(): getattr(tally, name)})
    metrics.count_passed(understood.passed)
    metrics.observe("batch", seconds)
    metrics.observe("step", seconds / len(batch.records))
