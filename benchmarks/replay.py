"""A file replay against its floor: the same lines through bare `orjson.loads`.

    python -m benchmarks.replay [--events 300000] [--rounds 5] [--compiled]

All are whole processes on one core (`taskset -c 0` where there is one), and CPU seconds are compared, start-up
left out by measuring an empty file as well.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.job import DIALECT, events
from benchmarks.running import COMPILED

CUSTOMERS = 20_000
BARE = "import sys, orjson\nfor line in open(sys.argv[1], 'rb'):\n    orjson.loads(line)\n"


def cpu(command: list[str]) -> float:
    """User and system seconds of one run."""
    pinned = ["taskset", "-c", "0", *command] if shutil.which("taskset") else command
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(pinned, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> None:
    """All rounds, and the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--compiled", action="store_true", help="beside it the one that `make compiled` built")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        full, empty = Path(folder, "events.jsonl"), Path(folder, "empty.jsonl")
        lines = [value for _, value in events(options.events, customers=CUSTOMERS)]
        full.write_bytes(b"\n".join(lines) + b"\n")
        empty.write_bytes(b"")
        print(f"{len(lines):,} events of {full.stat().st_size // len(lines)} bytes, {CUSTOMERS:,} customers")
        out = ["replay", "--dialect", DIALECT, "-o", str(Path(folder, "out.jsonl"))]
        commands = {"bare": [sys.executable, "-c", BARE], "replay": [sys.executable, "-m", "stagewatch", *out]}
        if options.compiled:
            commands["compiled"] = [str(COMPILED), *out]
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(options.rounds):
            for name, command in commands.items():
                seconds[name].append(cpu([*command, str(full)]) - cpu([*command, str(empty)]))
    for name in list(commands)[1:]:
        show(name, options.events, seconds[name], seconds["bare"])
    if options.compiled:
        print("compiled over plain:", _spread(_ratios(seconds["replay"], seconds["compiled"]), ".2f"))


def show(name: str, number: int, ours: list[float], floor: list[float]) -> None:
    """One program's figures."""
    print(f"{name}: {_spread([number / each for each in ours], ',.0f')} events/s on one core")
    print(f"{name}: {_spread(_ratios(ours, floor), '.1f')} times the CPU time of bare orjson.loads")


def _ratios(those: list[float], these: list[float]) -> list[float]:
    """Round by round."""
    return [that / this for that, this in zip(those, these, strict=True)]


def _spread(figures: list[float], form: str) -> str:
    return f"{statistics.median(figures):{form}} ({min(figures):{form}} to {max(figures):{form}})"


if __name__ == "__main__":
    main()
