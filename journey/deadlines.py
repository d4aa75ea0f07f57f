"""Which customers are due: an index of deadlines over the customers of a partition.

Owns only times before which looking at a customer is not worth while; a memory's own `due` is the truth, and the index
is rebuilt from memories at will. An entry is never taken out because a deadline was put off, as most signals do: it is
looked at when its time comes, and put where the deadline is by then.

Deadlines that are near stand in a heap, in order; those that are far in unordered bags, each for a span of time, the
longer the farther off. So a customer waiting takes the 8 bytes of a reference instead of the 140 of an entry of a heap,
and a move of the clock looks at no more customers than those whose time has nearly come.
"""

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from typing import Final

from journey.memory import BEGINNING, NEVER

MINUTE: Final = 60_000
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


class Deadlines:
    """The index of one partition. Its length is the number of entries, of which a customer may have several.

    `now`: the time in ms from which it is told what is near; what has passed by then is near, too.
    """

    def __init__(self, now: int = BEGINNING) -> None:
        self._near: list[tuple[int, str]] = []
        self._far: dict[int, list[str]] = {}
        self._begins: list[int] = []
        self._now = now
        self._entries = 0

    def __len__(self) -> int:
        return self._entries

    @property
    def next(self) -> int:
        """A time in ms before which nobody is due; NEVER where nobody is at all."""
        near = self._near[0][0] if self._near else NEVER
        return min(near, self._begins[0]) if self._begins else near

    def note(self, customer: str, due: int | None) -> None:
        """The customer's next deadline is `due` (ms; None: there is none).

        To be said where it is earlier than the one before, or where the one before has passed; a deadline put off need
        not be told.
        """
        if due is None:
            return
        self._entries += 1
        ahead = due - self._now
        if ahead < MINUTE:
            heappush(self._near, (due, customer))
            return
        width = MINUTE if ahead < HOUR else HOUR if ahead < 2 * DAY else DAY
        begin = due - due % width
        bag = self._far.get(begin)
        if bag is None:
            bag = self._far[begin] = []
            heappush(self._begins, begin)
        bag.append(customer)

    def passed(self, now: int, due: Callable[[str], int | None]) -> Iterator[str]:
        """The customers whose deadline is `now` or earlier, in order of deadline and then of name, each once.

        `due` tells a customer's real deadline, None where he is gone. Each customer given is out of the index: give it
        the deadline that is next with `note`. Between two of them the index may be changed. Where `due` raises, the
        customer that it was asked about is out of the index, too, and nothing else is lost.
        """
        self._now = max(self._now, now)
        while True:
            while self._begins and self._begins[0] <= now:
                self._look_closer(due)
            if not self._near or self._near[0][0] > now:
                return
            entry = entered, customer = heappop(self._near)
            self._entries -= 1
            while self._near and self._near[0] == entry:
                heappop(self._near)
                self._entries -= 1
            real = due(customer)
            if real == entered:
                yield customer
            elif real is not None and real > entered:
                self.note(customer, real)
            # One that is due earlier than this entry has another entry, or was given already.

    def _look_closer(self, due: Callable[[str], int | None]) -> None:
        """Put the customers of the bag whose span begins first where their deadlines are, none of them back into it."""
        begin = self._begins[0]
        bag = self._far[begin]
        self._entries -= len(bag)
        bag[:] = dict.fromkeys(bag)
        self._entries += len(bag)
        while bag:
            customer = bag.pop()
            self._entries -= 1
            real = due(customer)
            if real is not None and real >= begin:
                self.note(customer, real)
        heappop(self._begins)
        del self._far[begin]
