"""The order in which a batch becomes durable, without a broker: what is sent, and which steps are told."""

import asyncio
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

import stream
from journey.clock import Time
from stream.changelog import CustomerEntry, Marker, customer_record, marker_of
from stream.outlet import NotSentError, Out, Place
from stream.steps import STEPS
from stream.tail import NotOwnerError
from stream.ways import AtLeastOnce, Going
from stream.writing import Writing
from tests.faults import kinds
from tests.stream.shop import PLACE, Broker


class Unwilling(Broker):
    """Takes so many records, and refuses the next."""

    def __init__(self, takes: int) -> None:
        super().__init__()
        self._takes = takes

    async def send(self, records: Iterable[Out]) -> dict[Place, int]:
        some = list(records)
        if len(self.taken) + len(some) > self._takes:
            raise NotSentError("no")
        return await super().send(some)


class Silent(Broker):
    """Never answers."""

    async def send(self, records: Iterable[Out]) -> dict[Place, int]:
        return await asyncio.get_running_loop().create_future() or await super().send(records)


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


def test_the_steps_that_are_told_are_those_that_have_a_meaning_and_at_each_the_faults_kill() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in Path(stream.__file__).parent.glob("*.py"))
    assert set(re.findall(r'reached\("(\w+)"\)', code)) == set(STEPS)
    assert {*kinds.STEPS, *kinds.STEPS_EXACTLY_ONCE} == set(STEPS)


async def test_behind_a_batch_that_failed_nothing_is_written() -> None:
    broker, failures = Unwilling(takes=1), list[BaseException]()
    writing = Writing(PLACE, AtLeastOnce(broker))

    async def failed(error: BaseException) -> None:
        failures.append(error)

    done: list[float] = []
    writing.hand_over(going(1), done.append, failed)
    writing.hand_over(going(2), done.append, failed)
    await writing.settle(Time(1), {})
    assert (done, len(failures), [out.topic for out in broker.taken]) == ([], 1, ["aside"])
    assert writing.failure is failures[0]
    assert (writing.busy, writing.open, writing.published) == (False, False, 0)


async def test_a_partition_whose_last_marker_was_not_taken_is_not_to_be_kept() -> None:
    writing = Writing(PLACE, AtLeastOnce(Unwilling(takes=0)))
    await writing.settle(Time(1), {})
    assert isinstance(writing.failure, NotSentError)


@pytest.mark.parametrize(("clock", "floor"), [(Time(2), {}), (Time(1), {"events": 3})])
async def test_how_far_time_and_sources_have_come_since_is_said_in_the_end(clock: Time, floor: dict[str, int]) -> None:
    broker = Broker()
    writing = Writing(PLACE, AtLeastOnce(broker))
    writing.begin(4, Time(1), {})
    await writing.settle(clock, floor)
    assert [marker_of(out.value or b"") for out in broker.taken] == [Marker(4, clock, floor, 4)]


async def test_where_nothing_has_come_further_nothing_is_said_in_the_end() -> None:
    broker = Broker()
    writing = Writing(PLACE, AtLeastOnce(broker))
    writing.begin(4, Time(1), {"events": 3})
    await writing.settle(Time(1), {"events": 3})
    assert broker.taken == []


async def test_a_batch_that_is_not_acknowledged_in_time_has_failed() -> None:
    failures: list[BaseException] = []

    async def failed(error: BaseException) -> None:
        failures.append(error)

    writing = Writing(PLACE, AtLeastOnce(Silent()), within=0.01)
    writing.hand_over(going(1), lambda _: None, failed)
    await writing.settle(Time(), {})
    assert [str(each) for each in failures] == ["a batch was not acknowledged within 0 s"]


async def test_where_somebody_else_has_written_to_the_changelog_nothing_is_published() -> None:
    broker, failures = Broker(), list[BaseException]()
    writing = Writing(PLACE, AtLeastOnce(broker))
    writing.tail.end, broker.ends[PLACE] = 5, 6

    async def failed(error: BaseException) -> None:
        failures.append(error)

    writing.hand_over(going(1), lambda _: None, failed)
    await writing.settle(Time(), {})
    assert [type(each) for each in failures] == [NotOwnerError]
    assert "out" not in {out.topic for out in broker.taken}
