"""Where the written memories of a partition's customers lie: what may be asked of such a place, and one in memory.

Owns what "at rest" means for whoever keeps memories, and nothing of what is in them. The changelog is the truth
wherever they lie. A place that outlives the process holds nothing that the changelog does not, and knows how far of it
it holds (`Reached`); so it is told of a batch's memories twice: when they are written down, and when all that the batch
led to has been acknowledged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from journey.clock import Time
from stream.packing import Packing

#: memories as they were written, by customer; None: the customer is gone
Changes = Mapping[str, bytes | None]
#: what the partition keeps for itself, by key; None: nothing any more
OwnChanges = Mapping[bytes, bytes | None]
NOTHING: Final[OwnChanges] = {}


class FilesError(Exception):
    """The files of a partition cannot be written or read; says what to do."""


@dataclass(frozen=True, slots=True)
class Reached:
    """How far of its changelog a partition is held.

    Attributes:
        offset: of the first record of the changelog that is not.
        last: the mark of the record before that one, by which the changelog is known again (`changelog.mark_of`).
        batch: the last one in there; its transitions are on their topics.
        clock: how far event time had come after it.
        at: when that was, in milliseconds since the epoch.
        end: where the changelog ended then, if beyond `offset`: what ends a transaction stands behind the last record.
        floor: of each source, the offset before which all has been applied.
    """

    offset: int
    last: bytes
    batch: int
    clock: Time
    at: int
    end: int | None = None
    floor: Mapping[str, int] = field(default_factory=dict)

    @property
    def ended(self) -> int:
        """Where the changelog ended, as far as is known."""
        return self.offset if self.end is None else self.end


class Resting(Protocol):
    """One partition's place for written memories, by customer.

    Whatever is called may raise a FilesError, after which the partition is not to be worked on.
    """

    #: how far what outlives the process goes; None where nothing does, or none of it is to be trusted
    reached: Reached | None
    #: what outlives the process of what the partition keeps for itself, by key
    own: dict[bytes, bytes]

    def __contains__(self, customer: object) -> bool:
        """Whether there is such a customer."""

    def __iter__(self) -> Iterator[str]:
        """All customers."""

    def read(self, customer: str) -> bytes:
        """The memory as it was written. KeyError where there is none."""

    def write(self, customer: str, written: bytes) -> None:
        """This is the customer's memory from now on."""

    def rest(self, customer: str) -> None:
        """Nobody has asked for this customer in a while."""

    def restore(self, written: Mapping[str, bytes]) -> None:
        """These are the customers' memories from now on, and nobody has asked for them yet."""

    def forget(self, customer: str) -> None:
        """The customer is gone, if there was one."""

    def keep(self, written: Changes, reached: Reached | None, own: OwnChanges = NOTHING) -> None:
        """All up to `reached` is acknowledged, this among it; None: how far that is cannot be told."""

    def items(self) -> Iterator[tuple[str, bytes]]:
        """All customers with their memories."""

    def size(self) -> int:
        """Bytes on disk."""

    async def again(self) -> bool:
        """Go on after `close`; False where that cannot be, or somebody else has been here meanwhile."""

    def close(self) -> None:
        """Leave the place to whoever is next. What is read and written after that is in memory only."""

    def discard(self) -> None:
        """Close it, and leave nothing behind."""


class Stores(Protocol):
    """Where the partitions of a worker find their places."""

    async def open(self, number: int) -> Resting:
        """The place of a partition, with what has outlived the last worker there."""


class Packed(Resting):
    """In memory: packed once they rest, as written before that. Gone with the process."""

    def __init__(self, packing: Packing | None = None) -> None:
        self.reached: Reached | None = None
        self.own: dict[bytes, bytes] = {}
        self._packing = packing or Packing()
        self._kept: dict[str, bytes] = {}

    def __contains__(self, customer: object) -> bool:
        return customer in self._kept

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    def read(self, customer: str) -> bytes:
        """The memory as it was written. KeyError where there is none."""
        packed = self._kept.get(customer)
        if packed is None:
            raise KeyError("a customer")  # not which one: it may come to stand in a log
        return self._packing.unpack(packed)

    def write(self, customer: str, written: bytes) -> None:
        """This is the customer's memory from now on."""
        self._kept[customer] = written

    def rest(self, customer: str) -> None:
        """Make it small."""
        self._kept[customer] = self._packing.pack(self._kept[customer])

    def restore(self, written: Mapping[str, bytes]) -> None:
        """Keep them, made small."""
        self._kept.update(zip(written, self._packing.pack_all([*written.values()]), strict=True))

    def forget(self, customer: str) -> None:
        """The customer is gone, if there was one."""
        self._kept.pop(customer, None)

    def keep(self, written: Changes, reached: Reached | None, own: OwnChanges = NOTHING) -> None:
        """Nothing outlives the process."""

    def items(self) -> Iterator[tuple[str, bytes]]:
        """All customers with their memories."""
        return ((customer, self._packing.unpack(packed)) for customer, packed in self._kept.items())

    def size(self) -> int:
        """Nothing is on disk."""
        return 0

    async def again(self) -> bool:
        """Everything is where it was."""
        return True

    def close(self) -> None:
        """There is nothing to close."""

    def discard(self) -> None:
        """Forget everybody."""
        self._kept.clear()


class InMemory:
    """Places in memory, which share what they have learnt of packing."""

    def __init__(self) -> None:
        self._packing = Packing()

    async def open(self, number: int) -> Resting:  # noqa: ARG002  one place is like the other
        """An empty place."""
        return Packed(self._packing)
