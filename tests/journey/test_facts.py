"""What a machine remembers, in single sentences."""

import sys
from typing import Any

import orjson
import pytest

from journey.machine import apply
from journey.saving import encode
from schemas.signals import ATTRIBUTES, Origin, Signal
from tests.journey.small import DAY, T, machine, move, moves, play, signal


def test_facts_are_updated_before_moves_are_looked_at() -> None:
    bought = [move("bought", "a", "b", on="order_completed", if_="orders == 1")]
    assert moves(machine({"t": bought}, {"orders": {"count": "order_completed"}}), signal(0, "order_completed"))


@pytest.mark.parametrize(
    ("fact", "signals", "expected"),
    [
        ({"count": ["searched", "page_viewed"]}, [{}, {}], 2),
        ({"count": "searched", "if": "query == 'x'"}, [{"query": "x"}, {"query": "y"}, {}], 1),
        ({"sum": "price", "of": "product_viewed"}, [], 0),
        ({"first": "query"}, [{}, {"query": "x"}, {"query": "y"}], "x"),
        ({"last": "query"}, [{"query": "x"}, {"query": "y"}, {}], "y"),
        ({"first": "query"}, [{}], None),
        ({"days_since": "order_completed"}, [{}], None),
        ({"days_since": "searched"}, [{}], 0.0),
        ({"days": "searched"}, [{}, {}], 1),
    ],
)
def test_a_fact_is_what_it_says(fact: dict[str, Any], signals: list[dict[str, Any]], expected: object) -> None:
    track = {"t": [move("told", "a", "b", on="chat_started", publish="told")]}
    inputs = [signal(number, "searched", **each) for number, each in enumerate(signals)]
    (made,) = play(machine(track, {"told": fact}), *inputs, signal(99, "chat_started"))
    if fact == {"days_since": "searched"}:
        assert made.facts["told"] == 99 / DAY
    else:
        assert made.facts["told"] == expected


def test_sums_beyond_what_every_reader_can_hold_become_floats_and_can_always_be_written() -> None:
    track = {"t": [move("told", "a", "b", on="order_completed", publish=["all", "week"])]}
    facts = {"all": {"sum": "revenue"}, "week": {"sum": "revenue", "within": "7d"}}
    small = machine(track, facts)
    for value in (2**53, -(2**53), 1.7e308, -1.7e308):
        memory, _ = apply(
            small, None, "ann", "shop", [signal(n, "order_completed", n, revenue=value) for n in range(9)]
        )
        assert None not in orjson.loads(encode(small, memory).splitlines()[2])[-2:]
        exact = memory.state[-2]
        assert isinstance(exact, float)
        assert abs(exact) <= sys.float_info.max


def test_a_window_takes_little_memory_however_many_signals_fall_into_it() -> None:
    track = {"t": [move("told", "a", "b", on="order_completed", publish="views")]}
    small = machine(track, {"views": {"count": "product_viewed", "within": "1h"}})
    memory, _ = apply(small, None, "ann", "shop", [signal(n * 997, "product_viewed", n) for n in range(9_000)])
    assert len(memory.state[-1]) <= 2 * 32


def test_every_attribute_can_be_kept_and_read() -> None:
    for name, attribute in ATTRIBUTES.items():
        value = "x" if attribute.type == "text" else 3
        kind = min(attribute.kinds)
        track = {"t": [move("told", "a", "b", on=kind, publish="kept")]}
        given = Signal("ann", kind, T, "1", {name: value}, Origin("shop", 0, 0))
        (made,) = play(machine(track, {"kept": {"last": name}}), given)
        assert made.facts == {"kept": value}
