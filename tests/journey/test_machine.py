"""What a machine makes of signals, in single sentences."""

import traceback

import pytest

from journey.machine import Tick, apply, compile_journeys, step, where
from schemas.signals import KINDS
from schemas.stages import Standing
from schemas.transitions import Cause, Transition, transition_id
from tests.journey.small import CART, DAY, HOUR, MINUTE, T, definition, machine, move, moves, play, signal


def test_a_transition_says_all_there_is_to_say() -> None:
    facts = {"spent": {"sum": "revenue"}, "value": {"last": "value"}, "orders": {"count": "order_completed"}}
    bought = move(
        "bought", "a", "b", on="order_completed", if_="spent > 3", publish=["orders", "value"], route=["x", "y"]
    )
    made = play(
        machine({"cart": [bought, move("back", "b", "a", on="page_viewed")]}, facts),
        signal(0, "order_completed", 7, revenue=5),
        signal(9, "page_viewed", 8),
        signal(20, "order_completed", 9, revenue=2),
    )
    assert made[0] == Transition(
        id=transition_id("ann", "small", 3, "cart", None, "bought", T, "order_completed-0"),
        sequence=1,
        customer="ann",
        journey="small",
        version=3,
        track="cart",
        instance=None,
        name="bought",
        from_="a",
        to="b",
        at=T,
        previous_at=None,
        cause=Cause("order_completed", "order_completed-0", "shop", 2, 7),
        facts={"spent": 5, "orders": 1, "value": None},
        route=("x", "y"),
    )
    assert [(each.sequence, each.previous_at) for each in made[1:]] == [(2, T), (3, T + 9)]


def test_a_track_makes_the_first_move_that_matches_and_only_that() -> None:
    track = [move("one", "a", "b", on="page_viewed"), move("two", "b", "a", on="page_viewed")]
    assert moves(machine({"t": track}), signal(0, "page_viewed")) == [("one", 0)]


def test_a_move_from_any_stage_does_not_start_from_its_own_target() -> None:
    track = [move("off", "b", "a", on="searched"), move("on", "any", "b", on="page_viewed")]
    track.insert(0, move("moved", "a", "b", on="chat_started"))
    assert len(moves(machine({"t": track}), signal(0, "page_viewed"), signal(1, "page_viewed"))) == 1


def test_a_move_to_where_it_started_enters_the_stage_anew() -> None:
    track = [move("again", ["a"], "a", on="page_viewed"), move("gone", "a", "b", after="1h")]
    inputs = signal(0, "searched"), signal(MINUTE, "page_viewed"), Tick(T + DAY)
    assert moves(machine({"t": track}), *inputs) == [("again", MINUTE), ("gone", HOUR + MINUTE)]


def test_a_signal_too_late_for_its_place_counts_at_the_time_its_customer_has_reached() -> None:
    inputs = signal(0, "cart_updated"), Tick(T + HOUR), signal(-HOUR, "order_completed")
    assert moves(machine(CART), *inputs)[2:] == [("bought", 30 * MINUTE)]


def test_a_kind_that_no_journey_names_still_lets_deadlines_come() -> None:
    inputs = signal(0, "cart_updated"), signal(HOUR, "searched")
    assert [name for name, _ in moves(machine(CART), *inputs)] == ["filled", "left"]
    memory, _ = step(machine(CART), machine(CART).start("ann"), signal(5, "searched"))
    assert memory.at == T + 5


def test_where_a_customer_stands_is_told_with_since_when() -> None:
    small = machine(CART)
    memory, _ = step(small, small.start("ann"), signal(3, "searched"))
    assert where(small, memory) == {"small": {"cart": Standing("empty", None)}}
    assert small.stand_alike(memory, small.start("bob"))
    memory, _ = step(small, memory, signal(5, "cart_updated"))
    assert not small.stand_alike(memory, small.start("bob"))
    assert where(small, memory) == {"small": {"cart": Standing("full", T + 5)}}


def test_signals_whose_offset_is_known_are_left_out_source_by_source() -> None:
    small = machine(CART)
    memory, made = apply(small, None, "ann", "shop", [signal(0, "cart_updated", 5), signal(1, "order_completed", 5)])
    assert [each.name for each in made] == ["filled", "bought"]  # one record, two signals
    assert apply(small, memory, "ann", "shop", [signal(2, "cart_updated", 5)]) == (memory, [])
    memory, made = apply(small, memory, "ann", "till", [signal(3, "cart_updated", 1)])
    assert memory.offsets == {"shop": 5, "till": 1}
    assert len(made) == 1


def test_with_enough_transitions_no_further_record_is_begun_and_the_rest_can_be_applied_after_it() -> None:
    small = machine(CART)
    kinds = ["cart_updated", "order_completed"] * 3
    signals = [signal(at, kind, at // 2) for at, kind in enumerate(kinds)]
    memory, made = apply(small, None, "ann", "shop", signals, enough=1)
    assert (len(made), memory.offsets) == (2, {"shop": 0})  # one record, two signals
    after, rest = apply(small, memory, "ann", "shop", signals)
    assert (after, made + rest) == apply(small, None, "ann", "shop", signals)


def test_an_empty_batch_changes_nothing() -> None:
    assert apply(machine(CART), None, "ann", "shop", []) == (machine(CART).start("ann"), [])


def test_a_machine_tells_what_it_listens_to() -> None:
    bought = move("bought", "any", "empty", on="order_completed", if_="revenue > 3 or all > 9", route="bought")
    filled = move("filled", "empty", "full", on="cart_updated")
    small = machine({"cart": [filled, bought]}, {"all": {"sum": "price", "of": "product_viewed", "reset": "searched"}})
    assert small.kinds == {"cart_updated", "order_completed", "product_viewed", "searched"}
    assert small.attributes == {"revenue", "price", "order"}
    assert small.routes == {"bought"}
    assert (small.patience, small.lateness, small.dedup_window) == (30_000, HOUR, 7 * DAY)


def test_a_machine_that_listens_to_anything_names_every_kind() -> None:
    assert machine({"t": [move("on", "a", "b", on="any")]}).kinds == KINDS.keys()


def test_a_machine_follows_journeys_of_different_names() -> None:
    one = definition(CART)
    with pytest.raises(ValueError, match="one or more journeys with different names"):
        compile_journeys([])
    with pytest.raises(ValueError, match="one or more journeys with different names"):
        compile_journeys([one, one])


def test_journeys_followed_together_share_the_numbering_and_keep_the_order_of_time() -> None:
    other = {"t": [move("hour", "a", "b", after="1h"), move("more", "b", "c", after="2m")]}
    both = compile_journeys([definition(other, name="other"), definition(CART)])
    made = play(both, signal(0, "searched"), signal(31 * MINUTE, "cart_updated"), Tick(T + DAY))
    assert [(each.sequence, each.journey, each.name) for each in made] == [
        (1, "small", "filled"),
        (2, "other", "hour"),
        (3, "small", "left"),
        (4, "other", "more"),
    ]


def test_a_traceback_shows_the_generated_line() -> None:
    facts = {"all": {"sum": "revenue"}}
    small = machine({"t": [move("on", "a", "b", on="order_completed", publish="all")]}, facts)
    with pytest.raises(TypeError) as caught:
        play(small, signal(0, "order_completed", revenue="not a number"))
    assert "s[3] += a_revenue" in "".join(traceback.format_exception(caught.value))


def test_the_source_can_be_shown() -> None:
    assert "# small: cart" in machine(CART).source


def test_text_in_a_condition_reaches_the_source_only_as_a_quoted_constant() -> None:
    evil = "query == '\"); import os; (\"'"
    small = machine({"t": [move("on", "a", "b", on="searched", if_=evil)]})
    assert moves(small, signal(0, "searched", query='"); import os; ("'))
    assert repr('"); import os; ("') in small.source
