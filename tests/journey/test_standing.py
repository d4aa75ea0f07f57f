"""Where customers stand is written fast, and in the same bytes as it is said at length."""

from hypothesis import given
from hypothesis import strategies as st

from journey.machine import Machine, Tick, step, where
from journey.memory import Memory
from journey.standing import Standings
from schemas.signals import Signal
from schemas.stages import encode_stages
from tests.journey.histories import histories, machines, ticks, unhurried

AWKWARD = ("c", 'say "c"', "new\\line\n", "Zoë", "\U0001f6d2 \x7f")
"""What a customer or a cart might be called, such that it cannot stand in JSON as it is."""


def at_length(machine: Machine, memory: Memory) -> bytes:
    versions = {each.journey: each.version for each in machine.definitions}
    return encode_stages(memory.customer, memory.sequence, memory.at, where(machine, memory), versions)


@given(machines("all"), st.sampled_from(AWKWARD), histories(carts=AWKWARD), ticks())
@unhurried
def test_it_is_written_as_it_is_said_at_length(
    machine: Machine, customer: str, history: list[Signal], end: Tick
) -> None:
    standings, memory = Standings(machine.layout), machine.start(customer)
    inputs: list[Signal | Tick] = [*history, end]
    for heard in inputs:
        memory, _ = step(machine, memory, heard)
        assert standings.encode(memory) == at_length(machine, memory)
