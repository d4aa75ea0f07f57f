"""What the generated code calls when it makes a move: whether the move is published, held back or suppressed.

Owns the form in which a move is handed to the machine (`Made`), and the three reasons not to publish one: `once`,
`cooldown`, and being undone within its grace. What a move made within its grace looks like while it waits (`Held`) is
what JSON can hold, because it is kept in the state.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from journey.memory import NEVER, State
from schemas.signals import Signal
from schemas.transitions import Fact, Reason


@dataclass(frozen=True, slots=True)
class Constant:
    """What is the same in all transitions of one move, and how often it is published.

    `published` is the slot of the state that tells when it was last (None: nobody asks).
    """

    journey: str
    version: int
    track: str
    stages: tuple[str, ...]
    name: str
    to: str
    route: tuple[str, ...]
    published: int | None
    once: bool
    cooldown: int | None


Held = list[Any]
"""[number of the move, stage left, when that was entered, at, facts, cart, cause]; cause as `origin_of` has it."""
Made = tuple[Constant, int, int | None, int, dict[str, Fact], str | None, Reason | None, list[Any] | None]
"""A move made: which, the number of the stage left, when that was entered, at, the facts to publish, the cart, why it
is suppressed, and what caused it: None for what is heard (or silent) now; else, of one that was held back, what
`origin_of` gave, or [] for silence."""


def limited(state: State, slot: int, at: int, once: bool, cooldown: int | None) -> Reason | None:
    """Why a move made `at` is not published; where it is, that is noted in the state."""
    last = state[slot]
    if last is not None:
        if once:
            return "once"
        if cooldown is not None and at - last < cooldown:
            return "cooldown"
    state[slot] = at
    return None


def held(  # noqa: PLR0917  all that a transition needs, called from generated code
    number: int,
    left: int,
    entered: int | None,
    at: int,
    facts: dict[str, Fact],
    cart: str | None,
    signal: Signal | None,
) -> Held:
    """A move that waits for its grace to end; `signal` is what caused it, None where silence did."""
    return [number, left, entered, at, facts, cart, None if signal is None else origin_of(signal)]


def origin_of(signal: Signal) -> list[Any]:
    """The cause of a move as it is kept with one that is held back."""
    origin = signal.origin
    return [signal.kind, signal.id, origin.topic, origin.partition, origin.offset, signal.late]


def freed(  # noqa: PLR0917  called from generated code
    state: State, place: State, slot: int, to: int | None, out: list[Made | None], moves: Sequence[Constant]
) -> bool:
    """Hand over what is held in `place`, if anything is; whether going to the stage `to` undoes it.

    The slot after `slot` is that of the end of its grace.
    """
    waiting = place[slot]
    if waiting is None:
        return False
    place[slot], place[slot + 1] = None, NEVER
    number, left, entered, at, facts, cart, cause = waiting
    move = moves[number]
    reason: Reason | None = None
    if left == to:
        reason = "undone"
    elif move.published is not None:
        reason = limited(state, move.published, at, move.once, move.cooldown)
    out.append((move, left, entered, at, facts, cart, reason, cause or []))
    return bool(left == to)
