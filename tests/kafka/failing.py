"""A worker to which something happens at a step of its own: `python -m tests.kafka.failing STEP TIMES SIGNAL`.

The process gets SIGNAL when it has reached STEP (stream/steps.py) that many times: 9 kills it there, 19 stops it. All
else is the worker as it ships, its settings those of any worker.
"""

import os
import sys
from collections.abc import Callable
from functools import partial
from signal import Signals

from stagewatch import cli, worker

SAID = "now {step} is reached"


def failing(step: str, times: str, signal: str) -> tuple[str, ...]:
    """The program, for a worker of the tests."""
    return "-m", __name__, step, times, signal


def at(wanted: str, times: int, number: Signals) -> Callable[[str], None]:
    """What sends this process the signal in time."""
    left = times

    def reached(step: str) -> None:
        nonlocal left
        if step == wanted:
            left -= 1
            if not left:
                print(SAID.format(step=step), flush=True)  # noqa: T201  for the log
                os.kill(os.getpid(), number)

    return reached


if __name__ == "__main__":
    wanted, times, number = sys.argv[1:]
    worker.run = partial(worker.run, reached=at(wanted, int(times), Signals(int(number))))
    cli.main(["worker"])
