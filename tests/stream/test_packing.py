"""Memories packed while they rest."""

from hypothesis import given
from hypothesis import strategies as st

from stream.packing import PLAIN, Packing

MEMORIES = st.lists(st.binary(max_size=300).map(lambda rest: PLAIN + rest))


@given(st.integers(1, 8), st.lists(MEMORIES, max_size=4))
def test_what_is_packed_at_once_is_given_back_as_it_was_also_while_it_is_being_learnt_how(
    samples: int, goes: list[list[bytes]]
) -> None:
    packing = Packing(samples)
    packed = [packing.pack_all(values) for values in goes]
    assert [[packing.unpack(each) for each in go] for go in packed] == goes


@given(MEMORIES)
def test_memories_packed_at_once_take_as_little_as_one_by_one(values: list[bytes]) -> None:
    packing = Packing(4)
    packing.pack_all([b"[%d,2,3]" % number for number in range(4)])
    assert packing.pack_all(values) == [packing.pack(value) for value in values]
