"""The source of tracks: what a signal, or a completed silence, does to the stage a customer or a cart is in.

Owns the lines that choose a move, make it, and set deadlines. In them `s` is the customer's state and `i` the cart,
either of which can be where the track stands, `g` is the number of the stage, `t` the time in ms, `signal` what was
heard (None in silence), and `out` the list to which moves made are added, as `journey.moves.Made`.
"""

from collections.abc import Iterable

from journey.compiling.facts import Lines, Scope, indented
from journey.compiling.layout import CART, TrackPlace
from journey.definition import Move, hears
from journey.memory import NEVER

Branch = tuple[str, Lines]


class Making:
    """The lines of one track.

    `scope` has the names that its conditions may read; `shown` the slots of the customer's state that show the stage of
    the cart last touched, and since when, where the track is kept per cart.
    """

    def __init__(self, scope: Scope, place: TrackPlace, shown: tuple[int, int] | None = None) -> None:
        self.scope = scope
        self.place = place
        self.shown = shown
        self.stage = f"{place.within}[{place.stage}]"
        self.entered = f"{place.within}[{place.entered}]"
        self.cart = f"{CART}[0]" if place.within == CART else "None"

    def forgetting(self, kind: str) -> Lines:
        """The lines by which a signal of `kind` lets it be forgotten when a move was last published; perhaps none."""
        names = {move.name for move in self.place.track.moves if kind in move.reset}
        return [f"s[{slot}] = None" for name, slot in self.place.published.items() if name in names]

    def on(self, kind: str, *, late: bool) -> Lines:
        """The lines by which a signal of `kind` makes a move, or else lets silence count anew; perhaps none.

        One that is too `late` makes only the moves that say so, and lets silence count on.
        """
        branches = [
            (self._guard(move, move.from_), self._make(index, "signal"))
            for index, move in enumerate(self.place.track.moves)
            if move.after is None and hears(move.kinds, kind) and (move.late or not late)
        ]
        if not late:
            branches += [(self._in(stages), list(lines)) for lines, stages in self._anew(kind).items()]
        return [f"g = {self.stage}", *chain(branches)] if branches else []

    def silence(self) -> list[Branch]:
        """For each of the track's deadlines, the slot's source and the lines that complete it."""
        place, found = self.place, list[Branch]()
        if place.grace is not None:
            found.append((self._slot(place.grace), [f"freed(s, {place.within}, {place.held}, None, out, MOVES)"]))
        found += [(self._slot(slot), self._complete(number)) for number, slot in enumerate(place.waits)]
        if place.frame is not None:
            found.append((self._slot(place.frame), self._drop_off(place.frame)))
        return found

    def wait(self, stage: str) -> Lines:
        """The lines that set the deadlines of a stage entered at `t`."""
        place = self.place
        moves = place.silences[place.track.stages.index(stage)]
        times = [move.after for move in moves] + [None] * (len(place.waits) - len(moves))
        slots = list(zip(place.waits, times, strict=True))
        if place.frame is not None:
            slots.append((place.frame, place.track.frames.get(stage)))
        return [f"{self._slot(slot)} = {NEVER if time is None else f't + {time}'}" for slot, time in slots]

    def _slot(self, slot: int | None) -> str:
        return f"{self.place.within}[{slot}]"

    def _complete(self, number: int) -> Lines:
        place = self.place
        stages: dict[int, list[str]] = {}
        for stage, moves in zip(place.track.stages, place.silences, strict=True):
            if number < len(moves):
                stages.setdefault(place.track.moves.index(moves[number]), []).append(stage)
        branches = [
            (self._guard(place.track.moves[index], tuple(from_)), self._make(index, "None"))
            for index, from_ in sorted(stages.items())
        ]
        passed_over = ["else:", f"    {self._slot(place.waits[number])} = {NEVER}"]
        return [f"g = {self.stage}", *chain(branches), *passed_over]

    def _drop_off(self, slot: int) -> Lines:
        place = self.place
        frames = list(place.track.frames)
        branches = [
            (self._in((stage,)), [f"out.append({self._made(len(place.track.moves) + number, '{}', None)})"])
            for number, stage in enumerate(frames)
        ]
        return [f"g = {self.stage}", *chain(branches), f"{self._slot(slot)} = {NEVER}"]

    def _anew(self, kind: str) -> dict[tuple[str, ...], tuple[str, ...]]:
        """The lines by which a signal lets silence count anew, each with the stages in which it does."""
        place = self.place
        stages: dict[tuple[str, ...], tuple[str, ...]] = {}
        for stage, moves in zip(place.track.stages, place.silences, strict=True):
            lines = tuple(
                f"{self._slot(slot)} = t + {move.after}"
                for slot, move in zip(place.waits, moves, strict=False)
                if hears(move.since, kind)
            )
            if lines:
                stages[lines] = (*stages.get(lines, ()), stage)
        return stages

    def _make(self, index: int, cause: str) -> Lines:
        place = self.place
        move = place.track.moves[index]
        read = move.condition.names if move.condition else ()
        names = dict.fromkeys((*(name for name in read if name in self.scope.facts), *move.publish))
        facts = "{" + ", ".join(f"{name!r}: {self.scope.value(name)}" for name in names) + "}"
        to = place.track.stages.index(move.to)
        lines = [*self._publish(index, facts, cause), f"{self.stage} = {to}", f"{self.entered} = t"]
        if self.shown is not None:
            lines.append("s[{}], s[{}] = {}, t".format(*self.shown, to))
        if place.furthest is not None:
            lines += [f"if s[{place.furthest}] < {to}:", f"    s[{place.furthest}] = {to}"]
        return [*lines, *self.wait(move.to)]

    def _publish(self, index: int, facts: str, cause: str) -> Lines:
        """The lines that publish the move, hold it back, or say why it is suppressed; and what was held before."""
        place, move = self.place, self.place.track.moves[index]
        slot = place.published.get(move.name)
        limit = None if slot is None else f"limited(s, {slot}, t, {move.once}, {move.cooldown})"
        plain = f"out.append({self._made(index, facts, limit)})  # {move.name}"
        if place.held is None:
            return [plain]
        undone = f"out.append({self._made(index, facts, repr('undone'))})"
        if move.grace is not None:
            held = f"held({place.first_move + index}, g, {self.entered}, t, {facts}, {self.cart}, {cause})"
            plain = f"{self._slot(place.held)}, {self._slot(place.grace)} = {held}, t + {move.grace}  # {move.name}"
        left = place.track.stages.index(move.to)
        return [
            f"if freed(s, {place.within}, {place.held}, {left}, out, MOVES):",
            f"    {undone}",
            "else:",
            f"    {plain}",
        ]

    def _made(self, index: int, facts: str, reason: str | None) -> str:
        return f"(M{self.place.first_move + index}, g, {self.entered}, t, {facts}, {self.cart}, {reason}, None)"

    def _guard(self, move: Move, stages: tuple[str, ...]) -> str:
        where = self._in(stages)
        return where if move.condition is None else f"{where} and {self.scope.condition(move.condition)}"

    def _in(self, stages: Iterable[str]) -> str:
        """The source that tells whether `g` is one of the stages."""
        names = self.place.track.stages
        numbers = sorted(names.index(stage) for stage in set(stages))
        others = set(range(len(names))) - set(numbers)
        if len(numbers) == 1:
            return f"g == {numbers[0]}"
        if len(others) == 1:
            return f"g != {others.pop()}"
        return f"g in {tuple(numbers)}"


def chain(branches: Iterable[Branch]) -> Lines:
    """The first branch whose condition holds."""
    lines: Lines = []
    for condition, body in branches:
        lines += [f"{'elif' if lines else 'if'} {condition}:", *indented(body)]
    return lines
