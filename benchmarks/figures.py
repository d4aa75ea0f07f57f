"""Figures: percentiles and spreads, and the JSON files in which measurements are kept.

Owns benchmarks/results/: a file for each measurement, with what the machine was and how it was run, from which the
pages and the plots are made. A quick run, which only shows that everything works, is kept in the temporary folder.
"""

from __future__ import annotations

import logging
import math
import statistics
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from benchmarks.running import ROOT

if TYPE_CHECKING:
    from benchmarks.report import About

RESULTS = ROOT / "benchmarks" / "results"

Result = dict[str, Any]


def quick_results() -> Path:
    """Where quick runs leave their files."""
    return Path(tempfile.gettempdir(), "stagewatch-bench", "quick")


def parser_of(text: str | None, name: str) -> ArgumentParser:
    """A command's options: those that all have are here."""
    # It says so whenever a new topic's leader is some moments away, and tries again.
    logging.getLogger("aiokafka.producer").setLevel(logging.CRITICAL)
    parser = ArgumentParser(description=text)
    parser.add_argument("--quick", action="store_true", help="small, to see that it works; its figures say nothing")
    parser.add_argument("--out", type=Path, help=f"default: benchmarks/results/{name}.json")
    return parser


def keep(name: str, options: Namespace, said: About, found: Mapping[str, object]) -> None:
    """Write what was found to where the options say."""
    folder = quick_results() if options.quick else RESULTS
    write(options.out or folder / f"{name}.json", said, found, quick=options.quick)


def write(path: Path, said: About, found: Mapping[str, object], *, quick: bool) -> None:
    """Write what was found to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = {"about": asdict(said), "quick": quick, **found}
    path.write_bytes(orjson.dumps(whole, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    print(f"written to {path}", flush=True)


def kept(name: str, folder: Path = RESULTS) -> Result | None:
    """What was measured last under this name; None if nothing was."""
    path = folder / f"{name}.json"
    if not path.exists():
        return None
    found: Result = orjson.loads(path.read_bytes())
    return found


def percentile(ordered: Sequence[float], share: float) -> float:
    """The least figure that is not less than `share` (0 to 1) of all; they are in order.

    Raises:
        ValueError: there are none.
    """
    if not ordered:
        raise ValueError("no figures, so no percentile")
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def percentiles(figures: Sequence[float]) -> dict[str, float]:
    """The median, the tail, the greatest, and how many there are."""
    ordered = sorted(figures)
    named = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999, "max": 1.0}
    return {"count": len(ordered), **{name: percentile(ordered, share) for name, share in named.items()}}


def spread(figures: Sequence[float], shown: Callable[[float], str]) -> str:
    """The median, with the least and the greatest behind it."""
    middle = shown(statistics.median(figures))
    return middle if len(figures) < 2 else f"{middle} ({shown(min(figures))} to {shown(max(figures))})"
