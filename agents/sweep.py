"""Silence as an input: the deadlines that a partition's clock has passed fire here.

Called by the task that classifies, between two batches of the partition, in slices small enough that batches of
other partitions do not wait long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from journey.machine import Tick, step

if TYPE_CHECKING:
    from agents.classify import Classifier
    from stream.partition import Output, Partition

# Customers a slice: some 20 ms of work.
SLICE = 2_000


def sweep(classifier: Classifier, partition: Partition) -> Output:
    """Fire the oldest deadlines up to the partition's clock, of at most SLICE customers."""
    output = partition.begin(classifier.app.wall())
    now = partition.now
    for memory in partition.next_overdue(SLICE):
        if memory.due is not None and now is not None:
            classifier.app.metrics.observe("lateness", (now - memory.due) / 1000)
            partition.take(output, *step(classifier.machine, memory, Tick(now)))
    return output
