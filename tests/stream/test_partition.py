"""A partition's clock, its index of deadlines and its offsets, told what a poll would tell it."""

from dataclasses import replace

import pytest

from journey.clock import Time
from stream.batches import Backlog, Batch
from stream.changelog import (
    OWN,
    PENDING,
    DamagedError,
    Marker,
    UnknownEntryError,
    entry_of,
    marker_of,
    marker_record,
    own_record,
    tombstone,
)
from stream.outlet import Out
from stream.partition import MOST_LOOKS
from stream.progress import RECEDED_FOR, UNHEARD_AFTER, SourceReplacedError
from stream.restoring import Restored
from tests.stream.shop import (
    IDLE_AFTER,
    MACHINE,
    MINUTE,
    PATIENCE,
    PLACE,
    SOURCE,
    T,
    after,
    entry,
    marker,
    partition,
    row,
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


def test_a_source_that_spoke_to_the_worker_before_need_not_speak_again_for_time_to_go_on() -> None:
    restored, held = Restored(MACHINE), partition(sources=("till", SOURCE))
    restored.load([marker(1, T - PATIENCE, {"till": 9}, {"till": T + MINUTE, SOURCE: T})])
    held.fill(restored, T)
    assert held.now == T - PATIENCE
    held.tell_time(tick(T), T + 2 * MINUTE)
    assert held.now == T + MINUTE - PATIENCE


def test_a_source_that_is_read_no_more_does_not_hold_the_clock_back() -> None:
    restored, held = Restored(MACHINE), partition(sources=(SOURCE,))
    restored.load([marker(1, T - PATIENCE, {}, {"till": T, SOURCE: T})])
    held.fill(restored, T)
    held.tell_time(tick(T), T + 2 * MINUTE)
    assert held.now == T + 2 * MINUTE - PATIENCE


def test_a_source_that_was_not_read_before_holds_the_clock_back_until_it_speaks_or_is_idle() -> None:
    restored, held = Restored(MACHINE), partition(sources=("till", SOURCE))
    restored.load([marker(1, T - PATIENCE, {}, {SOURCE: T})])
    held.fill(restored, T)
    held.tell_time(tick(T), T + 2 * MINUTE)
    assert held.now == T - PATIENCE
    held.arrived(replace(tick(T + IDLE_AFTER), topic="till"))
    held.tell_time(tick(T + IDLE_AFTER), None)
    assert held.now == T + IDLE_AFTER - PATIENCE


def test_a_source_that_ends_before_what_memories_have_applied_is_not_read() -> None:
    restored = Restored(MACHINE)
    restored.load([entry(after(None, signal("ann", T, 41)), 1), entry(after(None, signal("bob", T, 7)), 1)])
    assert restored.applied == {SOURCE: 41}
    held = partition()
    held.fill(restored, T)
    held.arrived(tick(T, highwater=42))
    held.arrived(tick(T, highwater=41))
    with pytest.raises(SourceReplacedError, match=r"events, partition 0, ends at offset 41.*app_id"):
        held.arrived(tick(T + RECEDED_FOR, highwater=41))


def test_a_source_that_ends_before_what_memories_have_applied_and_brings_records_is_not_waited_for() -> None:
    restored = Restored(MACHINE)
    restored.load([entry(after(None, signal("ann", T, 41)), 1)])
    held = partition()
    held.fill(restored, T)
    brought = replace(tick(T, highwater=1), records=[row(Out(SOURCE, b"", b"", partition=0))])
    with pytest.raises(SourceReplacedError, match=r"events, partition 0, ends at offset 1"):
        held.arrived(brought)


def test_a_source_whose_new_leader_does_not_know_its_end_yet_is_waited_for() -> None:
    restored = Restored(MACHINE)
    restored.load([entry(after(None, signal("ann", T, 41)), 1)])
    held = partition()
    held.fill(restored, T)
    for wall in range(T, T + MINUTE, RECEDED_FOR):
        held.arrived(tick(wall, highwater=42))
        held.arrived(tick(wall + 1, highwater=40))
    assert held.progress.lag() == {SOURCE: 0}
    held.arrived(tick(T + MINUTE, highwater=43))
    assert held.progress.highwater == {SOURCE: 43}


@pytest.mark.parametrize("topic", [SOURCE, "customer-commands"])
def test_a_topic_that_ends_before_what_has_been_worked_out_and_has_left_no_memory_is_not_read(topic: str) -> None:
    restored = Restored(MACHINE)
    restored.load([marker(1, T, {topic: 42})])  # of somebody who was erased, or refused; or commands
    held = partition()
    held.fill(restored, T)
    held.arrived(replace(tick(T, highwater=42), topic=topic))
    held.arrived(replace(tick(T, highwater=41), topic=topic))
    with pytest.raises(SourceReplacedError, match=rf"{topic}, partition 0, ends at offset 41"):
        held.arrived(replace(tick(T + RECEDED_FOR, highwater=41), topic=topic))


@pytest.mark.parametrize(
    "out", [tombstone(PLACE, b"ann", {SOURCE: 42}), own_record(PLACE, OWN + b"suppressed:7", None, {SOURCE: 42})]
)
def test_what_was_before_a_command_is_not_read_again_where_a_worker_died_before_its_marker(out: Out) -> None:
    restored = Restored(MACHINE)
    restored.load([marker(1, T, {SOURCE: 7, "customer-commands": 3}), row(out)])
    assert restored.floor == {SOURCE: 42, "customer-commands": 3}
    assert not restored.behind
    with pytest.raises(DamagedError):
        restored.load(
            [
                row(own_record(PLACE, OWN + b"salt", b"x")),
                row(replace(out, key=OWN + b"salt", headers=[("floor", b"?")])),
            ]
        )


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
    assert again is not None
    assert (customer, again.outbox) == ("ann", ["kept"])
    read_back = Restored(MACHINE)
    read_back.load([entry(older, 3), entry(newer, again.batch, again.outbox)])
    assert read_back.memories["ann"] == newer


def test_a_memory_that_was_written_again_is_not_written_once_more() -> None:
    older = after(None, signal("ann", T, 1))
    newer = after(older, signal("ann", T + MINUTE, 2))
    for behind in (entry(newer, 5), row(tombstone(PLACE, b"ann", {SOURCE: 3}))):
        restored = Restored(MACHINE)
        restored.load([entry(newer, 5), entry(older, 3), behind])
        assert list(restored.again()) == []


def test_transitions_are_published_again_of_the_last_batch_alone_and_of_nobody_who_has_been_written_since() -> None:
    ann, bob, cyd, dan = (after(None, signal(name, T, 1)) for name in ("ann", "bob", "cyd", "dan"))
    last = [entry(bob, 5, ["b"]), entry(cyd, 5, ["c"]), entry(dan, 5, ["d"])]
    restored = Restored(MACHINE)
    restored.load([entry(ann, 4, ["a"]), marker(3), *last, row(tombstone(PLACE, b"cyd", {SOURCE: 2})), entry(dan, 5)])
    assert list(restored.unpublished()) == [("bob", ["b"])]
    restored.load([marker(5, batch=6)])  # of a batch that changed nobody, and was begun when all of the fifth was out
    assert (restored.batch, list(restored.unpublished())) == (6, [])


def test_a_late_record_of_a_sleeper_does_not_bring_back_a_customer_who_is_gone() -> None:
    ann, again = after(None, signal("ann", T, 7)), after(None, signal("ann", T, 10))
    gone = row(tombstone(PLACE, b"ann", {SOURCE: 10}))
    restored = Restored(MACHINE)
    restored.load([entry(ann, 5), gone, entry(ann, 5)])
    assert list(restored.memories) == []
    assert list(restored.again()) == [("ann", None)]
    assert restored.gone_before("ann") == {SOURCE: 10}
    newcomer = Restored(MACHINE)
    newcomer.load([entry(ann, 5), gone, entry(again, 7), entry(ann, 5)])
    assert newcomer.memories == {"ann": again}
    assert [customer for customer, entry in newcomer.again() if entry is not None] == ["ann"]


def test_what_a_partition_keeps_for_itself_is_no_customer() -> None:
    restored = Restored(MACHINE)
    salt, hidden = OWN + b"salt", OWN + b"suppressed:0a"
    records = [(salt, b"1"), (hidden, b""), (PENDING + b"x", b"y"), (hidden, None), (salt, b"2")]
    restored.load([row(own_record(PLACE, key, value)) for key, value in records])
    assert restored.own == {salt: b"2"}
    assert restored.pending == {PENDING + b"x": b"y"}
    assert restored.customers() == 0


def test_markers_of_earlier_releases_are_read() -> None:
    assert marker_of(b"[3,1000]") == Marker(3, Time(1000), {})
    assert marker_of(b'[3,1000,{"events":4},5]') == Marker(3, Time(1000), {SOURCE: 4}, 5)
    assert marker_of(b'[3,1000,{"events":4},5,{"events":9}]') == Marker(3, Time(1000, {SOURCE: 9}), {SOURCE: 4}, 5)
    new = Marker(3, Time(1000, {SOURCE: 1030}), {SOURCE: 4}, 5, 8, 2)
    assert marker_of(marker_record(PLACE, new).value or b"") == new


def test_a_late_marker_of_a_sleeper_is_written_over() -> None:
    floor = {SOURCE: 9, "other": 1}
    for late in (marker(2, T - 1, floor), marker(4, T, {SOURCE: 5})):
        restored = Restored(MACHINE)
        restored.load([marker(4, T, floor), late])
        assert restored.behind
        assert (restored.published, restored.floor, restored.clock.now) == (4, floor, T)
        restored.load([marker(5, T, floor)])
        assert not restored.behind


def test_what_is_below_the_floor_is_known_also_of_customers_who_are_not() -> None:
    restored = Restored(MACHINE)
    restored.load([marker(4, floor={SOURCE: 2})])
    held = partition()
    held.fill(restored, T)
    again = [row(Out(SOURCE, b"", b"", partition=0), offset) for offset in (0, 1, 2, 3)]
    assert held.progress.known(Batch(SOURCE, 0, again, False, 4, T)) == 2
    held.progress.worked_out(SOURCE, 4)
    assert held.progress.known(Batch(SOURCE, 0, again, False, 4, T)) == 4
    assert held.progress.known(Batch("other", 0, again, False, 4, T)) == 0
    held.progress.worked_out(SOURCE, 1)
    assert held.progress.known(Batch(SOURCE, 0, again, False, 4, T)) == 4, "what is read again takes nothing back"


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
