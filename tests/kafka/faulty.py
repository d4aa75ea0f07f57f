"""A worker with a fault built in, for tests: `python -m tests.kafka.faulty FAULT`, settings as for any worker.

`journey`: classifying any signal of the customer called POISON fails. `deadline`: so does any deadline of theirs.
`readers`: reading any record fails, in a way that no reader may. `rebalance`: letting partitions go fails. `quitter`:
the app ends once it is ready, of its own accord. `fetcher`: nothing is fetched any more. `blind`: whoever gives the
partitions out knows of no topics at first. `curious`: clients look at the topics every second. All else is the worker
as it ships.
"""

import asyncio
import sys
from collections.abc import Callable
from typing import Any, Never

from aiokafka.client import AIOKafkaClient
from aiokafka.cluster import ClusterMetadata
from faust.assignor.partition_assignor import PartitionAssignor

from journey.machine import Machine
from journey.memory import Memory
from schemas.reading import Reader
from schemas.signals import Signal
from schemas.transitions import Transition
from stagewatch import cli, library, worker
from stagewatch.settings import Settings
from stream.app import StreamApp
from stream.table import Recovered

POISON = "poison"
SAID = "a slip of ours, made for a test"


class FaultyMachine(Machine):
    """A machine with a slip in it."""

    def hear(self, memory: Memory, signal: Signal, *rest: Any, **more: Any) -> list[Transition]:  # noqa: ANN401
        """Fails for one customer."""
        if signal.customer == POISON:
            raise ZeroDivisionError(SAID)
        return super().hear(memory, signal, *rest, **more)


class LateMachine(Machine):
    """A machine with a slip in its silence."""

    def wait(self, memory: Memory, *rest: Any, **more: Any) -> list[Transition]:  # noqa: ANN401
        """Fails for one customer."""
        if memory.customer == POISON:
            raise ZeroDivisionError(SAID)
        return super().wait(memory, *rest, **more)


class FaultyReader(Reader):
    """A reader that has lost the ground under its feet."""

    def read(self, *_arguments: object, **_more: object) -> Never:
        """Fails always."""
        raise OSError(SAID)


def faulty(machine: type[Machine]) -> Callable[[Settings], Machine]:
    """What makes a machine of settings, with a slip."""
    return lambda settings: machine(library.machine_of_journeys(settings.journeys).definitions)


def faulty_readers(settings: Settings, machine: Machine) -> dict[str, Reader]:
    """Readers of these settings' sources, none of which works."""
    return {
        each.topic: FaultyReader(library.dialects_with([]), each.dialect, machine.attributes)
        for each in settings.sources
    }


async def settle(_app: StreamApp) -> Never:
    """Fails always."""
    raise OSError(SAID)


def recovered(app: StreamApp, _recovery: Recovered) -> None:
    """Ends the app when it has its partitions."""
    asyncio.get_running_loop().create_task(app.stop(), name="quitting")


def unfetched(app: StreamApp, _recovery: Recovered) -> None:
    """Ends aiokafka's fetching when the worker has its partitions, as a slip of aiokafka's would."""
    thread = app.consumer._thread  # noqa: SLF001  there is no other way to it
    thread.thread_loop.call_soon_threadsafe(thread._consumer._fetcher._fetch_task.cancel)  # type: ignore[union-attr]  # noqa: SLF001


def blinded(assign: Callable[..., Any]) -> Callable[..., Any]:
    """What gives partitions out, and for the first time does not know that there are any."""
    given = False

    def assign_none_at_first(assignor: PartitionAssignor, cluster: ClusterMetadata, members: object) -> object:
        nonlocal given
        if not given:
            cluster._partitions.clear()  # noqa: SLF001  as a broker that has just come back tells of none
        given = True
        return assign(assignor, cluster, members)

    return assign_none_at_first


def curious(begin: Callable[..., None]) -> Callable[..., None]:
    """What makes clients look at the topics every second, instead of every five minutes."""

    def begin_curious(client: AIOKafkaClient, **settings: object) -> None:
        begin(client, **settings | {"metadata_max_age_ms": 1_000})

    return begin_curious


FAULTS: dict[str, tuple[object, str, object]] = {
    "journey": (worker, "machine_of", faulty(FaultyMachine)),
    "deadline": (worker, "machine_of", faulty(LateMachine)),
    "readers": (worker, "readers_of", faulty_readers),
    "rebalance": (StreamApp, "settle", settle),
    "quitter": (StreamApp, "recovered", recovered),
    "blind": (PartitionAssignor, "assign", blinded(PartitionAssignor.assign)),
    "curious": (AIOKafkaClient, "__init__", curious(AIOKafkaClient.__init__)),
    "fetcher": (StreamApp, "recovered", unfetched),
}
"""For each fault: where it is put, over which name, and what."""


def main(fault: str) -> None:
    """Run the worker with this fault."""
    setattr(*FAULTS[fault])
    cli.main(["worker"])


if __name__ == "__main__":
    main(sys.argv[1])
