"""Which moves are published: cooldown, once, grace, time-frames and the furthest stage, in single sentences."""

import json
from typing import Any

import pytest

from journey.loading import load
from journey.machine import Machine, Tick, compile_journeys, step, where
from schemas.signals import Signal
from tests.journey.small import DAY, HOUR, MINUTE, T, machine, move, play, signal

BACK = move("back", "b", "a", on="page_viewed")


def told(machine: Machine, *inputs: Signal | Tick) -> list[tuple[str, str | None, int]]:
    """Name, why it was suppressed, and when, in minutes."""
    return [(each.name, each.reason, (each.at - T) // MINUTE) for each in play(machine, *inputs)]


def there_and_back(*minutes: int) -> list[Signal]:
    kinds = ["searched", "page_viewed"]
    return [signal(at * MINUTE, kinds[number % 2], number) for number, at in enumerate(minutes)]


def test_within_its_cooldown_a_move_is_made_and_suppressed() -> None:
    small = machine({"t": [move("there", "a", "b", on="searched", cooldown="1h", route="topic"), BACK]})
    given = told(small, *there_and_back(0, 1, 59, 60, 61))
    assert given == [
        ("there", None, 0),
        ("back", None, 1),
        ("there", "cooldown", 59),
        ("back", None, 60),
        ("there", None, 61),
    ]
    made = play(small, *there_and_back(0, 1, 59))
    assert [each.route for each in made] == [("topic",), (), ()]
    assert [each.kind for each in made] == ["made", "made", "suppressed"]


def test_at_the_end_of_its_cooldown_it_is_published_again() -> None:
    small = machine({"t": [move("there", "a", "b", on="searched", cooldown="1h"), BACK]})
    assert told(small, *there_and_back(0, 1, 60))[-1] == ("there", None, 60)


def test_what_was_suppressed_does_not_prolong_a_cooldown() -> None:
    small = machine({"t": [move("there", "a", "b", on="searched", cooldown="1h"), BACK]})
    assert told(small, *there_and_back(0, 1, 59, 60, 90))[-1] == ("there", None, 90)


def test_once_is_once_until_a_signal_resets_it() -> None:
    once = move("there", "a", "b", on="searched", once=True, reset_on="account_deleted")
    small = machine({"t": [once, BACK]})
    reset = signal(4 * MINUTE, "account_deleted")
    given = told(small, *there_and_back(0, 1, 2, 3), reset, signal(5 * MINUTE, "searched"))
    assert given == [("there", None, 0), ("back", None, 1), ("there", "once", 2), ("back", None, 3), ("there", None, 5)]


def test_several_ways_of_one_move_share_when_it_was_last_published() -> None:
    track = [
        move("there", "a", "b", on="searched", once=True),
        move("there", "a", "b", on="chat_started", cooldown="1h"),
        BACK,
    ]
    inputs = signal(0, "chat_started"), signal(1, "page_viewed"), signal(2, "searched")
    assert [reason for _, reason, _ in told(machine({"t": track}), *inputs)] == [None, None, "once"]


def test_a_move_undone_within_its_grace_and_what_undid_it_are_suppressed() -> None:
    small = machine({"t": [move("there", "a", "b", on="searched", grace="5m"), BACK]})
    assert told(small, *there_and_back(0, 4), Tick(T + DAY)) == [("there", "undone", 0), ("back", "undone", 4)]


def test_a_move_is_published_when_its_grace_is_over_as_of_when_it_was_made() -> None:
    small = machine({"t": [move("there", "a", "b", on="searched", grace="5m"), BACK]})
    memory, made = step(small, small.start("ann"), signal(0, "searched", 3))
    assert made == []
    assert where(small, memory)["small"]["t"].stage == "b"
    assert memory.due == T + 5 * MINUTE
    memory, made = step(small, memory, Tick(T + 5 * MINUTE))
    assert [(each.name, each.at, each.cause.id, each.sequence) for each in made] == [("there", T, "searched-0", 1)]
    assert told(small, *there_and_back(0, 5))[:2] == [("there", None, 0), ("back", None, 5)]


def test_a_move_on_from_a_held_one_is_told_after_it() -> None:
    small = machine({"t": [move("there", "a", "b", on="searched", grace="5m"), move("on", "b", "c", on="page_viewed")]})
    assert told(small, *there_and_back(0, 1)) == [("there", None, 0), ("on", None, 1)]


def test_silence_too_can_be_held_back_and_undo() -> None:
    track = [
        move("there", "a", "b", on="searched", grace="5m"),
        move("gone", "b", "a", after="1m"),
        move("slept", "a", "c", after="1h", grace="10m"),
        move("woke", "c", "a", on="page_viewed"),
    ]
    inputs = signal(0, "searched"), Tick(T + 2 * HOUR)
    given = play(machine({"t": track}), *inputs, signal(3 * HOUR, "page_viewed"))
    assert [(each.name, each.reason, each.cause.kind) for each in given] == [
        ("there", "undone", "searched"),
        ("gone", "undone", "deadline"),
        ("slept", None, "deadline"),
        ("woke", None, "page_viewed"),
    ]


def test_what_is_undone_counts_for_no_cooldown() -> None:
    small = machine({"t": [move("there", "a", "b", on="searched", grace="5m", cooldown="1h"), BACK]})
    given = told(small, *there_and_back(0, 1, 10), Tick(T + 20 * MINUTE), *there_and_back(0)[1:])
    assert given == [("there", "undone", 0), ("back", "undone", 1), ("there", None, 10)]


def test_grace_and_cooldown_together_suppress_by_the_time_of_the_move() -> None:
    small = machine({"t": [move("there", "a", "b", on="searched", grace="5m", cooldown="1h"), BACK]})
    given = told(small, *there_and_back(0, 6, 30, 50), Tick(T + DAY))
    assert given == [("there", None, 0), ("back", None, 6), ("there", "cooldown", 30), ("back", None, 50)]


def framed(**track: Any) -> Machine:  # noqa: ANN401  whatever YAML can say
    document = {
        "journey": "framed",
        "version": 1,
        "title": "",
        "tracks": {
            "t": {
                "stages": {"a": {"within": "1h"}, "b": None, "c": {"means": "the end", "within": "2h"}},
                "moves": [
                    move("on", "a", "b", on="searched"),
                    move("on", "b", "c", on="searched"),
                    move("off", "c", "a", on="page_viewed"),
                ],
                **track,
            }
        },
    }
    return compile_journeys([load(json.dumps(document), "framed.yaml")])


def test_whoever_stays_in_a_stage_for_longer_than_its_time_frame_has_dropped_off() -> None:
    given = play(framed(), signal(0, "chat_started"), Tick(T + DAY))
    assert [(each.name, each.from_, each.to, each.at, each.previous_at) for each in given] == [
        ("dropped_off", "a", "a", T + HOUR, None)
    ]
    assert (given[0].cause.kind, given[0].facts) == ("deadline", {})


def test_that_is_said_once_a_stay_and_shown_as_long_as_it_lasts() -> None:
    small = framed()
    memory, shown = small.start("ann"), []
    searched = [signal(at * MINUTE, "searched") for at in (90, 91)]
    inputs: list[Signal | Tick] = [signal(0, "chat_started"), Tick(T + 80 * MINUTE), *searched, Tick(T + DAY)]
    for each in inputs:
        memory, _ = step(small, memory, each)
        shown.append(where(small, memory)["framed"]["t"].dropped_off)
    assert shown == [False, True, None, False, True]


@pytest.mark.parametrize("at", [HOUR - 1, HOUR])
def test_whoever_leaves_before_the_time_frame_ends_has_not_dropped_off(at: int) -> None:
    names = [each.name for each in play(framed(), signal(0, "chat_started"), signal(at, "searched"))]
    assert names == (["on"] if at < HOUR else ["dropped_off", "on"])


def test_the_furthest_stage_is_kept_whatever_comes_after() -> None:
    small = framed(furthest=True)
    memory, furthest = small.start("ann"), []
    for at, kind in enumerate(["chat_started", "searched", "searched", "page_viewed", "searched"]):
        memory, _ = step(small, memory, signal(at, kind))
        furthest.append(where(small, memory)["framed"]["t"].furthest)
    assert furthest == ["a", "b", "c", "c", "c"]
