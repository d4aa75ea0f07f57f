"""What a machine makes of silence, in single sentences."""

import pytest

from journey.machine import Tick, step
from schemas.transitions import Cause, transition_id
from tests.journey.small import CART, DAY, HOUR, MINUTE, T, machine, move, moves, play, signal


def test_a_cart_left_alone_for_thirty_minutes_is_abandoned() -> None:
    assert moves(machine(CART), signal(0, "cart_updated"), Tick(T + HOUR)) == [("filled", 0), ("left", 30 * MINUTE)]


def test_silence_makes_a_transition_at_the_deadline_whose_cause_is_the_deadline() -> None:
    made = play(machine(CART), signal(0, "cart_updated"), Tick(T + HOUR))[1]
    assert made.cause == Cause("deadline")
    assert made.id == transition_id("ann", "small", 3, "cart", None, "left", T + 30 * MINUTE, "deadline")


@pytest.mark.parametrize(("at", "left"), [(30 * MINUTE - 1, False), (30 * MINUTE, True)])
def test_silence_is_complete_at_the_very_millisecond(at: int, left: bool) -> None:
    assert (len(moves(machine(CART), signal(0, "cart_updated"), Tick(T + at))) == 2) is left


def test_a_signal_at_the_very_deadline_comes_after_it() -> None:
    inputs = signal(0, "cart_updated"), signal(30 * MINUTE, "order_completed")
    assert [name for name, _ in moves(machine(CART), *inputs)] == ["filled", "left", "bought"]


def test_a_signal_named_in_since_lets_silence_count_anew() -> None:
    inputs = signal(0, "cart_updated"), signal(20 * MINUTE, "cart_updated"), Tick(T + HOUR)
    assert moves(machine(CART), *inputs)[1:] == [("left", 50 * MINUTE)]


def test_one_that_is_not_named_does_not() -> None:
    inputs = signal(0, "cart_updated"), signal(20 * MINUTE, "page_viewed"), Tick(T + HOUR)
    assert moves(machine(CART), *inputs)[1:] == [("left", 30 * MINUTE)]


def test_an_order_in_time_leaves_nothing_to_be_abandoned() -> None:
    inputs = signal(0, "cart_updated"), signal(MINUTE, "order_completed"), Tick(T + DAY)
    assert [name for name, _ in moves(machine(CART), *inputs)] == ["filled", "bought"]


def test_a_tick_before_anything_was_seen_changes_nothing() -> None:
    assert step(machine(CART), machine(CART).start("ann"), Tick(T)) == (machine(CART).start("ann"), [])


def test_silence_in_the_first_stage_counts_from_the_first_signal() -> None:
    quiet = machine({"here": [move("gone", "here", "gone", after="1h")]})
    assert moves(quiet, Tick(T), signal(5, "page_viewed"), Tick(T + DAY)) == [("gone", HOUR + 5)]


def test_chained_deadlines_all_come_in_one_tick_in_order_of_time() -> None:
    chain = {
        "a": [move("a1", "x", "y", after="2s"), move("a2", "y", "z", after="2s")],
        "b": [move("b1", "x", "y", after="3s"), move("b2", "y", "z", after="3s")],
    }
    made = moves(machine(chain), signal(0, "page_viewed"), Tick(T + DAY))
    assert made == [("a1", 2_000), ("b1", 3_000), ("a2", 4_000), ("b2", 6_000)]


def test_deadlines_at_one_moment_come_in_the_order_of_the_document() -> None:
    both = {
        "b": [move("b1", "x", "y", after="2s"), move("b2", "x", "z", after="2s", if_="orders > 0")],
        "a": [move("a1", "x", "y", after="2s")],
    }
    both["b"].reverse()
    facts = {"orders": {"count": "order_completed"}}
    assert [name for name, _ in moves(machine(both, facts), signal(0, "page_viewed"), Tick(T + DAY))] == ["b1", "a1"]
    made = moves(machine(both, facts), signal(0, "order_completed"), Tick(T + DAY))
    assert [name for name, _ in made] == ["b2", "a1"]


def test_silence_whose_condition_is_false_when_it_is_complete_is_passed_over_once() -> None:
    asks = {"t": [move("left", "here", "gone", after="1h", since="cart_updated", if_="orders > 0")]}
    facts = {"orders": {"count": "order_completed"}}
    too_late = signal(0, "page_viewed"), signal(2 * HOUR, "order_completed"), Tick(T + DAY)
    assert moves(machine(asks, facts), *too_late) == []
    again = *too_late[:2], signal(3 * HOUR, "cart_updated"), Tick(T + DAY)
    assert moves(machine(asks, facts), *again) == [("left", 4 * HOUR)]


def test_several_silences_in_one_stage_each_have_their_turn() -> None:
    facts = {"orders": {"count": "order_completed"}}
    several = {
        "t": [
            move("soon", "here", "gone", after="1h", if_="orders > 0"),
            move("later", "here", "gone", after="3h"),
        ]
    }
    assert moves(machine(several, facts), signal(0, "page_viewed"), Tick(T + DAY)) == [("later", 3 * HOUR)]
    assert moves(machine(several, facts), signal(0, "order_completed"), Tick(T + DAY)) == [("soon", HOUR)]
