"""Which records of a changelog stand, told by markers that do not stand where they should."""

from typing import TypeAlias

import pytest
from aiokafka import ConsumerRecord

from stream.changelog import OWN, PENDING, Marker, marker_record, own_record
from stream.restoring import Restored
from stream.sifting import Sifting
from tests.stream.shop import MACHINE, PLACE, T, after, entry, row, signal

ANN = after(None, signal("ann", T, 1))
LATER = after(ANN, signal("ann", T + 1, 2))
BOB = after(None, signal("bob", T, 3))
X = OWN + b"x"

Row: TypeAlias = "ConsumerRecord[bytes, bytes]"


def marker(batch: int, begins: int, records: int) -> Row:
    """A marker of a batch that was to begin there."""
    return row(marker_record(PLACE, Marker(batch - 1, batch=batch, begins=begins, records=records)))


def own(key: bytes, value: bytes | None) -> Row:
    """What a partition keeps for itself."""
    return row(own_record(PLACE, key, value))


def read(*rows: Row, first: int = 0) -> Restored:
    """Read them one by one, as if they stood behind each other from `first` on."""
    restored = Restored(MACHINE)
    for number, each in enumerate(rows):
        each.offset = first + number
        restored.read([each])
    restored.ended()
    return restored


def test_a_batch_that_does_not_stand_where_it_should_is_void_and_is_written_over() -> None:
    void = [own(X, b"2"), own(PENDING + b"1", b"told"), entry(LATER, 8), entry(BOB, 8), marker(8, 0, 4)]
    restored = read(own(X, b"1"), entry(ANN, 7), marker(7, 0, 2), *void)
    assert restored.memories == {"ann": ANN}
    assert (restored.own, restored.pending, restored.batch, restored.behind) == ({X: b"1"}, {}, 7, True)
    assert [(customer, None if it is None else it.batch) for customer, it in restored.again()] == [
        ("ann", 7),
        ("bob", None),
    ]
    assert {key: restored.kept(key) for key in restored.own_void} == {X: b"1", PENDING + b"1": None}


def test_what_was_void_and_has_been_written_over_is_so_no_more() -> None:
    void = [own(X, b"2"), entry(LATER, 8), marker(8, 0, 2)]
    again = [own(X, b"1"), entry(LATER, 8), marker(8, 5, 2)]
    restored = read(entry(ANN, 7), marker(7, 0, 1), *void, *again)
    assert restored.memories == {"ann": LATER}
    assert (restored.own, restored.own_void, restored.behind, list(restored.again())) == ({X: b"1"}, set(), False, [])


def test_one_that_is_void_is_so_also_where_it_is_read_together_with_one_that_stands() -> None:
    rows = [entry(ANN, 7), marker(7, 0, 1), entry(LATER, 7), marker(7, 0, 1)]
    for number, each in enumerate(rows):
        each.offset = number
    restored = Restored(MACHINE)
    restored.read(rows)
    restored.ended()
    assert restored.fallen == {"ann"}


def test_what_stood_before_a_void_batch_stands_though_its_own_marker_is_gone_by_compaction() -> None:
    restored = read(marker(4, 20, 0), entry(ANN, 5), own(X, b"1"), entry(LATER, 8), marker(8, 20, 1), first=20)
    assert restored.memories == {"ann": ANN}
    assert restored.own == {X: b"1"}


@pytest.mark.parametrize("offset", [0, 7, 900])
def test_a_changelog_that_was_put_back_from_a_copy_says_the_same_wherever_its_records_stand_now(offset: int) -> None:
    copied = [entry(ANN, 7), marker(7, 700, 1), entry(LATER, 8), entry(BOB, 8), marker(8, 702, 2)]
    assert read(*copied, first=offset).memories == {"ann": LATER, "bob": BOB}
    gone_on = [*copied, entry(after(LATER, signal("ann", T + 2, 4)), 9), marker(9, offset + 5, 1)]
    restored = read(*gone_on, first=offset)
    assert (restored.batch, restored.fallen, restored.behind) == (9, set(), False)


@pytest.mark.parametrize("rows", [[entry(LATER, 8)], [entry(BOB, 8), entry(LATER, 8)]])
def test_a_batch_amid_which_its_writer_died_stands(rows: list[Row]) -> None:
    assert read(entry(ANN, 7), marker(7, 0, 1), *rows).memories["ann"] == LATER


def test_a_batch_of_which_it_could_not_be_told_where_it_was_to_begin_stands() -> None:
    told = row(marker_record(PLACE, Marker(7, batch=8, records=1)))
    assert read(entry(ANN, 7), marker(7, 0, 1), entry(LATER, 8), told).memories == {"ann": LATER}


@pytest.mark.parametrize(("begins", "stand"), [(3, 0), (6, 2)])
def test_behind_what_lies_in_files_a_batch_is_void_that_was_to_begin_within_it(begins: int, stand: int) -> None:
    rows = [entry(LATER, 8), marker(8, begins, 1)]
    for number, each in enumerate(rows):
        each.offset = 6 + number
    assert len(Sifting(end=6).sifted(rows)) == stand
