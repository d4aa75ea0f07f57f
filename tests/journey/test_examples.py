from itertools import chain

import pytest

from journey.definition import DROPPED_OFF, Definition
from journey.examples import check_examples, play
from journey.loading import load

TEXT = """
journey: small
version: 1
title: small
facts:
  value: {last: value}
tracks:
  cart:
    stages: [empty, filled, abandoned]
    moves:
      - {name: filled, from: any, to: filled, on: cart_updated, publish: value}
      - {name: abandoned, from: filled, to: abandoned, after: 30m, since: cart_updated}
examples:
  - name: left alone
    signals: [{at: 1m, kind: cart_updated, value: 5}]
    until: 1h
    transitions: TRANSITIONS
"""


def small(transitions: str) -> Definition:
    return load(TEXT.replace("TRANSITIONS", transitions), "small.yaml")


def test_the_examples_of_every_shipped_journey_hold(shipped: Definition) -> None:
    assert check_examples(shipped) == []


def test_they_make_every_move_of_every_shipped_journey(shipped: Definition) -> None:
    moves = {(track.name, move.name, move.to) for track in shipped.tracks for move in track.moves}
    moves |= {(track.name, DROPPED_OFF, stage) for track in shipped.tracks for stage in track.frames}
    transitions = chain.from_iterable(play(shipped, example) for example in shipped.examples)
    assert {(each.track, each.name, each.to) for each in transitions if each.kind == "made"} == moves


def test_every_transition_worth_a_message_has_a_topic_of_its_own(shipped: Definition) -> None:
    routes = {move.name: move.route for track in shipped.tracks for move in track.moves}
    if shipped.journey == "five-stage":
        worth = "cart_abandoned cart_recovered converted became_advocate lapsed came_back left_without_cart"
        assert all(routes[name] == (name.replace("_", "-"),) for name in worth.split())


@pytest.mark.parametrize(
    "transitions",
    [
        "[filled, abandoned]",
        "[filled at 1m, abandoned at 31m]",
        "[{move: filled, facts: {value: 5}}, {move: abandoned, at: 31m}]",
    ],
)
def test_an_example_that_holds_is_no_fault(transitions: str) -> None:
    assert check_examples(small(transitions)) == []


@pytest.mark.parametrize(
    "transitions",
    [
        "[]",
        "[filled]",
        "[abandoned, filled]",
        "[filled at 2m, abandoned]",
        "[{move: filled, facts: {value: 6}}, abandoned]",
        "[filled, {move: abandoned, facts: {value: 5}}]",
    ],
)
def test_an_example_that_does_not_hold_is_a_fault_where_it_stands(transitions: str) -> None:
    (fault,) = check_examples(small(transitions))
    assert (fault.where, fault.line, fault.column) == ("small.yaml", 14, 5)


def test_the_fault_says_what_was_expected_and_what_came() -> None:
    (fault,) = check_examples(small("[{move: filled, at: 2m, facts: {value: 6}}]"))
    assert fault.message == (
        "the example 'left alone' gives something else. Expected: filled at 2m with {'value': 6}. "
        "Given: filled at 1m with {'value': 5}, abandoned at 31m."
    )


def test_nothing_is_said_to_be_nothing() -> None:
    text = TEXT.replace("kind: cart_updated, value: 5", "kind: searched").replace("TRANSITIONS", "[filled]")
    (fault,) = check_examples(load(text, "small.yaml"))
    assert "Given: nothing." in fault.message
    assert "Expected: nothing." in check_examples(small("[]"))[0].message


TIMELY = """
journey: timely
version: 1
title: late signals, copies, carts of their own, moves held back
lateness: 1h
facts:
  value: {last: value, per: cart}
tracks:
  cart:
    per: cart
    stages: [empty, filled, abandoned]
    moves:
      - {name: filled, from: [empty, abandoned], to: filled, on: cart_updated, publish: value}
      - {name: abandoned, from: filled, to: abandoned, after: 30m, since: cart_updated, cooldown: 1d}
      - {name: ordered, from: any, to: empty, on: order_completed}
  stage:
    furthest: true
    stages: {stranger: , friend: {within: 2d}}
    moves:
      - {name: befriended, from: stranger, to: friend, on: order_completed}
      - {name: parted, from: friend, to: stranger, on: order_refunded}
examples:
  - name: it
    tracks: [TRACK]
    signals: [SIGNALS]
    until: 3d
    transitions: [TRANSITIONS]
"""


def timely(track: str, signals: str, transitions: str) -> Definition:
    text = TIMELY.replace("TRACK", track).replace("SIGNALS", signals).replace("TRANSITIONS", transitions)
    return load(text, "timely.yaml")


A = "{at: 0s, kind: cart_updated, cart: A, value: 5, id: first}"
A_LATE = "{at: 20m, kind: cart_updated, cart: A, value: 6, arrives: 35m}"
A_TWICE = "{at: 0s, kind: cart_updated, cart: A, value: 5, id: first, arrives: 35m}"
B = "{at: 1h, kind: cart_updated, cart: B}"
TOO_LATE = "{at: 2h, kind: cart_updated}, {at: 0s, kind: order_completed, arrives: 3h}"


@pytest.mark.parametrize(
    ("signals", "transitions"),
    [
        (A, "{move: filled, cart: A, late: false}, abandoned at 30m"),
        (f"{A}, {A_TWICE}", "filled, abandoned at 30m"),
        (f"{A}, {A_LATE}", "filled, abandoned at 30m, corrected abandoned at 30m, abandoned at 50m"),
        (f"{A}, {B}", "filled, abandoned, filled, {move: abandoned, at: 90m, kind: suppressed, cart: B}"),
    ],
)
def test_time_copies_and_carts_are_played_as_they_would_come(signals: str, transitions: str) -> None:
    assert check_examples(timely("cart", signals, transitions)) == []


def test_an_order_that_comes_too_late_and_a_customer_who_stays_too_long_are_played() -> None:
    transitions = "{move: befriended, at: 2h30m, late: true}, dropped_off at 2d2h30m"
    assert check_examples(timely("stage", TOO_LATE, transitions)) == []


@pytest.mark.parametrize(
    ("transitions", "expected"),
    [
        ("abandoned, filled", "abandoned, filled"),
        ("filled, abandoned at 30m", "filled, abandoned at 30m"),
        ("filled, corrected abandoned", "filled, corrected abandoned"),
        ("filled, suppressed abandoned", "filled, suppressed abandoned"),
        ("filled, {move: abandoned, cart: A}", "filled, abandoned of cart A"),
        ("filled, {move: abandoned, late: true}", "filled, abandoned too late"),
    ],
)
def test_the_fault_names_kind_cart_and_lateness_where_they_are_not_the_ordinary_ones(
    transitions: str, expected: str
) -> None:
    faults = check_examples(timely("cart", f"{A}, {B}", transitions))
    given = (
        "filled of cart A at 0s with {'value': 5}, abandoned of cart A at 30m, "
        "filled of cart B at 1h with {'value': None}, suppressed abandoned of cart B at 1h30m"
    )
    assert [fault.message for fault in faults] == [
        f"the example 'it' gives something else. Expected: {expected}. Given: {given}."
    ]


def test_the_fault_says_which_of_those_given_was_too_late() -> None:
    (fault,) = check_examples(timely("stage", TOO_LATE, "{move: befriended, late: false}, dropped_off"))
    assert (
        "Expected: befriended, dropped_off. Given: befriended at 2h30m too late, dropped_off at 2d2h30m."
        in fault.message
    )
