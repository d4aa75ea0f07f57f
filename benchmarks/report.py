"""What was measured, as a page of Markdown: the table, and everything that one needs to judge or repeat it."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.engines import Engine
from benchmarks.figures import spread
from benchmarks.job import Job
from benchmarks.measuring import Measured
from benchmarks.running import ROOT
from benchmarks.topics import PARTITIONS
from tests.kafka.broker import version as kafka_version

Pairs = Sequence[tuple[float, float]]
"""(events a second, CPU seconds a million events), a pair for each round."""

HOW = """\
Events a second are counted from the first transitions seen on the output topic to the last of those that the replay
foretells; CPU seconds are those of the process and its children between the same two moments. The second half is that
of the transitions: by then a JVM has compiled most of what is worth it, and stores that are written now and then have
been. Memory is the most that was resident. Each figure is the median of all rounds, with the least and the greatest;
ratios are taken within a round, and above 1 Stagewatch is ahead. Before anything was timed, every engine published
exactly the transitions of the replay on 20,000 events, with the same facts.

Peers, and Stagewatch in the first line, follow the five-stage journey with `lateness` and `dedup_window` 0: no peer has
either. In peers a deadline fires with its own customer's next event; Stagewatch has a clock for each partition, so it
also tells of those who do not come back. It publishes `customer-stages` and routed copies besides, which peers do not.
The peers in Python call our own reader and machine: what differs is the engine. Kafka Streams does the same moves by
hand, in Java, with Jackson, and decodes only what they need. What is not yet durable at the last moment does not
count: Kafka Streams commits every 30 seconds, Bytewax every 10, Quix Streams every 5, as they come.\
"""


@dataclass(frozen=True, slots=True)
class About:
    """When, where and how it was run."""

    date: str
    command: str
    commit: str
    machine: str
    load: str
    versions: str


@dataclass(frozen=True, slots=True)
class Report:
    """All that the page tells; `jobs` are that of most engines and that of the slow ones."""

    about: About
    engines: Sequence[Engine]
    runs: Mapping[str, Sequence[Measured]]
    decoding: Pairs
    consuming: Pairs
    jobs: tuple[Job, Job]
    size: int


def about(module: str = "benchmarks.table") -> About:
    """What can be told of this machine, now, and of the command that runs."""
    cpu = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = next((line.split(": ")[1] for line in cpu.splitlines() if line.startswith("model name")), "unknown CPU")
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    java = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr.splitlines()[0]
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    return About(
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        " ".join([f"python -m {module}", *sys.argv[1:]]),
        commit or "unknown",
        f"{model}, {os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.release()}",
        "{:.2f} {:.2f} {:.2f}".format(*os.getloadavg()),
        f"Python {platform.python_version()}, aiokafka {version('aiokafka')}, orjson {version('orjson')}, "
        f"{java}, Apache Kafka {kafka_version()} on the same machine, with the settings of tests/kafka/broker.py",
    )


def figures(report: Report) -> dict[str, object]:
    """The same as the page tells, to be kept as JSON."""
    engines = [
        {
            "name": engine.name,
            "title": engine.title,
            "note": engine.note,
            "version": engine.version(),
            "runs": [asdict(run) for run in report.runs[engine.name]],
        }
        for engine in report.engines
    ]
    limits = {"decoding": report.decoding, "consuming": report.consuming}
    return {"jobs": [asdict(job) for job in report.jobs], "size": report.size, "engines": engines, **limits}


def page(report: Report) -> str:
    """The whole page."""
    full, fewer = report.jobs
    said = report.about
    slow = [engine.title for engine in report.engines if engine.slow]
    rounds = len(report.decoding)
    job = (
        f"{full.events:,} Segment events of {report.size} bytes, {full.customers:,} shoppers (Zipf 0.9), {PARTITIONS} "
        f"partitions; {rounds} round{'s' * (rounds > 1)}, all engines in turn. Written by `{said.command}`."
    )
    lines = [
        "# The same job on other engines",
        "",
        job,
        *([f"{' and '.join(slow)}: {fewer.events:,} events of {fewer.customers:,} shoppers."] if slow else []),
        "",
        *_engines(report),
        "",
        *_ratios(report),
        *_limits(report),
        "",
        HOW,
        "",
        f"- {said.date}, commit {said.commit}, load average at the start {said.load}",
        f"- {said.machine}",
        f"- {said.versions}",
    ]
    return "\n".join(lines) + "\n"


def _engines(report: Report) -> list[str]:
    lines = [
        "| engine | events/s | CPU s per million | events/s, second half | CPU s, second half | peak MB |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for engine in report.engines:
        runs = report.runs[engine.name]
        cells = [
            _titled(engine, engine.version()),
            spread([run.whole.rate for run in runs], "{:,.0f}".format),
            spread([run.whole.cpu for run in runs], "{:.1f}".format),
            spread([run.half.rate for run in runs], "{:,.0f}".format),
            spread([run.half.cpu for run in runs], "{:.1f}".format),
            spread([run.memory for run in runs], "{:,.0f}".format),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _ratios(report: Report) -> list[str]:
    """Stagewatch over each of the others, round by round."""
    ours = report.runs.get("stagewatch")
    if ours is None:
        return []
    lines = [
        "| Stagewatch over | events/s | per CPU second | events/s, second half | per CPU second, second half |",
        "|---|---:|---:|---:|---:|",
    ]
    for engine in report.engines:
        if engine.name == "stagewatch":
            continue
        both = list(zip(ours, report.runs[engine.name], strict=True))
        cells = [_titled(engine)]
        for paces in (
            [(mine.whole, theirs.whole) for mine, theirs in both],
            [(mine.half, theirs.half) for mine, theirs in both],
        ):
            cells.append(spread([mine.rate / theirs.rate for mine, theirs in paces], "{:.2f}".format))
            cells.append(spread([theirs.cpu / mine.cpu for mine, theirs in paces], "{:.2f}".format))
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, ""]


def _titled(engine: Engine, *further: str) -> str:
    return ", ".join(filter(None, [" ".join([engine.title, *further]), engine.note]))


def _limits(report: Report) -> list[str]:
    lines = ["| limit | events/s | CPU s per million |", "|---|---:|---:|"]
    named = {
        "bare `orjson.loads` of the same bytes": report.decoding,
        "aiokafka, consuming and dropping": report.consuming,
    }
    for name, pairs in named.items():
        rates = spread([rate for rate, _ in pairs], "{:,.0f}".format)
        lines.append(f"| {name} | {rates} | {spread([cpu for _, cpu in pairs], '{:.1f}'.format)} |")
    return lines
