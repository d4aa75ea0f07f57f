"""What tracks, moves and facts are refused for where they make no sense together. A `^` is where a fault must stand."""

import pytest

from journey.faults import JourneyError
from journey.loading import load
from tests.journey.faulty import NOT_A_MAPPING, ONE_OPERATION, RIGHT, faults


def test_what_is_right_is_not_refused() -> None:
    assert load(RIGHT, "small.yaml").journey == "small"


def test_an_unknown_key_is_a_fault_and_the_right_one_is_suggested() -> None:
    assert faults(("- {name: cart_abandoned, from: filled, to", "- ^{name: cart_abandoned, from: filled, ^too")) == [
        "'to' is missing: add a line 'to: ...'",
        "there is no key 'too' here. Did you mean 'to'?",
    ]


def test_of_what_is_missing_nothing_else_is_said() -> None:
    with pytest.raises(JourneyError) as caught:
        load("journey: small\nversion: 1\n", "small.yaml")
    assert [each.message for each in caught.value.faults] == [
        f"'{name}' is missing: add a line '{name}: ...'" for name in ("title", "tracks")
    ]


def test_every_fault_is_found_at_once() -> None:
    changes = ("version: 1", "version: ^one"), ("from: any", "from: ^fild"), ("after: 30m", "after: ^soon")
    assert len(faults(*changes)) == 3


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("from: any", "from: ^emty", "there is no stage 'emty'. Did you mean 'empty'?"),
        ("to: filled,", "to: ^ful,", "there is no stage 'ful'. There are: abandoned, empty, filled."),
        ("initial: empty", "initial: ^emtpy", "there is no stage 'emtpy'. Did you mean 'empty'?"),
    ],
)
def test_an_unknown_stage_is_a_fault(old: str, new: str, message: str) -> None:
    assert faults((old, new)) == [message]


@pytest.mark.parametrize(
    "stages",
    ["[empty, filled, abandoned, ^lost]", "{empty: nothing, filled: something, abandoned: left, ^lost: gone}"],
)
def test_a_stage_that_nothing_reaches_is_a_fault(stages: str) -> None:
    assert faults(("[empty, filled, abandoned]", stages)) == [
        "nothing reaches the stage 'lost': add a move to it, or leave it out"
    ]


def test_a_move_from_a_stage_that_nothing_reaches_is_a_fault() -> None:
    changes = (
        ("filled, abandoned]", "filled, abandoned, ^lost]"),
        ("examples:", "      - ^{name: found, from: lost, to: empty, on: page_viewed}\nexamples:"),
    )
    assert faults(*changes) == [
        "nothing reaches the stage 'lost': add a move to it, or leave it out",
        "'found' can never be chosen: nothing reaches the stages it starts from",
    ]


@pytest.mark.parametrize("kinds", ["cart_updated", "[cart_updated, checkout_started]", "at_the_cart"])
def test_a_move_whose_signals_an_earlier_one_takes_is_a_fault(kinds: str) -> None:
    hidden = f"      - ^{{name: hidden, from: [empty, abandoned], to: filled, on: {kinds}, if: orders > 3}}\nexamples:"
    assert faults(("examples:", hidden)) == [
        "'hidden' can never be chosen: moves above it, which have no condition, take all of its signals"
    ]


@pytest.mark.parametrize(
    ("move", "why"),
    [
        ("from: [empty, filled], to: abandoned, on: cart_updated", "it answers in a stage the other does not"),
        ("from: empty, to: abandoned, on: any", "it answers to kinds the other does not"),
        ("from: filled, to: empty, on: order_completed", "the other has a condition"),
    ],
)
def test_a_move_that_is_hidden_in_part_only_is_none(move: str, why: str) -> None:
    load(RIGHT.replace("examples:", f"      - {{name: seen, {move}}}\nexamples:"), why)


@pytest.mark.parametrize("after", ["31m, since: at_the_cart", "30m, since: at_the_cart", "40m, since: any"])
def test_silence_that_another_move_always_ends_first_is_a_fault(after: str) -> None:
    late = f"      - ^{{name: late, from: filled, to: empty, after: {after}}}\nexamples:"
    assert faults(("examples:", late)) == [
        "'late' can never be chosen: other moves, which have no condition, come before its silence is complete"
    ]


@pytest.mark.parametrize("after", ["31m", "31m, since: cart_updated"])
def test_silence_that_is_counted_from_fewer_signals_can_be_complete_first(after: str) -> None:
    load(RIGHT.replace("examples:", f"      - {{name: late, from: filled, to: empty, after: {after}}}\nexamples:"), "")


def test_so_can_a_shorter_one_than_a_silence_since_any_signal() -> None:
    late = "      - {name: late, from: filled, to: empty, after: 40m}\nexamples:"
    load(RIGHT.replace("since: at_the_cart", "since: any").replace("examples:", late), "small.yaml")


@pytest.mark.parametrize("condition", ["", ", if: orders > 0"])
def test_deadlines_that_chase_each_other_for_ever_are_a_fault(condition: str) -> None:
    back = f"      - {{name: back, from: abandoned, to: filled, after: 1h{condition}}}\nexamples:"
    assert faults(("- {name: cart_abandoned", "- ^{name: cart_abandoned"), ("examples:", back)) == [
        "silence alone would go round for ever by cart_abandoned, back: let one of them be made 'on' a signal"
    ]


def test_so_is_a_silence_that_leads_to_where_it_began() -> None:
    change = "{name: cart_abandoned, from: filled", "^{name: cart_abandoned, from: [filled, abandoned]"
    assert faults(change) == [
        "silence alone would go round for ever by cart_abandoned: let one of them be made 'on' a signal"
    ]


def test_a_fact_that_nobody_feeds_is_a_fault() -> None:
    (message,) = faults(("of: at_the_cart}", "of: ^order_completed}"))
    assert message.startswith("nothing feeds this: none of its signals carries 'value', which stands on cart_updated,")


def test_a_fact_that_nobody_reads_or_publishes_is_a_fault() -> None:
    assert faults((", publish: [value]", ""), ("  value: {", "  ^value: {")) == [
        "nobody reads the fact 'value': name it under a move's 'publish' or 'if', or leave it out"
    ]


@pytest.mark.parametrize(
    ("fact", "message"),
    [
        ("^{}", f"{ONE_OPERATION} 0 of them"),
        ("^{count: page_viewed, sum: revenue}", f"{ONE_OPERATION} 2 of them"),
        ("^3", NOT_A_MAPPING),
        ("{last: ^vlaue}", "there is no attribute 'vlaue'. Did you mean 'value'?"),
        ("{sum: ^currency}", "'currency' is text: only 'first' and 'last' can keep text"),
        ("{count: page_viewed, of: ^page_viewed}", "'count' names its kinds of signal itself: leave 'of' out"),
        ("{last: price, within: ^1d}", "'last' cannot have 'within': it goes with count, days, max, min, sum"),
        ("{days: page_viewed, within: ^36h}", "days are counted within whole days, at most 32d"),
        ("{days: page_viewed, within: ^33d}", "days are counted within whole days, at most 32d"),
        ("{count: page_viewed, reset: ^any}", "with 'any' there would never be anything kept: name kinds of signal"),
        ("{count: ^page_view}", "there is no kind of signal 'page_view'. Did you mean 'page_viewed'?"),
        ("{count: page_viewed, if: ^rating > 3}", "no signal meant here carries 'rating': this can never hold"),
    ],
)
def test_a_fact_says_one_thing_that_makes_sense(fact: str, message: str) -> None:
    assert faults(("{count: order_completed}", fact)) == [message]


def test_a_name_belongs_to_one_track_alone() -> None:
    track = (
        "  other:\n    stages: [a, b]\n    moves: [^{name: cart_filled, from: a, to: b, on: page_viewed}]\nexamples:"
    )
    assert faults(("examples:", track)) == ["the track 'cart' has a move 'cart_filled' too: name one of them otherwise"]


def test_within_a_track_one_move_can_have_several_ways() -> None:
    load(RIGHT.replace("name: cart_ordered", "name: cart_filled"), "small.yaml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[empty, filled, abandoned]", "^[empty, filled, filled, abandoned]", "'filled' stands here twice: keep one"),
        ("[filled, abandoned]", "^[filled, filled]", "'filled' stands here twice: keep one"),
        ("on: at_the_cart", "on: ^[]", "this is empty: name at least one, or leave it out"),
        ("version: 1", "version: 1\n^version: 2", "'version' stands here twice, first on line 2: keep one"),
        ("  value: {last", "  ^orders: {last", "'orders' stands here twice, first on line 8: keep one"),
    ],
)
def test_what_stands_twice_or_not_at_all_is_a_fault(old: str, new: str, message: str) -> None:
    assert faults((old, new)) == [message]


def test_two_examples_of_one_name_are_a_fault() -> None:
    again = RIGHT.partition("examples:\n")[2].replace("left alone", "^left alone")
    assert faults(("at 30m]\n", "at 30m]\n" + again)) == ["two examples are named 'left alone'"]
