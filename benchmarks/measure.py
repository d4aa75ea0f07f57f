"""All measurements of the worker alone, one after another, and the pages that are made of them.

    python -m benchmarks.measure [--quick] [--only latency,pending,recovery,scale] [--no-runs]

Each measurement is a process of its own and leaves benchmarks/results/NAME.json; from these come
benchmarks/MEASURES.md, docs/scale.svg, docs/engines.svg (where `benchmarks.table` has left its figures) and the tables
of docs/sizing.md. With `--quick` everything is small, and all of it goes to the temporary folder. A measurement that
fails is told of at the end, and does not keep the others from being made.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import RESULTS, Result, kept, quick_results
from benchmarks.plot import DOCS, draw
from benchmarks.running import ROOT
from benchmarks.sections import SECTIONS
from benchmarks.sizing import PAGE
from benchmarks.sizing import page as sizing

MEASURES = ROOT / "benchmarks" / "MEASURES.md"
HEAD = """\
# The worker, measured

How long, how late, how much, and how that grows. How the same job goes on other engines is in RESULTS.md, which
`make bench` writes; this page is written by `make measure` from the figures in results/. Broker, producers, workers and
subscribers share the machine. Medians have the least and the greatest behind them.
"""


def run(names: Sequence[str], *, quick: bool) -> list[str]:
    """Run measurements; those that failed."""
    failed = []
    for name in names:
        began = time.monotonic()
        print(f"--- {name}", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{name}", *(["--quick"] if quick else [])]
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            failed.append(name)
        print(f"--- {name} took {(time.monotonic() - began) / 60:.1f} minutes", flush=True)
    return failed


def page(results: Path) -> str:
    """All sections of which there are results."""
    found = {name: told for name in SECTIONS if (told := kept(name, results)) is not None}
    parts = [HEAD]
    for name, told in found.items():
        parts.append("\n".join([*SECTIONS[name](told), "", *_about(told)]) + "\n")
    return "\n".join(parts)


def _about(told: Result) -> list[str]:
    said = told["about"]
    warning = ["**A quick run: it shows that everything works, its figures say nothing.**", ""] if told["quick"] else []
    return [
        *warning,
        (
            f"`{said['command']}`, {said['date']}, commit {said['commit']}, load average at the start {said['load']}; "
            f"{said['machine']}; {said['versions']}."
        ),
    ]


def write(results: Path, measures: Path, docs: Path, sizes: Path) -> None:
    """The pages and the pictures."""
    measures.write_text(page(results), encoding="utf-8")
    print(f"written to {measures}", flush=True)
    draw(results, docs)
    text = sizing(sizes.read_text(encoding="utf-8"), results)
    if text is not None:
        sizes.write_text(text, encoding="utf-8")
        print(f"written to {sizes}", flush=True)


def main(given: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", help=f"of {', '.join(SECTIONS)}; separated by commas")
    parser.add_argument("--no-runs", action="store_true", help="write the pages from the figures that are there")
    options = parser.parse_args(given)
    names = [name for name in SECTIONS if options.only is None or name in options.only.split(",")]
    failed = [] if options.no_runs else run(names, quick=options.quick)
    if options.quick:
        folder = quick_results()
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(PAGE, folder / PAGE.name)
        write(folder, folder / MEASURES.name, folder, folder / PAGE.name)
    else:
        write(RESULTS, MEASURES, DOCS, PAGE)
    if failed:
        raise SystemExit(f"not measured: {', '.join(failed)}")


if __name__ == "__main__":
    main()
