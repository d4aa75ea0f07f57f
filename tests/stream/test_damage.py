"""A changelog in which something is damaged says which record, or what is to be done; nothing else comes of it."""

from typing import Any

import pytest

from stream.changelog import DamagedError, UnknownEntryError, entry_of, floor_of, marker_of
from stream.publishing import from_outbox
from stream.restoring import Restored
from tests.fuzz.saved import Row, Saved

SAVED = Saved()
CUSTOMER = next(row for row in SAVED.rows if not row.key.startswith(b"\0") and row.value is not None)
assert CUSTOMER.value is not None
FIRST, MADE_BY, HEAD, *REST = CUSTOMER.value.split(b"\n")


def load(*rows: Any) -> Restored:  # noqa: ANN401  rows of the changelog, or what stands for them
    restored = Restored(SAVED.machine)
    restored.load(rows)
    list(restored.bring_over(None))
    return restored


def test_what_is_not_damaged_is_read() -> None:
    assert load(CUSTOMER).customers() == 1


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"[]",
        b"[null,1,{},[0]]",
        b'[null,"1",{"e":1},[0,0,0,0,0,0]]',
        b'["soon",1,{"e":1},[0,0,0,0,0,0]]',
        b"[null,1,[],[0,0,0,0,0,0]]",
        b'[null,1,{"e":"1"},[0,0,0,0,0,0]]',
        b'[null,1,{"e":1},[99,0,0,0,0,0]]',
        b'[null,1,{"e":1},[[],0,0,0,0,0]]',
    ],
)
def test_a_damaged_memory_says_where_it_stands_and_what_to_do(head: bytes) -> None:
    bad = Row(b"u-1", b"\n".join([FIRST, MADE_BY, head, *REST]), 7)
    with pytest.raises(DamagedError, match=r"offset 7 of shop-customers-changelog\[3\] .*write a tombstone"):
        load(CUSTOMER, bad)


@pytest.mark.parametrize(
    "row",
    [
        Row(b"\xff", CUSTOMER.value),
        Row(b"u-1", b""),
        Row(b"u-1", b"nothing of the kind"),
        Row(b"\0partition", b"[]"),
        Row(b"\0partition", b'["1",null,{},1]'),
        Row(b"\0partition", b'[1,"late",{},1]'),
        Row(b"\0partition", b'[1,null,{"e":"1"},1]'),
        Row(b"\0partition", b"[1,null,[],1]"),
        Row(b"\0partition", b"\xff"),
        Row(b"u-1", None, headers=(("floor", b"[]"),)),
    ],
)
def test_a_record_of_no_known_form_says_where_it_stands(row: Any) -> None:  # noqa: ANN401
    with pytest.raises(DamagedError, match="at offset 0 of"):
        load(row)


@pytest.mark.parametrize("line", [b"[1,", b"[1,{}]\n", b"[1,5]\n", b"[1,[],2]\n"])
def test_an_outbox_of_no_known_form_is_another_release_s(line: bytes) -> None:
    with pytest.raises(UnknownEntryError):
        entry_of(line)


@pytest.mark.parametrize("kept", [[], 5, [["r"], {}], [[5], {"journey": "j"}], ["r", None]])
def test_a_transition_of_no_known_form_is_another_release_s(kept: Any) -> None:  # noqa: ANN401
    with pytest.raises(UnknownEntryError):
        from_outbox(kept)


def test_markers_and_floors_that_are_right_are_read() -> None:
    assert marker_of(b"[3,null]").published == 3
    assert floor_of([("floor", b'{"e":4}')]) == {"e": 4}
    assert floor_of([("other", b"x")]) == {}
