"""The engines that do the job: how each is started, and what it needs to be there first."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from benchmarks.foretold import Semantics
from benchmarks.peers import environments
from benchmarks.running import COMPILED, ROOT
from benchmarks.topics import PARTITIONS
from benchmarks.work import DIALECT, journey_without_looking_back, reader_and_machine
from tests.kafka.broker import version as kafka_version

COMPACTED = {"cleanup.policy": "compact"}


@dataclass(frozen=True, slots=True)
class Run:
    """One run: where it reads, a name of its own for group and topics, and a folder for what it keeps."""

    address: str
    source: str
    name: str
    folder: Path

    @property
    def output(self) -> str:
        """The topic of its transitions."""
        return f"{self.name}-stage-transitions"


@dataclass(frozen=True, slots=True)
class Command:
    """How it is started, in which environment, and the topics to create before, beside the output."""

    words: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    topics: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Engine:
    """Something that does the job; `note` is said of it in the table, `slow` ones get fewer events."""

    name: str
    title: str
    version: Callable[[], str]
    command: Callable[[Run], Command]
    semantics: Semantics = Semantics.OWN
    note: str = ""
    slow: bool = False


def _stagewatch(run: Run, *, shipped: bool, program: Sequence[str] = (sys.executable, "-m", "stagewatch")) -> Command:
    journey = run.folder / "five-stage.yaml"
    journey.write_text(journey_without_looking_back(), encoding="utf-8")
    routes = reader_and_machine()[1].routes
    environment = {
        "STAGEWATCH_BROKER": run.address,
        "STAGEWATCH_APP_ID": run.name,
        "STAGEWATCH_TOPICS_PREFIX": f"{run.name}-",
        "STAGEWATCH_PARTITIONS": str(PARTITIONS),
        "STAGEWATCH_SOURCES": f"{run.source}={DIALECT}",
        "STAGEWATCH_CLOCK_IDLE_AFTER": "never",
        "STAGEWATCH_HTTP_PORT": "0",
        "STAGEWATCH_JOURNEYS": "five-stage" if shipped else str(journey),
    }
    topics: dict[str, Mapping[str, str]] = {f"{run.name}-{name}": {} for name in (*routes, "rejected-events")}
    topics |= {f"{run.name}-customers-changelog": COMPACTED, f"{run.name}-customer-stages": COMPACTED}
    return Command([*program, "worker"], environment, topics)


def _stock(run: Run) -> Command:
    return Command(
        [sys.executable, "-m", "benchmarks.peers.stock", *_places(run)], environment={"TMPDIR": str(run.folder)}
    )


def _quix(run: Run) -> Command:
    environment = {"PYTHONPATH": str(ROOT), "BENCH_STATE": str(run.folder / "state")}
    return Command([environments.python("quix"), "-m", "benchmarks.peers.quix", *_places(run)], environment)


def _bytewax(run: Run) -> Command:
    interpreter, store = environments.python("wax"), run.folder / "recovery"
    store.mkdir()
    subprocess.run([interpreter, "-m", "bytewax.recovery", str(store), "1"], check=True)
    environment = {
        "PYTHONPATH": str(ROOT),
        "BENCH_BROKER": run.address,
        "BENCH_SOURCE": run.source,
        "BENCH_OUTPUT": run.output,
    }
    flow = [interpreter, "-m", "bytewax.run", "benchmarks.peers.wax:flow"]
    return Command([*flow, "-r", str(store), "-s", "10", "-b", "0"], environment)


def _streams(run: Run) -> Command:
    words = ["java", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", environments.streams()]
    state = str(run.folder / "state")
    return Command([*words, "stagewatch.bench.Main", run.address, run.source, run.output, run.name, state])


def _places(run: Run) -> list[str]:
    return [run.address, run.source, run.output, str(PARTITIONS), run.name]


def _compiled() -> Iterator[Engine]:
    """The worker as `make compiled` builds it, where that was done."""
    if COMPILED.exists():
        yield Engine(
            "compiled",
            "Stagewatch",
            lambda: version("stagewatch"),
            lambda run: _stagewatch(run, shipped=False, program=[str(COMPILED)]),
            Semantics.CLOCK,
            "compiled",
        )


ENGINES = (
    Engine(
        "stagewatch",
        "Stagewatch",
        lambda: version("stagewatch"),
        lambda run: _stagewatch(run, shipped=False),
        Semantics.CLOCK,
    ),
    Engine(
        "shipped",
        "Stagewatch",
        lambda: version("stagewatch"),
        lambda run: _stagewatch(run, shipped=True),
        Semantics.SHIPPED,
        "as shipped: late events put in place, copies known",
    ),
    *_compiled(),
    Engine("streams", "Kafka Streams", kafka_version, _streams),
    Engine("bytewax", "Bytewax", lambda: environments.version("wax", "bytewax"), _bytewax),
    Engine("quix", "Quix Streams", lambda: environments.version("quix", "quixstreams"), _quix),
    Engine("stock", "stock Faust", lambda: version("faust-streaming"), _stock, slow=True),
)
