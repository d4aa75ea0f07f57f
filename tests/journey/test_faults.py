"""What a journey is refused for. Each test changes one thing in a journey that is right."""

import pytest

from journey.durations import milliseconds, written
from journey.faults import JourneyError, suggest
from journey.loading import load

RIGHT = """\
journey: small
version: 1
title: small but right
signals: [appointment_booked]
groups:
  at_the_cart: [cart_updated, checkout_started]
facts:
  orders: {count: order_completed}
  value: {last: value, of: at_the_cart}
tracks:
  cart:
    initial: empty
    stages: [empty, filled, abandoned]
    moves:
      - {name: cart_filled, from: any, to: filled, on: at_the_cart}
      - {name: cart_ordered, from: [filled, abandoned], to: empty, on: order_completed, if: orders > 0}
      - {name: cart_abandoned, from: filled, to: abandoned, after: 30m, since: at_the_cart, publish: [value]}
examples:
  - name: left alone
    signals:
      - {at: 0s, kind: cart_updated, value: 3}
    until: 1h
    transitions: [cart_filled, cart_abandoned at 30m]
"""


def faults(*changes: tuple[str, str]) -> list[str]:
    """What the faults say of the journey with these changes. Each must stand where the changes put a `^`."""
    text = RIGHT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    with pytest.raises(JourneyError) as caught:
        load(text.replace("^", ""), "small.yaml")
    found = caught.value.faults
    places = [
        (number, column + 1 - line[:column].count("^"))
        for number, line in enumerate(text.splitlines(), 1)
        for column, letter in enumerate(line)
        if letter == "^"
    ]
    assert [(fault.line, fault.column) for fault in found] == places
    assert str(caught.value) == "\n".join(map(str, found))
    return [fault.message for fault in found]


NOT_A_DURATION = "is not a duration: write a number and a unit, as in 30s, 30m, 2h, 7d or 1d12h"
NO_UNIT = "is not a duration: write its unit, as in 30s, 30m, 2h or 7d"
NOT_A_NAME = "cannot be a name: use small letters, digits and _, and none of Python's words or 'any'"
NOT_A_MAPPING = "this must be a mapping, that is lines of 'key: value'"
ONE_OPERATION = "a fact is one of count, days, days_since, sum, first, last, min, max: this has"


def test_what_is_right_is_not_refused() -> None:
    assert load(RIGHT, "small.yaml").journey == "small"


def test_an_unknown_key_is_a_fault_and_the_right_one_is_suggested() -> None:
    assert faults(("- {name: cart_abandoned, from: filled, to", "- ^{name: cart_abandoned, from: filled, ^too")) == [
        "'to' is missing: add a line 'to: ...'",
        "there is no key 'too' here. Did you mean 'to'?",
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
        ("until: 1h", "^til: 1h", "there is no key 'til' here. Did you mean 'until'?"),
        ("examples:\n", "examples:\n  - ^3\n", NOT_A_MAPPING),
    ],
)
def test_an_example_that_names_what_there_is_not_is_a_fault(old: str, new: str, message: str) -> None:
    assert faults((old, new)) == [message]


def test_an_example_can_use_a_kind_of_the_journey_s_own() -> None:
    signal = "value: 3}\n      - {at: 1s, kind: appointment_booked, rating: 3}"
    load(RIGHT.replace("value: 3}", signal), "small.yaml")


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("", 1, 1, NOT_A_MAPPING),
        ("- a\n- b\n", 1, 1, NOT_A_MAPPING),
        ("journey: [a\n", 2, 1, "this is not YAML: while parsing a flow sequence, expected ',' or ']'"),
        ("journey: a\n---\njourney: b\n", 2, 1, "this is not YAML: expected a single document"),
        ("a: @\n", 1, 4, "this is not YAML: while scanning for the next token, found character '@'"),
        ("journey: \x07\n", 1, 10, "this is not YAML: there is a character that may not stand in text"),
        ("a: 1\n? [b]\n: 3\n", 2, 3, "a key must be a word"),
        ("journey: !thing x\n", 1, 10, "'!thing' in front of a value means nothing here: leave it out"),
        ("journey: !!int x\n", 1, 10, "'tag:yaml.org,2002:int' in front of a value means nothing here"),
        ("a: &a [*a]\n", 1, 4, "this is too long or nested too deeply for a journey; do anchors repeat each other?"),
        ("a: " + "[" * 3000 + "]" * 3000, 1, 1, "this is nested too deeply for a journey"),
    ],
)
def test_what_is_no_yaml_for_a_journey_is_a_fault_with_its_place(
    text: str, line: int, column: int, message: str
) -> None:
    with pytest.raises(JourneyError) as caught:
        load(text, "f.yaml")
    (fault,) = caught.value.faults
    assert (fault.line, fault.column) == (line, column)
    assert fault.message.startswith(message)


def test_anchors_that_multiply_each_other_are_refused_before_they_fill_the_memory() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 19))
    with pytest.raises(JourneyError, match="too long or nested too deeply"):
        load(bomb, "f.yaml")


def test_yaml_1_1_has_no_say_in_what_words_mean() -> None:
    text = RIGHT.replace("title: small but right", "title: 2024-01-01").replace("[empty,", "[off,")
    definition = load(text.replace("initial: empty", "initial: off").replace("to: empty", "to: off"), "small.yaml")
    assert definition.title == "2024-01-01"
    assert definition.tracks[0].initial == "off"


def test_numbers_of_any_size_and_nothings_are_read_as_such() -> None:
    text = RIGHT.replace("value: 3", "value: 12345678901234567890").replace("initial: empty", "initial: ~")
    example = load(text.replace("at 30m", "at 30m").replace("until: 1h", "until: "), "small.yaml").examples[0]
    assert example.signals[0].attributes == {"value": 1.2345678901234567e19}
    assert load(RIGHT.replace("value: 3", "value: -2.5"), "f").examples[0].signals[0].attributes == {"value": -2.5}


def test_a_suggestion_names_what_there_is() -> None:
    assert suggest("x", []) == "There are none here."
    assert suggest("zzz", map(str, range(100, 120))).endswith("110, 111 and more.")


@pytest.mark.parametrize("text", ["0s", "30s", "30m", "2h", "7d", "1d12h", "365d"])
def test_a_duration_is_written_as_it_is_read(text: str) -> None:
    assert written(milliseconds(text)) == text


def test_a_week_is_seven_days() -> None:
    assert written(milliseconds("2w1h")) == "14d1h"
