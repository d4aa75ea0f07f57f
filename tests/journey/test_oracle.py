"""The oracle and the naive reading on histories whose outcome follows by hand from the rules; no machine is asked."""

import json
from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from journey.definition import Definition
from journey.loading import load
from schemas.signals import Origin, Signal
from schemas.transitions import Cause, Transition
from tests.journey.histories import arrivals, bounds, definitions, histories, shuffled, ticked
from tests.journey.naive import Made
from tests.journey.oracle import Told, check_stream, net, net_of, oracle, walked

T = 1_704_067_200_000
END = 100_000
"""Seconds: when time ends if nothing else is said."""


def move(name: str, from_: str | list[str], to: str, **rest: object) -> dict[str, Any]:
    return {"name": name, "from": from_, "to": to} | {key.rstrip("_"): value for key, value in rest.items()}


def journey(track: dict[str, Any], facts: dict[str, Any] | None = None, **rest: object) -> Definition:
    document = {"journey": "small", "version": 3, "title": "", "facts": facts or {}, "tracks": {"t": track}, **rest}
    return load(json.dumps(document), "small.yaml")


def signal(at: float, kind: str, *, late: bool = False, id_: str | None = None, **attributes: float | str) -> Signal:
    """A signal so many seconds after the beginning."""
    name = f"{kind}-{at}-{attributes}" if id_ is None else id_
    return Signal("ann", kind, T + round(at * 1_000), name, dict(attributes), Origin("shop", 0, 0), late)


def said(made: Made) -> str:
    """As in `b: left at 30, cooldown`: the cart, if one is named, the move, its second, and why it was suppressed."""
    cart = "" if made.instance is None else f"{made.instance}: "
    reason = "" if made.reason is None else f", {made.reason}"
    return f"{cart}{made.name} at {(made.at - T) / 1_000:g}{reason}"


def told(definition: Definition, *signals: Signal, until: float = END) -> list[str]:
    return [said(each) for each in oracle([definition], signals, T + round(until * 1_000))]


def remembered(definition: Definition, *signals: Signal) -> dict[str | None, str]:
    return walked([definition], signals).carts("small", "t")


# Carts of their own.

TO_AND_FRO = ["empty", "left", "bought"]
CARTS: dict[str, Any] = {
    "per": "cart",
    "stages": ["empty", "full", "left", "bought"],
    "moves": [
        move("filled", TO_AND_FRO, "full", on="cart_updated"),
        move("left", "full", "left", after="30s", since="cart_updated"),
        move("bought", ["full", "left"], "bought", on="order_completed"),
    ],
}
COUNTED = {"orders": {"count": "order_completed", "per": "cart"}}
COUNTING = {
    **CARTS,
    "moves": [move("filled", TO_AND_FRO, "full", on="cart_updated", publish="orders"), *CARTS["moves"][1:]],
}
LOOKS = {"orders": {"count": "coupon_applied", "per": "cart"}}
TWO = (signal(0, "cart_updated", cart="a"), signal(10, "cart_updated", cart="b"))


LOOKED_AT = journey(COUNTING, LOOKS)


def test_each_cart_goes_its_own_way() -> None:
    assert told(journey(CARTS), *TWO) == ["a: filled at 0", "b: filled at 10", "a: left at 30", "b: left at 40"]


def test_signals_that_name_no_cart_are_about_the_shared_one() -> None:
    made = told(journey(CARTS), signal(0, "cart_updated"), signal(10, "cart_updated", cart="b"), until=30)
    assert made == ["filled at 0", "b: filled at 10", "left at 30"]


def test_an_order_is_heard_by_every_open_cart_the_one_touched_last_at_the_end() -> None:
    made = told(journey(CARTS), *TWO, signal(15, "cart_updated", cart="a"), signal(20, "order_completed", cart="z"))
    assert made == ["a: filled at 0", "b: filled at 10", "b: bought at 20", "a: bought at 20"]


def test_with_orders_same_it_is_heard_by_the_one_it_names() -> None:
    made = told(journey({**CARTS, "orders": "same"}), *TWO, signal(20, "order_completed", cart="a"))
    assert made == ["a: filled at 0", "b: filled at 10", "a: bought at 20", "b: left at 40"]


def test_with_orders_same_one_that_names_none_begins_the_shared_cart() -> None:
    same = journey({**CARTS, "orders": "same"})
    assert remembered(same, TWO[0], signal(20, "order_completed")) == {"a": "full", None: "empty"}


def test_where_no_cart_is_open_an_order_is_heard_by_the_closed_one_that_it_names() -> None:
    history = TWO[0], signal(10, "order_completed", cart="a"), signal(20, "order_completed", cart="a")
    last = walked([journey(COUNTING, COUNTED)], [*history, signal(25, "cart_updated", cart="a")]).published[-1]
    assert (said(last), last.facts) == ("a: filled at 25", {"orders": 2})


def test_where_no_cart_is_open_an_order_that_names_another_begins_it() -> None:
    history = TWO[0], signal(10, "order_completed", cart="a"), signal(20, "order_completed", cart="b")
    assert remembered(journey(CARTS), *history) == {"b": "empty"}


def test_a_closed_cart_hears_no_order_while_another_is_open_not_even_one_that_names_it() -> None:
    emptied = move("emptied", "full", "empty", on="cart_updated", if_="items == 0")
    track = {**COUNTING, "moves": [emptied, *COUNTING["moves"]]}
    history = *TWO, signal(15, "cart_updated", cart="a", items=0), signal(20, "order_completed", cart="a")
    made = walked([journey(track, COUNTED)], [*history, signal(25, "cart_updated", cart="a")]).published[2:]
    assert [said(each) for each in made] == ["a: emptied at 15", "b: bought at 20", "a: filled at 25"]
    assert made[-1].facts == {"orders": 0}


def test_facts_of_a_cart_know_nothing_of_other_carts() -> None:
    facts = {"worth": {"sum": "value", "of": "cart_updated", "per": "cart"}, "all_worth": {"sum": "value"}}
    track = {
        **CARTS,
        "moves": [
            move("filled", TO_AND_FRO, "full", on="cart_updated", publish=["worth", "all_worth"]),
            *CARTS["moves"][1:],
        ],
    }
    history = [signal(at, "cart_updated", cart=cart, value=at + 1) for at, cart in ((0, "a"), (1, "b"))]
    made = walked([journey(track, facts)], history).published
    assert [each.facts for each in made] == [{"worth": 1, "all_worth": 1}, {"worth": 2, "all_worth": 3}]


def test_a_kind_that_neither_track_nor_facts_of_carts_hear_begins_no_cart() -> None:
    assert remembered(journey(CARTS), signal(0, "payment_failed", cart="a")) == {}


def test_a_kind_that_only_a_fact_of_carts_hears_begins_one() -> None:
    assert remembered(
        journey(COUNTING, {"orders": {"count": "payment_failed", "per": "cart"}}), signal(0, "payment_failed", cart="a")
    ) == {"a": "empty"}


def test_silence_in_a_cart_s_first_stage_counts_from_its_beginning() -> None:
    track = {**CARTS, "moves": [*CARTS["moves"], move("idle", "empty", "left", after="5s")]}
    assert told(journey(track), signal(0, "page_viewed"), signal(7, "order_completed", cart="a")) == ["a: idle at 12"]


def test_closed_carts_are_forgotten_when_another_begins() -> None:
    history = TWO[0], signal(5, "order_completed")
    assert remembered(journey(CARTS), *history) == {"a": "bought"}
    assert remembered(journey(CARTS), *history, TWO[1]) == {"b": "full"}


def test_of_more_than_twenty_the_one_left_alone_the_longest_is_forgotten() -> None:
    history = [signal(at, "cart_updated", cart=f"c{at}") for at in range(20)]
    looked = signal(20, "coupon_applied", cart="c0")
    after = remembered(LOOKED_AT, *history, looked, signal(21, "cart_updated", cart="new"))
    assert list(after) == [*(f"c{at}" for at in range(2, 20)), "c0", "new"]


def test_an_order_touches_no_cart() -> None:
    shy = {
        **CARTS,
        "moves": [*CARTS["moves"][:2], move("bought", "full", "bought", on="order_completed", if_="items > 5")],
    }
    naive = walked([journey(shy)], [*TWO, signal(12, "order_completed", cart="a")])
    assert list(naive.carts("small", "t")) == ["a", "b"]


def test_the_cart_last_touched_or_moved_is_the_one_shown() -> None:
    assert walked([journey(CARTS)], TWO).stages() == {"small": {"t": ("full", T + 10_000)}}
    naive = walked([journey(CARTS)], TWO)
    naive.wait(T + 30_000)
    assert naive.stages() == {"small": {"t": ("left", T + 30_000)}}


def test_carts_at_one_deadline_take_turns_in_the_order_in_which_they_were_touched() -> None:
    history = [signal(0, "cart_updated", cart=cart) for cart in "ab"]
    assert told(LOOKED_AT, *history)[2:] == ["a: left at 30", "b: left at 30"]
    assert told(LOOKED_AT, *history, signal(5, "coupon_applied", cart="a"))[2:] == ["b: left at 30", "a: left at 30"]


def test_a_signal_that_the_track_does_not_hear_touches_no_cart() -> None:
    history = [signal(0, "cart_updated", cart=cart) for cart in "ab"]
    assert list(remembered(LOOKED_AT, *history, signal(5, "payment_failed", cart="a"))) == ["a", "b"]


def test_a_cart_with_a_move_held_back_is_not_closed() -> None:
    patient = journey({**CARTS, "moves": [*CARTS["moves"][:2], {**CARTS["moves"][2], "grace": "10s"}]})
    history = TWO[0], signal(1, "order_completed"), TWO[1]
    assert remembered(patient, *history) == {"a": "bought", "b": "full"}
    assert remembered(patient, *history, signal(11, "cart_updated", cart="c")) == {"b": "full", "c": "full"}


def test_a_cart_s_cooldown_holds_for_the_customer_s_other_carts() -> None:
    calm = journey({**CARTS, "moves": [CARTS["moves"][0], {**CARTS["moves"][1], "cooldown": "1m"}, CARTS["moves"][2]]})
    assert told(calm, *TWO)[2:] == ["a: left at 30", "b: left at 40, cooldown"]


# Cooldown and once.

BACK = move("back", "b", "a", on="searched")


def swing(*moves: dict[str, Any], **rest: Any) -> Definition:  # noqa: ANN401  whatever a journey can say
    return journey({"stages": ["a", "b"], "moves": [*moves, BACK]}, **rest)


def out(**rest: object) -> dict[str, Any]:
    return move("out", "a", "b", **{"on": "page_viewed"} | rest)


def swings(*times: float) -> list[Signal]:
    """There at each time, and back 100 ms later."""
    return [signal(at + more, kind) for at in times for more, kind in ((0, "page_viewed"), (0.1, "searched"))]


def outs(definition: Definition, *signals: Signal) -> list[str]:
    return [each for each in told(definition, *signals) if each.startswith("out")]


@pytest.mark.parametrize(("at", "told_"), [(9.999, "out at 9.999, cooldown"), (10, "out at 10")])
def test_a_cooldown_ends_at_the_very_millisecond(at: float, told_: str) -> None:
    assert outs(swing(out(cooldown="10s")), *swings(0, at)) == ["out at 0", told_]


def test_what_was_suppressed_lets_no_cooldown_begin() -> None:
    assert outs(swing(out(cooldown="10s")), *swings(0, 6, 10)) == ["out at 0", "out at 6, cooldown", "out at 10"]


def test_the_stage_changes_all_the_same() -> None:
    history = [*swings(0), signal(5, "page_viewed")]
    assert walked([swing(out(cooldown="10s"))], history).stages()["small"]["t"] == ("b", T + 5_000)


def test_once_is_once_for_ever() -> None:
    assert outs(swing(out(once=True)), *swings(0, 90_000)) == ["out at 0", "out at 90000, once"]


def test_once_is_looked_at_before_cooldown() -> None:
    assert outs(swing(out(once=True, cooldown="10s")), *swings(0, 5)) == ["out at 0", "out at 5, once"]


@pytest.mark.parametrize("restraint", [{"once": True}, {"cooldown": "1d"}])
def test_a_signal_that_resets_does_so_before_it_makes_moves(restraint: dict[str, Any]) -> None:
    free = out(on=["page_viewed", "order_completed"], reset_on="order_completed", **restraint)
    assert outs(swing(free), *swings(0), signal(5, "order_completed")) == ["out at 0", "out at 5"]


def test_rules_of_one_name_share_when_it_was_published_but_not_the_restraint() -> None:
    both = swing(out(), out(on="product_viewed", cooldown="10s"))
    there, again = signal(0, "page_viewed"), signal(5, "product_viewed")
    assert outs(both, there, signal(1, "searched"), again) == ["out at 0", "out at 5, cooldown"]
    there, again = signal(0, "product_viewed"), signal(5, "page_viewed")
    assert outs(both, there, signal(1, "searched"), again) == ["out at 0", "out at 5"]


# Grace.

LEAVING: dict[str, Any] = {
    "stages": ["a", "b", "c"],
    "moves": [out(grace="10s", publish="views"), BACK, move("on", "b", "c", on="order_completed")],
}
VIEWS = {"views": {"count": "page_viewed"}}
HELD = journey(LEAVING, VIEWS)


@pytest.mark.parametrize(("until", "made"), [(9.999, []), (10, ["out at 0"])])
def test_a_held_move_is_published_at_the_very_end_of_its_grace_and_tells_when_it_was_made(
    until: float, made: list[str]
) -> None:
    assert told(HELD, signal(0, "page_viewed"), until=until) == made


def test_a_move_undone_within_its_grace_is_suppressed_and_so_is_the_one_that_undid_it() -> None:
    history = signal(0, "page_viewed"), signal(9.999, "searched")
    assert told(HELD, *history) == ["out at 0, undone", "back at 9.999, undone"]


def test_one_that_leads_back_at_the_end_of_the_grace_undoes_nothing() -> None:
    assert told(HELD, signal(0, "page_viewed"), signal(10, "searched")) == ["out at 0", "back at 10"]


def test_a_move_that_leads_elsewhere_lets_the_held_one_be_published_first() -> None:
    history = signal(0, "page_viewed"), signal(5, "order_completed")
    assert told(HELD, *history, until=5) == ["out at 0", "on at 5"]


def test_what_is_held_back_keeps_the_facts_it_was_made_with() -> None:
    made = oracle([HELD], [signal(0, "page_viewed"), signal(5, "page_viewed")], T + 60_000)
    assert [each.facts for each in made] == [{"views": 1}]


def test_what_undid_another_is_not_held_back_itself() -> None:
    slow = journey({**LEAVING, "moves": [LEAVING["moves"][0], {**BACK, "grace": "1m"}, LEAVING["moves"][2]]}, VIEWS)
    history = signal(0, "page_viewed"), signal(1, "searched")
    assert told(slow, *history, until=1) == ["out at 0, undone", "back at 1, undone"]


def test_what_was_undone_was_not_published() -> None:
    history = signal(0, "page_viewed"), signal(1, "searched"), signal(2, "page_viewed")
    assert outs(swing(out(grace="10s", once=True)), *history) == ["out at 0, undone", "out at 2"]


@pytest.mark.parametrize(("at", "told_"), [(14.999, "out at 14.999, cooldown"), (15, "out at 15")])
def test_a_held_move_s_cooldown_goes_by_when_it_was_made(at: float, told_: str) -> None:
    history = signal(0, "page_viewed"), signal(11, "searched"), signal(at, "page_viewed")
    assert outs(swing(out(grace="10s", cooldown="15s")), *history) == ["out at 0", told_]


def test_grace_ends_before_silence_does_at_the_same_moment() -> None:
    asleep = swing(out(grace="10s"), move("asleep", "b", "a", after="10s"))
    assert told(asleep, signal(0, "page_viewed")) == ["out at 0", "asleep at 10"]


# Time-frames.


def framed(*moves: dict[str, Any], b: str | None = None, **rest: object) -> Definition:
    stages = {"a": {"means": "the first", "within": "10s"}, "b": None if b is None else {"within": b}}
    return journey({"stages": stages, "moves": [*moves, BACK], **rest})


def test_whoever_stays_in_the_first_stage_drops_off_once() -> None:
    assert told(framed(out()), signal(3, "chat_started"), signal(20, "chat_started")) == ["dropped_off at 13"]


@pytest.mark.parametrize(("at", "made"), [(9.999, ["out at 9.999"]), (10, ["dropped_off at 10", "out at 10"])])
def test_whoever_leaves_before_the_end_of_the_frame_does_not(at: float, made: list[str]) -> None:
    assert told(framed(out()), signal(0, "chat_started"), signal(at, "page_viewed")) == made


def test_every_stay_has_a_frame_of_its_own() -> None:
    made = oracle([framed(out())], swings(5), T + 60_000)[-1]
    assert (said(made), made.from_, made.to, made.previous_at) == ("dropped_off at 15.1", "a", "a", T + 5_100)


def test_dropping_off_comes_after_silence_at_the_same_moment() -> None:
    silent = move("asleep", "a", "b", after="10s", since="page_viewed")
    assert told(framed(silent), signal(0, "chat_started")) == ["asleep at 10"]


def test_whoever_drops_off_is_still_silent_and_what_was_held_back_still_is() -> None:
    both = framed(out(grace="20s"), move("asleep", "b", "a", after="30s"), b="5s")
    assert told(both, signal(0, "page_viewed"), until=30) == ["dropped_off at 5", "out at 0", "asleep at 30"]


def test_the_furthest_stage_is_kept_on_the_way_back() -> None:
    naive = walked([framed(out(), furthest=True)], [*swings(0)])
    assert (naive.furthest(), naive.stages()["small"]["t"][0]) == ({"small": {"t": "b"}}, "a")


# Signals that come too late.


def test_a_signal_too_late_feeds_facts_and_makes_no_move() -> None:
    track = {"stages": ["a", "b"], "moves": [out(on="page_viewed", publish="views"), BACK]}
    history = signal(0, "searched"), signal(5, "page_viewed", late=True), signal(6, "page_viewed")
    made = walked([journey(track, VIEWS)], history).published
    assert [(said(each), each.facts, each.late) for each in made] == [("out at 6", {"views": 2}, False)]


def test_it_makes_a_move_that_says_so_and_the_record_says_it_too() -> None:
    history = signal(0, "searched"), signal(5, "page_viewed", late=True), signal(6, "searched")
    made = walked([swing(out(late=True))], history).published
    assert [(said(each), each.late) for each in made] == [("out at 5", True), ("back at 6", False)]


def test_it_passes_over_moves_that_do_not_and_finds_those_below() -> None:
    two = swing(out(), {**out(late=True), "name": "out_late"})
    assert told(two, signal(0, "searched"), signal(5, "page_viewed", late=True)) == ["out_late at 5"]


def test_an_order_too_late_still_brings_a_customer_out_of_a_stage() -> None:
    history = signal(0, "searched"), signal(5, "order_completed", late=True)
    assert told(swing(out(on="order_completed")), *history) == ["out at 5"]


def test_a_signal_too_late_lets_no_silence_begin_anew() -> None:
    quiet = journey(CARTS)
    assert told(quiet, TWO[0], signal(20, "cart_updated", cart="a", late=True)) == ["a: filled at 0", "a: left at 30"]


def test_it_ends_no_cooldown() -> None:
    history = *swings(0), signal(1, "order_completed", late=True), signal(2, "page_viewed")
    assert outs(swing(out(once=True, reset_on="order_completed")), *history)[1:] == ["out at 2, once"]


# Copies.

ORDERED = {"stages": ["a", "b"], "moves": [move("there", "a", "b", on="any"), move("back", "b", "a", on="any")]}


def times(window: str, *signals: Signal) -> list[int]:
    """When the signals that count counted, in seconds: each makes a move."""
    made = oracle([journey(ORDERED, dedup_window=window)], signals, T)
    return [(each.at - T) // 1_000 for each in made]


@pytest.mark.parametrize(("window", "counted"), [("20s", [0]), ("19s", [0, 20]), ("0s", [0, 20])])
def test_a_copy_is_dropped_up_to_the_very_end_of_the_window(window: str, counted: list[int]) -> None:
    assert times(window, signal(0, "searched", id_="x"), signal(20, "searched", id_="x")) == counted


def test_the_window_counts_from_the_copy_that_counted() -> None:
    assert times("20s", *(signal(at, "searched", id_="x") for at in (0, 15, 30))) == [0, 30]


def test_of_two_copies_the_earlier_counts_whichever_came_first() -> None:
    assert times("20s", signal(5, "searched", id_="x"), signal(3, "searched", id_="x")) == [3]


def test_an_order_told_under_two_ids_counts_once() -> None:
    assert times("20s", signal(0, "order_completed", order="o"), signal(9, "order_completed", order="o")) == [0]
    assert times("20s", signal(0, "order_completed", order="o"), signal(9, "order_completed", order="p")) == [0, 9]


def test_a_refund_of_an_order_is_no_copy_of_it() -> None:
    assert times("20s", signal(0, "order_completed", order="o"), signal(9, "order_refunded", order="o")) == [0, 9]


def test_the_longest_window_of_several_journeys_holds_for_all() -> None:
    both = [journey(ORDERED, journey=name, dedup_window=window) for name, window in (("one", "0s"), ("two", "20s"))]
    copies = [signal(at, "searched", id_="x") for at in (0, 5)]
    assert [(each.journey, said(each)) for each in oracle(both, copies, T)] == [
        ("one", "there at 0"),
        ("two", "there at 0"),
    ]


def test_signals_of_one_time_count_in_the_order_of_topic_partition_and_offset() -> None:
    places = [Origin("till", 0, 0), Origin("shop", 1, 0), Origin("shop", 0, 3), Origin("shop", 0, 2)]
    history = [Signal("ann", "searched", T, f"id-{number}", {}, place) for number, place in enumerate(places)]
    assert [each.cause for each in oracle([journey(ORDERED)], history, T)] == ["id-3", "id-2", "id-1", "id-0"]


# What a stream comes to.


def transition(sequence: int, id_: str, **changes: Any) -> Transition:  # noqa: ANN401  any of the fields
    fields = {"at": T, "previous_at": None, "cause": Cause("searched", "x", "shop", 0, 0)} | changes
    return Transition(id_, sequence, "ann", "small", 3, "t", None, "out", "a", "b", **fields)


def correction(sequence: int, id_: str, corrects: str) -> Transition:
    return transition(sequence, id_, kind="corrected", corrects=corrects, reason="late_signal")


MADE = transition(1, "i1")
WITHDRAWN = correction(2, "i2", "i1")
AGAIN = transition(3, "i3")


def test_what_was_withdrawn_is_not_in_the_net_until_it_comes_again() -> None:
    one = Told("made", "small", "t", None, "out", "b", T, "searched", "x")
    assert net([MADE]) == {one: 1}
    assert net([MADE, WITHDRAWN]) == {}
    assert net([MADE, WITHDRAWN, AGAIN]) == {one: 1}


def test_both_tellings_of_a_move_are_equal() -> None:
    made = oracle([swing(out())], [signal(0, "page_viewed", id_="x")], T)
    published = transition(1, "i1", cause=Cause("page_viewed", "x", "shop", 0, 7))
    assert net_of(made) == net([published])
    silent = oracle([swing(out(), move("out", "b", "a", after="1s"))], [signal(0, "page_viewed")], T + 1_000)[1:]
    assert [each.cause for each in net_of(silent)] == [None]


def test_the_very_same_published_again_changes_nothing() -> None:
    stream = [MADE, MADE, WITHDRAWN, MADE, WITHDRAWN, AGAIN]
    assert net(stream) == net([AGAIN])
    check_stream(stream)


@pytest.mark.parametrize(
    ("stream", "fault"),
    [
        ([MADE, correction(2, "i2", "none")], "never published"),
        ([MADE, WITHDRAWN, correction(3, "i3", "i1")], "withdrawn already"),
        ([MADE, transition(2, "i1")], "two transitions"),
        ([MADE, transition(2, "i4", kind="corrected", corrects="i1", reason="late_signal", at=T + 1)], "another 'at'"),
    ],
)
def test_a_stream_that_contradicts_itself_has_no_net(stream: list[Transition], fault: str) -> None:
    with pytest.raises(AssertionError, match=fault):
        net(stream)
    with pytest.raises(AssertionError, match=fault):
        check_stream(stream)


@pytest.mark.parametrize(
    ("stream", "fault"),
    [
        ([AGAIN], "number 1 of ann is missing"),
        ([MADE, AGAIN], "number 2 of ann is missing"),
        ([MADE, transition(1, "i9")], "number 2 of ann is missing"),
        ([transition(1, "i1", kind="suppressed")], "suppressed has the reason None"),
        ([transition(1, "i1", kind="suppressed", reason="late_signal")], "suppressed has the reason late_signal"),
        ([MADE, transition(2, "i2", kind="corrected", corrects="i1")], "correction has the reason None"),
        ([transition(1, "i1", reason="once")], "needs no reason"),
        ([transition(1, "i1", late=True, cause=Cause("deadline"))], "silence is never too late"),
    ],
)
def test_a_stream_that_breaks_a_promise_is_told_so(stream: list[Transition], fault: str) -> None:
    with pytest.raises(AssertionError, match=fault):
        check_stream(stream)


# Ways to arrive.


def test_a_signal_may_arrive_after_one_that_is_exactly_so_much_later_as_lateness_and_no_more() -> None:
    history = [signal(0, "searched"), signal(10, "searched")]
    found = find(
        shuffled(history, 10_000), lambda arrived: arrived[0].at > arrived[1].at, settings=settings(database=None)
    )
    assert [(each.at - T, each.origin.offset) for each in found] == [(10_000, 0), (0, 1)]
    with pytest.raises(NoSuchExample):
        find(shuffled(history, 9_999), lambda arrived: arrived[0].at > arrived[1].at, settings=settings(database=None))


def test_with_a_lateness_of_nothing_even_signals_of_one_time_arrive_in_true_order() -> None:
    history = [Signal("ann", "searched", T, topic, {}, Origin(topic, 0, 0)) for topic in ("till", "shop")]
    with pytest.raises(NoSuchExample):
        find(shuffled(history, 0), lambda arrived: arrived[0].id == "till", settings=settings(database=None))
    find(shuffled(history, 1), lambda arrived: arrived[0].id == "till", settings=settings(database=None))


@given(definitions(), histories(), st.data())
def test_however_a_history_arrives_it_comes_to_the_same(
    journeys: tuple[Definition, ...], history: list[Signal], data: st.DataObject
) -> None:
    lateness, _, _ = bounds(journeys)
    arrived = data.draw(shuffled(history, lateness))
    until = max(each.at for each in history) + 60_000
    assert net_of(oracle(journeys, arrived, until)) == net_of(oracle(journeys, history, until))


@given(definitions(), histories(customers=("ann", "bob")), st.data())
def test_nothing_arrives_too_late_and_time_never_runs_ahead(
    journeys: tuple[Definition, ...], history: list[Signal], data: st.DataObject
) -> None:
    lateness, window, patience = bounds(journeys)
    greatest = 0
    for each in data.draw(ticked(data.draw(arrivals(history, lateness, window)), patience)):
        if isinstance(each, Signal):
            assert each.at >= greatest - lateness
            greatest = max(greatest, each.at)
        else:
            assert each.now <= greatest - patience
