"""The source of a track that is kept per cart: which carts a signal reaches, and what it does to each.

Owns the lines around those of the track itself, which `journey.compiling.tracks` writes for one cart, called `i`.
"""

from journey.carts import Carts
from journey.compiling.facts import Lines, Scope, feed, indented
from journey.compiling.layout import CartsPlace, addressed
from journey.compiling.tracks import Making, chain


def runtime(place: CartsPlace) -> Carts:
    """What the generated code calls for these carts."""
    inner = place.inner
    first = inner.silences[place.track.stages.index(place.track.initial)]
    return Carts(
        shown=place.shown,
        since=place.since,
        due=place.due,
        carts=place.carts,
        stage=inner.stage,
        entered=inner.entered,
        held=inner.held,
        deadlines=inner.deadlines,
        begins=tuple((slot, move.after or 0) for slot, move in zip(inner.waits, first, strict=False)),
        initial=place.initial,
        closed=place.closed,
    )


class MakingCarts:
    """The lines of one such track; `name` is what its `Carts` is called in the source."""

    def __init__(self, scope: Scope, place: CartsPlace, name: str) -> None:
        self.scope = Scope({**scope.facts, **place.facts}, scope.attributes)
        self.place = place
        self.name = name
        self.making = Making(self.scope, place.inner, (place.shown, place.since))

    def forgetting(self, kind: str) -> Lines:
        """The lines by which a signal of `kind` lets it be forgotten when a move was last published; perhaps none."""
        return self.making.forgetting(kind)

    def on(self, kind: str, *, late: bool) -> Lines:
        """The lines by which a signal of `kind` reaches its cart, or all that are open; perhaps none."""
        if not self._inner(kind, late=False):
            return []
        cart = self.scope.attribute("cart")
        inner = self._inner(kind, late=late) or ["pass"]
        given = f"(s, {cart}, t, out, MOVES)"
        if addressed(self.place.track, kind):
            return [f"i = {self.name}.touch{given}", *inner, f"{self.name}.settle(s)"]
        return [f"for i in {self.name}.open{given}:", *indented(inner), f"{self.name}.settle(s)"]

    def silence(self) -> tuple[str, Lines]:
        """The source of the slot of the next deadline of all carts, and the lines that complete it."""
        branches = [(f"{slot} == t", lines) for slot, lines in self.making.silence()]
        inner = [f"i = {self.name}.expired(s, t)", *chain(branches), f"{self.name}.settle(s)"]
        return f"s[{self.place.due}]", inner

    def _inner(self, kind: str, *, late: bool) -> Lines:
        feeding = [line for fact, here in self.place.facts.values() for line in feed(self.scope, fact, here, kind)]
        return feeding + self.making.on(kind, late=late)
