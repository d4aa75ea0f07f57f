"""The summary of a replay: net of what was corrected, apart what was suppressed, and in words for everybody."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from journey.loading import load
from journey.machine import Machine, compile_journeys, where
from journey.replay import fold
from schemas.signals import Origin, Signal
from stagewatch.feed import Read
from stagewatch.library import machine_of_journeys
from stagewatch.shoppers import Plan, shoppers
from stagewatch.summary import Move, Place, Summary
from stagewatch.tables import length, show

START = 1_717_200_000_000
SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

JOURNEY = """
journey: shop
version: 1
title: Carts, moods and a stage that is seldom left
patience: 30s
lateness: 1h
tracks:
  cart:
    initial: empty
    stages: [empty, filled, abandoned, ordered]
    moves:
      - {name: started, from: [empty, ordered], to: filled, on: cart_updated}
      - {name: abandoned, from: filled, to: abandoned, after: 30m, since: cart_updated}
      - {name: resumed, from: abandoned, to: filled, on: cart_updated}
      - {name: ordered, from: [filled, abandoned], to: ordered, on: order_completed}
  mood:
    initial: calm
    stages: [calm, cross]
    moves:
      - {name: cross, from: calm, to: cross, on: ticket_opened, cooldown: 1d}
      - {name: calmed, from: cross, to: calm, on: ticket_resolved}
  stage:
    initial: stranger
    furthest: true
    stages:
      stranger: {means: has not bought, within: 1d}
      buyer: {means: has bought, within: 30d}
    moves:
      - {name: bought, from: stranger, to: buyer, on: order_completed}
      - {name: undone, from: buyer, to: stranger, on: order_refunded}
"""


def shop() -> Machine:
    return compile_journeys([load(JOURNEY, "shop.yaml")])


def signal(at: int, kind: str, customer: str = "ann", **attributes: str) -> Signal:
    return Signal(customer, kind, START + at, f"{customer} {kind} {at}", dict(attributes), Origin("file", 0, at))


def summed(signals: Iterable[Signal], until: int | None = None, machine: Machine | None = None) -> Summary:
    summary = Summary(machine or shop())
    for _ in summary.counted(fold(summary.machine, signals, until, summary.memories, summary.tally)):
        pass
    return summary


def told(summary: Summary) -> list[list[str]]:
    """The words of each line."""
    out = io.StringIO()
    show(summary, Read(), Console(file=out, width=100))
    return [line.split() for line in out.getvalue().splitlines()]


def cart(name: str, to: str) -> Move:
    return Move("shop", "cart", name, to)


FORGOTTEN = [
    signal(0, "cart_updated"),
    signal(40 * MINUTE, "page_viewed", "bob"),
    signal(10 * MINUTE, "order_completed"),
]
"""Ann's cart is abandoned when bob moves the clock; then her order comes, half an hour late."""


def test_what_was_corrected_is_not_among_the_times_nor_its_customer_among_those_who_made_it() -> None:
    summary = summed(FORGOTTEN)
    abandoned = cart("abandoned", "abandoned")
    assert (summary.times(abandoned), summary.customers(abandoned)) == (0, set())
    assert summary.corrected[abandoned] == 1
    assert ["abandoned", "abandoned", "0", "0", "1"] in told(summary)
    assert ["ordered", "ordered", "1", "1", "0"] in told(summary)


def test_the_stay_that_a_withdrawn_move_ended_is_taken_out() -> None:
    summary = summed(FORGOTTEN)
    assert summary.stays(Place("shop", "cart", "filled")) == [10 * MINUTE]


def test_customers_stand_where_their_memory_says() -> None:
    assert ["abandoned", "0"] in told(summed(FORGOTTEN))
    assert ["ordered", "1"] in told(summed(FORGOTTEN))


def test_what_is_suppressed_has_a_column_of_its_own_and_is_no_published_move() -> None:
    crossing = [(0, "ticket_opened"), (HOUR, "ticket_resolved"), (2 * HOUR, "ticket_opened")]
    summary = summed([signal(at, kind) for at, kind in crossing])
    assert ["cross", "cross", "1", "1", "1"] in told(summary)
    assert summary.stays(Place("shop", "mood", "calm")) == [HOUR]


def test_a_suppressed_move_that_is_corrected_was_never_counted_as_made() -> None:
    known = [(0, "ticket_opened"), (30 * MINUTE, "ticket_resolved"), (50 * MINUTE, "ticket_opened")]
    late = signal(45 * MINUTE, "ticket_opened")
    summary = summed([*(signal(at, kind) for at, kind in known), late])
    cross = Move("shop", "mood", "cross", "cross")
    assert (summary.times(cross), summary.suppressed[cross], summary.corrected[cross]) == (1, 1, 0)


def test_columns_and_rows_that_would_say_nothing_are_left_out() -> None:
    rows = told(summed([signal(0, "cart_updated")]))
    assert ["move", "to", "times", "customers"] in rows
    assert not any("corrected" in row or "suppressed" in row or "signals:" in row for row in rows)


def test_who_dropped_off_is_shown_at_the_stage_and_has_not_left_it() -> None:
    summary = summed([signal(0, "page_viewed"), signal(2 * DAY, "page_viewed", "bob")])
    rows = told(summary)
    assert ["stranger", "2", "2", "1"] in rows
    assert ["dropped_off", "stranger", "1", "1"] in rows
    assert summary.stays(Place("shop", "stage", "stranger")) == []


def test_the_furthest_stage_is_shown_beside_the_present_one() -> None:
    rows = told(summed([signal(0, "page_viewed"), signal(HOUR, "order_completed"), signal(2 * HOUR, "order_refunded")]))
    assert ["stranger", "1", "0", "0"] in rows
    assert ["buyer", "0", "1", "h", "0", "min", "1", "h", "0", "min", "1", "1", "0"] in rows


def test_of_a_track_per_cart_every_cart_is_counted_and_each_customer_once() -> None:
    machine = compile_journeys([load(JOURNEY.replace("  cart:\n", "  cart:\n    per: cart\n"), "shop.yaml")])
    carts = [signal(at, "cart_updated", cart=f"c{at}") for at in range(3)]
    rows = told(summed(carts, machine=machine))
    assert ["stage", "customers", "left", "after", "(median)", "(p90)", "times", "carts"] in rows
    assert ["filled", "1", "3"] in rows


def test_what_came_twice_late_and_too_late_is_told_in_words() -> None:
    first = signal(0, "cart_updated")
    late = signal(10 * MINUTE, "page_viewed")
    too_late = signal(5 * MINUTE, "searched")
    summary = summed([first, first, signal(HOUR, "page_viewed"), late, signal(2 * HOUR, "page_viewed"), too_late])
    rows = [" ".join(row) for row in told(summary)]
    assert "came twice, and were counted once 1" in rows
    assert "came late, and were put in their place 1" in rows
    assert "came too late for that: counted, but nothing was corrected 1" in rows
    assert not any("customer 0" in row for row in rows)


def test_lengths_are_told_in_the_two_figures_that_matter() -> None:
    lengths = [12 * SECOND, 31 * MINUTE, 5 * HOUR + 7 * MINUTE, 2 * DAY + 4 * HOUR]
    assert [length(each) for each in lengths] == ["12 s", "31 min", "5 h 7 min", "2 d 4 h"]


@given(st.integers(0, 10**6))
@settings(max_examples=8)
def test_signals_shuffled_within_the_lateness_give_the_same_net_figures(seed: int) -> None:
    in_order = [replace(each, origin=Origin("file", 0, row)) for row, each in enumerate(lives(seed))]
    chance = Random(seed)  # noqa: S311  chance that must repeat itself
    moments = {(each.customer, each.at): chance.randrange(HOUR) for each in in_order}
    shuffled = sorted(in_order, key=lambda each: each.at + moments[each.customer, each.at])
    until = in_order[-1].at + 40 * DAY
    machine = machine_of_journeys(["five-stage"])
    expected, found = (summed(each, until, machine) for each in (in_order, shuffled))
    assert found.tally.rewound > len(in_order) / 10
    assert figures(found) == figures(expected)
    assert standings(found) == standings(expected)


def lives(seed: int) -> Sequence[Signal]:
    return list(shoppers(Plan(seed=seed, shoppers=10, days=20)))


def figures(summary: Summary) -> dict[Move, tuple[set[str], int, int]]:
    moves = [
        move
        for definition in summary.machine.definitions
        for track in definition.tracks
        for move in summary.moves(definition.journey, track.name)
    ]
    found = {move: (summary.customers(move), summary.times(move), summary.suppressed[move]) for move in moves}
    return {move: each for move, each in found.items() if any(each)}


def standings(summary: Summary) -> object:
    return {customer: where(summary.machine, memory) for customer, memory in summary.memories.items()}
