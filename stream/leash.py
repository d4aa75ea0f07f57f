"""A child process that cannot outlive us, nor leave its folder behind.

Owns the starting and ending of one foreign program (a broker), by its process id and never by name. Between
us and the program stands a small watcher: this file, run as a script. The watcher ends the program and
removes its folder when we are gone, whatever ended us, SIGKILL included. PR_SET_PDEATHSIG would do without
the watcher, but only on Linux, and it fires when the *thread* that started the program ends; a watcher that
looks at its parent's process id behaves alike on Linux and macOS. Both have a session of their own, so a
Ctrl-C in the terminal reaches us alone, and we decide when the program ends.

May not know which program it holds. Imports the standard library only: the script is run by `python -I -S`.

What it does not cover: somebody who kills the watcher alone with SIGKILL leaves the program running.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

LOOK_EVERY = 0.05  # seconds between two looks at parent and program; costs 0.1 % of a core
PASSED_ON = {signal.SIGTERM: signal.SIGTERM, signal.SIGUSR1: signal.SIGKILL}  # what is received: what is sent


class Leash:
    """One program, started at once, ended by `stop`, by `kill`, or by our own end.

    Args:
        command: the program, with its full path, and its arguments.
        folder: removed should we die without stopping the program; otherwise left to the caller.
        log: where stdout and stderr of the program go, appended.
        environment: the program's whole environment; ours when left out.
    """

    def __init__(self, command: list[str], folder: Path, log: Path, environment: dict[str, str] | None = None) -> None:
        watcher = [sys.executable, "-I", "-S", __file__, str(os.getpid()), str(folder), *command]
        with log.open("ab") as out:
            self._watcher = subprocess.Popen(  # noqa: S603  the caller names the program
                watcher,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=environment,
                start_new_session=True,
            )

    @property
    def ended(self) -> int | None:
        """The program's exit code, 128 + n after signal n, or None while it runs."""
        return self._watcher.poll()

    def stop(self, patience: float = 10.0) -> int:
        """Ask the program to end, insist after `patience` seconds, and return its exit code."""
        self._watcher.send_signal(signal.SIGTERM)
        try:
            return self._watcher.wait(patience)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """End the program at once with SIGKILL, as a power cut would; returns when it is gone."""
        self._watcher.send_signal(signal.SIGUSR1)
        return self._watcher.wait()


def _watch(parent: int, folder: str, command: list[str]) -> int:
    """Run `command` until it ends or `parent` is no longer our parent; return the program's exit code."""
    signal.pthread_sigmask(signal.SIG_BLOCK, PASSED_ON)
    program = os.posix_spawn(command[0], command, os.environ, setsigmask=())

    def pass_on(number: int, _frame: FrameType | None) -> None:
        os.kill(program, PASSED_ON[signal.Signals(number)])

    for number in PASSED_ON:
        signal.signal(number, pass_on)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
    while os.getppid() == parent:
        ended, status = os.waitpid(program, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(LOOK_EVERY)
    os.kill(program, signal.SIGKILL)
    os.waitpid(program, 0)
    shutil.rmtree(folder, ignore_errors=True)
    return 1


if __name__ == "__main__":
    code = _watch(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
    sys.exit(128 - code if code < 0 else code)
