"""What single words of a journey are refused for. A `^` is where a fault must stand."""

import pytest

from journey.loading import load
from tests.journey.faulty import NO_UNIT, NOT_A_DURATION, NOT_A_MAPPING, NOT_A_NAME, RIGHT, faults


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "{name: cart_ordered, from: [filled, abandoned], to: empty, on: order_completed,",
            "^{name: cart_ordered, from: [filled, abandoned], to: empty,",
            "'cart_ordered' is never made: say 'on' which signals, or 'after' how much silence",
        ),
        (
            "on: order_completed",
            "on: order_completed, ^after: 1h",
            "a move is made 'on' signals or 'after' silence, not both: make two of it",
        ),
        (
            "on: order_completed",
            "on: order_completed, ^since: any",
            "'since' says from when silence counts: it needs 'after'",
        ),
        (
            "on: order_completed",
            "on: [^any, order_completed]",
            "'any' stands alone: leave the others out, or leave it out",
        ),
        (
            "on: order_completed",
            "on: ^order_complete",
            "there is no kind of signal 'order_complete'. Did you mean 'order_completed'?",
        ),
        (
            "since: at_the_cart",
            "since: [cart_updated, ^at_the_card]",
            "there is no kind of signal 'at_the_card'. Did you mean 'at_the_cart'?",
        ),
        ("publish: [value]", "publish: [^valeu]", "there is no fact 'valeu'. Did you mean 'value'?"),
        (
            "publish: [value]",
            "publish: [value], route: ^Ümlaut",
            "'Ümlaut' cannot be a topic: Kafka takes letters, digits, '.', '_' and '-'",
        ),
        ("name: cart_filled", "name: ^Cart-Filled", f"'Cart-Filled' {NOT_A_NAME}"),
        ("name: cart_filled", "name: ^7", "this must be text; put it in quotes if it looks like a number"),
        (
            "if: orders > 0",
            "if: ^value > 0 and revenue > 1 and rating > 1",
            "no signal meant here carries 'rating': this can never hold",
        ),
        ("if: orders > 0", "if: ^ordres > 0", "there is no fact or attribute 'ordres' here. Did you mean 'orders'?"),
        (
            "publish: [value]",
            "if: ^revenue > 0, publish: [value]",
            "there is no fact or attribute 'revenue' here. There are: orders, value.",
        ),
    ],
)
def test_a_move_says_what_it_is_made_by_and_of_what_there_is(old: str, new: str, message: str) -> None:
    assert faults((old, new)) == [message]


@pytest.mark.parametrize(
    ("duration", "message"),
    [
        ("30", f"'30' {NO_UNIT}"),
        ("true", f"'True' {NO_UNIT}"),
        ("false", f"'False' {NO_UNIT}"),
        ("0s", "this must last at least a second"),
        ("0", "this must last at least a second"),
        ("soon", f"'soon' {NOT_A_DURATION}"),
        ("-5m", f"'-5m' {NOT_A_DURATION}"),
        ("200000d", "'200000d' is longer than a hundred years"),
    ],
)
def test_a_bad_duration_is_a_fault(duration: str, message: str) -> None:
    assert faults(("after: 30m", f"after: ^{duration}")) == [message]


def test_a_lateness_of_nothing_is_right() -> None:
    assert load(RIGHT.replace("version: 1", "version: 1\nlateness: 0\npatience: 0s"), "small.yaml").lateness == 0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "signals: [appointment_booked]",
            "signals:\n  ^order_completed: an order",
            "'order_completed' is a kind of signal anyway: leave it out",
        ),
        (
            "[cart_updated, checkout_started]",
            "[^cart_updatet, checkout_started]",
            "there is no kind of signal 'cart_updatet'. Did you mean 'cart_updated'?",
        ),
        (
            "  at_the_cart: [",
            "  ^searched: [page_viewed]\n  at_the_cart: [",
            "'searched' is a kind of signal: name the group otherwise",
        ),
        ("journey: small", "journey: ^Small one", "'Small one' cannot name a journey: use small letters, digits and -"),
        ("version: 1", "version: ^0", "this must be 1 or more"),
        ("version: 1", "version: ^one", "this must be a whole number"),
        ("  cart:\n", "  ^in:\n", f"'in' {NOT_A_NAME}"),
        ("  orders: {", "  ^any: {count: page_viewed}\n  orders: {", f"'any' {NOT_A_NAME}"),
        ("[empty, filled, abandoned]", "{empty: , filled: , abandoned: , ^Gone: }", f"'Gone' {NOT_A_NAME}"),
        ("stages: [empty, filled, abandoned]", "stages: ^3", NOT_A_MAPPING),
        ("groups:\n  at_the_cart: [cart_updated, checkout_started]", "groups: ^3", NOT_A_MAPPING),
        ("groups:", "^gruops: {}\ngroups:", "there is no key 'gruops' here. Did you mean 'groups'?"),
    ],
)
def test_names_are_new_and_plain(old: str, new: str, message: str) -> None:
    assert faults((old, new)) == [message]
