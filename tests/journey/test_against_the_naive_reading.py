"""The machine, held against the naive reading of the design: step by step in order, and out of order by the outcome."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cache
from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from journey.machine import Machine, Tick, apply, compile_journeys, step, where
from journey.memory import Memory
from journey.saving import decode, encode
from schemas.signals import Signal
from schemas.transitions import Transition
from tests.journey.histories import (
    arrivals,
    bounds,
    histories,
    machines,
    signals,
    ticked,
    unhurried,
)
from tests.journey.naive import Made, Naive
from tests.journey.oracle import check_stream, net, net_of, walked


@cache
def hasty(machine: Machine) -> Machine:
    """The machine of the same journeys that takes every signal as it comes, copies too."""
    return compile_journeys([replace(each, lateness=0, dedup_window=0) for each in machine.definitions])


def said(transition: Transition) -> Made:
    """A transition in the words of the naive reading."""
    fields = ("journey", "track", "name", "from_", "to", "at", "previous_at", "facts")
    further = ("instance", "kind", "reason", "late")
    cause = transition.cause
    return Made(
        **{name: getattr(transition, name) for name in (*fields, *further)},
        cause=cause.id or cause.kind,
        cause_kind=cause.kind,
    )


def play(machine: Machine, inputs: Sequence[Signal | Tick]) -> tuple[Memory, list[Transition]]:
    memory = machine.start("c")
    made: list[Transition] = []
    for each in inputs:
        memory, transitions = step(machine, memory, each)
        made += transitions
    return memory, made


def both_agree(machine: Machine, inputs: Sequence[Signal | Tick]) -> None:
    memory, made = play(machine, inputs)
    naive = Naive(machine.definitions)
    for each in inputs:
        naive.step(each)
    assert [asdict(said(each)) for each in made] == [asdict(each) for each in naive.published]
    assert [each.sequence for each in made] == list(range(1, len(made) + 1))
    both_stand_alike(machine, memory, naive)


def both_stand_alike(machine: Machine, memory: Memory, naive: Naive) -> None:
    standings = where(machine, memory)
    shown = {journey: {track: each[:2] for track, each in tracks.items()} for journey, tracks in standings.items()}
    assert shown == naive.stages()
    for journey, tracks in standings.items():
        for track, standing in tracks.items():
            assert standing.furthest == naive.furthest().get(journey, {}).get(track)
            if standing.carts is not None:
                carts = [(cart, stage) for cart, (stage, _) in standing.carts.items()]
                assert carts == list(naive.carts(journey, track).items())
    assert memory.at == (machine.start("c").at if naive.at is None else naive.at)
    assert memory.due == naive.due()


@unhurried
@given(machines(), signals(), st.integers(0, 60))
def test_a_machine_does_what_the_definitions_say(machine: Machine, history: list[Signal], silence: int) -> None:
    both_agree(machine, [*history, Tick(history[-1].at + silence * 1_000)])


@unhurried
@given(machines("all"), histories(), st.data())
def test_so_it_does_with_every_feature_and_time_told_in_between(
    machine: Machine, history: list[Signal], data: st.DataObject
) -> None:
    inputs = data.draw(ticked(history, bounds(machine.definitions)[2]))
    both_agree(hasty(machine), [*inputs, Tick(history[-1].at + data.draw(st.sampled_from([0, 5_000, 10**9])))])


@unhurried
@given(machines("all"), histories(), st.data())
def test_however_signals_arrive_they_come_to_what_the_oracle_says(
    machine: Machine, history: list[Signal], data: st.DataObject
) -> None:
    lateness, window, patience = bounds(machine.definitions)
    arrived = data.draw(arrivals(history, lateness, window))
    until = max(each.at for each in arrived) + data.draw(st.sampled_from([0, 5_000, 40_000, 10**9]))
    memory, made = play(machine, [*data.draw(ticked(arrived, patience)), Tick(until)])
    check_stream(made)
    naive = walked(machine.definitions, arrived)
    naive.wait(until)
    assert net(made) == net_of(naive.published)
    both_stand_alike(machine, memory, naive)


@unhurried
@given(machines("all"), histories(), st.data())
def test_however_signals_arrive_they_end_in_the_same_memory(
    machine: Machine, history: list[Signal], data: st.DataObject
) -> None:
    lateness, window, patience = bounds(machine.definitions)
    arrived = data.draw(arrivals(history, lateness, window))
    until = Tick(max(each.at for each in arrived) + data.draw(st.sampled_from([0, 40_000, 10**9])))
    memory, _ = play(machine, [*data.draw(ticked(arrived, patience)), until])
    quiet, _ = play(machine, [*sorted(arrived, key=lambda signal: signal.at), until])
    assert (memory.at, memory.state) == (quiet.at, quiet.state)


@unhurried
@given(machines("all"), histories(), st.data())
def test_so_they_do_however_they_are_cut_into_batches_and_wherever_a_worker_crashes(
    machine: Machine, history: list[Signal], data: st.DataObject
) -> None:
    lateness, window, _ = bounds(machine.definitions)
    arrived = in_records(data.draw(arrivals(history, lateness, window)), data)
    until = max(each.at for each in arrived) + data.draw(st.sampled_from([0, 5_000, 40_000, 10**9]))
    memory, made = delivered(machine, arrived, data)
    made += machine.wait(memory, until)
    check_stream(made)
    naive = walked(machine.definitions, arrived)
    naive.wait(until)
    assert net(made) == net_of(naive.published)
    both_stand_alike(machine, memory, naive)


def in_records(arrived: Sequence[Signal], data: st.DataObject) -> list[Signal]:
    """The signals with some that came one after another in one record, if they are of one topic and not of one time.

    Those of one record stand in the order of their times there, as one time is decided by where a record stood.
    """
    found: list[Signal] = []
    for each in arrived:
        last = found[-1] if found else each
        together = last.origin.topic == each.origin.topic and last.at < each.at and data.draw(st.booleans())
        found.append(replace(each, origin=last.origin) if together else each)
    return found


def delivered(machine: Machine, arrived: Sequence[Signal], data: st.DataObject) -> tuple[Memory, list[Transition]]:
    """The signals applied batch by batch as a worker would, with crashes in between; what is published in all.

    A crash before the changelog is written loses memory and transitions; one after it publishes these once more. Either
    way what was not committed is delivered again, in other batches.
    """
    written = encode(machine, machine.start("c"))
    made: list[Transition] = []
    begin = 0
    while begin < len(arrived):
        topic, group = next(groupby(arrived[begin:], key=lambda signal: signal.origin.topic))
        records = [list(record) for _, record in groupby(group, key=lambda signal: signal.origin.offset)]
        batch = [each for record in records[: data.draw(st.integers(1, 4))] for each in record]
        memory = decode(machine, "c", written)
        memory, transitions = apply(machine, memory, "c", topic, batch)
        fate = data.draw(st.sampled_from(["well", "well", "well", "lost", "again"]))
        if fate != "lost":
            written = encode(machine, memory)
            made += transitions
            begin += len(batch)
        if fate == "again":
            made += transitions
            begin = data.draw(st.sampled_from([0, *starts(arrived[:begin])]))
    return decode(machine, "c", written), made


def starts(arrived: Sequence[Signal]) -> list[int]:
    """Where in the list a record begins."""
    places = [(signal.origin.topic, signal.origin.offset) for signal in arrived]
    return [at for at, place in enumerate(places) if at == 0 or places[at - 1] != place]
