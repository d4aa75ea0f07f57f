"""What is refused of tracks and facts kept for each cart. A `^` is where a fault must stand."""

import pytest

from journey.loading import load
from tests.journey.faulty import RIGHT, faults

PER_CART = ("initial: empty", "per: cart\n    initial: empty")
VALUE_PER_CART = ("  value: {", "  value: {per: cart, ")
LEFT = "{name: left, from: there, to: gone, after: 1h, publish: [value]}"
BESIDE = f"""\
  beside:
    stages: [there, gone]
    moves:
      - {LEFT}
      - {{name: returned, from: gone, to: there, on: at_the_cart}}
examples:"""
NOT_HERE = "'value' is kept for each cart, this is not: say 'per: cart' here, or leave it out there"


def test_a_track_and_its_facts_can_be_kept_for_each_cart() -> None:
    text = RIGHT
    for old, new in (("initial: empty", "per: cart\n    orders: same\n    initial: empty"), VALUE_PER_CART):
        text = text.replace(old, new)
    read = load(text, "small.yaml")
    assert [(track.per, track.orders, track.furthest) for track in read.tracks] == [("cart", "same", False)]
    assert [(fact.name, fact.per) for fact in read.facts] == [("orders", None), ("value", "cart")]


def test_unless_something_else_is_said_every_open_cart_hears_an_order() -> None:
    assert load(RIGHT.replace(*PER_CART), "small.yaml").tracks[0].orders == "any"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("initial: empty", "per: ^checkout\n    initial: empty", "this must be 'cart'"),
        (
            "initial: empty",
            "^orders: same\n    initial: empty",
            "'orders' says which carts an order is heard by: it needs 'per: cart'",
        ),
        ("initial: empty", "per: cart\n    orders: ^one\n    initial: empty", "this must be 'any' or 'same'"),
        (
            "initial: empty",
            "per: cart\n    ^furthest: true\n    initial: empty",
            "no furthest stage is kept on a track kept for each cart: leave 'furthest' out",
        ),
        (
            "stages: [empty, filled, abandoned]",
            "per: cart\n    stages: {empty: , filled: {^within: 7d}, abandoned: }",
            "a stage has no time-frame on a track kept for each cart: leave 'within' out",
        ),
        (
            "  value: {",
            "  value: {^per: cart, ",
            "no track is kept for each cart: say 'per: cart' on one, or leave it out here",
        ),
    ],
)
def test_what_goes_with_carts_of_their_own_alone_or_not_at_all(old: str, new: str, message: str) -> None:
    assert faults((old, new)) == [message]


def test_a_second_track_kept_for_each_cart_is_a_fault() -> None:
    second = BESIDE.replace("beside:\n", "beside:\n    ^per: cart\n")
    assert faults(PER_CART, ("examples:", second)) == [
        "the track 'cart' is kept for each cart already, and one is all there can be: leave 'per' out"
    ]


def test_a_customer_s_track_cannot_read_what_is_kept_for_each_cart() -> None:
    beside = BESIDE.replace("[value]", "[^value]").replace("on: at_the_cart", "on: at_the_cart, if: ^value > 3")
    assert faults(PER_CART, VALUE_PER_CART, ("examples:", beside)) == [NOT_HERE, NOT_HERE]


def test_nor_can_a_customer_s_fact() -> None:
    change = "{count: order_completed, if: ^value > 3}"
    assert faults(PER_CART, VALUE_PER_CART, ("{count: order_completed}", change)) == [NOT_HERE]


def test_a_cart_s_own_track_and_facts_can_read_both_kinds() -> None:
    text = RIGHT
    facts = "{count: order_completed, per: cart, if: value > 3 and spent > 3}\n  spent: {sum: revenue}"
    for old, new in (PER_CART, VALUE_PER_CART, ("{count: order_completed}", facts), ("[value]", "[value, spent]")):
        text = text.replace(old, new)
    load(text, "small.yaml")


def test_a_fact_kept_for_each_cart_that_nobody_reads_is_a_fault() -> None:
    assert faults(PER_CART, (", publish: [value]", ""), ("  value: {", "  ^value: {per: cart, ")) == [
        "nobody reads the fact 'value': name it under a move's 'publish' or 'if', or leave it out"
    ]


def test_saying_nothing_after_per_is_saying_nothing() -> None:
    assert faults(("initial: empty", "per:\n    initial: empty"), ("  value: {", "  value: {^per: cart, ")) == [
        "no track is kept for each cart: say 'per: cart' on one, or leave it out here"
    ]


def test_what_is_wrong_with_carts_of_their_own_is_said_at_once() -> None:
    changes = (
        ("initial: empty", "per: cart\n    ^furthest: true\n    initial: empty"),
        ("stages: [empty, filled, abandoned]", "stages: {empty: , filled: {^within: 1d}, abandoned: {means: ^3}}"),
        ("publish: [value]", "publish: [value], ^reset_on: searched, ^late: true"),
    )
    assert len(faults(*changes)) == 5
