"""A Stagewatch worker as an operator runs it: a process of its own, settings from the environment, a log.

Owns its starting, its ending by SIGTERM or SIGKILL, its exit code and what it answers over HTTP. It cannot
outlive the tests (stream.leash). Knows nothing of topics or of what the worker is tested for.
"""

import asyncio
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from http.client import HTTPException
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

from prometheus_client.parser import text_string_to_metric_families

from stream.leash import Leash
from stream.probe import HOST, free_ports
from tests.kafka.held import send
from tests.kafka.polling import until

ROOT = Path(__file__).parents[2]
READY_WITHIN = 45.0  # seconds; 4 on an idle machine. Killed members hold a group up for their session timeout
STOP_WITHIN = 10.0  # seconds that an operator waits after SIGTERM, as promised
PREFIX = "STAGEWATCH_"

PROGRAM = ("-m", "stagewatch", "worker")

Samples = dict[str, list[tuple[dict[str, str], float]]]


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Ours, less what an operator may have set for Stagewatch, with `settings` (`clock.idle_after`: `1s`) on top."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return ours | {PREFIX + name.replace(".", "_").upper(): value for name, value in settings.items()}


class Worker:
    """One worker, running while the block runs.

        async with Worker(settings, folder, "a") as worker:
            await worker.ready()
            await worker.stop()

    Leaving the block kills a worker that still runs. The log is printed, so that pytest shows it when a test fails.
    """

    def __init__(self, settings: Mapping[str, str], folder: Path, name: str, program: Sequence[str] = PROGRAM) -> None:
        self.name = name
        self._program = program
        self.port = free_ports(1)[0]
        self._settings = {"http.host": HOST, "http.port": str(self.port), **settings}
        self._folder = folder / name
        self._leash: Leash | None = None

    async def __aenter__(self) -> Self:
        return self.begin()

    def begin(self) -> Self:
        """Start the process; whoever does so without a block ends it, too."""
        self._folder.mkdir(parents=True, exist_ok=True)
        here = environment(self._settings) | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        self._leash = Leash([sys.executable, *self._program], self._folder, self._folder / "log", here)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.end)
        print(f"--- log of worker {self.name} (exit {self.code}) ---\n{self.log}")  # noqa: T201  for pytest to show

    def end(self) -> None:
        """End it at once, if it still runs."""
        if self.code is None:
            self._running.kill()

    @property
    def log(self) -> str:
        """All that it said so far."""
        return (self._folder / "log").read_text(errors="replace")

    @property
    def code(self) -> int | None:
        """Its exit code, 128 + n after signal n, or None while it runs."""
        return self._running.ended

    async def ready(self, within: float = READY_WITHIN) -> Self:
        """Return when /ready says yes; fail at once if the worker ends before."""

        async def look() -> bool:
            if self.code is not None:
                raise AssertionError(f"worker {self.name} ended with {self.code} before it was ready")
            return (await self.get("/ready"))[0] == 200

        await until(look, within, f"worker {self.name} to be ready")
        return self

    async def stop(self) -> float:
        """SIGTERM. Return the seconds it took; fail unless it ended by itself in time, and with 0."""
        began = monotonic()
        code = await asyncio.to_thread(self._running.stop, STOP_WITHIN + 5)
        took = monotonic() - began
        assert code == 0, f"worker {self.name} was told to stop and ended with {code} after {took:.1f} s"
        assert took < STOP_WITHIN, f"worker {self.name} took {took:.1f} s to stop"
        return took

    async def kill(self) -> None:
        """SIGKILL: return when it is gone."""
        assert self.code is None, f"worker {self.name} ended with {self.code} before it was killed"
        code = await asyncio.to_thread(self._running.kill)
        assert code == 128 + 9, f"worker {self.name} ended with {code}"

    def freeze(self) -> None:
        """SIGSTOP: it does nothing any more, and nobody is told."""
        send(self._running, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT: it goes on as if no time had passed."""
        send(self._running, signal.SIGCONT)

    def term(self) -> None:
        """SIGTERM, without waiting for anything."""
        send(self._running, signal.SIGTERM)

    async def ended(self, within: float) -> int:
        """Its exit code, once it has ended by itself."""

        async def look() -> bool:
            return self.code is not None

        await until(look, within, f"worker {self.name} to end by itself")
        assert self.code is not None
        return self.code

    async def get(self, path: str) -> tuple[int, str]:
        """HTTP status and body; status 0 where nobody answers."""
        return await asyncio.to_thread(_get, f"http://{HOST}:{self.port}{path}")

    async def metrics(self) -> Samples:
        """What /metrics says: for each sample's name, its labels and value."""
        status, body = await self.get("/metrics")
        assert status == 200, f"/metrics of worker {self.name}: {status} {body}"
        found: Samples = {}
        for family in text_string_to_metric_families(body):
            for sample in family.samples:
                found.setdefault(sample.name, []).append((dict(sample.labels), sample.value))
        return found

    @property
    def _running(self) -> Leash:
        assert self._leash is not None, "use it in an `async with`"
        return self._leash


def _get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  a worker of ours
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except (OSError, HTTPException) as error:  # cut off amid its answer, too
        return 0, str(error)


def command(settings: Mapping[str, str], *arguments: str, within: float = 60) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `stagewatch <arguments>` under these settings; fails if it takes too long."""
    here = environment(settings) | {"PYTHONPATH": str(ROOT)}
    line = [sys.executable, "-m", "stagewatch", *arguments]
    done = subprocess.run(line, env=here, capture_output=True, text=True, timeout=within, check=False)
    return done.returncode, done.stdout, done.stderr
