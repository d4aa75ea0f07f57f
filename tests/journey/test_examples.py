from itertools import chain

import pytest

from journey.definition import Definition
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
    transitions = chain.from_iterable(play(shipped, example) for example in shipped.examples)
    assert {(each.track, each.name, each.to) for each in transitions} == moves


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
        "Given: filled at 1m with {'value': 5}, abandoned at 31m with {}."
    )


def test_nothing_is_said_to_be_nothing() -> None:
    text = TEXT.replace("kind: cart_updated, value: 5", "kind: searched").replace("TRANSITIONS", "[filled]")
    (fault,) = check_examples(load(text, "small.yaml"))
    assert "Given: nothing." in fault.message
    assert "Expected: nothing." in check_examples(small("[]"))[0].message
