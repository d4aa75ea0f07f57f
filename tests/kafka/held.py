"""The process that a leash holds, for signals that the leash itself does not pass on."""

import os
import signal
import subprocess

from stream.leash import Leash


def program(leash: Leash) -> int:
    """The program's process id: the one child of the leash's own process."""
    watcher = str(leash._watcher.pid)  # noqa: SLF001  nobody but these tests needs to know
    return int(subprocess.run(["pgrep", "-P", watcher], capture_output=True, text=True, check=True).stdout)


def send(leash: Leash, number: signal.Signals) -> None:
    """Send the program a signal."""
    os.kill(program(leash), number)
