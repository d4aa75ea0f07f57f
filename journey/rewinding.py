"""Signals that come late: put in their place, and what they change about what was published.

Owns the order in which a customer's signals count, how far back it can be mended, and the difference between what was
published and what should have been. A late signal is put among the recent ones, and these are gone through again from
the state before the first of them, once without it and once with it. The first going through gives what was published,
the second what holds; so nothing of what was published need be kept.

By the design, what is published later cannot be undone by what is older than the journeys' `lateness`: such a signal
counts at the time its customer has reached, and changes little (`Signal.late`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from journey.duplicates import copies
from journey.memory import Memory, Past, State
from journey.recent import read
from journey.tally import Tally
from schemas.signals import Signal
from schemas.transitions import Cause, Transition, correction_id, revised_id

if TYPE_CHECKING:
    from journey.machine import Machine

MOST: Final = 200
"""So many recent signals of a customer are kept at most; when there are more, KEPT of them are."""
KEPT: Final = 100
WITHDRAWN: Final = 200
"""So many withdrawn transitions of a customer are remembered, the last ones, lest their ids be used again."""


def place(signal: Signal) -> tuple[int, str, int, int]:
    """Where a signal stands among those of its customer: by its time, then by where its record stood."""
    origin = signal.origin
    return signal.at, origin.topic, origin.partition, origin.offset


def in_order(machine: Machine, memory: Memory, signal: Signal) -> bool:
    """Whether a signal is after all that its customer has been through."""
    if signal.at != memory.at:
        return signal.at > memory.at
    past = memory.past
    if past is None:
        return True
    signals = past.signals or read(memory, past, machine.layout.initial)[1]
    return not signals or place(signals[-1]) <= place(signal)


def keep(machine: Machine, memory: Memory, signal: Signal, tally: Tally) -> None:
    """Keep a signal that is after all others, before it is heard, so that one that comes late can be put before it."""
    past, at, lateness = memory.past, signal.at, machine.lateness
    if past is None or at - memory.at > lateness:
        # What was withdrawn is remembered on: a move that was held back meanwhile can come to hold again.
        revisions = {} if past is None else past.revisions
        memory.past = Past(memory.at, at, 1, memory.state.copy(), [signal], revisions=revisions)
        return
    past.signals.append(signal)
    past.count += 1
    if past.count > MOST or past.oldest < at - 2 * lateness:
        _settle(machine, memory, past, at, tally)


def hear_late(machine: Machine, memory: Memory, signal: Signal, tally: Tally) -> list[Transition]:
    """Hear a signal that is before what its customer has been through; in place."""
    past = memory.past
    if past is not None and signal.at >= reach(machine, memory, past):
        tally.rewound += 1
        before, signals = read(memory, past, machine.layout.initial)
        index = bisect_right(signals, place(signal), key=place)
        return _Rework(machine, memory, past, before).follow(signals, index, [signal, *signals[index:]], tally)
    tally.too_late += 1
    late = replace(signal, at=memory.at, late=True)
    if past is not None:
        keep(machine, memory, late, tally)
    return machine.advance(memory, late, tally)


def hear_copy(machine: Machine, memory: Memory, signal: Signal, tally: Tally) -> list[Transition]:
    """Hear a signal that has been heard before: one that is earlier takes the other's place, if it is not too late."""
    tally.duplicates += 1
    past = memory.past
    if past is None or signal.at < reach(machine, memory, past):
        return []
    before, signals = read(memory, past, machine.layout.initial)
    other = next((index for index, each in enumerate(signals) if copies(signal, each)), None)
    if other is None or not _is_earlier(signal, signals[other]):
        return []
    index = bisect_right(signals, place(signal), key=place)
    following = [signal, *signals[index:other], *signals[other + 1 :]]
    return _Rework(machine, memory, past, before).follow(signals, index, following, tally)


def _is_earlier(signal: Signal, other: Signal) -> bool:
    """Whether of two copies `signal` is the one that counts; of exact ones, which came first."""
    if other.late or signal.id == other.id:
        return not other.late and signal.at < other.at
    return place(signal) < place(other)


def reach(machine: Machine, memory: Memory, past: Past) -> int:
    """The earliest time (ms) at which a signal can still be put in its place."""
    return max(memory.at - machine.lateness, past.began)


def _settle(machine: Machine, memory: Memory, past: Past, at: int, tally: Tally) -> None:
    """Let go of recent signals that nothing can overtake once time is `at`, or that are too many (counted)."""
    state, signals = read(memory, past, machine.layout.initial)
    old = bisect_left(signals, at - machine.lateness, key=lambda signal: signal.at)
    count = max(old, len(signals) - KEPT if len(signals) > MOST else 0)
    tally.signals_settled += count - old
    before = _at(memory, past, state)
    for signal in signals[:count]:
        machine.advance(before, signal, Tally())
    kept = signals[count:]
    memory.past = Past(before.at, kept[0].at, len(kept), before.state, kept, revisions=past.revisions)


def _at(memory: Memory, past: Past, before: State) -> Memory:
    """A memory of the same customer, as it was before the recent signals; it looks no further back."""
    return Memory(memory.customer, 0, past.began, before.copy(), {})


@dataclass(frozen=True, slots=True)
class _Rework:
    """Going through the recent signals again, from the state `before` them."""

    machine: Machine
    memory: Memory
    past: Past
    before: State

    def follow(
        self, signals: Sequence[Signal], index: int, following: Sequence[Signal], tally: Tally
    ) -> list[Transition]:
        """Put `following`, the first of which has just come, in the place of `signals` from `index` on.

        Returns:
            what that changes about what is published.
        """
        machine, memory, past = self.machine, self.memory, self.past
        before = _at(memory, past, self.before)
        for signal in signals[:index]:
            machine.advance(before, signal, Tally())
        after = before.copy()
        published = _tail(machine, before, signals[index:], memory.at)
        holding = _tail(machine, after, following, memory.at)
        whole = [*signals[:index], *following]
        revisions = past.revisions.copy()
        memory.past = Past(past.began, whole[0].at, len(whole), self.before, whole, revisions=revisions)
        memory.state, memory.at = after.state, after.at
        changes = _difference(memory, memory.past, published, holding, following[0])
        if len(whole) > MOST:
            _settle(machine, memory, memory.past, memory.at, tally)
        return changes


def _tail(machine: Machine, memory: Memory, signals: Sequence[Signal], until: int) -> list[Transition]:
    transitions = [each for signal in signals for each in machine.advance(memory, signal, Tally())]
    return transitions + machine.wait(memory, until)


def _difference(
    memory: Memory, past: Past, published: Sequence[Transition], holding: Sequence[Transition], cause: Signal
) -> list[Transition]:
    """The corrections of what no longer holds, then what was not published before."""
    here, there = _by_what_holds(published), _by_what_holds(holding)
    changes = []
    for what, transition in here.items():
        if what not in there:
            changes.append(_withdrawn(transition, past.revisions, cause))
    changes += [
        replace(transition, id=revised_id(transition.id, past.revisions.get(transition.id, 0)))
        for what, transition in there.items()
        if what not in here
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


def _withdrawn(transition: Transition, revisions: dict[str, int], cause: Signal) -> Transition:
    revision = revisions.pop(transition.id, 0)
    revisions[transition.id] = revision + 1
    if len(revisions) > WITHDRAWN:
        del revisions[next(iter(revisions))]
    withdrawn = revised_id(transition.id, revision)
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
