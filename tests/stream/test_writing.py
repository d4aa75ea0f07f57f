"""The order in which a batch becomes durable, without a broker: what is sent, and which steps are told."""

import asyncio
from collections.abc import Iterable

from journey.clock import Time
from stream.changelog import CustomerEntry, customer_record
from stream.connection import Connection
from stream.outlet import Out, Outlet, Place
from stream.steps import STEPS
from stream.ways import AtLeastOnce, Going
from stream.writing import Writing

PLACE: Place = ("log", 0)


class Kept(Outlet):
    """An outlet to a broker that takes everything: it notes each topic, and numbers the records of each place."""

    def __init__(self, seen: list[str]) -> None:
        super().__init__(Connection("nowhere:1"), client_id="test")
        self.seen = seen
        self.ends: dict[Place, int] = {}

    async def send(self, records: Iterable[Out]) -> dict[Place, int]:
        """Take all of them."""
        written: dict[Place, int] = {}
        for out in records:
            place = (out.topic, out.partition or 0)
            self.seen.append(out.topic)
            written[place] = self.ends[place] = self.ends.get(place, 0) + 1
        return written


def going(number: int) -> Going:
    """A batch that sets one record aside, changes one customer and publishes one transition."""
    change = customer_record(PLACE, b"ann", CustomerEntry(number, b"", []))
    return Going(number, [Out("aside", b"k", b"v")], [change], [Out("out", b"ann", b"t")], Time())


def test_each_step_is_told_when_it_is_done() -> None:
    async def steps() -> list[str]:
        seen: list[str] = []

        def told(step: str) -> None:
            seen.append(f"<{step}>")

        writing = Writing(PLACE, AtLeastOnce(Kept(seen), told), reached=told)

        async def failed(error: BaseException) -> None:
            raise error

        writing.hand_over(going(1), lambda _: seen.append("durable"), failed)
        await writing.settle(Time(), {})
        return seen

    seen = asyncio.run(steps())
    assert seen == [
        *("aside", "<aside>"),
        *("log", "log", "<changelog>"),
        *("out", "<transitions>"),
        *("durable", "<done>"),
        *("<aside>", "log", "<changelog>", "<transitions>"),  # the marker says that the batch is published
    ]
    assert {each.strip("<>") for each in seen if each.startswith("<")} <= set(STEPS)
