"""`python -m tests.fuzz`: bad input of every kind, a table of what came of it, and how to play any of it again."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from random import SystemRandom
from time import perf_counter

from tests.fuzz.running import HANGS, TOLD, Found, Tally, play, play_all, timed
from tests.fuzz.targets import TARGETS

HEAD = "| target | cases | CPU s | cases a CPU s | crashes | kinds of crash | slowest case, ms | peak memory, MB |"


def main() -> int:
    """Play what is asked for; 1 where anything was found."""
    options = _options()
    seed = SystemRandom().randrange(2**32) if options.seed is None else options.seed
    if options.again:
        return _again(seed, options.again)
    names = options.target or list(TARGETS)
    whole = sum(TARGETS[name].share for name in names)
    print(f"seed {seed}: `make fuzz SEED={seed} CASES={options.cases}` plays the same again", flush=True)
    began, tallies = perf_counter(), dict[str, Tally]()
    for name in names:
        part = TARGETS[name]
        cases = max(1, round(options.cases * part.share / whole))
        tally, took = timed(play_all(name, part.make, seed, cases, processes=options.processes, size=part.size))
        tallies[name] = tally
        print(f"{name}: {tally.cases:,} cases in {took:,.0f} s, {len(tally.found)} crashes", flush=True)
        _tell(tally.found, seed)
    told = table(tallies, seed, perf_counter() - began)
    print(told)
    if options.out:
        options.out.write_text(told + "\n", encoding="utf-8")
    return 1 if any(tally.found for tally in tallies.values()) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000_000, help="of all targets together")
    parser.add_argument("--seed", type=int, help="drawn if not given")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--target", action="append", choices=list(TARGETS), help="only these; may be said again")
    parser.add_argument("--out", type=Path, help="a file for the table")
    parser.add_argument(
        "--again", help="TARGET:SLICE:NUMBER, as told of a crash: play that case alone, and tell it whole"
    )
    return parser.parse_args()


def table(tallies: Mapping[str, Tally], seed: int, seconds: float) -> str:
    """What was played and what came of it, as Markdown."""
    total = Tally()
    rows = [HEAD, "|---|" + "---:|" * 7]
    for name, tally in tallies.items():
        rows.append(_row(name, tally))
        total.add(tally)
    rows.append(_row("all", total))
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return "\n".join(
        [
            "",
            *rows,
            "",
            f"Seed {seed}, {seconds:,.0f} s by the clock, {when}. A case counts as a hang beyond {HANGS:g} s of CPU time.",
        ]
    )


def _row(name: str, tally: Tally) -> str:
    speed = tally.cases / tally.seconds if tally.seconds else 0
    cells = (
        name, f"{tally.cases:,}", f"{tally.seconds:,.1f}", f"{speed:,.0f}", f"{len(tally.found):,}",
        "; ".join(tally.kinds) or "none", f"{tally.slowest:,.1f}", f"{tally.megabytes:,.0f}",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _tell(found: Iterable[Found], seed: int) -> None:
    told: dict[str, int] = {}
    for each in found:
        told[each.kind] = told.get(each.kind, 0) + 1
        if told[each.kind] <= TOLD:
            print(f"--- {each.kind}: `--seed {seed} --again {each.target}:{each.slice}:{each.number}`\n{each.said}\n")


def _again(seed: int, place: str) -> int:
    name, number, index = place.split(":")
    part = TARGETS[name]
    for each in play(part.make(), name, seed, int(number), int(index) + 1).found:
        if each.number == int(index):
            print(each.said)
            return 1
    print("nothing is wrong with it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
