"""The order in which a batch becomes durable, without a broker: what is sent, and which steps are told."""

import asyncio

from journey.clock import Time
from stream.changelog import CustomerEntry, customer_record
from stream.outlet import Out
from stream.steps import STEPS
from stream.ways import AtLeastOnce, Going
from stream.writing import Writing
from tests.stream.shop import PLACE, Broker


def going(number: int) -> Going:
    """A batch that sets one record aside, changes one customer and publishes one transition."""
    change = customer_record(PLACE, b"ann", CustomerEntry(number, b"", []))
    return Going(number, [Out("aside", b"k", b"v")], [change], [Out("out", b"ann", b"t")], Time())


def test_each_step_is_told_when_it_is_done() -> None:
    async def steps() -> list[str]:
        seen: list[str] = []

        def told(step: str) -> None:
            seen.append(f"<{step}>")

        writing = Writing(PLACE, AtLeastOnce(Broker(lambda out: seen.append(out.topic)), told), reached=told)

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
