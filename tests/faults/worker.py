"""A worker whose wall clock is set and whose death is timed from outside: `python -m tests.faults.worker FILE`.

FILE is looked at again and again: JSON with `clock`, how many ms the machine's clock is wrong by, and `kill`, the step
(stream/steps.py) and how many times it may be reached before the process ends by SIGKILL there. All else is the worker
as it ships, its settings those of any worker.
"""

import os
import signal
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Self

import orjson

from stagewatch import cli, worker


class Order:
    """What the harness has told a worker through its file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def give(self, **order: object) -> Self:
        """Add to what was told. A worker sees all of it or nothing."""
        fresh = self._file.with_suffix(".new")
        fresh.write_bytes(orjson.dumps(self.read() | order))
        fresh.replace(self._file)
        return self

    def read(self) -> dict[str, Any]:
        """What was told so far."""
        try:
            told: dict[str, Any] = orjson.loads(self._file.read_bytes())
        except FileNotFoundError:
            return {}
        return told


class Obedient:
    """What the worker does as it was told."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._killing: Mapping[str, Any] | None = None
        self._left = 0

    def wall_clock(self) -> int:
        """The wall clock, wrong by as much as was told."""
        return right_clock() + int(self._order.read().get("clock", 0))

    def reached(self, step: str) -> None:
        """End the process if that was told."""
        told = self._order.read().get("kill")
        if told != self._killing:
            self._killing, self._left = told, told["after"] if told else 0
        if told is None or told["step"] != step:
            return
        if self._left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1


right_clock = worker.wall_clock


def main(file: str) -> None:
    """Run the worker with a file of orders."""
    obedient = Obedient(Order(Path(file)))
    worker.wall_clock = obedient.wall_clock
    worker.run = partial(worker.run, reached=obedient.reached)
    cli.main(["worker"])


if __name__ == "__main__":
    main(sys.argv[1])
