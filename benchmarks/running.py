"""One engine's process: started, its CPU time and memory read, stopped. Linux only, since /proc tells."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
COMPILED = ROOT / ".venv-compiled" / "bin" / "stagewatch"  # what `make compiled` builds
TICKS = os.sysconf("SC_CLK_TCK")
STOP_PATIENCE = 30.0  # seconds; then it is killed
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


class Running:
    """A process and its children; what they say goes to `log`."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.log = log

    def check(self) -> None:
        """Raise SystemExit with the end of the log if the process has ended."""
        if self.process.poll() is not None:
            raise SystemExit(f"{self.process.args!r} ended with {self.process.returncode}:\n{self.tail()}")

    def tail(self) -> str:
        """The end of the log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-4000:]

    def cpu_seconds(self) -> float:
        """User and system time so far, of children too, those that have ended included."""
        return sum(_cpu_seconds(pid) for pid in _family(self.process.pid))

    def peak_megabytes(self) -> float:
        """The most memory that was resident."""
        return sum(_kilobytes(Path(f"/proc/{pid}/status"), "VmHWM:") for pid in _family(self.process.pid)) / 1024

    def megabytes(self) -> float:
        """The memory that is its own now: resident, with its share of what several processes have together."""
        return sum(_kilobytes(Path(f"/proc/{pid}/smaps_rollup"), "Pss:") for pid in _family(self.process.pid)) / 1024

    def kill(self) -> None:
        """SIGKILL; returns when it is gone."""
        self.process.kill()
        self.process.wait()


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Iterator[Running]:
    """The command in the repository's root, stopped on leaving."""
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            preexec_fn=_die_with_us,  # noqa: PLW1509  no lock is taken: we only ask the kernel
        )
    try:
        yield Running(process, log)
    finally:
        process.terminate()
        try:
            process.wait(STOP_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _die_with_us() -> None:
    """An engine whose broker has gone with us would try to reach it for ever."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _family(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in _read(task).split():
            yield from _family(int(child))


def _cpu_seconds(pid: int) -> float:
    fields = _read(Path(f"/proc/{pid}/stat")).rsplit(")", 1)[-1].split()
    return sum(map(int, fields[11:15])) / TICKS


def _kilobytes(path: Path, name: str) -> int:
    return sum(int(line.split()[1]) for line in _read(path).splitlines() if line.startswith(name))


def _read(path: Path) -> str:
    """The text, or nothing if the process has ended meanwhile."""
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
