"""The agent that obeys: a batch of commands of one partition in, customers forgotten and records of it out.

Called by the task that classifies, in the same line as the batches of events, so that a partition has one writer and
what a customer did before is written before he is forgotten. Time does not pass by commands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from schemas.commands import ERASE, SUPPRESS, Command, read
from schemas.rejections import Rejection
from schemas.signals import Origin
from stream.outlet import partition_of
from stream.publishing import notice, rejection_record

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

    from agents.classify import Classifier
    from stream.batches import Batch
    from stream.partition import Output, Partition

# Commands that become durable together. Each leads to some 1 KB in the changelog and on each topic of transitions.
SLICE: Final = 500
ELSEWHERE: Final = "nobody here knows the customer, whose key Kafka's default partitioner puts on another partition"


@dataclass(slots=True)
class Obedience:
    """What it takes to obey.

    Attributes:
        topic: of the commands.
        keys: with one of these a command is to be signed; none: whoever may write to the topic is obeyed.
        random: gives so many bytes that nobody can foresee.
    """

    topic: str
    keys: Sequence[str]
    random: Callable[[int], bytes]


def obey(classifier: Classifier, partition: Partition, batch: Batch) -> Iterator[Output]:
    """What a batch of commands leads to, in as many outputs as it takes, each of which may be committed for itself."""
    partition.arrived(batch)
    known = partition.progress.known(batch)
    metrics, app = classifier.app.metrics, classifier.app
    metrics.count("skipped", {(batch.topic,): known})
    for begin in range(0, len(batch.records), SLICE):
        rows = batch.records[begin : begin + SLICE]
        output = partition.begin(batch.wall)
        found = [_obeyed(classifier, partition, output, batch, row) for row in rows[max(0, known - begin) :]]
        commands = [each for each in found if isinstance(each, Command)]
        rejections = [each for each in found if isinstance(each, Rejection)]
        output.others += [rejection_record(app.publish_to, it, app.rejected_takes) for it in rejections]
        output.source, output.taken = (batch.topic, rows[-1].offset + 1), len(rows)
        metrics.count("commands", Counter((command.command,) for command in commands))
        metrics.count("rejections", Counter((batch.topic, rejection.reason) for rejection in rejections))
        yield output


def _obeyed(
    classifier: Classifier, partition: Partition, output: Output, batch: Batch, row: ConsumerRecord[bytes, bytes]
) -> Command | Rejection:
    """The command that was done, or why none was."""
    origin, headers = Origin(batch.topic, batch.partition, row.offset), tuple(row.headers)
    found = read(row.value, origin, key=row.key, headers=headers, keys=classifier.obedience.keys)
    if isinstance(found, Rejection):
        return found
    if not _may_be_here(classifier, partition, found.customer):
        return Rejection("other partition", ELSEWHERE, origin, row.key, row.value, headers)
    _do(classifier.obedience, partition, output, found)
    return found


def _may_be_here(classifier: Classifier, partition: Partition, customer: str) -> bool:
    """Whether anything of the customer is here, or would come here; else it would be said that he is gone, wrongly."""
    at_home = partition_of(customer.encode(), classifier.partitions) == partition.number
    return at_home or customer in partition.memories or customer in partition.suppressed


def _do(obedience: Obedience, partition: Partition, output: Output, command: Command) -> None:
    """Who is unknown here is erased all the same: others may know him."""
    if command.command in {ERASE, SUPPRESS}:
        partition.forget(output, command.customer, notice(command, output.wall))
    if command.command != ERASE:
        yes = command.command == SUPPRESS
        for key, value in partition.suppressed.changes(command.customer, obedience.random, yes=yes).items():
            partition.keep(output, key, value)
