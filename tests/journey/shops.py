"""A shop's journey in versions: a text that is right, changed word by word."""

from journey.loading import load
from journey.machine import Machine, apply, compile_journeys
from journey.memory import Memory
from journey.saving import decode, encode, layout
from schemas.signals import Origin, Signal

T = 1_704_067_200_000
MINUTE = 60_000
HOUR = 60 * MINUTE

FIRST = """\
journey: shop
version: 1
title: a shop
facts:
  value: {last: value}
  seen: {count: product_viewed, within: 7d}
tracks:
  stage:
    furthest: true
    stages:
      unknown: nobody
      aware: has looked
      bought: {means: has bought, within: 10d}
    moves:
      - {name: looked, from: unknown, to: aware, on: product_viewed, publish: [seen]}
      - {name: welcomed, from: [unknown, aware], to: bought, on: order_completed, once: true, grace: 5m}
      - {name: cooled, from: aware, to: unknown, after: 2d, since: product_viewed}
      - {name: lapsed, from: bought, to: aware, after: 30d}
  cart:
    per: cart
    stages: [empty, filled, left]
    moves:
      - {name: filled, from: [empty, left], to: filled, on: cart_updated, publish: [value]}
      - {name: left, from: filled, to: left, after: 30m, since: cart_updated}
      - {name: ordered, from: [filled, left], to: empty, on: order_completed}
"""


def text(*changes: tuple[str, str], version: int = 2) -> str:
    """The text with these changes, each of which must change something, under a version."""
    found = FIRST.replace("version: 1", f"version: {version}")
    for old, new in changes:
        assert old in found, old
        found = found.replace(old, new)
    return found


def shop(*changes: tuple[str, str], version: int = 2) -> Machine:
    return compile_journeys([load(text(*changes, version=version), "shop.yaml")])


OLD = shop(version=1)


def heard(*signals: tuple[int, str], machine: Machine = OLD, **attributes: float | str) -> Memory:
    """The memory after signals, each so many ms after the beginning."""
    history = [
        Signal("ann", kind, T + at, f"id-{number}", dict(attributes), Origin("shop", 0, number))
        for number, (at, kind) in enumerate(signals)
    ]
    return apply(machine, None, "ann", "shop", history)[0]


def brought_over(memory: Memory, new: Machine, now: int | None = None, old: Machine = OLD) -> Memory:
    """The memory as another machine reads it, `now` ms after the beginning."""
    return decode(new, "ann", encode(old, memory.copy()), dict([layout(old)]), None if now is None else T + now)
