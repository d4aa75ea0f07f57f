"""A file replay against its floor: the same lines through bare `orjson.loads`.

    python -m benchmarks.replay [--events 300000] [--rounds 5]

Both are whole processes on one core (`taskset -c 0` where there is one), and CPU seconds are compared, start-up
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
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        full, empty = Path(folder, "events.jsonl"), Path(folder, "empty.jsonl")
        lines = [value for _, value in events(options.events, customers=CUSTOMERS)]
        full.write_bytes(b"\n".join(lines) + b"\n")
        empty.write_bytes(b"")
        print(f"{len(lines):,} events of {full.stat().st_size // len(lines)} bytes, {CUSTOMERS:,} customers")
        replay = [
            sys.executable,
            "-m",
            "stagewatch",
            "replay",
            "--dialect",
            DIALECT,
            "-o",
            str(Path(folder, "out.jsonl")),
        ]
        bare = [sys.executable, "-c", BARE]
        ours, floor = [], []
        for _ in range(options.rounds):
            ours.append(cpu([*replay, str(full)]) - cpu([*replay, str(empty)]))
            floor.append(cpu([*bare, str(full)]) - cpu([*bare, str(empty)]))
    rates = [options.events / seconds for seconds in ours]
    ratios = [mine / theirs for mine, theirs in zip(ours, floor, strict=True)]
    print(
        f"replay: median {statistics.median(rates):,.0f} events/s on one core ({min(rates):,.0f} to {max(rates):,.0f})"
    )
    print(
        f"time over bare orjson.loads: median {statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})"
    )


if __name__ == "__main__":
    main()
