from collections import defaultdict
from collections.abc import Iterable, Sequence
from copy import deepcopy
from itertools import pairwise

import orjson
from hypothesis import given
from hypothesis import strategies as st

from journey.machine import Machine, Tick, apply, compile_journeys, step
from journey.memory import Memory
from journey.replay import fold
from journey.saving import decode, encode
from schemas.signals import Signal
from schemas.transitions import Transition, record
from tests.journey.histories import machines, signals, unhurried

CUSTOMERS = ("ann", "bob", "cleo")
THE_END = 2**50


def written(transitions: Iterable[Transition]) -> bytes:
    """To the byte, as they are published, but for the wall clock."""
    return orjson.dumps([record(each, 0) for each in transitions])


def saved(machine: Machine, memory: Memory) -> bytes:
    return encode(machine, memory)


def walk(machine: Machine, memory: Memory, inputs: Iterable[Signal | Tick]) -> tuple[Memory, list[Transition]]:
    made = []
    for each in inputs:
        memory, transitions = step(machine, memory, each)
        made += transitions
    return memory, made


def in_batches(machine: Machine, memory: Memory | None, batches: Iterable[Sequence[Signal]]) -> tuple[bytes, bytes]:
    made: list[Transition] = []
    for batch in batches:
        memory, transitions = apply(machine, memory, "c", "shop", batch)
        made += transitions
    assert memory is not None
    return saved(machine, memory), written(made)


def by_customer(transitions: Iterable[Transition]) -> dict[str, list[Transition]]:
    result = defaultdict(list)
    for each in transitions:
        result[each.customer].append(each)
    return result


@unhurried
@given(machines(), signals(ordered=False))
def test_the_same_input_gives_the_same_output_to_the_byte(machine: Machine, history: list[Signal]) -> None:
    again = compile_journeys(machine.definitions)
    assert again.source == machine.source
    assert in_batches(again, None, [history]) == in_batches(machine, None, [history])


@unhurried
@given(machines(), signals(ordered=False), st.sets(st.integers(1, 24)))
def test_splitting_a_stream_into_batches_anywhere_changes_nothing(
    machine: Machine, history: list[Signal], cuts: set[int]
) -> None:
    edges = sorted({0, *(cut for cut in cuts if cut < len(history)), len(history)})
    batches = [history[start:end] for start, end in pairwise(edges)]
    assert in_batches(machine, None, batches) == in_batches(machine, None, [history])


@unhurried
@given(machines(), signals(ordered=False), st.integers(0, 25))
def test_replaying_from_any_saved_memory_gives_the_same_tail(machine: Machine, history: list[Signal], cut: int) -> None:
    memory, _ = walk(machine, machine.start("c"), history[:cut])
    restored = decode(machine, "c", saved(machine, memory))
    assert restored == memory
    rest: list[Signal | Tick] = [*history[cut:], Tick(THE_END)]
    after, transitions = walk(machine, restored, rest)
    expected, expected_transitions = walk(machine, memory, rest)
    assert (after, written(transitions)) == (expected, written(expected_transitions))


@unhurried
@given(machines(), signals(ordered=False), st.integers(1, 25), st.integers(0, 25))
def test_playing_any_prefix_twice_changes_nothing(
    machine: Machine, history: list[Signal], end: int, again_from: int
) -> None:
    once, _ = apply(machine, None, "c", "shop", history[:end])
    twice, transitions = apply(machine, once, "c", "shop", history[again_from:end])
    assert transitions == []
    assert twice == once
    assert in_batches(machine, once, [history]) == in_batches(machine, once, [history[end:]])


@unhurried
@given(machines(), signals(customers=CUSTOMERS))
def test_other_customers_change_nothing(machine: Machine, history: list[Signal]) -> None:
    together = by_customer(fold(machine, history, THE_END))
    for customer in CUSTOMERS:
        alone = [signal for signal in history if signal.customer == customer]
        assert together[customer] == list(fold(machine, alone, THE_END))


@unhurried
@given(machines(), signals(), st.lists(st.integers(0, 40_000), max_size=25))
def test_ticks_up_to_the_clock_change_nothing(machine: Machine, history: list[Signal], early: list[int]) -> None:
    # The clock is never beyond the next signal that is in time, and stands at most so much before it.
    ticking = [Tick(signal.at - before) for signal, before in zip(history, early, strict=False)]
    inputs = [each for pair in zip(ticking, history, strict=False) for each in pair] + history[len(ticking) :]
    quiet, expected = walk(machine, machine.start("c"), [*history, Tick(THE_END)])
    ticked, transitions = walk(machine, machine.start("c"), [*inputs, Tick(THE_END)])
    # Where a memory's past begins may differ; what can still be put in its place, and what comes of it, does not.
    ticked.past = quiet.past = None
    assert (ticked, written(transitions)) == (quiet, written(expected))


@unhurried
@given(machines(), signals(ordered=False))
def test_a_step_never_changes_the_memory_it_is_given(machine: Machine, history: list[Signal]) -> None:
    memory = machine.start("c")
    inputs: list[Signal | Tick] = [*history, Tick(THE_END)]
    for each in inputs:
        before = deepcopy(memory)
        after, _ = step(machine, memory, each)
        assert memory == before
        memory = after


@unhurried
@given(machines(), signals(customers=CUSTOMERS))
def test_every_customer_s_transitions_are_numbered_without_gaps_and_have_ids_of_their_own(
    machine: Machine, history: list[Signal]
) -> None:
    transitions = list(fold(machine, history, THE_END))
    assert len({each.id for each in transitions}) == len(transitions)
    for made in by_customer(transitions).values():
        assert [each.sequence for each in made] == list(range(1, len(made) + 1))


@unhurried
@given(machines(), signals(customers=CUSTOMERS))
def test_a_file_grouped_by_customer_gives_every_customer_the_same_as_the_sorted_one(
    machine: Machine, history: list[Signal]
) -> None:
    grouped = sorted(history, key=lambda signal: signal.customer)
    assert by_customer(fold(machine, grouped, THE_END)) == by_customer(fold(machine, history, THE_END))


@unhurried
@given(machines(), signals(customers=CUSTOMERS), st.integers(0, 25))
def test_a_replay_can_go_on_from_the_memories_another_left(machine: Machine, history: list[Signal], cut: int) -> None:
    memories: dict[str, Memory] = {}
    first = by_customer(fold(machine, history[:cut], None, memories))
    second = by_customer(fold(machine, history[cut:], THE_END, memories))
    whole = by_customer(fold(machine, history, THE_END))
    assert {name: first[name] + second[name] for name in CUSTOMERS} == {name: whole[name] for name in CUSTOMERS}
