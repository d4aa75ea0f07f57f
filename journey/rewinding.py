"""Signals that come late: put in their place, and what they change about what was published.

Owns the order in which a customer's signals count, how far back it can be mended, and the difference between what was
published and what should have been. A late signal is put among the recent ones, and these are gone through again from
the state before the first of them, once without it and once with it. The first going through gives what was published,
the second what holds; so nothing of what was published need be kept.

By the design, what is published later cannot be undone by what is older than the journeys' `lateness`: such a signal
counts at the time its customer has reached, and changes little (`Signal.late`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from journey.duplicates import copies, note
from journey.memory import Memory, Past, State
from journey.recent import read
from journey.tally import Tally
from schemas.signals import Signal
from schemas.transitions import Cause, Transition, correction_id

if TYPE_CHECKING:
    from journey.machine import Machine

MOST: Final = 200
"""So many recent signals of a customer are kept at most; when there are more, KEPT of them are."""
KEPT: Final = 100
WITHDRAWN: Final = 200
"""So many withdrawn transitions of a customer are told apart; when there are more, what was before is final."""


def rank(signal: Signal) -> tuple[int, bool, str, int, int]:
    """By what signals of a customer stand in order: their time, then where their record stood.

    Those that came too late for their place stand behind all others of their moment, as they came.
    """
    if signal.late:
        return signal.at, True, "", 0, 0
    origin = signal.origin
    return signal.at, False, origin.topic, origin.partition, origin.offset


def in_order(memory: Memory, signal: Signal) -> bool:
    """Whether a signal is after all that its customer has been through."""
    if signal.at != memory.at:
        return signal.at > memory.at
    past = memory.past
    if past is None:
        return True
    signals = past.signals or read(memory, past)[1]
    return not signals or rank(signals[-1]) <= rank(signal)


def keep(machine: Machine, memory: Memory, signal: Signal, tally: Tally) -> None:
    """Keep a signal that is after all others, before it is heard, so that one that comes late can be put before it."""
    past, at, lateness = memory.past, signal.at, machine.lateness
    if past is None:
        memory.past = Past(memory.at, at, 1, memory.state.copy(), [signal])
    elif at - memory.at > lateness:
        memory.past = _from(machine, past, memory, [signal])
    else:
        past.signals.append(signal)
        past.count += 1
        if past.count > MOST or past.oldest < at - 2 * lateness:
            _settle(machine, memory, at, tally)


def hear_late(machine: Machine, memory: Memory, heard: Sequence[tuple[Signal, bool]], tally: Tally) -> list[Transition]:
    """Hear signals of one record, in order, some of which are before what their customer has been through; in place.

    Those that can be put in their places are put there together, so that what one of them disproves and the next
    restores is never told.

    Args:
        machine: the journeys.
        memory: the customer's.
        heard: each signal, and whether it is a copy of one heard before: one that is earlier takes the other's place.
        tally: what is counted.

    Returns:
        what is made of signals too late for their place, then the corrections, then what is made instead.
    """
    transitions: list[Transition] = []
    placed: list[Signal] = []
    copied: list[Signal] = []
    for signal, copy in heard:
        past = memory.past
        placeable = past is not None and signal.at >= max(memory.at - machine.lateness, past.began)
        tally.duplicates += copy
        if placeable:
            tally.rewound += not copy and not in_order(memory, signal)
            (copied if copy else placed).append(signal)
        elif not copy:
            tally.too_late += 1
            transitions += _hear_too_late(machine, memory, signal, tally)
    if placed or copied:
        transitions += _put(machine, memory, placed, copied, tally)
    return transitions


def _hear_too_late(machine: Machine, memory: Memory, signal: Signal, tally: Tally) -> list[Transition]:
    late = replace(signal, at=memory.at, late=True)
    if memory.past is not None:
        keep(machine, memory, late, tally)
    return machine.advance(memory, late, tally)


def _put(
    machine: Machine, memory: Memory, placed: list[Signal], copied: list[Signal], tally: Tally
) -> list[Transition]:
    """Put signals in their places, and such copies as are earlier than what they are copies of."""
    past = memory.past
    assert past is not None  # noqa: S101  only a memory that looks back has places for them
    before, signals = read(memory, past)
    left = signals
    for copy in copied:
        rest = [each for each in left if not (copies(copy, each) and _is_earlier(copy, each))]
        if len(rest) < len(left):
            left = rest
            placed.append(copy)
            note(memory, copy, machine, tally)
    if not placed:
        return []
    whole = sorted([*left, *placed], key=rank)
    same = next((at for at, (was, now) in enumerate(zip(signals, whole, strict=False)) if was is not now), len(signals))
    reached = _at(memory, past, before)
    for signal in whole[:same]:
        machine.advance(reached, signal, Tally())
    after = reached.copy()
    published = _tail(machine, reached, signals[same:], memory.at)
    holding = _tail(machine, after, whole[same:], memory.at)
    memory.state, memory.at = after.state, after.at
    now = Past(past.began, whole[0].at, len(whole), before, whole, b"", dict(past.revisions), past.generation)
    memory.past = now
    changes = _difference(memory, now, published, holding, placed[0])
    if len(now.revisions) > WITHDRAWN:
        # From here on ids are other ones, so that none that was withdrawn can come back.
        tally.signals_settled += now.count
        memory.past = Past(memory.at, memory.at, 0, memory.state.copy(), [], generation=now.generation + 1)
    elif now.count > MOST:
        _settle(machine, memory, memory.at, tally)
    return changes


def _is_earlier(signal: Signal, other: Signal) -> bool:
    """Whether of two copies `signal` is the one that counts, whichever came first."""
    return not other.late and rank(signal) < rank(other)


def _settle(machine: Machine, memory: Memory, at: int, tally: Tally) -> None:
    """Let go of recent signals that nothing can overtake once time is `at`, or that are too many (counted)."""
    past = memory.past
    assert past is not None  # noqa: S101  only a memory that looks back has something to let go of
    before, signals = read(memory, past)
    old = bisect_left(signals, at - machine.lateness, key=lambda signal: signal.at)
    count = max(old, len(signals) - KEPT if len(signals) > MOST else 0)
    tally.signals_settled += count - old
    reached = _at(memory, past, before)
    for signal in signals[:count]:
        machine.advance(reached, signal, Tally())
    memory.past = _from(machine, past, reached, signals[count:])


def _from(machine: Machine, past: Past, reached: Memory, signals: list[Signal]) -> Past:
    """The past from where `reached` has come, with these signals after it.

    What was withdrawn before that is forgotten, but not while a move made then can be held back by its grace.
    """
    began, oldest = reached.at, signals[0].at if signals else reached.at
    revisions = past.revisions
    if revisions:
        revisions = {name: each for name, each in revisions.items() if each[1] >= began - machine.grace}
    return Past(began, oldest, len(signals), reached.state.copy(), signals, b"", revisions, past.generation)


def _at(memory: Memory, past: Past, before: State) -> Memory:
    """A memory of the same customer, as it was before the recent signals; it looks no further back."""
    return Memory(memory.customer, 0, past.began, before.copy(), {})


def _tail(machine: Machine, memory: Memory, signals: Sequence[Signal], until: int) -> list[Transition]:
    transitions = [each for signal in signals for each in machine.advance(memory, signal, Tally())]
    return transitions + machine.wait(memory, until)


def _difference(
    memory: Memory, past: Past, published: Sequence[Transition], holding: Sequence[Transition], cause: Signal
) -> list[Transition]:
    """The corrections of what no longer holds, then what was not published before."""
    here, there = _by_what_holds(published), _by_what_holds(holding)
    changes = [_withdrawn(transition, past, cause) for what, transition in here.items() if what not in there]
    changes += [
        replace(transition, id=past.name(transition.id)) for what, transition in there.items() if what not in here
    ]
    for transition in changes:
        memory.sequence += 1
        transition.sequence = memory.sequence
    return changes


def _by_what_holds(transitions: Sequence[Transition]) -> dict[tuple[str, str, str], Transition]:
    """A transition still holds where one of the same id leads to the same stage and is as much published.

    What else it says (facts, the stage left) stays as it was known when it was published: nobody acts twice for that.
    """
    return {(each.id, each.to, each.kind): each for each in transitions}


def _withdrawn(transition: Transition, past: Past, cause: Signal) -> Transition:
    first, withdrawn = transition.id, past.name(transition.id)
    past.withdraw(first, transition.at)
    origin = cause.origin
    return replace(
        transition,
        id=correction_id(withdrawn),
        kind="corrected",
        corrects=withdrawn,
        reason="late_signal",
        late=False,
        cause=Cause(cause.kind, cause.id, origin.topic, origin.partition, origin.offset),
    )
