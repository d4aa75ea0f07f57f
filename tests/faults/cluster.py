"""Three brokers on this machine, as one cluster: what is written stands on all of them, and two are enough to go on."""

import asyncio
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from stream.probe import HOST
from tests.kafka.broker import KafkaBroker

COPIES = {
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
}


class Cluster:
    """Three brokers, each a controller too, running while the block runs."""

    def __init__(self) -> None:
        self.brokers = [KafkaBroker(COPIES | {"node.id": str(number)}) for number in (1, 2, 3)]
        voters = ",".join(f"{number}@{HOST}:{each.controller_port}" for number, each in enumerate(self.brokers, 1))
        for each in self.brokers:
            each.settings["controller.quorum.voters"] = voters
        self._stack = ExitStack()

    @property
    def address(self) -> str:
        """All of them."""
        return ",".join(each.address for each in self.brokers)

    async def __aenter__(self) -> Self:
        for each in self.brokers:
            self._stack.push(each)
        try:  # at once, as none of them answers before another one does
            await asyncio.gather(*(asyncio.to_thread(each.__enter__) for each in self.brokers))
        except BaseException:
            self._stack.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in self.brokers:
            each.kill()  # one that stops in order waits for a leader to say goodbye to
        self._stack.close()
