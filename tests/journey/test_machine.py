"""What a machine does, in single sentences. A small journey stands in each test, cut to what it is about."""

import json
import sys
import traceback
from typing import Any

import orjson
import pytest

from journey.definition import Definition
from journey.loading import load
from journey.machine import Machine, Tick, apply, compile_journeys, step, where
from journey.saving import encode
from schemas.signals import ATTRIBUTES, KINDS, Origin, Signal
from schemas.transitions import Cause, Transition, transition_id

T = 1_704_067_200_000
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000


def definition(tracks: dict[str, Any], facts: dict[str, Any] | None = None, name: str = "small") -> Definition:
    """A journey of these tracks and facts; each track is its moves, its stages those that they name."""
    document: dict[str, Any] = {"journey": name, "version": 3, "title": "", "facts": facts or {}, "tracks": {}}
    for track, moves in tracks.items():
        named = [move[key] for move in moves for key in ("from", "to")]
        stages = list(dict.fromkeys(each for name in named for each in ([name] if isinstance(name, str) else name)))
        document["tracks"][track] = {"stages": [each for each in stages if each != "any"], "moves": moves}
    return load(json.dumps(document), "small.yaml")


def machine(tracks: dict[str, Any], facts: dict[str, Any] | None = None) -> Machine:
    return compile_journeys([definition(tracks, facts)])


def signal(at: int, kind: str, number: int = 0, **attributes: float | str) -> Signal:
    return Signal("ann", kind, T + at, f"{kind}-{at}", dict(attributes), Origin("shop", 2, number))


def play(machine: Machine, *inputs: Signal | Tick) -> list[Transition]:
    memory, made = machine.start("ann"), []
    for each in inputs:
        memory, transitions = step(machine, memory, each)
        made += transitions
    return made


def moves(machine: Machine, *inputs: Signal | Tick) -> list[tuple[str, int]]:
    return [(each.name, each.at - T) for each in play(machine, *inputs)]


def move(name: str, from_: str | list[str], to: str, **rest: object) -> dict[str, Any]:
    return {"name": name, "from": from_, "to": to} | {key.rstrip("_"): value for key, value in rest.items()}


CART = {
    "cart": [
        move("filled", ["empty", "left"], "full", on="cart_updated"),
        move("left", "full", "left", after="30m", since="cart_updated"),
        move("bought", "any", "empty", on="order_completed"),
    ]
}


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


def test_facts_are_updated_before_moves_are_looked_at() -> None:
    bought = [move("bought", "a", "b", on="order_completed", if_="orders == 1")]
    assert moves(machine({"t": bought}, {"orders": {"count": "order_completed"}}), signal(0, "order_completed"))


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


def test_a_signal_older_than_what_its_customer_went_through_counts_at_that_later_time() -> None:
    inputs = signal(0, "cart_updated"), Tick(T + HOUR), signal(MINUTE, "order_completed")
    assert moves(machine(CART), *inputs)[2:] == [("bought", 30 * MINUTE)]


@pytest.mark.parametrize(
    ("fact", "signals", "expected"),
    [
        ({"count": ["searched", "page_viewed"]}, [{}, {}], 2),
        ({"count": "searched", "if": "query == 'x'"}, [{"query": "x"}, {"query": "y"}, {}], 1),
        ({"sum": "price", "of": "product_viewed"}, [], 0),
        ({"first": "query"}, [{}, {"query": "x"}, {"query": "y"}], "x"),
        ({"last": "query"}, [{"query": "x"}, {"query": "y"}, {}], "y"),
        ({"first": "query"}, [{}], None),
        ({"days_since": "order_completed"}, [{}], None),
        ({"days_since": "searched"}, [{}], 0.0),
        ({"days": "searched"}, [{}, {}], 1),
    ],
)
def test_a_fact_is_what_it_says(fact: dict[str, Any], signals: list[dict[str, Any]], expected: object) -> None:
    track = {"t": [move("told", "a", "b", on="chat_started", publish="told")]}
    inputs = [signal(number, "searched", **each) for number, each in enumerate(signals)]
    (made,) = play(machine(track, {"told": fact}), *inputs, signal(99, "chat_started"))
    if fact == {"days_since": "searched"}:
        assert made.facts["told"] == 99 / DAY
    else:
        assert made.facts["told"] == expected


def test_sums_beyond_what_every_reader_can_hold_become_floats_and_can_always_be_written() -> None:
    track = {"t": [move("told", "a", "b", on="order_completed", publish=["all", "week"])]}
    facts = {"all": {"sum": "revenue"}, "week": {"sum": "revenue", "within": "7d"}}
    small = machine(track, facts)
    for value in (2**53, -(2**53), 1.7e308, -1.7e308):
        memory, _ = apply(
            small, None, "ann", "shop", [signal(n, "order_completed", n, revenue=value) for n in range(9)]
        )
        assert None not in orjson.loads(orjson.dumps(encode(small, memory)))[-1][0][-2:]
        exact = memory.state[-2]
        assert isinstance(exact, float)
        assert abs(exact) <= sys.float_info.max


def test_a_window_takes_little_memory_however_many_signals_fall_into_it() -> None:
    track = {"t": [move("told", "a", "b", on="order_completed", publish="views")]}
    small = machine(track, {"views": {"count": "product_viewed", "within": "1h"}})
    memory, _ = apply(small, None, "ann", "shop", [signal(n * 997, "product_viewed", n) for n in range(9_000)])
    assert len(memory.state[-1]) <= 2 * 32


def test_a_kind_that_no_journey_names_still_lets_deadlines_come() -> None:
    inputs = signal(0, "cart_updated"), signal(HOUR, "searched")
    assert [name for name, _ in moves(machine(CART), *inputs)] == ["filled", "left"]
    memory, _ = step(machine(CART), machine(CART).start("ann"), signal(5, "searched"))
    assert memory.at == T + 5


def test_where_a_customer_stands_is_told_with_since_when() -> None:
    small = machine(CART)
    memory, _ = step(small, small.start("ann"), signal(3, "searched"))
    assert where(small, memory) == {"small": {"cart": ("empty", None)}}
    memory, _ = step(small, memory, signal(5, "cart_updated"))
    assert where(small, memory) == {"small": {"cart": ("full", T + 5)}}


def test_signals_whose_offset_is_known_are_left_out_source_by_source() -> None:
    small = machine(CART)
    memory, made = apply(small, None, "ann", "shop", [signal(0, "cart_updated", 5), signal(1, "order_completed", 5)])
    assert [each.name for each in made] == ["filled", "bought"]  # one record, two signals
    assert apply(small, memory, "ann", "shop", [signal(2, "cart_updated", 5)]) == (memory, [])
    memory, made = apply(small, memory, "ann", "till", [signal(3, "cart_updated", 1)])
    assert memory.offsets == {"shop": 5, "till": 1}
    assert len(made) == 1


def test_an_empty_batch_changes_nothing() -> None:
    assert apply(machine(CART), None, "ann", "shop", []) == (machine(CART).start("ann"), [])


def test_a_machine_tells_what_it_listens_to() -> None:
    bought = move("bought", "any", "empty", on="order_completed", if_="revenue > 3 or all > 9", route="bought")
    filled = move("filled", "empty", "full", on="cart_updated")
    small = machine({"cart": [filled, bought]}, {"all": {"sum": "price", "of": "product_viewed", "reset": "searched"}})
    assert small.kinds == {"cart_updated", "order_completed", "product_viewed", "searched"}
    assert small.attributes == {"revenue", "price"}
    assert small.routes == {"bought"}
    assert (small.patience, small.lateness) == (30_000, HOUR)


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


def test_every_attribute_can_be_kept_and_read() -> None:
    for name, attribute in ATTRIBUTES.items():
        value = "x" if attribute.type == "text" else 3
        kind = min(attribute.kinds)
        track = {"t": [move("told", "a", "b", on=kind, publish="kept")]}
        given = Signal("ann", kind, T, "1", {name: value}, Origin("shop", 0, 0))
        (made,) = play(machine(track, {"kept": {"last": name}}), given)
        assert made.facts == {"kept": value}
