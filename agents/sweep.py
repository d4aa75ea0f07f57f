"""Silence as an input: the deadlines that a partition's clock has passed fire here.

Called by the task that classifies, after a batch of the partition, in slices small enough that batches of other
partitions do not wait long.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from agents.telling import whence
from journey.machine import Tick, step

if TYPE_CHECKING:
    from agents.classify import Classifier
    from stream.partition import Output, Partition

log = logging.getLogger(__name__)

# Customers a slice: some 20 ms of work.
SLICE = 2_000


def sweep(classifier: Classifier, partition: Partition) -> Output:
    """Fire the oldest deadlines up to the partition's clock, of at most SLICE customers.

    A customer on whom the journey fails stays as he is and is not tried again until a signal of his sets a deadline,
    or the partition is read back.
    """
    output = partition.begin(classifier.app.wall())
    now = partition.now
    for memory in partition.next_overdue(SLICE):
        if memory.due is None or now is None:
            continue
        metrics = classifier.app.metrics
        try:
            moved = step(classifier.machine, memory, Tick(now))
        except Exception as error:  # noqa: BLE001  whatever it is, all others go on
            log.error(  # noqa: TRY400  its words may name a customer
                "The journey failed on a deadline in partition %d; it is left out: %s", partition.number, whence(error)
            )
            metrics.count("failed", {(): 1})
        else:
            metrics.observe("lateness", (now - memory.due) / 1000)
            partition.take(output, *moved)
    return output
