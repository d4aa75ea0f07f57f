"""Playing a target's cases, in processes of their own that watch how long each takes and how much memory they need.

A case is one slice's n-th: slices are numbered, and each has lots of its own, drawn from the seed, the target's name and
the slice's number. So what was found is found again by these three, in any number of processes. Time is a process's
own CPU time, since others may work on the machine.
"""

from __future__ import annotations

import faulthandler
import gc
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from itertools import count
from multiprocessing import get_context
from random import Random
from time import perf_counter, process_time
from types import FrameType
from typing import Any, Final, Protocol

HANGS: Final = 1.0
"""CPU seconds: a case that takes longer counts as one that hangs."""
STUCK: Final = 120.0
"""Seconds after which a process that does not even hear its alarm says where it is, and ends."""
MOST_BYTES: Final = 2 << 30
"""Bytes of address space that a process may have: what asks for more gets a MemoryError, which counts as a crash."""
SLICE: Final = 2_000
"""Cases of a slice of the quickest targets: seconds."""
TOLD: Final = 5
"""Crashes of one kind that are told in full; the rest are counted."""
SHOWN: Final = 3_000
"""Characters of a case that are told."""


class Target(Protocol):
    """Something to be given bad input. It may keep what it has made ready from case to case, as a worker would."""

    def make(self, random: Random) -> Any:
        """A case."""

    def check(self, case: Any) -> str | None:
        """What is wrong with what comes of the case; None if nothing is."""


class Hang(BaseException):
    """A case took too long."""


@dataclass(frozen=True, slots=True)
class Found:
    """A case that went wrong: where it can be played again, in short what happened, and the whole of it."""

    target: str
    slice: int
    number: int
    kind: str
    said: str


@dataclass(slots=True)
class Tally:
    """What cases came to: how many, CPU seconds, what was found, the slowest of them (ms), and memory (MB) at most."""

    cases: int = 0
    seconds: float = 0.0
    found: list[Found] = field(default_factory=list)
    slowest: float = 0.0
    slowest_at: tuple[int, int] = (0, 0)
    megabytes: float = 0.0

    def add(self, other: Tally) -> None:
        """Take in another."""
        self.cases += other.cases
        self.seconds += other.seconds
        self.found += other.found
        if other.slowest > self.slowest:
            self.slowest, self.slowest_at = other.slowest, other.slowest_at
        self.megabytes = max(self.megabytes, other.megabytes)

    @property
    def kinds(self) -> list[str]:
        """What happened, each kind once."""
        return sorted({each.kind for each in self.found})


def lots(seed: int, name: str, number: int) -> Random:
    """The lots of one slice."""
    return Random(f"{seed} {name} {number}")


def play(target: Target, name: str, seed: int, number: int, size: int, *, watched: bool = True) -> Tally:
    """The cases of a slice; where they are `watched`, this process has its alarm set for each of them."""
    random, tally = lots(seed, name, number), Tally()
    began = process_time()
    for index in range(size):
        case = target.make(random)
        started = process_time()
        said = _tried(target, case, HANGS if watched else 0)
        took = (process_time() - started) * 1000
        if took > tally.slowest:
            tally.slowest, tally.slowest_at = took, (number, index)
        if said is not None:
            kind, text = said
            tally.found.append(Found(name, number, index, kind, f"{text}\n{repr(case)[:SHOWN]}"))
    tally.cases, tally.seconds = size, process_time() - began
    tally.megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return tally


def _tried(target: Target, case: Any, within: float) -> tuple[str, str] | None:
    """What is wrong with what comes of a case, in short and at length."""
    signal.setitimer(signal.ITIMER_PROF, within)
    try:
        said = target.check(case)
    except Hang:
        return _where("hang")
    except BaseException as error:  # noqa: BLE001  this is what is looked for
        return _where(type(error).__name__)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return None if said is None else (said[:60], said)


def _where(what: str) -> tuple[str, str]:
    """The kind of a crash, by its last line of ours, and its traceback."""
    frames = [each for each in traceback.extract_tb(sys.exception().__traceback__) if "tests/fuzz" not in each.filename]  # type: ignore[union-attr]
    last = next((each for each in reversed(frames) if "site-packages" not in each.filename), None)
    place = f" at {last.filename.rpartition('/')[2]}:{last.lineno}" if last else ""
    return what + place, traceback.format_exc(limit=-12)[-SHOWN:]


def _hang(_number: int, _frame: FrameType | None) -> None:
    raise Hang(f"more than {HANGS} s")


_ready: dict[str, Target] = {}


def _begin(name: str, make: Callable[[], Target]) -> None:
    """Make a process ready for a target's slices."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    signal.signal(signal.SIGPROF, _hang)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _ready[name] = make()
    gc.collect()
    gc.freeze()


def _slice(name: str, seed: int, number: int, size: int) -> Tally:
    faulthandler.dump_traceback_later(STUCK, exit=True)
    try:
        return play(_ready[name], name, seed, number, size)
    finally:
        faulthandler.cancel_dump_traceback_later()


def play_all(
    name: str, make: Callable[[], Target], seed: int, cases: int, *, processes: int, size: int, first: int = 0
) -> Iterator[Tally]:
    """A target's cases, slice by slice as they are done; `first` is the number of the first slice."""
    sizes = [min(size, cases - begun) for begun in range(0, cases, size)]
    context = get_context("forkserver")
    with ProcessPoolExecutor(processes, context, _begin, (name, make)) as pool:
        waiting: set[Future[Tally]] = set()
        try:
            for number, each in zip(count(first), sizes, strict=False):
                waiting.add(pool.submit(_slice, name, seed, number, each))
            for future in as_completed(waiting):
                yield future.result()
        except BrokenProcessPool:
            yield Tally(found=[Found(name, -1, -1, "a process ended", "see what it said before")])


def timed(tallies: Iterator[Tally]) -> tuple[Tally, float]:
    """All of them as one, and the seconds that it took by the clock on the wall."""
    started, total = perf_counter(), Tally()
    for each in tallies:
        total.add(each)
    return total, perf_counter() - started
