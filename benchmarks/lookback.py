"""What it costs to look back: late signals put in their place, and copies known.

    python -m benchmarks.lookback [--events 100000] [--rounds 5]

The five-stage journey folds the same signals four times a round: without either, with one, with the other, with both.
CPU seconds of the fold alone are compared as ratios within a round. For the size of a customer, all memories are
written down as in the changelog, and kept at rest as a worker does while what Python allocates is counted.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import tracemalloc
from dataclasses import replace
from time import process_time

from benchmarks.job import DIALECT, events
from journey.loading import load
from journey.machine import Machine, compile_journeys
from journey.memory import Memory
from journey.replay import fold
from journey.saving import encode
from schemas.dialects import shipped_dialects
from schemas.reading import Reader
from schemas.signals import Origin, Signal
from stagewatch.library import shipped_journeys
from stream.memories import Memories
from stream.packing import Packing
from stream.resting import Packed

OFF = {
    "neither": {"lateness": 0, "dedup_window": 0},
    "copies known": {"lateness": 0},
    "late signals put in their place": {"dedup_window": 0},
    "both, as shipped": {},
}


def machine(changes: dict[str, int]) -> Machine:
    """The five-stage journey with other settings."""
    path = shipped_journeys()["five-stage"]
    return compile_journeys([replace(load(path.read_text(encoding="utf-8"), str(path)), **changes)])  # type: ignore[arg-type]


def signals_for(machine: Machine, lines: list[bytes]) -> list[Signal]:
    """The events as the machine's reader understands them."""
    reader = Reader(shipped_dialects(), DIALECT, machine.attributes)
    outcomes = (it for at, line in enumerate(lines) for it in reader.read(line, Origin("events", 0, at)))
    return [it for it in outcomes if isinstance(it, Signal)]


def seconds_of(machine: Machine, signals: list[Signal], memories: dict[str, Memory]) -> float:
    """CPU seconds of folding them."""
    gc.collect()
    gc.disable()
    begun = process_time()
    for _ in fold(machine, signals, None, memories):
        pass
    gc.enable()
    return process_time() - begun


def sizes(machine: Machine, memories: dict[str, Memory]) -> tuple[list[int], float]:
    """Bytes of each customer's memory as written, sorted; and those that one at rest takes, on average."""
    written = {customer: encode(machine, memory) for customer, memory in memories.items()}
    packing = Packing()
    for value in written.values():  # until it has learnt how to
        packing.pack(value)
    gc.collect()
    tracemalloc.start()
    resting = Memories(machine, Packed(packing))
    resting.restore(written)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return sorted(map(len, written.values())), taken / len(written)


def main() -> None:
    """All rounds, and the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    lines = [value for _, value in events(options.events, customers=options.events // 12)]
    machines = {name: machine(changes) for name, changes in OFF.items()}
    signals = {name: signals_for(each, lines) for name, each in machines.items()}
    spent: dict[str, list[float]] = {name: [] for name in machines}
    memories: dict[str, dict[str, Memory]] = {}
    for _ in range(options.rounds):
        for name, each in machines.items():
            memories[name] = {}
            spent[name].append(seconds_of(each, signals[name], memories[name]))
    print(f"{len(signals['neither']):,} signals of {len(memories['neither']):,} customers, {options.rounds} rounds")
    print(f"{'':34}{'us a signal':>12}{'over neither':>14}{'written':>10}{'99 %':>8}{'at rest':>12}")
    for name, each in machines.items():
        median = statistics.median(spent[name]) / len(signals[name]) * 1e6
        over = statistics.median(mine / bare for mine, bare in zip(spent[name], spent["neither"], strict=True))
        written, taken = sizes(each, memories[name])
        middle, high = written[len(written) // 2], written[len(written) * 99 // 100]
        print(f"{name:34}{median:>12.1f}{over:>14.2f}{middle:>8,} B{high:>6,} B{taken:>10,.0f} B")


if __name__ == "__main__":
    main()
