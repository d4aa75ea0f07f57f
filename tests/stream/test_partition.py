"""A partition's clock, its index of deadlines and its offsets, told what a poll would tell it."""

import pytest

from stream.batches import Backlog
from stream.changelog import UnknownEntryError, entry_of
from stream.partition import MOST_LOOKS
from stream.progress import UNHEARD_AFTER, SourceReplacedError
from stream.restoring import Restored
from tests.stream.shop import (
    IDLE_AFTER,
    MACHINE,
    MINUTE,
    PATIENCE,
    SOURCE,
    T,
    after,
    entry,
    marker,
    partition,
    signal,
    tick,
)


def test_after_a_rebalance_the_clock_waits_to_hear_again_that_all_was_read() -> None:
    kept = partition()
    kept.fill(Restored(MACHINE), T)
    kept.arrived(tick(T + IDLE_AFTER))
    kept.tell_time(tick(T + IDLE_AFTER), None)
    assert kept.now == T + IDLE_AFTER - PATIENCE
    kept.reopen(T + MINUTE)
    kept.tell_time(tick(T + 2 * MINUTE), None)
    assert kept.now == T + IDLE_AFTER - PATIENCE
    kept.arrived(tick(T + 3 * MINUTE))
    kept.tell_time(tick(T + 3 * MINUTE), None)
    assert kept.now == T + 3 * MINUTE - PATIENCE


def test_a_source_that_ends_before_what_memories_have_applied_is_not_read() -> None:
    restored = Restored(MACHINE)
    restored.load([entry(after(None, signal("ann", T, 41)), 1), entry(after(None, signal("bob", T, 7)), 1)])
    assert restored.applied == {SOURCE: 41}
    held = partition()
    held.fill(restored, T)
    held.arrived(tick(T, highwater=42))
    with pytest.raises(SourceReplacedError, match=r"events, partition 0, ends at offset 41.*app_id"):
        held.arrived(tick(T, highwater=41))


def test_a_source_of_which_nothing_is_heard_counts_as_one_that_waits() -> None:
    held = partition()
    held.fill(Restored(MACHINE), T)
    held.arrived(tick(T + MINUTE, highwater=5))
    assert held.waiting(T + MINUTE + UNHEARD_AFTER)[SOURCE] == (5, False)
    assert held.waiting(T + MINUTE + UNHEARD_AFTER + 1)[SOURCE] == (5, True)


def test_deadlines_put_off_do_not_make_a_look_at_the_index_long() -> None:
    customers = [f"customer_{number:06}" for number in range(MOST_LOOKS + 500)]
    restored = Restored(MACHINE)
    first = [after(None, signal(customer, T, number)) for number, customer in enumerate(customers)]
    restored.load([entry(memory, 1) for memory in first])
    held = partition()
    held.fill(restored, T)
    output = held.begin(T)
    for number, customer in enumerate(customers):  # all but the last look again, a year later
        if customer != customers[-1]:
            again = signal(customer, T + 365 * 24 * 60 * MINUTE, len(customers) + number)
            held.take(output, after(held.memories[customer], again), [])
    due = held.memories[customers[-1]].due
    assert due is not None
    held.now = due
    assert held.next_overdue(10) == []
    assert held.overdue()
    assert held.pending() == len(customers), "nobody is lost from the index"
    found = [memory.customer for _ in range(2) for memory in held.next_overdue(10)]
    assert found == [customers[-1]]
    assert not held.overdue()


def test_a_late_record_of_a_sleeper_is_passed_over_and_the_newer_memory_written_again() -> None:
    older = after(None, signal("ann", T, 1))
    newer = after(older, signal("ann", T + MINUTE, 2))
    other = after(None, signal("bob", T, 3))
    restored = Restored(MACHINE)
    restored.load([entry(newer, 5, ["kept"]), entry(other, 5), marker(4), entry(older, 3), marker(2)])
    assert restored.memories == {"ann": newer, "bob": other}
    assert (restored.batch, restored.published) == (5, 4)
    ((customer, again),) = restored.again()
    assert (customer, again.outbox) == ("ann", ["kept"])
    read_back = Restored(MACHINE)
    read_back.load([entry(older, 3), entry(newer, again.batch, again.outbox)])
    assert read_back.memories["ann"] == newer


def test_a_memory_that_was_written_again_is_not_written_once_more() -> None:
    older = after(None, signal("ann", T, 1))
    newer = after(older, signal("ann", T + MINUTE, 2))
    restored = Restored(MACHINE)
    restored.load([entry(newer, 5), entry(older, 3), entry(newer, 5)])
    assert list(restored.again()) == []


def test_of_batches_without_records_one_a_place_is_under_way() -> None:
    backlog = Backlog()
    assert not backlog.ticking((SOURCE, 0))
    backlog.add(tick(T))
    assert backlog.ticking((SOURCE, 0))
    assert not backlog.ticking((SOURCE, 1))
    backlog.taken(tick(T))
    assert not backlog.ticking((SOURCE, 0))


@pytest.mark.parametrize("value", [b"", b"no json", b"[1,[],[]]", b"null\n"])
def test_a_record_of_another_release_is_refused_with_what_to_do(value: bytes) -> None:
    with pytest.raises(UnknownEntryError, match="Run the release that wrote it"):
        entry_of(value)
