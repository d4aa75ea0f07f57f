"""The carts of a customer: what the generated code calls for a track that is kept per cart.

Owns which carts there are: how one begins, which of them a signal reaches, which are forgotten, and when the next
deadline of any of them comes. What a signal does to a cart is generated. The carts stand in the state as a dict by cart
id ("" for the one that signals without an id share), the least recently touched first. Dict and carts are never changed
once the signal is through, because memories that were copied share them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from journey.memory import NEVER, Slot, State
from journey.moves import Constant, Made, freed

MOST_OPEN: Final = 20
"""A customer with more open carts than this is no customer; without a bound a robot's memory would have none."""

Cart = list[Slot]


@dataclass(frozen=True, slots=True)
class Carts:
    """One track's carts.

    `shown`, `since`, `due` and `carts` are slots of the state, the other slots are those of a cart. `begins` has the
    deadlines of the initial stage, as (slot, ms after the beginning); `initial` is what a cart begins with, `closed`
    the stages in which it waits for nothing but signals of its own.
    """

    shown: int
    since: int
    due: int
    carts: int
    stage: int
    entered: int
    held: int | None
    deadlines: tuple[int, ...]
    begins: tuple[tuple[int, int], ...]
    initial: tuple[Slot, ...]
    closed: frozenset[int]

    def touch(self, state: State, name: str | None, at: int, out: list[Made | None], moves: Sequence[Constant]) -> Cart:
        """The cart of that name, to be changed in place; it begins if there is none. The last touched is shown.

        Where that makes too many, one is forgotten, which `out` is told by a None.
        """
        carts: dict[str, Cart] = state[self.carts]
        key = name or ""
        cart = carts.get(key)
        if cart is None:
            cart = self._begun(name, at)
            carts = {other: each for other, each in carts.items() if not self._is_closed(each)}
            if len(carts) >= MOST_OPEN:
                self._forget(state, carts.pop(next(iter(carts))).copy(), out, moves)
        else:
            cart = cart.copy()
            carts = carts.copy()
            del carts[key]
        carts[key] = cart
        state[self.carts] = carts
        state[self.shown], state[self.since] = cart[self.stage], cart[self.entered]
        return cart

    def open(
        self, state: State, name: str | None, at: int, out: list[Made | None], moves: Sequence[Constant]
    ) -> Iterator[Cart]:
        """Every open cart, to be changed in place; where none is open, the one of that name."""
        carts: dict[str, Cart] = state[self.carts]
        found = [key for key, cart in carts.items() if not self._is_closed(cart)]
        if not found and (name or "") not in carts:
            yield self.touch(state, name, at, out, moves)
            return
        found = found or [name or ""]
        state[self.carts] = carts = carts.copy()
        for key in found:
            carts[key] = carts[key].copy()
            yield carts[key]

    def expired(self, state: State, at: int) -> Cart:
        """The first cart of which a deadline is `at`, to be changed in place."""
        carts: dict[str, Cart] = state[self.carts].copy()
        key = next(key for key, cart in carts.items() if at in [cart[slot] for slot in self.deadlines])
        state[self.carts] = carts
        carts[key] = carts[key].copy()
        return carts[key]

    def settle(self, state: State) -> None:
        """Note the next deadline of all carts, after any of them was changed."""
        state[self.due] = min(
            (cart[slot] for cart in state[self.carts].values() for slot in self.deadlines), default=NEVER
        )

    def _forget(self, state: State, cart: Cart, out: list[Made | None], moves: Sequence[Constant]) -> None:
        """Let a cart go; what it held back is told, as nothing can undo it any more."""
        if self.held is not None:
            freed(state, cart, self.held, None, out, moves)
        out.append(None)

    def _begun(self, name: str | None, at: int) -> Cart:
        cart = list(self.initial)
        cart[0] = name or None
        for slot, after in self.begins:
            cart[slot] = at + after
        return cart

    def _is_closed(self, cart: Cart) -> bool:
        return cart[self.stage] in self.closed and (self.held is None or cart[self.held] is None)
