"""The arithmetic of docs/sizing.md, and its tables, written from what was measured.

    python -m benchmarks.sizing [--results FOLDER] [--page FILE]

Owns the formulae that the page tells in words, and the tables between its markers. The figures are those of
benchmarks/results/ for the five-stage journey as shipped.
"""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import RESULTS, Result, kept
from benchmarks.running import ROOT
from benchmarks.sections import KINDS, median_of, shipped_of, table

PAGE = ROOT / "docs" / "sizing.md"
NAMES = ("latency", "recovery", "scale")
BUSY = 0.5
"""The share of a core that a worker should need at the peak: the rest is for catching up and for one that is gone."""
SESSION = 20.0
"""Seconds until a worker that crashed is missed; `client.session_timeout`."""
UNCOMPACTED = 2.0
"""How much larger a compacted topic may be than what it holds: it is compacted when half of it is old."""
FEWEST_PARTITIONS = 8


@dataclass(frozen=True, slots=True)
class Figures:
    """What one event and one customer cost.

    Attributes:
        cpu: CPU seconds of a worker for an event, at half of its highest throughput.
        process: bytes of a worker's memory for a customer.
        empty: bytes of a worker that knows nobody.
        changelog: bytes of the changelog for a customer.
        reading: customers that a worker reads back in a second.
        traffic: bytes that an event costs the broker, by what they are (`sections.KINDS`).
    """

    cpu: float
    process: float
    empty: float
    changelog: float
    reading: float
    traffic: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Shop:
    """Who sizes: `peak` is how many times the average the busiest hour has."""

    name: str
    customers: int
    events_a_day: int
    peak: float
    copies: int = 3

    @property
    def rate(self) -> float:
        """Events a second in the busiest hour."""
        return self.events_a_day / 86_400 * self.peak


SHOPS = (
    Shop("a small shop", customers=100_000, events_a_day=500_000, peak=5),
    Shop("a middling one", customers=1_000_000, events_a_day=20_000_000, peak=4),
    Shop("a large one", customers=10_000_000, events_a_day=400_000_000, peak=4),
)


def figures(latency: Result, recovery: Result, scale: Result) -> Figures:
    """What was measured of the journey as shipped.

    Raises:
        LookupError: some of it was not.
    """
    half = next(load for load in latency["journeys"]["shipped"]["loads"] if load["share"] == 0.5)
    mix = next(each for each in recovery["journeys"]["shipped"] if each["kind"] == "mix" and each["store"] == "memory")
    case = shipped_of(scale)
    if case is None:
        raise LookupError("the journey as shipped was not measured by benchmarks.scale")
    return Figures(
        half["cpu"] / 1e6,
        mix["process"],
        mix["empty"]["megabytes"] * 2**20,
        mix["written"],
        mix["rate"],
        {kind: median_of(case, kind) for kind in KINDS},
    )


def workers(shop: Shop, each: Figures) -> int:
    """So many that none is busier than BUSY, and two where one may fail."""
    return max(2, math.ceil(shop.rate * each.cpu / BUSY))


def partitions(shop: Shop, each: Figures) -> int:
    """A power of two, with room for four times the workers."""
    return max(FEWEST_PARTITIONS, 1 << math.ceil(math.log2(4 * workers(shop, each))))


def memory(shop: Shop, each: Figures) -> float:
    """Bytes of a worker, when one of them is gone."""
    return each.empty + shop.customers / (workers(shop, each) - 1) * each.process


def disk(shop: Shop, each: Figures) -> float:
    """Bytes of the changelog on all brokers."""
    return shop.customers * each.changelog * shop.copies * UNCOMPACTED


def written(shop: Shop, each: Figures) -> float:
    """Bytes a second that brokers are sent at the peak, copies between them not counted."""
    return shop.rate * sum(each.traffic.values())


def back(shop: Shop, each: Figures) -> float:
    """Seconds after a crash until the customers of that worker are followed again."""
    return SESSION + shop.customers / workers(shop, each) / each.reading


def tables(each: Figures) -> dict[str, list[str]]:
    """The page's tables, by the name of their marker."""
    costs = [
        ["CPU of a worker, an event", f"{each.cpu * 1e6:,.0f} µs"],
        ["memory of a worker, a customer", f"{each.process:,.0f} B"],
        ["memory of a worker that knows nobody", f"{each.empty / 2**20:,.0f} MB"],
        ["changelog, a customer", f"{each.changelog:,.0f} B"],
        ["read back by one worker", f"{each.reading:,.0f} customers/s"],
        *([f"to the broker, an event: {what}", f"{each.traffic[kind]:,.0f} B"] for kind, what in KINDS.items()),
    ]
    rows = {
        "customers": [f"{shop.customers:,}" for shop in SHOPS],
        "events a day": [f"{shop.events_a_day:,}" for shop in SHOPS],
        "events a second, busiest hour": [f"{shop.rate:,.0f}" for shop in SHOPS],
        "workers": [f"{workers(shop, each)}" for shop in SHOPS],
        "partitions": [f"{partitions(shop, each)}" for shop in SHOPS],
        "memory of a worker, one of them gone": [_size(memory(shop, each)) for shop in SHOPS],
        "changelog on all brokers, 3 copies": [_size(disk(shop, each)) for shop in SHOPS],
        "sent to the brokers at the peak": [f"{_size(written(shop, each))}/s" for shop in SHOPS],
        "back after a crash": [f"{back(shop, each):,.0f} s" for shop in SHOPS],
    }
    named = ["", *(shop.name for shop in SHOPS)]
    return {
        "costs": table(["", "measured"], costs),
        "shops": table(named, [[what, *cells] for what, cells in rows.items()]),
    }


def _size(number: float) -> str:
    for size, unit in ((2**30, "GB"), (2**20, "MB"), (2**10, "kB")):
        if number >= size:
            return f"{number / size:,.1f} {unit}"
    return f"{number:,.0f} B"


def with_tables(text: str, found: Mapping[str, Sequence[str]]) -> str:
    """The page with what stands between its markers written anew.

    Raises:
        ValueError: a marker is missing.
    """
    for name, lines in found.items():
        marked = re.compile(rf"<!-- {name} -->\n.*?<!-- /{name} -->", re.DOTALL)
        if not marked.search(text):
            raise ValueError(f"the markers <!-- {name} --> and <!-- /{name} --> are missing")
        text = marked.sub("\n".join([f"<!-- {name} -->", *lines, f"<!-- /{name} -->"]), text)
    return text


def page(text: str, results: Path = RESULTS) -> str | None:
    """The page as the results have it; None where something has not been measured."""
    found = [kept(name, results) for name in NAMES]
    measured = [each for each in found if each is not None]
    return with_tables(text, tables(figures(*measured))) if len(measured) == len(NAMES) else None


def rewrite(
    given: Sequence[str] | None, default: Path, made: Callable[[str, Path], str | None], names: Sequence[str]
) -> None:
    """The command that writes a page's tables anew, of the results of these names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, default=default)
    options = parser.parse_args(given)
    text = made(options.page.read_text(encoding="utf-8"), options.results)
    if text is None:
        raise SystemExit(f"{options.results} does not have all of {', '.join(names)}")
    options.page.write_text(text, encoding="utf-8")
    print(f"written to {options.page}", flush=True)


def main(given: Sequence[str] | None = None) -> None:
    """The command."""
    rewrite(given, PAGE, page, NAMES)


if __name__ == "__main__":
    main()
