"""Small journeys, cut to what a test is about, and ways to play them."""

import json
from typing import Any

from journey.definition import Definition
from journey.loading import load
from journey.machine import Machine, Tick, compile_journeys, step
from schemas.signals import Origin, Signal
from schemas.transitions import Transition

T = 1_704_067_200_000
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000


def definition(tracks: dict[str, Any], facts: dict[str, Any] | None = None, name: str = "small") -> Definition:
    """A journey of these tracks and facts; each track is its moves, its stages those that they name."""
    document: dict[str, Any] = {"journey": name, "version": 3, "title": "", "facts": facts or {}, "tracks": {}}
    for track, moves in tracks.items():
        named = [move[key] for move in moves for key in ("from", "to")]
        stages = list(dict.fromkeys(each for name in named for each in ([name] if isinstance(name, str) else name)))
        document["tracks"][track] = {"stages": [each for each in stages if each != "any"], "moves": moves}
    return load(json.dumps(document), "small.yaml")


def machine(tracks: dict[str, Any], facts: dict[str, Any] | None = None) -> Machine:
    return compile_journeys([definition(tracks, facts)])


def signal(at: int, kind: str, number: int = 0, **attributes: float | str) -> Signal:
    return Signal("ann", kind, T + at, f"{kind}-{at}", dict(attributes), Origin("shop", 2, number))


def play(machine: Machine, *inputs: Signal | Tick) -> list[Transition]:
    memory, made = machine.start("ann"), []
    for each in inputs:
        memory, transitions = step(machine, memory, each)
        made += transitions
    return made


def moves(machine: Machine, *inputs: Signal | Tick) -> list[tuple[str, int]]:
    return [(each.name, each.at - T) for each in play(machine, *inputs)]


def move(name: str, from_: str | list[str], to: str, **rest: object) -> dict[str, Any]:
    return {"name": name, "from": from_, "to": to} | {key.rstrip("_"): value for key, value in rest.items()}


CART = {
    "cart": [
        move("filled", ["empty", "left"], "full", on="cart_updated"),
        move("left", "full", "left", after="30m", since="cart_updated"),
        move("bought", "any", "empty", on="order_completed"),
    ]
}
