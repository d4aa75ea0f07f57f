"""How cost grows: with workers, partitions, customers, and journeys followed at once.

    python -m benchmarks.scale [--quick] [--rounds 3] [--events 200000] [--only customers-1000000,workers-2]

One case is the base (one worker, 8 partitions, 100,000 customers, one journey, which does not look back); each other
differs from it in one thing: the last three in that it is as shipped, in that each batch is a transaction, and in that
a million customers lie in RocksDB files, to be compared with a million in memory. In every case the customers are known
from the beginning: 10,000 shoppers have lived through 100,000 events, and stand in the changelog under as many names as
there have to be; the same shoppers' next events follow, told by each name in turn. So the number of customers is
measured, not that they are new. In a round, every case in turn: events are put on its topic, its workers are started,
and they work it off. What the broker was sent is told by topic.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.figures import keep, parser_of
from benchmarks.job import Job, Row
from benchmarks.known import copied, introduce, lived, make_topics
from benchmarks.report import about
from benchmarks.retimed import interleaved
from benchmarks.topics import bytes_of, keep_only, produce
from benchmarks.workers import SHIPPED, Setup, drained, journeys, stored, worker
from tests.kafka.broker import KafkaBroker

SHOPPERS = 10_000
BEFORE = 100_000
"""Events that customers have lived through."""
TOGETHER = {"group.initial.rebalance.delay.ms": "3000"}
"""For so long a new group waits for further members, so that workers started together begin together."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is run: `varies` is the axis on which it lies, beside the base, which is the default of everything."""

    varies: str
    workers: int = 1
    partitions: int = 8
    customers: int = 100_000
    journeys: int = 1
    shipped: bool = False
    exactly_once: bool = False
    store: str = "memory"

    @property
    def name(self) -> str:
        """For topics and people."""
        return f"{self.varies}-{getattr(self, self.varies)}".lower() if self.varies else "base"

    @property
    def copies(self) -> int:
        """Under how many names each shopper is known."""
        return max(1, self.customers // SHOPPERS)


BASE = Case("")
CASES = (
    BASE,
    Case("workers", workers=2),
    *(Case("partitions", partitions=number) for number in (1, 4, 16, 64)),
    *(Case("customers", customers=number) for number in (10_000, 1_000_000)),
    *(Case("journeys", journeys=number) for number in (2, 3)),
    Case("shipped", shipped=True),
    Case("exactly_once", exactly_once=True),
    Case("store", customers=1_000_000, store="rocksdb"),
)


@dataclass(slots=True)
class Course:
    """A case under way: how it is set up, how many events it has told, transitions made, and rounds measured."""

    case: Case
    setup: Setup
    topics: list[str]
    known: int = 0
    told: int = 0
    made: int = 0
    rounds: list[dict[str, Any]] = field(default_factory=list)


async def begin(kafka: KafkaBroker, case: Case, rows: Sequence[Row], folder: Path) -> Course:
    """Its topics and its customers."""
    names = list(SHIPPED)[: case.journeys]
    own = folder / case.name
    own.mkdir()
    text = journeys(names, own, shipped=case.shipped)
    further = stored(case.store, own / "files") | {"STAGEWATCH_EXACTLY_ONCE": str(case.exactly_once).lower()}
    setup = Setup(kafka.address, case.name, f"{case.name}-events", text, case.partitions, further)
    course = Course(case, setup, await make_topics(setup))
    course.known = await introduce(setup, copied(lived(setup.machine(), rows, setup.source), case.copies))
    print(f"{case.name}: {course.known:,} customers are known", flush=True)
    return course


async def measure(kafka: KafkaBroker, course: Course, rows: Sequence[Row], events: int) -> None:
    """One round of one case."""
    case, setup, data = course.case, course.setup, kafka.folder / "data"
    first = course.told // case.copies
    new = list(islice(interleaved(rows[first : first + events // case.copies], case.copies), events))
    course.told += len(new)
    source = bytes_of(data, setup.source)
    await produce(kafka.address, setup.source, new, case.partitions)
    source = bytes_of(data, setup.source) - source
    before = {topic: bytes_of(data, topic) for topic in course.topics if topic != setup.source}
    with ExitStack() as stack:
        workers = [stack.enter_context(worker(setup)) for _ in range(case.workers)]
        found = await drained(setup, workers, len(new), course.made)
        memory = sum(each.process.peak_megabytes() for each in workers)
    written = {topic: bytes_of(data, topic) - size for topic, size in before.items()}
    course.made += found.transitions
    course.rounds.append(
        {
            "rate": found.pace.rate,
            "cpu": found.pace.cpu,
            "memory": memory,
            "transitions": found.transitions / len(new),
            "traffic": {name: size / len(new) for name, size in _by_kind(course, source, written).items()},
        }
    )
    said = f"{found.pace.rate:,.0f}/s, {found.pace.cpu:.1f} CPU s/M, {memory:,.0f} MB"
    print(f"round {len(course.rounds)}, {case.name}: {said}", flush=True)


def _by_kind(course: Course, source: int, written: dict[str, int]) -> dict[str, float]:
    """Bytes of a round by what they are; routed copies together."""
    setup = course.setup
    named = {setup.changelog: "changelog", setup.output: "transitions", f"{setup.name}-customer-stages": "stages"}
    found: dict[str, float] = {"source": source, "changelog": 0, "transitions": 0, "stages": 0, "routed": 0}
    for topic, size in written.items():
        found[named.get(topic, "routed")] += size
    return found


async def run(kafka: KafkaBroker, options: argparse.Namespace, cases: Sequence[Case]) -> list[Course]:
    """All rounds of all cases."""
    rows = Job(BEFORE + options.rounds * options.events, SHOPPERS).rows()
    before, after = rows[:BEFORE], rows[BEFORE:]
    with tempfile.TemporaryDirectory() as folder:
        courses = [await begin(kafka, case, before, Path(folder)) for case in cases]
        for number in range(options.rounds):
            turn = number % len(courses)
            for course in (*courses[turn:], *courses[:turn]):
                await measure(kafka, course, after, options.events)
    await keep_only(kafka.address, frozenset())
    return courses


def told(course: Course) -> dict[str, Any]:
    """A case and what came of it; the base is the one that varies in nothing."""
    return {**asdict(course.case), "known": course.known, "rounds": course.rounds}


def main(given: Sequence[str] | None = None) -> None:
    """The command."""
    parser = parser_of(__doc__, "scale")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--events", type=int, help="of a round")
    parser.add_argument("--only", help=f"of {', '.join(case.name for case in CASES)}; separated by commas")
    options = parser.parse_args(given)
    options.rounds = options.rounds or (1 if options.quick else 3)
    options.events = options.events or (20_000 if options.quick else 200_000)
    cases: Sequence[Case] = CASES
    if options.quick:
        cases = [replace(case, customers=min(case.customers, 5 * SHOPPERS)) for case in CASES]
    if options.only:
        cases = [case for case in cases if case.name in options.only.split(",")]
    said = about("benchmarks.scale")
    with KafkaBroker(TOGETHER) as kafka:
        courses = asyncio.run(run(kafka, options, cases))
    keep("scale", options, said, {"events": options.events, "cases": [told(course) for course in courses]})


if __name__ == "__main__":
    main()
