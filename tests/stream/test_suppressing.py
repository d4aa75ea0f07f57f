"""Who is suppressed: by a hash that says nothing without its salt, until that is taken back."""

from hypothesis import given
from hypothesis import strategies as st

from stream.suppressing import SALT_BYTES, SALT_KEY, Suppressed

names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)


def zeros(count: int) -> bytes:
    return bytes(count)


def ones(count: int) -> bytes:
    return b"\x01" * count


def kept(own: dict[bytes, bytes], changes: dict[bytes, bytes | None]) -> None:
    """What a partition does with changes of what it keeps for itself."""
    for key, value in changes.items():
        if value is None:
            del own[key]
        else:
            own[key] = value


@given(st.lists(st.tuples(names, st.booleans())))
def test_those_are_suppressed_of_whom_that_was_said_last_also_after_a_restart(said: list[tuple[str, bool]]) -> None:
    own: dict[bytes, bytes] = {}
    here, wanted = Suppressed(own), set[str]()
    for name, yes in said:
        kept(own, here.changes(name, zeros, yes=yes))
        wanted = wanted | {name} if yes else wanted - {name}
        for suppressed in (here, Suppressed(dict(own))):
            assert {each for each, _ in said if each in suppressed} == wanted
            assert len(suppressed) == len(wanted)


def test_what_is_kept_holds_neither_the_id_nor_what_it_would_be_with_another_salt() -> None:
    keys = []
    for random in (zeros, ones):
        own: dict[bytes, bytes] = {}
        kept(own, Suppressed(own).changes("somebody-7401", random, yes=True))
        assert own.pop(SALT_KEY) == random(SALT_BYTES)
        ((key, value),) = own.items()
        assert b"somebody" not in key + value
        keys.append(key)
    assert keys[0] != keys[1]


def test_one_who_was_never_suppressed_leaves_nothing_behind_when_that_is_taken_back() -> None:
    assert Suppressed({}).changes("ann", zeros, yes=False) == {}
