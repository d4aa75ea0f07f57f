"""Apache Kafka's own broker, one node in KRaft mode, for tests.

Owns fetching the jars (tests/kafka/pom.xml, by mvn), formatting storage, starting, stopping, killing and
starting again on the same data. May not know what is tested on it. Topics are never created by themselves
here: a test that forgets to create one is told so.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from stream.leash import Leash
from stream.probe import HOST, free_ports, wait_until_answering
from tests.kafka.held import send

HERE = Path(__file__).parent
POM = HERE / "pom.xml"
START_PATIENCE = 60.0  # seconds; 3 on an idle machine, but these tests share two cores
STOP_PATIENCE = 20.0  # seconds; a controlled shutdown takes 0.3
DOWNLOAD_PATIENCE = 600.0  # seconds for 45 MB of jars
CLUSTER = "c3RhZ2V3YXRjaC10ZXN0cw"  # a KRaft cluster id: 16 bytes in base64

# A small heap, and the just-in-time compiler's first tier alone: it starts faster, and tests do not run long
# enough to miss the others.
JAVA_OPTIONS = ["-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]
QUIET = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    # A killed broker is let in again when its old session has run out: 4 s instead of 12.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "group.min.session.timeout.ms": "1000",
    "log.cleaner.dedupe.buffer.size": "4194304",
}


class KafkaMissing(Exception):  # noqa: N818  the lack is the message
    """Apache Kafka cannot be run here; says what to install."""


class KafkaFailed(Exception):  # noqa: N818  reads as a sentence where it is raised
    """The broker did not start; carries the end of its log."""


def version() -> str:
    """The version of Apache Kafka that the pom names."""
    found = re.search(r"<kafka\.version>(.+)</kafka\.version>", POM.read_text())
    if found is None:
        raise KafkaMissing(f"{POM} names no kafka.version")
    return found[1]


def missing_tools() -> str | None:
    """What has to be installed before Apache Kafka can run, in one sentence, or None."""
    lacking = [tool for tool in ("java", "mvn") if shutil.which(tool) is None]
    if not lacking:
        return None
    return (
        f"{' and '.join(lacking)} not found: install a JDK (17 or later) and Maven, "
        "for instance `apt-get install default-jdk-headless maven`"
    )


def jars() -> Path:
    """The folder with the broker's jars, fetched from Maven Central the first time.

    Raises:
        KafkaMissing: java or mvn is not installed, or the jars cannot be had.
    """
    lacking = missing_tools()
    if lacking:
        raise KafkaMissing(lacking)
    folder = HERE / "target" / f"kafka-{version()}"
    if (folder / "complete").exists():
        return folder
    fetch = ["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies"]
    done = subprocess.run(fetch, capture_output=True, text=True, timeout=DOWNLOAD_PATIENCE, check=False)
    if done.returncode:
        raise KafkaMissing(f"`{' '.join(fetch)}` failed:\n{done.stdout}{done.stderr}")
    (folder / "complete").touch()
    return folder


class KafkaBroker:
    """One broker on free ports of 127.0.0.1, its data in a folder of its own.

        with KafkaBroker() as kafka:
            connect(kafka.address)
            kafka.kill()          # SIGKILL, as a crash would
            kafka.start()         # same port, same data

    Args:
        settings: broker settings (server.properties) on top of `SETTINGS`.
        listeners: names of further listeners, beside PLAINTEXT; `settings` say what each of them is.
        format_with: further arguments of `kafka-storage format`.

    Raises:
        KafkaMissing: on entering, if java, mvn or the jars are not there.
        KafkaFailed: on starting, if the broker ends or does not answer.
    """

    def __init__(
        self,
        settings: Mapping[str, str] | None = None,
        *,
        listeners: Sequence[str] = (),
        format_with: Sequence[str] = (),
    ) -> None:
        self.port, self.controller_port, *others = free_ports(2 + len(listeners))
        #: what it is formatted and started with; may be added to before it is entered, and goes before what follows
        #: from the ports
        self.settings = {**SETTINGS, **(settings or {})}
        self._others = dict(zip(listeners, others, strict=True))
        self._format_with = format_with
        self._folder: Path | None = None
        self._leash: Leash | None = None

    @property
    def address(self) -> str:
        """`host:port`, the same before and after a restart."""
        return f"{HOST}:{self.port}"

    def address_of(self, listener: str) -> str:
        """`host:port` of a further listener."""
        return f"{HOST}:{self._others[listener]}"

    @property
    def folder(self) -> Path:
        """The temporary folder that holds data, settings and log while the broker is entered."""
        if self._folder is None:
            raise KafkaFailed("the broker has not been entered: use it in a `with`")
        return self._folder

    @property
    def log(self) -> Path:
        """Warnings and errors of the broker."""
        return self.folder / "log"

    def __enter__(self) -> Self:
        jars()
        self._folder = Path(tempfile.mkdtemp(prefix="stagewatch-kafka-"))
        try:
            self._format()
            self.start()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def start(self) -> None:
        """Start, or start again on the same data and port, and wait until the broker answers."""
        if self._leash is not None:
            raise KafkaFailed("the broker is running: stop() or kill() it first")
        command = self._java("kafka.Kafka", str(self.folder / "server.properties"))
        self._leash = leash = Leash(command, self.folder, self.log)
        if not wait_until_answering(self.port, lambda: leash.ended, START_PATIENCE):
            tail = self.log.read_text()[-4000:]
            self.stop()
            raise KafkaFailed(f"Apache Kafka {version()} did not start; the end of its log:\n{tail}")

    def stop(self) -> None:
        """Controlled shutdown: returns when the process is gone, if it was running. Data stay."""
        if self._leash is not None:
            self._leash.stop(STOP_PATIENCE)
            self._leash = None

    def kill(self) -> None:
        """SIGKILL: returns when the process is gone. Data stay as the crash left them."""
        if self._leash is not None:
            self._leash.kill()
            self._leash = None

    def freeze(self) -> None:
        """SIGSTOP: it answers nobody any more, and its connections stay open."""
        send(self._running, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT: it goes on; returns when it answers that there is a broker."""
        leash = self._running
        send(leash, signal.SIGCONT)
        wait_until_answering(self.port, lambda: leash.ended, START_PATIENCE)

    @property
    def _running(self) -> Leash:
        if self._leash is None:
            raise KafkaFailed("the broker does not run")
        return self._leash

    def _format(self) -> None:
        ports = {"PLAINTEXT": self.port, "CONTROLLER": self.controller_port, **self._others}
        properties = {
            "controller.quorum.voters": f"1@{HOST}:{self.controller_port}",
            "listeners": ",".join(f"{name}://{HOST}:{port}" for name, port in ports.items()),
            "log.dirs": str(self.folder / "data"),
            **self.settings,
        }
        written = self.folder / "server.properties"
        written.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
        command = self._java("kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", str(written), *self._format_with)
        done = subprocess.run(command, capture_output=True, text=True, timeout=START_PATIENCE, check=False)
        if done.returncode:
            raise KafkaFailed(f"storage was not formatted:\n{done.stdout}{done.stderr}")

    def _java(self, main: str, *arguments: str) -> list[str]:
        java = shutil.which("java")
        if java is None:
            raise KafkaMissing(missing_tools())
        return [java, *JAVA_OPTIONS, QUIET, "-cp", f"{jars()}{os.sep}*", main, *arguments]

    def _leave(self) -> None:
        self.stop()
        folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
