"""The README's table of engines, written from what the last full run of `benchmarks.table` measured.

    python -m benchmarks.front [--results FOLDER] [--page FILE]

Owns what of the figures stands there: medians over the rounds, and ours over each of the others.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures import RESULTS, Result, kept
from benchmarks.running import ROOT
from benchmarks.sections import table
from benchmarks.sizing import rewrite, with_tables

PAGE = ROOT / "README.md"
OURS = "stagewatch"
HEAD = ["", "events/s", "CPU s a million", "peak MB", "ours over it, events/s", "ours over it, per CPU second"]


def lines(found: Result) -> list[str]:
    """The table: medians over the rounds, and medians of the ratios within each."""
    engines = found["engines"]
    ours = next(each["runs"] for each in engines if each["name"] == OURS)
    return table(HEAD, [_row(each, ours) for each in engines])


def _row(engine: dict[str, Any], ours: Sequence[dict[str, Any]]) -> list[str]:
    runs = engine["runs"]
    title = ", ".join(filter(None, [engine["title"], engine["note"]]))
    figures = [
        f"{statistics.median(run['whole']['rate'] for run in runs):,.0f}",
        f"{statistics.median(run['whole']['cpu'] for run in runs):.1f}",
        f"{statistics.median(run['memory'] for run in runs):,.0f}",
    ]
    if engine["name"] == OURS:
        return [title, *figures, "", ""]
    both = list(zip(ours, runs, strict=True))
    faster = statistics.median(mine["whole"]["rate"] / theirs["whole"]["rate"] for mine, theirs in both)
    cheaper = statistics.median(theirs["whole"]["cpu"] / mine["whole"]["cpu"] for mine, theirs in both)
    return [title, *figures, f"{faster:.1f}", f"{cheaper:.2f}"]


def page(text: str, results: Path = RESULTS) -> str | None:
    """The page with the table as it was measured; None where nothing was."""
    found = kept("table", results)
    return None if found is None else with_tables(text, {"engines": lines(found)})


def main(given: Sequence[str] | None = None) -> None:
    """The command."""
    rewrite(given, PAGE, page, ["table"])


if __name__ == "__main__":
    main()
