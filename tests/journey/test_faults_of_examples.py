"""What examples are refused for before they are played. A `^` is where a fault must stand."""

import pytest

from journey.definition import ExampleSignal, Expected
from journey.durations import milliseconds
from journey.loading import load
from tests.journey.faulty import NO_UNIT, NOT_A_DURATION, NOT_A_MAPPING, RIGHT, faults

THERE_ARE = "There are: cart_abandoned, cart_filled, cart_ordered."


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("left alone", "left alone\n    tracks: [^basket]", "there is no track 'basket'. There are: cart."),
        (
            "[cart_filled,",
            "[^cart_full,",
            "there is no move 'cart_full' on these tracks. Did you mean 'cart_filled'?",
        ),
        ("[cart_filled,", "[{move: cart_filled, facts: {^val: 3}},", "there is no fact 'val'. Did you mean 'value'?"),
        ("[cart_filled,", "[^corrected,", f"there is no move 'corrected' on these tracks. {THERE_ARE}"),
        (
            "[cart_filled,",
            "[^corrected cart_full at 1m,",
            "there is no move 'cart_full' on these tracks. Did you mean 'cart_filled'?",
        ),
        (
            "[cart_filled,",
            "[^dropped_off,",
            f"there is no move 'dropped_off' on these tracks. {THERE_ARE}",
        ),
        (
            "[cart_filled,",
            "[{move: cart_filled, kind: ^lost},",
            "this must be 'made', 'corrected' or 'suppressed'",
        ),
        (
            "[cart_filled,",
            "[{move: cart_filled, ^cart: A},",
            "none of these tracks is kept for each cart: leave 'cart' out",
        ),
        ("[cart_filled,", "[{move: cart_filled, late: ^maybe},", "this must be true or false"),
        ("[cart_filled,", "[^cart_filled after 3m,", NOT_A_MAPPING),
        ("[cart_filled,", "[{move: cart_filled, at: ^3},", f"'3' {NO_UNIT}"),
        ("cart_abandoned at 30m", "^cart_abandoned at noon", f"'noon' {NOT_A_DURATION}"),
        (
            "kind: cart_updated",
            "kind: ^cart_update",
            "there is no kind of signal 'cart_update'. Did you mean 'cart_updated'?",
        ),
        ("kind: cart_updated", "kind: ^at_the_cart", "'at_the_cart' is a group: name one kind of signal"),
        (
            "{at: 0s, kind",
            "^{kind",
            "a signal has at least 'at' and 'kind', as in {at: 30m, kind: order_completed}",
        ),
        (
            "{at: 0s, kind: cart_updated, value: 3}",
            "^cart_updated",
            "a signal has at least 'at' and 'kind', as in {at: 30m, kind: order_completed}",
        ),
        ("at: 0s", "at: ^now", f"'now' {NOT_A_DURATION}"),
        ("value: 3", "^valeu: 3", "there is no attribute 'valeu'. Did you mean 'value'?"),
        ("value: 3", "value: ^three", "'value' is a number"),
        ("value: 3", "value: ^true", "'value' is a number"),
        ("value: 3", "channel: ^3", "'channel' is a text"),
        ("value: 3", "id: ^3", "this must be text; put it in quotes if it looks like a number"),
        ("value: 3", "id: ^''", "this is empty: write something, or leave it out"),
        ("value: 3", "arrives: ^3", f"'3' {NO_UNIT}"),
        ("until: 1h", "^til: 1h", "there is no key 'til' here. Did you mean 'until'?"),
        ("examples:\n", "examples:\n  - ^3\n", NOT_A_MAPPING),
    ],
)
def test_an_example_that_names_what_there_is_not_is_a_fault(old: str, new: str, message: str) -> None:
    assert faults((old, new)) == [message]


def test_an_example_can_use_a_kind_of_the_journey_s_own() -> None:
    signal = "value: 3}\n      - {at: 1s, kind: appointment_booked, rating: 3}"
    load(RIGHT.replace("value: 3}", signal), "small.yaml")


HOUR = milliseconds("1h")
AGAIN = "value: 3}\n      - {at: 1s, kind: searched, id: again, arrives: 1h}"


@pytest.mark.parametrize(
    ("signal", "told"),
    [
        ("{at: 1s, kind: searched, arrives: ^59m}", "1h"),
        ("{at: 1s, kind: searched, arrives: ^0}", "1h"),
        ("{at: 2h, kind: searched, arrives: ^1h}", "2h"),
    ],
)
def test_a_signal_that_arrives_before_time_had_come_so_far_is_a_fault(signal: str, told: str) -> None:
    assert faults(("value: 3}", f"{AGAIN}\n      - {signal}")) == [
        f"time has come as far as {told} by then: nothing can arrive before that"
    ]


def test_so_is_one_that_arrives_before_an_earlier_one_is() -> None:
    assert faults(
        ("value: 3}", "value: 3}\n      - {at: 2h, kind: searched}\n      - {at: 1h, kind: searched, arrives: ^1h}")
    ) == ["time has come as far as 2h by then: nothing can arrive before that"]


def test_a_signal_can_arrive_late_and_twice() -> None:
    example = load(RIGHT.replace("value: 3}", AGAIN), "small.yaml").examples[0]
    assert example.signals == (
        ExampleSignal(0, "cart_updated", {"value": 3}),
        ExampleSignal(1000, "searched", {}, HOUR, "again"),
    )


def test_an_example_goes_on_for_as_long_as_signals_arrive() -> None:
    text = RIGHT.replace("value: 3}", AGAIN.replace("1h", "3h"))
    assert load(text, "small.yaml").examples[0].until == 3 * HOUR


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("cart_filled", Expected("cart_filled")),
        ("cart_filled at 1h", Expected("cart_filled", HOUR)),
        ("corrected cart_filled", Expected("cart_filled", kind="corrected")),
        ("suppressed cart_filled at 1h", Expected("cart_filled", HOUR, kind="suppressed")),
        (
            "{move: cart_filled, kind: corrected, cart: A, late: true}",
            Expected("cart_filled", kind="corrected", cart="A", late=True),
        ),
    ],
)
def test_a_transition_is_expected_in_a_word_a_line_or_at_length(written: str, expected: Expected) -> None:
    text = RIGHT.replace("initial: empty", "per: cart\n    initial: empty").replace("[cart_filled,", f"[{written},")
    assert load(text, "small.yaml").examples[0].transitions[0] == expected


def test_moves_can_be_named_by_the_words_for_kinds() -> None:
    text = RIGHT.replace("cart_filled", "corrected").replace("[corrected,", "[corrected at 0s, corrected corrected,")
    assert load(text, "small.yaml").examples[0].transitions[:2] == (
        Expected("corrected", 0),
        Expected("corrected", kind="corrected"),
    )


def test_dropping_off_can_be_expected_where_a_stage_has_a_time_frame() -> None:
    text = RIGHT.replace("[empty, filled, abandoned]", "{empty: , filled: , abandoned: {within: 1d}}")
    load(text.replace("at 30m]", "at 30m, dropped_off]"), "small.yaml")
