"""The memories of one partition's customers: those heard of lately as they are, all others as bytes at rest.

Owns in which form a memory is found, and how many are kept ready to use. A customer at rest takes some 300 bytes with
everything; ready to use it is 1 to 3 KB of Python objects, which the garbage collector would have to walk. Knows
nothing of batches or of the changelog, but what it writes down is what the changelog gets; and nothing of where the
bytes lie (stream/resting.py).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Final

from journey.machine import Machine
from journey.memory import Memory
from journey.saving import Head, decode, encode, head, is_of
from stream.resting import Resting

READY: Final = 20_000
"""Memories that a worker keeps ready to use: 20 to 50 MB. Of customers as uneven as shops have them (Zipf, 100,000 of
them), four events in five are of one that is."""


class Memories(Mapping[str, Memory]):
    """Memories by customer.

    Args:
        machine: the compiled journeys.
        resting: where those that were written lie.
        ready: how many are kept ready to use, beside those that have not been written yet.
    """

    def __init__(self, machine: Machine, resting: Resting, ready: int = READY) -> None:
        self._machine = machine
        self._resting = resting
        self._most = ready
        #: the longest unused first
        self._ready: OrderedDict[str, Memory] = OrderedDict()
        #: the one read last: whoever changes a memory asks for it twice
        self._read: Memory | None = None
        #: the bytes found last, and of whom: of whoever is due the deadline is asked first, and then the whole
        self._found: tuple[str, bytes] | None = None

    def __getitem__(self, customer: str) -> Memory:
        """The customer's memory, which is not to be changed. KeyError where there is none."""
        memory = self._ready.get(customer)
        if memory is None:
            memory = self._read
            if memory is None or memory.customer != customer:
                memory = self._read = decode(self._machine, customer, self._at_rest(customer))
        return memory

    def __contains__(self, customer: object) -> bool:
        """Whether there is such a customer, without reading the memory back."""
        return customer in self._ready or customer in self._resting

    def __iter__(self) -> Iterator[str]:
        """All customers."""
        yield from self._resting
        yield from (customer for customer in self._ready if customer not in self._resting)

    def __len__(self) -> int:
        """How many there are; they are counted."""
        return sum(1 for _ in self)

    def head(self, customer: str) -> Head:
        """What can be told of a customer without reading the memory back. KeyError where there is none."""
        memory = self._ready.get(customer)
        if memory is None:
            return head(self._at_rest(customer))
        return Head(memory.due, memory.sequence, memory.offsets, tuple(self._machine.numbers(memory)))

    def due(self, customer: str) -> int | None:
        """The customer's next deadline in ms; None where there is none, or no such customer."""
        memory = self._ready.get(customer)
        if memory is not None:
            return memory.due
        try:
            return head(self._at_rest(customer)).due
        except KeyError:
            return None

    def _at_rest(self, customer: str) -> bytes:
        """The memory as it was written. KeyError where there is none."""
        if self._found is None or self._found[0] != customer:
            self._found = customer, self._resting.read(customer)
        return self._found[1]

    def take(self, memory: Memory) -> None:
        """This is the customer's memory from now on; it is to be written before others are let go of."""
        customer = memory.customer
        self._ready[customer] = memory
        self._ready.move_to_end(customer)
        self._read = None

    def write(self, customer: str) -> bytes:
        """The memory that was taken, as bytes for the changelog."""
        written = encode(self._machine, self._ready[customer])
        self._found = None
        self._resting.write(customer, written)
        return written

    def rest(self) -> None:
        """Let go of the longest unused of those ready, beyond so many; all that were taken have been written."""
        while len(self._ready) > self._most:
            customer, _ = self._ready.popitem(last=False)
            self._resting.rest(customer)

    def written(self, customer: str) -> bytes:
        """A memory that has been written, as it was. KeyError where there is none."""
        return self._resting.read(customer)

    def as_written_here(self, written: bytes) -> bool:
        """Whether this machine would have written it so."""
        return is_of(self._machine, written)

    def restore(self, written: Mapping[str, bytes]) -> None:
        """Keep memories as this machine would have written them, in place of any others; they are at rest."""
        self._read = self._found = None
        self._resting.restore(written)

    def forget(self, customer: str) -> None:
        """The customer is gone, if there was one."""
        self._read = self._found = None
        self._ready.pop(customer, None)
        self._resting.forget(customer)
