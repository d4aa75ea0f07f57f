"""How what a batch leads to becomes durable and visible: what is asked of such a way, and the one that repeats itself.

Owns the order of the steps of one batch. At least once, each step is acknowledged before the next begins, and what may
not have reached its topic is published again after a crash. Exactly once, all of it is one transaction:
stream/transactions.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from journey.clock import Time
from stream.outlet import Out, Outlet
from stream.steps import Reached, nothing
from stream.tail import Tail


@dataclass(slots=True)
class Going:
    """What a batch leads to, as records.

    Attributes:
        number: of the batch, within its partition.
        aside: what is set aside; it goes first.
        changes: records of the changelog.
        records: what is published of it.
        clock: how far event time had come after the batch.
        source: (topic, next offset) up to which the batch has read; None where it read nothing.
        floor: of each source, the offset before which all has been worked out with the batch.
        after: records of the changelog that are written once all of it is published, where that is not at once.
    """

    number: int
    aside: list[Out]
    changes: list[Out]
    records: list[Out]
    clock: Time
    source: tuple[str, int] | None = None
    floor: Mapping[str, int] = field(default_factory=dict)
    after: list[Out] = field(default_factory=list)


class Way(Protocol):
    """How the batches of one partition become durable."""

    #: whether all of a batch becomes durable and visible at once, so that nothing of it is ever published again
    atomic: bool

    async def deliver(self, going: Going, tail: Tail) -> None:
        """Return when all of it is acknowledged.

        Raises:
            NotOwnerError: somebody else holds the partition.
            NotSentError: as the outlet says.
        """


class AtLeastOnce(Way):
    """What is set aside, then the changelog with the outboxes, then transitions; offsets are committed after that."""

    atomic = False

    def __init__(self, outlet: Outlet, reached: Reached = nothing) -> None:
        self._outlet = outlet
        self._reached = reached

    async def deliver(self, going: Going, tail: Tail) -> None:
        """One step after the other."""
        # What is set aside goes first: a signal on which the journey failed is skipped once memory is past it.
        await self._outlet.send(going.aside)
        self._reached("aside")
        await self._change(going.changes, tail)
        self._reached("changelog")
        await self._outlet.send(going.records)
        self._reached("transitions")
        await self._change(going.after, tail)

    async def _change(self, changes: list[Out], tail: Tail) -> None:
        if changes:
            ends = await self._outlet.send(changes)
            if not tail.follows(changes, ends):
                raise tail.not_ours(changes, ends)
            tail.wrote(changes, ends)
