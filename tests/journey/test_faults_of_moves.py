"""How often, when and whether a move is published, how long a stage may last, and what of that is refused."""

import pytest

from journey.definition import Move
from journey.durations import milliseconds
from journey.loading import load
from tests.journey.faulty import NO_UNIT, RIGHT, faults

ORDERED = "on: order_completed,"
SILENT = "after: 30m, since: at_the_cart,"
STAGES = "stages: [empty, filled, abandoned]"
LAPSED = "      - {name: lapsed, from: abandoned, to: empty, after: 30d}\nexamples:"
HIDDEN = "moves above it, which have no condition, take all of its signals"


def ordered(keys: str) -> Move:
    return load(RIGHT.replace(ORDERED, f"{ORDERED} {keys},"), "small.yaml").tracks[0].moves[1]


def test_a_move_says_how_often_it_is_published_and_what_forgets_that() -> None:
    move = ordered("cooldown: 1d, once: true, reset_on: [at_the_cart, searched], grace: 5m")
    assert (move.cooldown, move.once, move.grace) == (milliseconds("1d"), True, milliseconds("5m"))
    assert move.reset == {"cart_updated", "checkout_started", "searched"}


def test_a_move_that_says_nothing_of_it_is_always_published_at_once() -> None:
    move = load(RIGHT, "small.yaml").tracks[0].moves[0]
    assert (move.cooldown, move.once, move.reset, move.grace) == (None, False, frozenset(), None)


@pytest.mark.parametrize(
    ("kinds", "late"),
    [
        ("order_completed", True),
        ("[order_completed, subscription_started]", True),
        ("[order_completed, cart_updated]", False),
        ("any", False),
    ],
)
def test_a_signal_that_comes_too_late_makes_a_move_if_somebody_buys_by_it(kinds: str, late: bool) -> None:
    text = RIGHT.replace("order_completed, if", f"{kinds}, if")
    assert load(text, "small.yaml").tracks[0].moves[1].late is late


def test_no_signal_makes_a_move_after_silence_late_or_not() -> None:
    assert not load(RIGHT, "small.yaml").tracks[0].moves[2].late


@pytest.mark.parametrize("late", [True, False])
def test_what_a_move_says_of_late_signals_counts(late: bool) -> None:
    assert ordered(f"late: {str(late).lower()}").late is late


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "name: cart_filled",
            "name: ^dropped_off",
            "'dropped_off' is what a stage's 'within' gives: name the move otherwise",
        ),
        (ORDERED, f"{ORDERED} cooldown: ^0s,", "this must last at least a second"),
        (ORDERED, f"{ORDERED} grace: ^5,", f"'5' {NO_UNIT}"),
        (ORDERED, f"{ORDERED} once: ^yes,", "this must be true or false"),
        (
            ORDERED,
            f"{ORDERED} ^reset_on: searched,",
            "'reset_on' ends a 'cooldown' or a 'once' early: add one of them, or leave it out",
        ),
        (
            ORDERED,
            f"{ORDERED} once: true, reset_on: ^any,",
            "with 'any' nothing would ever be held back: name kinds of signal",
        ),
        (
            ORDERED,
            f"{ORDERED} once: true, reset_on: [searched, ^serched],",
            "there is no kind of signal 'serched'. Did you mean 'searched'?",
        ),
        (SILENT, f"{SILENT} ^late: true,", "'late' is about signals, and silence makes this move: leave it out"),
        (SILENT, f"{SILENT} ^late: false,", "'late' is about signals, and silence makes this move: leave it out"),
        (SILENT, f"{SILENT} ^coldown: 1d,", "there is no key 'coldown' here. Did you mean 'cooldown'?"),
    ],
)
def test_a_move_is_refused_what_makes_no_sense(old: str, new: str, message: str) -> None:
    assert faults((old, new)) == [message]


def test_a_stage_says_what_it_means_and_how_long_it_may_last() -> None:
    stages = "stages: {empty: nothing, filled: {means: something, within: 14d}, abandoned: {within: 1h}}"
    track = load(RIGHT.replace(STAGES, stages), "small.yaml").tracks[0]
    assert track.stages == ("empty", "filled", "abandoned")
    assert track.meanings == {"empty": "nothing", "filled": "something"}
    assert track.frames == {"filled": milliseconds("14d"), "abandoned": milliseconds("1h")}


def test_a_track_can_keep_the_furthest_stage() -> None:
    assert load(RIGHT.replace(STAGES, f"furthest: true\n    {STAGES}"), "small.yaml").tracks[0].furthest


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ("{^widthin: 3d}", "there is no key 'widthin' here. Did you mean 'within'?"),
        ("{within: ^0}", "this must last at least a second"),
        ("{within: ^soon}", "'soon' is not a duration: write a number and a unit, as in 30s, 30m, 2h, 7d or 1d12h"),
        ("{means: ^3}", "this must be text; put it in quotes if it looks like a number"),
        ("^3", "this must be text; put it in quotes if it looks like a number"),
    ],
)
def test_a_stage_is_refused_what_makes_no_sense(stage: str, message: str) -> None:
    assert faults((STAGES, f"stages: {{empty: , filled: {stage}, abandoned: }}")) == [message]


@pytest.mark.parametrize("within", ["30d", "31d"])
def test_a_time_frame_that_nobody_outstays_is_a_fault(within: str) -> None:
    stages = f"stages: {{empty: , filled: , abandoned: {{within: ^{within}}}}}"
    assert faults((STAGES, stages), ("examples:", LAPSED)) == [
        "nobody stays for that long: 'lapsed' leads away after 30d, so say less, or leave 'within' out"
    ]


@pytest.mark.parametrize(
    ("within", "more"),
    [("29d", ""), ("30d", ", since: searched"), ("30d", ", since: any"), ("30d", ", if: orders > 0")],
)
def test_one_that_somebody_can_outstay_is_none(within: str, more: str) -> None:
    stages = f"stages: {{empty: , filled: , abandoned: {{within: {within}}}}}"
    load(RIGHT.replace(STAGES, stages).replace("examples:", LAPSED.replace("30d", f"30d{more}")), "small.yaml")


@pytest.mark.parametrize(
    ("above", "below"),
    [
        ("late: true", "late: true"),
        ("late: true", "late: false"),
        ("late: false", "late: false"),
        ("once: true", "once: true"),
    ],
)
def test_a_move_whose_signals_an_earlier_one_takes_however_late_is_a_fault(above: str, below: str) -> None:
    changes = (
        (f"{ORDERED} if: orders > 0", f"on: [order_completed, searched], {above}"),
        ("examples:", f"      - ^{{name: hidden, from: filled, to: empty, on: order_completed, {below}}}\nexamples:"),
    )
    assert faults(*changes) == [f"'hidden' can never be chosen: {HIDDEN}"]


@pytest.mark.parametrize(("above", "below"), [("late: false", "late: true"), ("late: false", "once: true")])
def test_a_move_meant_for_signals_that_come_too_late_can_stand_below_one_that_does_not_take_them(
    above: str, below: str
) -> None:
    text = RIGHT.replace(f"{ORDERED} if: orders > 0", f"{ORDERED} {above}").replace(
        "publish: [value]", "publish: [value, orders]"
    )
    hidden = f"      - {{name: late, from: filled, to: empty, on: order_completed, {below}}}\nexamples:"
    load(text.replace("examples:", hidden), "small.yaml")
