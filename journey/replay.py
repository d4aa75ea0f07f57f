"""Replay: many customers' signals to transitions, with nothing but the data to drive time.

Owns the loop that a worker's partition runs too, in its plainest form: the clock is the greatest event time seen
less the machine's patience; deadlines that it has passed fire, before the signal that moved it; then the signal
counts.

Signals are taken in the order in which they come. Where they are sorted by time, what a customer goes through
depends on that customer's signals alone, and nothing is ever corrected. A signal behind the clock counts all the same,
and a deadline that it sets behind the clock fires when the clock next moves, or at the end; so a file grouped by
customer, each customer's signals in order, gives every customer the same transitions as the sorted one. What comes out
of order within a customer is put in its place, with corrections, as long as it is not later than the journeys'
`lateness`; a file shuffled at random should be sorted first.
"""

from collections.abc import Iterable, Iterator

from journey.deadlines import Deadlines
from journey.machine import Machine
from journey.memory import BEGINNING, DUE, NEVER, Memory
from journey.tally import Tally
from schemas.signals import Signal
from schemas.transitions import Transition


def fold(
    machine: Machine,
    signals: Iterable[Signal],
    until: int | None = None,
    memories: dict[str, Memory] | None = None,
    tally: Tally | None = None,
) -> Iterator[Transition]:
    """The transitions of all customers, in the order in which they become certain.

    Silence after the last signal counts as far as `until` (event time in ms); with None, only as far as the clock
    came. Whoever wants the memories that are left hands in a dict for them, empty or with those to go on from; and for
    what there is to count beside transitions, a `tally`.
    """
    memories = {} if memories is None else memories
    tally = Tally() if tally is None else tally
    index = Deadlines()
    for customer, memory in memories.items():
        index.note(customer, memory.due)
    now, patience, hear, next_due = BEGINNING, machine.patience, machine.hear, index.next
    for signal in signals:
        clock = signal.at - patience
        if clock > now:
            now = clock
            if next_due <= now:
                yield from _sweep(machine, memories, index, now)
                next_due = index.next
        customer = signal.customer
        if customer in memories:
            memory = memories[customer]
            before = memory.state[DUE]
        else:
            memory = memories[customer] = machine.start(customer)
            before = NEVER
        if transitions := hear(memory, signal, tally):
            yield from transitions
        # The index has no later deadline than the memory had, so only an earlier one is news to it.
        due = memory.state[DUE]
        if due < before:
            index.note(customer, due)
            next_due = min(next_due, due)
    yield from _sweep(machine, memories, index, now if until is None else max(now, until))


def _sweep(machine: Machine, memories: dict[str, Memory], index: Deadlines, now: int) -> Iterator[Transition]:
    for customer in index.passed(now, lambda each: memories[each].due):
        memory = memories[customer]
        yield from machine.wait(memory, now)
        index.note(customer, memory.due)
