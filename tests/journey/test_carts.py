"""Tracks that are kept per cart, in single sentences."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.carts import MOST_OPEN
from journey.loading import load
from journey.machine import Machine, Tick, compile_journeys, step, where
from journey.saving import decode, encode
from journey.tally import Tally
from schemas.signals import Signal
from schemas.stages import Standing
from tests.journey.histories import unhurried
from tests.journey.small import DAY, HOUR, MINUTE, T, move, play, signal

MOVES = [
    move("filled", ["empty", "ordered"], "full", on="cart_updated", publish="worth"),
    move("left", "full", "left", after="30m", since="cart_updated", publish="worth"),
    move("back", "left", "full", on="cart_updated"),
    move("ordered", ["empty", "full"], "ordered", on="order_completed", publish=["worth", "orders"]),
    move("recovered", "left", "ordered", on="order_completed"),
    move("expired", "left", "empty", after="7d"),
]
FACTS = {
    "worth": {"last": "value", "of": "cart_updated", "reset": "order_completed", "per": "cart"},
    "orders": {"count": "order_completed"},
}


def carts(moves: list[dict[str, Any]] | None = None, **track: object) -> Machine:
    stages = ["empty", "full", "left", "ordered"]
    document = {
        "journey": "carts",
        "version": 1,
        "title": "",
        "facts": FACTS,
        "tracks": {"cart": {"per": "cart", "stages": stages, "moves": moves or MOVES, **track}},
    }
    return compile_journeys([load(json.dumps(document), "carts.yaml")])


def told(machine: Machine, *inputs: Signal | Tick) -> list[tuple[str, str | None, int]]:
    return [(each.name, each.instance, (each.at - T) // MINUTE) for each in play(machine, *inputs)]


def test_each_cart_has_deadlines_of_its_own() -> None:
    inputs = signal(0, "cart_updated", cart="A"), signal(10 * MINUTE, "cart_updated", cart="B"), Tick(T + HOUR)
    expected = [("filled", "A", 0), ("filled", "B", 10), ("left", "A", 30), ("left", "B", 40)]
    assert told(carts(), *inputs) == expected


def test_signals_without_a_cart_share_one() -> None:
    inputs = signal(0, "cart_updated"), signal(10 * MINUTE, "cart_updated"), Tick(T + HOUR)
    assert told(carts(), *inputs) == [("filled", None, 0), ("left", None, 40)]


def test_any_order_closes_all_open_carts_whichever_it_names() -> None:
    for order in (signal(MINUTE, "order_completed"), signal(MINUTE, "order_completed", cart="A")):
        inputs = signal(0, "cart_updated", cart="A"), signal(1, "cart_updated", cart="B"), order, Tick(T + DAY)
        assert told(carts(), *inputs)[2:] == [("ordered", "A", 1), ("ordered", "B", 1)]


def test_a_journey_can_say_that_an_order_closes_its_own_cart_alone() -> None:
    order = signal(MINUTE, "order_completed", cart="A")
    inputs = signal(0, "cart_updated", cart="A"), signal(1, "cart_updated", cart="B"), order, Tick(T + HOUR)
    assert told(carts(orders="same"), *inputs)[2:] == [("ordered", "A", 1), ("left", "B", 30)]


@pytest.mark.parametrize("cart", [None, "A"])
def test_an_order_where_no_cart_is_open_is_that_of_the_cart_it_names_or_of_the_shared_one(cart: str | None) -> None:
    order = signal(0, "order_completed", cart=cart) if cart else signal(0, "order_completed")
    assert told(carts(), order) == [("ordered", cart, 0)]


def test_an_order_names_no_further_cart_where_one_is_open() -> None:
    order = signal(MINUTE, "order_completed", cart="B")
    assert told(carts(), signal(0, "cart_updated", cart="A"), order) == [("filled", "A", 0), ("ordered", "A", 1)]


def test_each_cart_has_facts_of_its_own_and_reads_the_customer_s_too() -> None:
    inputs = signal(0, "cart_updated", cart="A", value=3), signal(1, "cart_updated", cart="B", value=9)
    given = play(carts(), *inputs, Tick(T + HOUR), signal(DAY, "order_completed"), signal(2 * DAY, "order_completed"))
    assert [each.facts for each in given[:4]] == [{"worth": 3}, {"worth": 9}, {"worth": 3}, {"worth": 9}]
    assert [(each.name, each.facts) for each in given[4:]] == [
        ("recovered", {}),
        ("recovered", {}),
        ("ordered", {"worth": None, "orders": 2}),
    ]


def test_a_cart_that_waits_for_nothing_is_forgotten_when_another_one_begins() -> None:
    small = carts()
    memory = small.start("ann")
    for each in (
        signal(0, "cart_updated", cart="A"),
        signal(1, "order_completed"),
        signal(2, "cart_updated", cart="B"),
    ):
        memory, _ = step(small, memory, each)
    standing = where(small, memory)["carts"]["cart"]
    assert standing == Standing("full", T + 2, carts={"B": ("full", T + 2)})


def test_the_cart_last_touched_is_shown() -> None:
    small = carts()
    memory = small.start("ann")
    assert where(small, memory)["carts"]["cart"] == Standing("empty", None, carts={})
    for at, cart in enumerate("ABA"):
        memory, _ = step(small, memory, signal(at, "cart_updated", cart=cart))
    standing = where(small, memory)["carts"]["cart"]
    assert standing == Standing("full", T, carts={"B": ("full", T + 1), "A": ("full", T)})
    assert small.stages(memory) == [("carts", "cart", "full")]


def test_of_too_many_open_carts_the_one_least_recently_touched_goes_first_and_is_counted() -> None:
    small, tally = carts(), Tally()
    memory = small.start("ann")
    for number in range(MOST_OPEN):
        small.hear(memory, signal(number, "cart_updated", cart=f"cart-{number}"), tally)
    small.hear(memory, signal(MINUTE, "cart_updated", cart="cart-0"), tally)
    small.hear(memory, signal(2 * MINUTE, "cart_updated", cart="one more"), tally)
    kept = where(small, memory)["carts"]["cart"].carts
    assert kept is not None
    assert tally == Tally(carts_forgotten=1)
    assert set(kept) == {"one more", "cart-0", *(f"cart-{number}" for number in range(2, MOST_OPEN))}


def test_a_move_held_back_keeps_its_cart_open_until_it_is_told() -> None:
    emptied = move("emptied", "full", "empty", on="wishlist_added", grace="5m")
    small = carts([*MOVES, emptied])
    inputs = (
        signal(0, "cart_updated", cart="A"),
        signal(1, "wishlist_added"),
        signal(2, "cart_updated", cart="B"),
        Tick(T + 6 * MINUTE),
    )
    assert told(small, *inputs) == [("filled", "A", 0), ("filled", "B", 0), ("emptied", "A", 0)]


def test_what_a_forgotten_cart_held_back_is_told() -> None:
    emptied = move("emptied", "full", "empty", on="checkout_started", grace="5m")
    small = carts([*MOVES, emptied])
    others = [signal(2 + number, "cart_updated", cart=f"cart-{number}") for number in range(MOST_OPEN)]
    given = told(small, signal(0, "cart_updated", cart="A"), signal(1, "checkout_started", cart="A"), *others)
    assert given[:2] == [("filled", "A", 0), ("filled", "cart-0", 0)]
    assert given[-2:] == [("emptied", "A", 0), ("filled", f"cart-{MOST_OPEN - 1}", 0)]


def test_silence_in_a_cart_s_first_stage_counts_from_its_beginning() -> None:
    # A look begins the cart, though no move answers to it in the first stage.
    moves = [*MOVES[:-1], move("idle", "empty", "left", after="1h"), move("seen", "left", "full", on="coupon_applied")]
    inputs = signal(0, "searched"), signal(MINUTE, "coupon_applied", cart="A"), Tick(T + 70 * MINUTE)
    assert told(carts(moves), *inputs) == [("idle", "A", 61)]


@unhurried
@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.sampled_from(["cart_updated", "order_completed"]), st.sampled_from("ABC ")),
        max_size=25,
    ),
    st.data(),
)
def test_carts_are_saved_and_read_back_wherever_the_stream_is_cut(
    parts: list[tuple[int, str, str]], data: st.DataObject
) -> None:
    small, at, signals = carts(), 0, []
    for number, (minutes, kind, cart) in enumerate(parts):
        at += minutes * MINUTE
        named: dict[str, float | int | str] = {} if cart == " " else {"cart": cart}
        signals.append(Signal("ann", kind, T + at, str(number), named, signal(0, kind, number).origin))
    whole = [each.id for each in play(small, *signals, Tick(T + at + DAY))]
    cut = data.draw(st.integers(0, len(signals)))
    memory, first = small.start("ann"), []
    for each in signals[:cut]:
        first += [made.id for made in small.hear(memory, each)]
    memory = decode(small, "ann", encode(small, memory))
    for each in signals[cut:]:
        first += [made.id for made in small.hear(memory, each)]
    first += [made.id for made in small.wait(memory, T + at + DAY)]
    assert first == whole
    assert all(earlier != later for earlier, later in pairwise(first))
