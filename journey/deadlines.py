"""Which customers are due: an index of deadlines over the customers of a partition.

Owns a heap with lazy deletion. A memory's own `due` is the truth; the index only knows a time before which looking is
not worth while, and is rebuilt from memories at will. Entries are put in only when a customer's deadline comes earlier
than the index has it, since most signals put deadlines off; one that comes too early is put back when its time comes.
"""

from collections.abc import Callable, Iterator
from heapq import heappop, heappush

from journey.memory import NEVER


class Deadlines:
    """The index of one partition. Its length is the number of customers in it."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, str]] = []
        self._indexed: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._indexed)

    @property
    def next(self) -> int:
        """A time in ms before which nobody is due; NEVER where nobody is at all."""
        return self._heap[0][0] if self._heap else NEVER

    def note(self, customer: str, due: int | None) -> None:
        """The customer's next deadline is `due` (ms; None: there is none)."""
        if due is None:
            return
        indexed = self._indexed.get(customer)
        if indexed is None or due < indexed:
            self._indexed[customer] = due
            heappush(self._heap, (due, customer))

    def forget(self, customer: str) -> None:
        """The customer is gone."""
        self._indexed.pop(customer, None)

    def passed(self, now: int, due: Callable[[str], int | None]) -> Iterator[str]:
        """The customers whose deadline is `now` or earlier, in order of deadline and then of name.

        `due` tells a customer's real deadline. Each customer given is out of the index: give it the deadline that is
        next with `note`. Between two of them the index may be changed.
        """
        while self._heap and self._heap[0][0] <= now:
            entered, customer = heappop(self._heap)
            if self._indexed.get(customer) != entered:
                continue  # an earlier entry took its place, or the customer is gone
            del self._indexed[customer]
            real = due(customer)
            if real is not None and real <= entered:
                yield customer
            else:
                self.note(customer, real)
