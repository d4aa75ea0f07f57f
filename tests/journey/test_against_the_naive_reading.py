from dataclasses import asdict

from hypothesis import given
from hypothesis import strategies as st

from journey.machine import Machine, Tick, step, where
from schemas.signals import Signal
from schemas.transitions import Transition
from tests.journey.histories import machines, signals, unhurried
from tests.journey.naive import Naive


def said(transition: Transition) -> dict[str, object]:
    """A transition in the words of the naive reading."""
    fields = ("journey", "track", "name", "from_", "to", "at", "previous_at", "facts")
    cause = transition.cause.id or transition.cause.kind
    return {name: getattr(transition, name) for name in fields} | {"cause": cause}


def both_agree(machine: Machine, inputs: list[Signal | Tick]) -> None:
    naive = Naive(machine.definitions)
    memory = machine.start("c")
    made: list[Transition] = []
    for each in inputs:
        memory, transitions = step(machine, memory, each)
        naive.step(each)
        made += transitions
    assert [said(each) for each in made] == [asdict(each) for each in naive.made]
    assert [each.sequence for each in made] == list(range(1, len(made) + 1))
    assert where(machine, memory) == naive.stages()
    assert memory.at == (machine.start("c").at if naive.at is None else naive.at)
    assert memory.due == naive.due()


@unhurried
@given(machines(), signals(), st.integers(0, 60))
def test_a_machine_does_what_the_definitions_say(machine: Machine, history: list[Signal], silence: int) -> None:
    both_agree(machine, [*history, Tick(history[-1].at + silence * 1_000)])
