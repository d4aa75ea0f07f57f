"""The long run: `python -m tests.faults.soak`, or `make soak`. It ends with 1 when anything is lost or invented.

Owns the command, and the table that it prints and writes. The seed is printed first: with it, the same history and the
same faults come again, though no two runs are alike to the millisecond.
"""

import argparse
import asyncio
import logging
import secrets
import shlex
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.faults.run import Outcome, Plan, run

ROCKSDB = {"store.kind": "rocksdb", "store.path": "{folder}/store"}


def plan_of(words: Sequence[str]) -> tuple[Plan, Path | None]:
    """The plan that the command's words make, and the file for the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="of all chance")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--rate", type=float, default=1_500, help="events a second, at most")
    parser.add_argument("--customers", type=int, help="one for each 50 events, if not said")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--exactly-once", action="store_true")
    parser.add_argument("--store", choices=["memory", "rocksdb"], default="memory")
    parser.add_argument("--output", type=Path, help="where the table is written, too")
    said = parser.parse_args(words)
    settings = {"exactly_once": "true"} if said.exactly_once else {}
    if said.store == "rocksdb":
        settings |= ROCKSDB
    plan = Plan(
        said.seed,
        said.events,
        said.faults,
        said.rate,
        said.customers or max(100, said.events // 50),
        said.workers,
        said.partitions,
        settings,
        said.exactly_once,
    )
    return plan, said.output


def table(outcome: Outcome, command: str) -> str:
    """What came of it, in Markdown."""
    verdict, plan = outcome.verdict, outcome.plan
    rows = [
        ("faults", f"{outcome.faults.total():,}"),
        ("events played", f"{outcome.events:,}"),
        ("transitions compared", f"{verdict.compared:,}"),
        ("records on stage-transitions", f"{verdict.published:,}"),
        ("of them corrections", f"{verdict.corrections:,}"),
        ("lost", f"{verdict.lost:,}"),
        ("invented", f"{verdict.invented:,}"),
        ("duplicates, all with known ids", f"{verdict.duplicates:,}"),
        *((f"wrong: {kind}", f"{count:,}") for kind, count in sorted((+verdict.wrongs).items())),
        ("troubles", f"{len(outcome.troubles):,}"),
        ("workers that ended by themselves and were started again", f"{outcome.ends.total():,}"),
        ("slowest stop after SIGTERM", f"{outcome.slowest:.1f} s"),
        ("seconds", f"{outcome.seconds:,.0f}"),
    ]
    faults = [(name, str(count)) for name, count in sorted(outcome.faults.items())]
    faults += [(f"{name} (did not come about)", str(count)) for name, count in sorted(outcome.missed.items())]
    mode = "exactly once" if plan.exactly_once else "at least once"
    store = plan.settings.get("store.kind", "memory")
    return "\n".join(
        [
            f"`{command}`",
            "",
            f"Seed {plan.seed}, {mode}, customers in {store}, {plan.workers} workers, {plan.partitions} partitions.",
            "",
            *_aligned(("what", "count"), rows),
            "",
            *_aligned(("fault", "times"), faults),
        ]
    )


def _aligned(head: tuple[str, str], rows: Sequence[tuple[str, str]]) -> list[str]:
    left, right = (max(len(row[column]) for row in [head, *rows]) for column in (0, 1))
    lines = [f"| {name:{left}} | {value:>{right}} |" for name, value in [head, *rows]]
    return [lines[0], f"|{'-' * (left + 2)}|{'-' * (right + 1)}:|", *lines[1:]]


def say(line: str) -> None:
    """On standard output, at once."""
    print(line, flush=True)  # noqa: T201  a command


def main(words: Sequence[str]) -> int:
    """Run it; the exit code."""
    plan, output = plan_of(words)
    command = shlex.join(["python", "-m", "tests.faults.soak", *words])
    if "--seed" not in words:
        command += f" --seed {plan.seed}"
    say(f"the same again: {command}")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a broker that is away is told of ten times a second
    folder = Path(tempfile.mkdtemp(prefix="stagewatch-soak-"))
    stored = {name: value.format(folder=folder) for name, value in plan.settings.items()}
    here = replace(plan, settings=stored)
    outcome = asyncio.run(run(here, folder, say))
    told = table(outcome, command)
    say(f"\n{told}\n\n{outcome.verdict}")
    for trouble in outcome.troubles:
        say(f"\ntrouble: {trouble}")
    if output is not None:
        output.write_text(f"{told}\n")
    say(f"logs of the workers are in {folder}")
    return 0 if outcome.good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
