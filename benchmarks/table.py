"""The table: the worker and its peers on one job, one Apache Kafka, in turn within each round.

    python -m benchmarks.table [--rounds 5] [--events 1000000] [--only stagewatch,quix,bytewax] [--check-only]

First every engine is checked on 20,000 events: a transition too many, too few or different stops the benchmark. Then
the rounds; what begins a round changes from one to the next. The table is printed and written to
benchmarks/RESULTS.md, its figures to benchmarks/results/table.json.
Figures of fewer events are not to be believed: a JVM compiles for half a minute, and Bytewax writes its state every ten
seconds only.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engines import ENGINES, Engine, Run
from benchmarks.figures import write
from benchmarks.foretold import Semantics, transitions
from benchmarks.job import Job, Row
from benchmarks.limits import decoding
from benchmarks.measuring import Measured, check, measure
from benchmarks.report import About, Report, about, figures, page
from benchmarks.running import ROOT
from benchmarks.topics import keep_only, make, produce
from tests.kafka.broker import KafkaBroker

SAMPLE = Job(events=20_000, customers=400, seed=2)
"""Few shoppers, so that each lives through months and the rare moves are made too."""


@dataclass(frozen=True, slots=True)
class Source:
    """One topic of events, and how many transitions each semantics makes of them."""

    topic: str
    events: int
    expected: dict[Semantics, int]


async def source(address: str, topic: str, job: Job, engines: Sequence[Engine]) -> tuple[Source, list[Row]]:
    """The job's events on a topic, and what they lead to for these engines."""
    rows = job.rows()
    await make(address, {topic: {}})
    await produce(address, topic, rows)
    wanted = {engine.semantics for engine in engines}
    expected = {semantics: sum(1 for _ in transitions(rows, semantics)) for semantics in wanted}
    return Source(topic, len(rows), expected), rows


async def check_all(address: str, engines: Sequence[Engine]) -> None:
    """Every engine on the sample.

    Raises:
        SystemExit: one publishes something else than the replay.
    """
    sample, rows = await source(address, "sample", SAMPLE, engines)
    for engine in engines:
        expected = sample.expected[engine.semantics]
        if (found := await check(engine, address, sample.topic, rows, expected)) is not None:
            raise SystemExit(f"{engine.name} does not do the job:\n{found}")
        print(
            f"{engine.name}: {expected:,} transitions of {sample.events:,} events, as the replay has them", flush=True
        )
    await keep_only(address, frozenset({sample.topic}))


async def rounds(address: str, engines: Sequence[Engine], now: About, options: argparse.Namespace) -> Report:
    """All rounds."""
    jobs = Job(options.events, options.events // 10), Job(options.slow_events, options.slow_events // 10)
    full, rows = await source(address, "events", jobs[0], [engine for engine in engines if not engine.slow])
    slow = [engine for engine in engines if engine.slow]
    fewer = (await source(address, "fewer-events", jobs[1], slow))[0] if slow else full
    values = [value for _, value in rows]
    runs: dict[str, list[Measured]] = {engine.name: [] for engine in engines}
    bare, dropped = [], []
    for number in range(options.rounds):
        turn = number % len(engines)
        for engine in (*engines[turn:], *engines[:turn]):
            found = await timed(address, number, engine, fewer if engine.slow else full)
            await keep_only(address, frozenset({full.topic, fewer.topic}))
            runs[engine.name].append(found)
            paces = [f"{pace.rate:,.0f}/s, {pace.cpu:.1f} CPU s/M" for pace in (found.whole, found.half)]
            print(f"round {number + 1}, {engine.name}: {paces[0]}; second half {paces[1]}", flush=True)
        bare.append(decoding(values))
        dropped.append(consuming(address, full))
    return Report(now, engines, runs, bare, dropped, jobs, sum(map(len, values)) // len(values))


async def timed(address: str, number: int, engine: Engine, given: Source) -> Measured:
    """One engine in one round."""
    with tempfile.TemporaryDirectory() as folder:
        run = Run(address, given.topic, f"r{number}-{engine.name}", Path(folder))
        return await measure(engine, run, given.events, given.expected[engine.semantics])


def consuming(address: str, full: Source) -> tuple[float, float]:
    """Aiokafka reading and dropping the events, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.limits", address, full.topic, str(full.events)]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    return float(said[0]), float(said[1])


async def compare(address: str, options: argparse.Namespace) -> None:
    """The check, the rounds, the table."""
    now = about()
    chosen = options.only.split(",") if options.only else [engine.name for engine in ENGINES]
    engines = [engine for engine in ENGINES if engine.name in chosen]
    await check_all(address, engines)
    if options.check_only:
        return
    found = await rounds(address, engines, now, options)
    write(options.out.parent / "results" / "table.json", now, figures(found), quick=False)
    text = page(found)
    options.out.write_text(text, encoding="utf-8")
    print(text)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--slow-events", type=int, default=50_000, help="for stock Faust, which takes so much longer")
    parser.add_argument("--only", help=f"of {', '.join(engine.name for engine in ENGINES)}")
    parser.add_argument("--check-only", action="store_true")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "RESULTS.md")
    options = parser.parse_args()
    with KafkaBroker() as kafka:
        asyncio.run(compare(kafka.address, options))


if __name__ == "__main__":
    main()
