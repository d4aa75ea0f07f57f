"""The two pictures: the engines side by side, and how cost grows.

    python -m benchmarks.plot [--results FOLDER] [--to FOLDER]

Drawn from benchmarks/results/table.json and scale.json to docs/engines.svg and docs/scale.svg; what has not been
measured is not drawn.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.drawing import COLUMN, LINE, TALL, Bar, Chart, lying, picture, standing
from benchmarks.figures import RESULTS, Result, kept
from benchmarks.running import ROOT

DOCS = ROOT / "docs"
AXES = {
    "workers": "workers",
    "partitions": "partitions",
    "customers": "customers",
    "journeys": "journeys",
}
OURS = {"shipped": ", as shipped", "compiled": ", compiled"}
"""What is said behind the title of ours, by the name of the engine."""


def engines(found: Result) -> str:
    """Throughput and CPU of every engine, over the second half of the job."""
    told = found["engines"]
    rates = Chart("events a second", [_engine(each, "rate") for each in told], "{:,.0f}".format)
    costs = Chart(
        "CPU seconds a million events (shorter is better)", [_engine(each, "cpu") for each in told], "{:.1f}".format
    )
    height = len(told) * LINE
    parts = [lying(rates, 220, 72, 680), lying(costs, 220, 72 + height + 56, 680)]
    job, said = found["jobs"][0], found["about"]
    below = f"{job['events']:,} events of {job['customers']:,} customers, {said['machine']}; medians, least to greatest"
    return picture("The same job on one Apache Kafka", below, (900, 2 * height + 192), parts)


def _engine(told: Mapping[str, Any], name: str) -> Bar:
    figures = [run["half"][name] for run in told["runs"]]
    ours = told["title"].startswith("Stagewatch")
    title = told["title"] + OURS.get(told["name"], "")
    return _bar(title, figures, ours=ours)


def scale(found: Result) -> str:
    """Throughput and CPU along each axis."""
    cases = found["cases"]
    parts, x = [], 24.0
    for axis, title in AXES.items():
        along = on_axis(cases, axis)
        if not along:
            continue
        for figure, head, y in (("rate", f"{title}: events/s", 78), ("cpu", "CPU s a million", 78 + TALL + 90)):
            shown = "{:.1f}".format if figure == "cpu" else short
            bars = [_bar(short(case[axis]), [each[figure] for each in case["rounds"]], ours=True) for case in along]
            parts.append(standing(Chart(head, bars, shown), x, y))
        x += max(COLUMN * len(along), 170) + 28
    said, base = found["about"], cases[0]
    below = (
        f"Beside the base: {base['workers']} worker, {base['partitions']} partitions, {base['customers']:,} customers, "
    )
    below += f"{base['journeys']} journey. {said['machine']}"
    return picture("How cost grows", below, (int(x), 2 * TALL + 270), parts)


def on_axis(cases: Sequence[Mapping[str, Any]], axis: str) -> list[Mapping[str, Any]]:
    """The base and the cases that differ from it on this axis, in order."""
    return sorted((case for case in cases if case["varies"] in {"", axis}), key=lambda case: int(case[axis]))


def short(number: float) -> str:
    """Three digits and a letter: 950, 12.3k, 1M."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g}{letter}"
    return f"{number:.3g}"


def _bar(name: str, figures: Sequence[float], *, ours: bool) -> Bar:
    return Bar(name, min(figures), statistics.median(figures), max(figures), ours)


PICTURES: Mapping[str, tuple[str, Callable[[Result], str]]] = {
    "table": ("engines.svg", engines),
    "scale": ("scale.svg", scale),
}
"""Of each measurement, the picture's file and how it is drawn."""


def draw(results: Path, to: Path) -> None:
    """Draw what there are results of."""
    for name, (file, picture_of) in PICTURES.items():
        found = kept(name, results)
        if found is not None:
            (to / file).write_text(picture_of(found), encoding="utf-8")
            print(f"drawn {to / file}", flush=True)


def main(given: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--to", type=Path, default=DOCS)
    options = parser.parse_args(given)
    draw(options.results, options.to)


if __name__ == "__main__":
    main()
