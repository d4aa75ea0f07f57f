"""Journeys and histories drawn at random, for laws to be held against.

The journeys are right by construction (no check refuses them), and count in seconds and days, so that short histories
meet deadlines and windows often. A journey follows from its number, so a failure names it. Those with the features
"old" have neither carts of their own, nor time-frames, nor anything that holds a publication back; those with "all"
have whatever a journey can say.

A history is what happened, in true order. `arrivals` makes of it what a machine might meet instead.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from random import Random
from typing import Any, Literal

from hypothesis import settings
from hypothesis import strategies as st

from journey.definition import Definition
from journey.loading import load
from journey.machine import Machine, Tick, compile_journeys
from schemas.signals import Origin, Signal, carries
from tests.journey.oracle import order_of, true_order

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
OF_CARTS = ("count_c", "sum_c", "last_c")
"""The facts that are kept for each cart."""
TOPICS = ("shop", "till")
Features = Literal["old", "all"]


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


def draw_comparison(random: Random, *, deadline: bool, facts: tuple[str, ...] = NUMBERS) -> str:
    numbers, texts = (facts, TEXTS) if deadline else ((*facts, "quantity"), (*TEXTS, "channel"))
    if random.randrange(4) == 0:
        return f"{random.choice(texts)} {random.choice(['==', '!='])} {random.choice(['web', 'app', ''])!r}"
    signs = ["<", "<=", ">", ">=", "==", "!="]
    text = f"{random.choice(numbers)} {random.choice(signs)} {draw_value(random, numbers)}"
    return text if random.randrange(3) else f"{draw_value(random, numbers)} {random.choice(signs)} {text}"


def draw_condition(
    random: Random, *, deadline: bool = False, deepest: int = 2, facts: tuple[str, ...] = NUMBERS
) -> str:
    choice = random.randrange(5) if deepest else None
    if choice == 0:
        return f"(not {draw_condition(random, deadline=deadline, deepest=deepest - 1, facts=facts)})"
    if choice == 1:
        left, right = (draw_condition(random, deadline=deadline, deepest=deepest - 1, facts=facts) for _ in range(2))
        return f"({left} {random.choice(['and', 'or'])} {right})"
    return draw_comparison(random, deadline=deadline, facts=facts)


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


def draw_silences(random: Random, stages: list[str], facts: tuple[str, ...] = NUMBERS) -> list[dict[str, Any]]:
    """Moves after silence; they lead forward alone, so that silence comes to an end."""
    moves: list[dict[str, Any]] = []
    for _ in range(random.randint(0, 3)):
        here = random.randint(0, len(stages) - 2)
        there = random.randint(here + 1, len(stages) - 1)
        move: dict[str, Any] = {"from": stages[: here + 1], "to": stages[there], "after": f"{random.randint(1, 6)}s"}
        move["if"] = draw_condition(random, deadline=True, facts=facts)
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


def draw_facts_of_carts(random: Random) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {
        "count_c": {"count": draw_kinds(random)},
        "sum_c": {"sum": "quantity", "of": draw_kinds(random)},
        "last_c": {"last": random.choice(["quantity", "items"]), "of": ["cart_updated", "order_completed"]},
    }
    for name, fact in found.items():
        fact["per"] = "cart"
        if name != "last_c" and random.randrange(3) == 0:
            fact["within"] = random.choice(["1s", "3s", "32s", "2d"])
        if random.randrange(4) == 0:
            fact["reset"] = random.sample(KINDS, random.randint(1, 2))
        if random.randrange(4) == 0:
            fact["if"] = draw_condition(random)
    return found


def draw_track_of_carts(random: Random, name: str) -> dict[str, Any]:
    """A track kept for each cart. Mostly nothing but its own cart's signals leads out of the last stage."""
    stages = [f"s{number}" for number in range(random.randint(2, 4))]
    facts = (*NUMBERS, *OF_CARTS)
    at_the_cart = ["cart_updated", "checkout_started"]
    moves: list[dict[str, Any]] = [{"from": here, "to": there, "on": at_the_cart} for here, there in pairwise(stages)]
    moves.append({"from": stages[:-1], "to": stages[-1], "on": "order_completed"})
    for _ in range(random.randint(0, 3)):
        from_ = random.sample(stages[:-1], random.randint(1, len(stages) - 1))
        kinds = [*random.sample(KINDS, 2), random.choice(["order_refunded", "checkout_started"])]
        moves.append({"from": from_, "to": random.choice(stages), "on": kinds})
    for move in moves:
        move["if"] = random.choice(["count_c >= 0", draw_condition(random, facts=facts)])
    moves += draw_silences(random, stages, facts)
    moves.append({"from": stages[-2], "to": stages[-1], "after": "3s", "if": "count_c >= 0", "since": "cart_updated"})
    random.shuffle(moves)
    again = random.choice([at_the_cart, at_the_cart, random.sample(KINDS, 2)])
    moves.append({"from": stages[-1], "to": random.choice(stages[:-1]), "on": again})
    for number, move in enumerate(moves):
        move["name"] = f"{name}_{number}"
        move["publish"] = random.sample([*facts, *TEXTS], random.randint(1, 4))
    moves[-1]["publish"] = [*facts, *TEXTS]
    track: dict[str, Any] = {"per": "cart", "stages": stages, "moves": moves}
    if random.randrange(2):
        track["orders"] = random.choice(["same", "any"])
    return track


def draw_restraint(random: Random, move: dict[str, Any]) -> None:
    """What may keep the move from being published, and whether signals that come too late make it."""
    if random.randrange(4) == 0:
        move["cooldown"] = random.choice(["1s", "3s", "10s", "1d"])
    if random.randrange(6) == 0:
        move["once"] = True
    if move.keys() & {"cooldown", "once"} and random.randrange(2):
        move["reset_on"] = random.sample(KINDS, random.randint(1, 2))
    if random.randrange(4) == 0:
        move["grace"] = random.choice(["1s", "2s", "5s", "30s"])
    if "on" in move and random.randrange(3) == 0:
        move["late"] = random.choice([True, False])


def draw_frames(random: Random, track: dict[str, Any]) -> None:
    """Time-frames, all of them shorter than the silence without a condition (7s) that ends some stays."""
    if random.randrange(2):
        track["furthest"] = True
    if random.randrange(2):
        frames = {stage: random.choice([None, "1s", "2s", "5s", "6s"]) for stage in track["stages"]}
        track["stages"] = {
            stage: None if frame is None else {"means": "a stage", "within": frame} for stage, frame in frames.items()
        }


def draw_all(random: Random, document: dict[str, Any]) -> None:
    """Give a journey all the other features. Facts of carts stand last, and read only those of customers."""
    document["lateness"] = random.choice(["0s", "1s", "10s", "60s"])
    document["dedup_window"] = random.choice(["0s", "20s", "7d"])
    tracks = list(document["tracks"].items())
    for _, track in tracks:
        draw_frames(random, track)
    if random.randrange(2):
        tracks.insert(random.randint(0, len(tracks)), ("carts", draw_track_of_carts(random, "carts")))
        document["facts"] |= draw_facts_of_carts(random)
    for _, track in tracks:
        for move in track["moves"]:
            draw_restraint(random, move)
        if random.randrange(3) == 0:
            one, other = random.sample(track["moves"], 2)
            one["name"] = other["name"]
    document["tracks"] = dict(tracks)


def draw_document(number: int, features: Features = "old") -> dict[str, Any]:
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
    if features == "all":
        draw_all(random, document)
    return document


@cache
def journey(number: int, features: Features = "old") -> Definition:
    """The journey of that number, read from its text like any other; JSON is YAML."""
    return load(json.dumps(draw_document(number, features)), f"random-{number}.yaml")


@cache
def machine(*numbers: int, features: Features = "old") -> Machine:
    """The machine of these journeys."""
    return compile_journeys([journey(number, features) for number in numbers])


def machines(features: Features = "old") -> st.SearchStrategy[Machine]:
    """Machines of one journey or of two."""
    one = st.integers(1, JOURNEYS).map(lambda number: machine(number, features=features))
    two = st.integers(1, JOURNEYS // 4).map(lambda number: machine(number, number + 1, features=features))
    return one | one | two


def definitions(features: Features = "all") -> st.SearchStrategy[tuple[Definition, ...]]:
    """What `machines` are made of, for whoever needs no machine."""
    one = st.integers(1, JOURNEYS).map(lambda number: (journey(number, features),))
    two = st.integers(1, JOURNEYS // 4).map(lambda number: (journey(number, features), journey(number + 1, features)))
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


def histories(
    *,
    customers: tuple[str, ...] = ("c",),
    carts: tuple[str, ...] = ("a", "b", "c"),
    topics: tuple[str, ...] = TOPICS,
    most: int = 25,
) -> st.SearchStrategy[list[Signal]]:
    """What happened, in true order: carts, orders (some told twice under ids of their own), refunds, long silences."""
    kinds = (*KINDS, "cart_updated", "order_completed", "checkout_started", "order_refunded", STRANGERS[0])
    happenings = st.fixed_dictionaries(
        {
            "step": st.sampled_from([0, 0, 1, 500, 1_000, 2_000, 5_000, 40_000, 600_000, DAY, 8 * DAY]),
            "customer": st.sampled_from(customers),
            "kind": st.sampled_from(kinds),
            "topic": st.sampled_from(topics),
            "told_again": st.sampled_from([None, None, 0, 500, 5_000, 15_000, 30_000, 8 * DAY]),
            "attributes": st.fixed_dictionaries(
                {},
                optional={
                    "cart": st.sampled_from(carts),
                    "order": st.integers(1, 8).map("o{}".format),
                    "quantity": st.integers(-3, 5) | st.sampled_from([0.25, 2.5]),
                    "items": st.integers(0, 3),
                    "rating": st.integers(1, 5),
                    "refund": st.integers(1, 9),
                    "channel": st.sampled_from(["web", "app", ""]),
                },
            ),
        }
    )
    few, many = (st.lists(happenings, min_size=least, max_size=most) for least in (1, most // 2))
    return (few | many).map(lambda found: _told(found, topics))


def _told(happenings: list[dict[str, Any]], topics: tuple[str, ...]) -> list[Signal]:
    """The happenings as signals with offsets from 0 on each topic; an order told again goes by another topic."""
    at = BEGINNING
    found = []
    for number, each in enumerate(happenings):
        at += each["step"]
        kind, topic = each["kind"], each["topic"]
        carried = {name: value for name, value in each["attributes"].items() if carries(kind, name)}
        signal = Signal(each["customer"], kind, at, f"id-{number}", carried, Origin(topic, 0, 0))
        found.append(signal)
        if order_of(signal) is not None and each["told_again"] is not None:
            other = Origin(topics[topics.index(topic) - 1], 0, 0)
            again = at + each["told_again"]
            found.append(replace(signal, id=f"id-{number}-again", at=again, attributes=dict(carried), origin=other))
    return numbered(sorted(found, key=true_order))


def numbered(arrivals: Sequence[Signal]) -> list[Signal]:
    """The signals with offsets from 0 on each partition of each topic, in the order in which they stand here."""
    counts: defaultdict[tuple[str, int], int] = defaultdict(int)
    found = []
    for signal in arrivals:
        place = signal.origin.topic, signal.origin.partition
        found.append(replace(signal, origin=Origin(*place, counts[place])))
        counts[place] += 1
    return found


@st.composite
def shuffled(draw: st.DrawFn, history: Sequence[Signal], lateness: int) -> list[Signal]:
    """Any order in which no signal comes after one that is more than `lateness` (ms) later in time.

    Those of one time and topic keep their order, as their offsets decide it. With 0 nothing is put in its place, not
    even signals of one time, so the order is the true one.
    """
    waiting = sorted(history, key=true_order)
    if lateness == 0:
        return numbered(waiting)
    found = []
    while waiting:
        overtaken = set()
        able = []
        for place, signal in enumerate(waiting):
            same = signal.at, signal.origin.topic, signal.origin.partition
            if signal.at <= waiting[0].at + lateness and same not in overtaken:
                able.append(place)
            overtaken.add(same)
        found.append(waiting.pop(draw(st.sampled_from(able))))
    return numbered(found)


@st.composite
def repeated(draw: st.DrawFn, arrivals: Sequence[Signal], lateness: int, window: int) -> list[Signal]:
    """The signals, and up to four of them once more, by any topic, while both `lateness` and `window` (ms) allow it."""
    found = list(arrivals)
    for _ in range(draw(st.integers(0, 4)) if window and found else 0):
        first = draw(st.integers(0, len(found) - 1))
        original = found[first]
        greatest = max(signal.at for signal in found[: first + 1])
        able = []
        for place in range(first + 1, len(found) + 1):
            greatest = max(greatest, found[place - 1].at)
            if greatest - original.at <= min(lateness, window):
                able.append(place)
        if able:
            topics = {signal.origin.topic for signal in arrivals}
            if lateness == 0:  # a copy that stands before its original would be out of order
                topics = {topic for topic in topics if topic >= original.origin.topic}
            topic = draw(st.sampled_from(sorted(topics)))
            copy = replace(original, attributes=dict(original.attributes), origin=Origin(topic, 0, 0))
            found.insert(draw(st.sampled_from(able)), copy)
    return numbered(found)


def unambiguous(arrivals: Sequence[Signal], window: int) -> list[Signal]:
    """The arrivals without those that are a copy of another or not by how far time had come when they arrived.

    Whether two signals are copies is asked of their times alone in one reading, and of how far their customer's time
    has come in the other; the two differ near the window's end. Left out are also those that are a copy of one copy
    and not of the next.
    """
    kept: list[Signal] = []
    for signal in arrivals:
        others = [other for other in kept if _names(signal) & _names(other)]
        own = max([signal.at, *(other.at for other in kept if other.customer == signal.customer)])
        at_most = max([own, *(other.at for other in kept)])
        readings = {abs(time - other.at) <= window for other in others for time in (signal.at, own, at_most)}
        if window == 0 or len(readings) <= 1:
            kept.append(signal)
    return numbered(kept)


def _names(signal: Signal) -> set[tuple[str, str, str]]:
    order = order_of(signal)
    named = {(signal.customer, "id", signal.id)}
    return named if order is None else named | {(signal.customer, "order", order)}


@st.composite
def arrivals(draw: st.DrawFn, history: Sequence[Signal], lateness: int, window: int) -> list[Signal]:
    """How the history may arrive: out of order and repeated, nothing too late and no copy in doubt."""
    disordered = draw(shuffled(history, lateness))
    return unambiguous(draw(repeated(disordered, lateness, window)), window)


@st.composite
def ticked(draw: st.DrawFn, arrivals: Sequence[Signal], patience: int) -> list[Signal | Tick]:
    """The arrivals with time told in between, never beyond the greatest time seen less `patience` (ms)."""
    found: list[Signal | Tick] = []
    greatest = 0
    for signal in arrivals:
        greatest = max(greatest, signal.at)
        found.append(signal)
        behind = draw(st.sampled_from([None, None, 0, 1_000, 5_000, 40_000]))
        if behind is not None:
            found.append(Tick(greatest - patience - behind))
    return found


def bounds(definitions: Sequence[Definition]) -> tuple[int, int, int]:
    """Lateness, window of duplicates and patience (ms) of journeys that are followed together: the longest of each."""
    return (
        max(each.lateness for each in definitions),
        max(each.dedup_window for each in definitions),
        max(each.patience for each in definitions),
    )
