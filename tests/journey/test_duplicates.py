"""Signals that come twice, in single sentences."""

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.duplicates import CLEARING, ENTRY, MOST
from journey.machine import Machine, compile_journeys
from journey.tally import Tally
from schemas.signals import Signal
from tests.journey.histories import unhurried
from tests.journey.small import DAY, HOUR, MINUTE, T, definition, move, signal

COUNTED = {"t": [move("told", "a", "a", on="any", publish=["orders", "seen", "worth"])]}
FACTS = {"orders": {"count": "order_completed"}, "seen": {"count": "any"}, "worth": {"last": "revenue"}}
WEEK = 7 * DAY


def counting(window: int = WEEK) -> Machine:
    return compile_journeys([replace(definition(COUNTED, FACTS), dedup_window=window)])


def facts(machine: Machine, *signals: Signal) -> tuple[dict[str, object], Tally]:
    """What is known after these signals, as told to one more, which is not counted; and what was counted."""
    memory, tally = machine.start("ann"), Tally()
    for each in signals:
        machine.hear(memory, each, tally)
    (asked,) = machine.hear(memory, replace(signal(0, "chat_message"), at=memory.at + 1), Tally())
    seen = asked.facts["seen"]
    assert isinstance(seen, int)
    return {**asked.facts, "seen": seen - 1}, tally


def test_a_signal_counts_once_however_often_and_whenever_it_is_sent() -> None:
    first, second = signal(0, "searched"), signal(HOUR, "page_viewed")
    told, tally = facts(counting(), first, first, second, first, second, replace(first, at=first.at + DAY))
    assert told["seen"] == 2
    assert tally.duplicates == 4


@pytest.mark.parametrize(("after", "known"), [(WEEK, 1), (WEEK + 1, 0)])
def test_an_id_is_known_for_as_long_as_the_window_says(after: int, known: int) -> None:
    first = signal(0, "searched")
    assert facts(counting(), first, replace(first, at=first.at + after))[1].duplicates == known


def test_without_a_window_nothing_is_kept() -> None:
    machine = counting(0)
    memory = machine.start("ann")
    for _ in range(2):
        machine.hear(memory, signal(0, "searched"))
    assert memory.seen == b""


def test_an_order_told_by_page_and_by_webhook_is_one_order_and_the_earlier_telling_counts() -> None:
    pixel = replace(signal(0, "order_completed", order="A1", revenue=40), id="pixel")
    webhook = replace(signal(5_000, "order_completed", order="A1", revenue=39), id="webhook")
    for told, tally in (facts(counting(), pixel, webhook), facts(counting(), webhook, pixel)):
        assert told == {"orders": 1, "seen": 1, "worth": 40}
        assert tally.duplicates == 1


def test_an_earlier_telling_too_late_to_take_the_other_s_place_is_left_out() -> None:
    pixel = replace(signal(0, "order_completed", order="A1", revenue=40), id="pixel")
    webhook = replace(signal(2 * HOUR, "order_completed", order="A1", revenue=39), id="webhook")
    assert facts(counting(), webhook, pixel)[0] == {"orders": 1, "seen": 1, "worth": 39}


def test_one_that_came_too_late_keeps_its_place() -> None:
    order = replace(signal(0, "order_completed", order="A1"), id="webhook")
    told, tally = facts(counting(), signal(DAY, "searched"), order, replace(order, id="pixel", at=T + DAY - MINUTE))
    assert told["orders"] == 1
    assert (tally.too_late, tally.duplicates) == (1, 1)


def test_an_order_told_long_after_the_window_is_still_told_once() -> None:
    first = signal(9 * DAY, "searched")
    orders = [replace(signal(0, "order_completed", 3 + number, order="A1"), id="erp") for number in range(3)]
    told, tally = facts(counting(), first, *orders)
    assert (told["orders"], tally.too_late, tally.duplicates) == (1, 1, 2)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_telling_that_is_a_copy_of_two_others_takes_the_places_of_both(order: tuple[int, ...]) -> None:
    tellings = [(10, "x", "A"), (20, "y", "B"), (5, "x", "B")]
    signals = [
        replace(signal(at, "order_completed", place, order=name), id=id_)
        for place, (at, id_, name) in enumerate(tellings)
    ]
    assert facts(counting(), *(signals[place] for place in order))[0]["orders"] == 1


def test_two_orders_without_an_id_are_two() -> None:
    orders = [signal(0, "order_completed"), signal(1, "order_completed")]
    assert facts(counting(), *orders)[0]["orders"] == 2


def test_the_id_of_an_order_is_no_signal_s_id() -> None:
    order = signal(0, "order_completed", order="A1")
    assert facts(counting(), order, replace(signal(1, "searched"), id="A1"))[0]["seen"] == 2


def test_a_refund_of_an_order_is_no_copy_of_it() -> None:
    signals = [signal(each, "order_refunded", order="A1") for each in range(2)]
    assert facts(counting(), signal(9, "order_completed", order="A1"), *signals)[0]["seen"] == 3


def test_so_many_ids_of_a_customer_are_kept_and_the_oldest_are_forgotten_and_counted() -> None:
    machine, tally = counting(), Tally()
    memory = machine.start("ann")
    for each in range(MOST + 10 * CLEARING):
        machine.hear(memory, signal(each, "searched"), tally)
    kept = len(memory.seen) // ENTRY
    assert kept == MOST
    assert tally.ids_forgotten == MOST + 10 * CLEARING - kept
    machine.hear(memory, signal(MOST + 10 * CLEARING - 1, "searched"), tally)
    assert tally.duplicates == 1


def test_what_is_older_than_the_window_is_let_go_uncounted() -> None:
    machine, tally = counting(DAY), Tally()
    memory = machine.start("ann")
    for each in range(20 * CLEARING):
        machine.hear(memory, signal(each * HOUR, "searched"), tally)
        assert len(memory.seen) <= ENTRY * (24 + 1 + CLEARING)
    assert tally.ids_forgotten == 0


@unhurried
@given(st.lists(st.text(max_size=3), max_size=60))
def test_what_was_seen_is_known_and_nothing_else_is(names: list[str]) -> None:
    machine, tally = counting(), Tally()
    memory = machine.start("ann")
    for at, name in enumerate(names):
        machine.hear(memory, replace(signal(at, "searched"), id=name), tally)
    assert tally.duplicates == len(names) - len(set(names))
