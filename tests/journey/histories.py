"""Journeys and histories drawn at random, for laws to be held against.

The journeys use every feature, are right by construction (no check refuses them), and count in seconds and days, so
that short histories meet deadlines and windows often. A journey follows from its number, so a failure names it.
"""

import json
from functools import cache
from itertools import pairwise
from random import Random
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from journey.definition import Definition
from journey.loading import load
from journey.machine import Machine, Tick, compile_journeys
from schemas.signals import Origin, Signal

BEGINNING = 1_704_067_200_000
DAY = 86_400_000
unhurried = settings(deadline=None)
"""A slow moment of a shared machine is nobody's fault."""
JOURNEYS = 400
"""How many different journeys are drawn; each takes 10 ms to read and compile, once."""
KINDS = ("cart_updated", "order_completed", "review_posted", "product_viewed")
STRANGERS = ("session_started", "a_kind_of_another_journey")
NUMBERS = ("count_a", "sum_a", "min_a", "max_a", "last_a", "days_a", "since_a")
TEXTS = ("first_b", "last_b")


def draw_kinds(random: Random) -> list[str] | str:
    several: list[list[str] | str] = [random.sample(KINDS, random.randint(1, 3)), random.choice(KINDS), "any"]
    return random.choice(several)


def draw_value(random: Random, names: tuple[str, ...], deepest: int = 2) -> str:
    choice = random.randrange(8) if deepest else None
    if choice == 0:
        left, right = (draw_value(random, names, deepest - 1) for _ in range(2))
        return f"({left} {random.choice('+-*/')} {right})"
    if choice == 1:
        return f"-{draw_value(random, names, deepest - 1)}"
    return random.choice([*names, "0", "1", "2", "3.5"])


def draw_comparison(random: Random, *, deadline: bool) -> str:
    numbers, texts = (NUMBERS, TEXTS) if deadline else ((*NUMBERS, "quantity"), (*TEXTS, "channel"))
    if random.randrange(4) == 0:
        return f"{random.choice(texts)} {random.choice(['==', '!='])} {random.choice(['web', 'app', ''])!r}"
    signs = ["<", "<=", ">", ">=", "==", "!="]
    text = f"{random.choice(numbers)} {random.choice(signs)} {draw_value(random, numbers)}"
    return text if random.randrange(3) else f"{draw_value(random, numbers)} {random.choice(signs)} {text}"


def draw_condition(random: Random, *, deadline: bool = False, deepest: int = 2) -> str:
    choice = random.randrange(5) if deepest else None
    if choice == 0:
        return f"(not {draw_condition(random, deadline=deadline, deepest=deepest - 1)})"
    if choice == 1:
        left, right = (draw_condition(random, deadline=deadline, deepest=deepest - 1) for _ in range(2))
        return f"({left} {random.choice(['and', 'or'])} {right})"
    return draw_comparison(random, deadline=deadline)


def draw_facts(random: Random) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {
        "count_a": {"count": draw_kinds(random)},
        "sum_a": {"sum": "quantity"},
        "min_a": {"min": "quantity", "of": draw_kinds(random)},
        "max_a": {"max": "quantity", "of": draw_kinds(random)},
        "last_a": {"last": "quantity"},
        "days_a": {"days": draw_kinds(random)},
        "since_a": {"days_since": draw_kinds(random)},
        "first_b": {"first": "channel"},
        "last_b": {"last": "channel", "of": draw_kinds(random)},
    }
    for name, fact in found.items():
        if name in {"count_a", "sum_a", "min_a", "max_a"} and random.randrange(2):
            fact["within"] = random.choice(["1s", "3s", "32s", "2d"])
        if name == "days_a" and random.randrange(2):
            fact["within"] = random.choice(["1d", "3d"])
        if random.randrange(4) == 0:
            fact["reset"] = random.sample(KINDS, random.randint(1, 2))
        if random.randrange(4) == 0:
            fact["if"] = draw_condition(random)
    return found


def draw_silences(random: Random, stages: list[str]) -> list[dict[str, Any]]:
    """Moves after silence; they lead forward alone, so that silence comes to an end."""
    moves: list[dict[str, Any]] = []
    for _ in range(random.randint(0, 3)):
        here = random.randint(0, len(stages) - 2)
        there = random.randint(here + 1, len(stages) - 1)
        move: dict[str, Any] = {"from": stages[: here + 1], "to": stages[there], "after": f"{random.randint(1, 6)}s"}
        move["if"] = draw_condition(random, deadline=True)
        if random.randrange(2):
            move["since"] = draw_kinds(random)
        moves.append(move)
    return moves


def draw_track(random: Random, name: str) -> dict[str, Any]:
    """A track whose stages are reached in a row; moves without a condition stand last, where they hide no other."""
    stages = [f"s{number}" for number in range(random.randint(2, 4))]
    steps: list[dict[str, Any]] = [{"from": here, "to": there} for here, there in pairwise(stages)]
    for _ in range(random.randint(0, 3)):
        from_ = random.choice(["any", random.sample(stages, random.randint(1, len(stages)))])
        steps.append({"from": from_, "to": random.choice(stages)})
    moves = [{**step, "on": draw_kinds(random), "if": draw_condition(random)} for step in steps]
    moves += draw_silences(random, stages)
    random.shuffle(moves)
    if random.randrange(2):
        moves.append({"from": stages[0], "to": stages[-1], "after": random.choice(["7s", "2d"])})
    moves.append({"from": stages[-1], "to": stages[0], "on": random.sample(KINDS, 2)})
    for number, move in enumerate(moves):
        move["name"] = f"{name}_{number}"
        move["publish"] = random.sample([*NUMBERS, *TEXTS], random.randint(1, 4))
    moves[-1]["publish"] = [*NUMBERS, *TEXTS]
    return {"stages": stages, "moves": moves}


@cache
def journey(number: int) -> Definition:
    """The journey of that number, read from its text like any other; JSON is YAML."""
    random = Random(number)  # noqa: S311  no secrets here
    tracks = [f"t{each}" for each in range(random.randint(1, 3))]
    document = {
        "journey": f"random-{number}",
        "version": 1,
        "title": "drawn at random",
        "patience": "1s",
        "facts": draw_facts(random),
        "tracks": {name: draw_track(random, name) for name in tracks},
    }
    return load(json.dumps(document), f"random-{number}.yaml")


@cache
def machine(*numbers: int) -> Machine:
    """The machine of these journeys."""
    return compile_journeys([journey(number) for number in numbers])


def machines() -> st.SearchStrategy[Machine]:
    """Machines of one journey or of two."""
    one = st.integers(1, JOURNEYS).map(machine)
    two = st.integers(1, JOURNEYS // 4).map(lambda number: machine(number, number + 1))
    return one | one | two


@st.composite
def signals(
    draw: st.DrawFn,
    *,
    customers: tuple[str, ...] = ("c",),
    kinds: tuple[str, ...] = KINDS + STRANGERS,
    ordered: bool = True,
    most: int = 25,
) -> list[Signal]:
    """Signals with offsets from 0; where not `ordered`, some are older than those before them."""
    steps = st.sampled_from([0, 1, 500, 1_000, 2_000, 5_000, 40_000, DAY])
    lateness = st.just(0) if ordered else st.sampled_from([0, 0, 0, 500, 3_000, DAY])
    attributes = st.fixed_dictionaries(
        {},
        optional={
            "quantity": st.integers(-3, 5) | st.sampled_from([0.25, 2.5]),
            "channel": st.sampled_from(["web", "app", ""]),
        },
    )
    parts = st.tuples(steps, lateness, st.sampled_from(customers), st.sampled_from(kinds), attributes)
    at = BEGINNING
    found = []
    for offset, (step, late, customer, kind, carried) in enumerate(draw(st.lists(parts, min_size=1, max_size=most))):
        at += step
        found.append(Signal(customer, kind, at - late, f"id-{offset}", dict(carried), Origin("shop", 0, offset)))
    return found


def ticks() -> st.SearchStrategy[Tick]:
    return st.integers(0, 100).map(lambda seconds: Tick(BEGINNING + seconds * 1_000))
