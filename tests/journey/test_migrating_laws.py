"""What holds of every change of a journey, whichever two journeys they are; on which `migrates` is filled in."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from journey.compiling.layout import CartsPlace, unfed
from journey.definition import GONE, Fact
from journey.loading import load
from journey.machine import Machine, Tick, apply, compile_journeys, where
from journey.memory import NEVER, Memory
from journey.saving import decode, encode, layout
from schemas.signals import Signal
from schemas.transitions import Transition
from tests.journey.histories import BEGINNING, DAY, Features, draw_document, histories, unhurried
from tests.journey.test_laws import THE_END, walk

NUMBERS = st.integers(1, 80)
FEATURES: st.SearchStrategy[Features] = st.sampled_from(["old", "all", "all"])


@cache
def version(number: int, version: int, features: Features, former: tuple[int, ...] = ()) -> Machine:
    """A version of the journey "random" with the text of that number, and `migrates` for those of former numbers."""
    document = draw_document(number, features) | {"journey": "random", "version": version}
    document["migrates"] = migrates(document["tracks"], [draw_document(each, features)["tracks"] for each in former])
    return compile_journeys([load(json.dumps(document), f"random-{number}.yaml")])


def migrates(tracks: dict[str, Any], formers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Of every stage that is gone its customers go to the last one."""
    found: dict[str, Any] = {}
    for former in formers:
        for name, track in former.items():
            if name not in tracks:
                found[name] = GONE
                continue
            stages = list(tracks[name]["stages"])
            gone = {stage: stages[-1] for stage in track["stages"] if stage not in stages}
            found[name] = found.get(name, {}) | gone
    return found


def brought_over(old: Machine, new: Machine, memory: Memory, now: int | None = None) -> Memory:
    return decode(new, memory.customer, encode(old, memory.copy()), dict([layout(old)]), now)


def told(transitions: Sequence[Transition]) -> list[Transition]:
    """All but what tells versions apart."""
    return [replace(each, version=0, id="", corrects=None) for each in transitions]


def after(machine: Machine, history: Sequence[Signal]) -> Memory:
    memory = apply(machine, None, "c", "shop", history)[0]
    memory.offsets = {}
    return memory


@unhurried
@given(NUMBERS, FEATURES, histories(), st.integers(0, 25), st.none() | st.integers(0, 40 * DAY))
def test_the_same_text_under_a_new_version_changes_nothing(
    number: int, features: Features, history: list[Signal], cut: int, later: int | None
) -> None:
    old, new = version(number, 1, features), version(number, 2, features)
    memory = after(old, history[:cut])
    migrated = brought_over(old, new, memory, None if later is None else BEGINNING + later)
    assert (migrated.state, migrated.sequence, migrated.seen) == (memory.state, memory.sequence, memory.seen)
    rest: list[Signal | Tick] = [*(signal for signal in history[cut:] if signal.at > memory.at), Tick(THE_END)]
    assert told(walk(new, migrated, rest)[1]) == told(walk(old, memory, rest)[1])


@unhurried
@given(NUMBERS, NUMBERS, FEATURES, histories(), st.none() | st.integers(0, 40 * DAY))
def test_stages_carts_and_facts_are_kept_by_name(
    one: int, other: int, features: Features, history: list[Signal], later: int | None
) -> None:
    old, new = version(one, 1, features), version(other, 2, features, (one,))
    memory = after(old, history)
    migrated = brought_over(old, new, memory, None if later is None else BEGINNING + later)
    assert (migrated.sequence, migrated.seen, migrated.at) == (memory.sequence, memory.seen, memory.at)
    stood = where(old, memory)["random"]
    for track, now in where(new, migrated)["random"].items():
        there, initial = stages_of(new, track)
        if track in stood:
            assert (now.stage, now.since) == (going(stood[track].stage, there), stood[track].since)
            carts = {cart: (going(stage, there), since) for cart, (stage, since) in (stood[track].carts or {}).items()}
            assert (now.carts or {}) == carts
        else:
            assert (now.stage, now.since, now.carts or {}) == (initial, None, {})
    before = facts(old, memory)
    for name, (fact, value) in facts(new, migrated).items():
        alike = name in before and without_tree(before[name][0]) == without_tree(fact)
        assert value == (before[name][1] if alike else unfed(fact))


@unhurried
@given(NUMBERS, NUMBERS, FEATURES, histories(), st.none() | st.integers(0, 40 * DAY))
def test_nothing_that_is_new_moves_anybody_at_once(
    one: int, other: int, features: Features, history: list[Signal], later: int | None
) -> None:
    old, new = version(one, 1, features), version(other, 2, features, (one,))
    memory = after(old, history)
    now = memory.at if later is None else max(BEGINNING + later, memory.at)
    migrated = brought_over(old, new, memory, None if later is None else BEGINNING + later)
    known = deadlines(old, memory)
    assert {due for due in deadlines(new, migrated) if due <= now} <= known
    assert migrated.due == min(deadlines(new, migrated), default=None)
    assert decode(new, "c", encode(new, migrated.copy())).state == migrated.state
    walk(new, migrated, [Tick(THE_END)])


@unhurried
@given(NUMBERS, NUMBERS, FEATURES, histories(), st.integers(0, 40 * DAY))
def test_brought_over_twice_is_brought_over_once(
    one: int, other: int, features: Features, history: list[Signal], later: int
) -> None:
    old, second, third = (
        version(one, 1, features), version(other, 2, features, (one,)), version(other, 3, features, (one,))
    )  # fmt: skip
    memory, now = after(old, history), BEGINNING + later
    once = brought_over(old, third, memory, now)
    twice = brought_over(second, third, brought_over(old, second, memory, now), now + DAY)
    assert once == twice


def stages_of(machine: Machine, track: str) -> tuple[tuple[str, ...], str]:
    found = next(each for each in machine.definitions[0].tracks if each.name == track)
    return found.stages, found.initial


def going(stage: str, there: tuple[str, ...]) -> str:
    return stage if stage in there else there[-1]


def facts(machine: Machine, memory: Memory) -> dict[str, tuple[Fact, Any]]:
    """The customer's facts with their values; those of carts as what they are in each."""
    (place,) = machine.layout.journeys
    return {name: (fact, memory.state[int(here[2:-1])]) for name, (fact, here) in place.facts.items()}


def without_tree(fact: Fact) -> tuple[object, ...]:
    told = fact.operation, fact.kinds, fact.attribute, fact.within, fact.reset, fact.per
    return *told, fact.condition.text if fact.condition else None


def deadlines(machine: Machine, memory: Memory) -> set[int]:
    found: set[int] = set()
    for place in machine.layout.journeys[0].tracks:
        if isinstance(place, CartsPlace):
            found |= {cart[slot] for cart in memory.state[place.carts].values() for slot in place.inner.deadlines}
        else:
            found |= {memory.state[slot] for slot in place.deadlines}
    return found - {NEVER}
