"""A worker with a fault built in, for tests: `python -m tests.kafka.faulty FAULT`, settings as for any worker.

`journey`: classifying any signal of the customer called POISON fails. `readers`: reading any record fails, in a
way that no reader may. All else is the worker as it ships.
"""

import sys
from typing import Never

from journey.machine import Machine
from journey.memory import Memory
from schemas.reading import Reader
from schemas.signals import Signal
from schemas.transitions import Transition
from stagewatch import cli, library, worker
from stagewatch.settings import Settings

POISON = "poison"
SAID = "a slip of ours, made for a test"


class FaultyMachine(Machine):
    """A machine with a slip in it."""

    def hear(self, memory: Memory, signal: Signal) -> list[Transition]:
        """Fails for one customer."""
        if signal.customer == POISON:
            raise ZeroDivisionError(SAID)
        return super().hear(memory, signal)


class FaultyReader(Reader):
    """A reader that has lost the ground under its feet."""

    def read(self, *_arguments: object, **_more: object) -> Never:
        """Fails always."""
        raise OSError(SAID)


def faulty_machine(settings: Settings) -> Machine:
    """The machine of these settings, with a slip."""
    return FaultyMachine(library.machine_of_journeys(settings.journeys).definitions)


def faulty_readers(settings: Settings, machine: Machine) -> dict[str, Reader]:
    """Readers of these settings' sources, none of which works."""
    return {
        each.topic: FaultyReader(library.dialects_with([]), each.dialect, machine.attributes)
        for each in settings.sources
    }


def main(fault: str) -> None:
    """Run the worker with this fault."""
    if fault == "journey":
        vars(worker)["machine_of"] = faulty_machine
    else:
        vars(worker)["readers_of"] = faulty_readers
    cli.main(["worker"])


if __name__ == "__main__":
    main(sys.argv[1])
