"""Batches that become durable at once, without a broker: what is in them, and where the changelog ends after them."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from aiokafka.errors import (
    InvalidTransactionTimeout,
    KafkaError,
    TransactionalIdAuthorizationFailed,
    UnknownError,
)

from journey.clock import Time
from journey.machine import apply
from stagewatch.app import create_app
from stagewatch.mistakes import Mistake
from stagewatch.settings import Settings
from stream.beginning import why_not
from stream.changelog import Marker, entry_of, mark_of, marker_of
from stream.databases import Databases
from stream.files import Files
from stream.outlet import Out
from stream.partition import Output, Partition, Setting
from stream.publishing import Topics, published
from stream.resting import Reached
from stream.restoring import Restored
from stream.strangers import LAYOUT
from stream.tail import Tail
from stream.transactions import refused
from stream.ways import Going, Way
from stream.writing import Writing
from tests.stream.shop import MACHINE, MINUTE, PLACE, SOURCE, T, entry, marker, new_clock, nowhere, signal

HOUR = 60 * MINUTE


class AtOnce(Way):
    """Takes everything, and keeps it."""

    atomic = True

    def __init__(self) -> None:
        self.taken: list[Going] = []

    async def deliver(self, going: Going, tail: Tail) -> None:  # noqa: ARG002  nothing is written anywhere
        """Take it."""
        self.taken.append(going)


async def failed(error: BaseException) -> None:
    raise error


def taken(*batches: Going) -> list[Going]:
    """What the way is given of these batches, and of the end."""

    async def write() -> list[Going]:
        way = AtOnce()
        writing = Writing(PLACE, way)
        for batch in batches:
            writing.hand_over(batch, lambda _: None, failed)
        await writing.settle(batches[-1].clock, batches[-1].floor)
        return way.taken

    return asyncio.run(write())


def test_the_marker_of_a_batch_says_that_the_batch_itself_is_published() -> None:
    change, transition = Out("log", b"ann", b"1[]", partition=0), Out("out", b"ann", b"t")
    (only,) = taken(Going(7, [], [change], [transition], Time(T), (SOURCE, 5), {SOURCE: 5}))
    value = only.changes[-1].value
    assert value is not None
    assert marker_of(value) == Marker(7, Time(T), {SOURCE: 5}, 7)
    assert only.source == (SOURCE, 5)


def test_a_batch_without_a_customer_is_no_more_than_its_offset() -> None:
    offset, end = taken(Going(7, [], [], [], Time(T), (SOURCE, 5), {SOURCE: 5}))
    assert (offset.changes, offset.source) == ([], (SOURCE, 5))
    assert (len(end.changes), end.source) == (1, None), "how far that was is said when the partition is let go of"


def partition(way: AtOnce) -> Partition:
    """One whose batches are taken at once."""
    how: Callable[[int], Way] = lambda _: way  # noqa: E731  there is one partition
    ours = Setting(MACHINE, Topics(), "log", nowhere(), frozenset({SOURCE}), new_clock(), at_once=how)
    return Partition(0, ours)


def test_the_changelog_keeps_no_transitions_that_are_published_with_it() -> None:
    bought = signal("ann", T, 1, "order_completed")
    memory, transitions = apply(MACHINE, None, "ann", SOURCE, [bought])
    assert transitions

    async def write() -> list[Going]:
        way = AtOnce()
        held = partition(way)
        output = held.begin(T)
        held.take(output, memory, transitions)
        output.source = SOURCE, 2
        done: asyncio.Future[Output] = asyncio.get_running_loop().create_future()
        held.hand_over(output, lambda _, batch, __: done.set_result(batch), failed)
        await done
        return way.taken

    (going,) = asyncio.run(write())
    value = going.changes[0].value
    assert value is not None
    assert entry_of(value).outbox == []
    assert {out.topic for out in going.records} >= {"stage-transitions", "customer-stages"}


def test_what_was_left_unpublished_is_published_with_a_marker_that_says_so() -> None:
    bought = signal("ann", T, 1, "order_completed")
    memory, transitions = apply(MACHINE, None, "ann", SOURCE, [bought])
    restored = Restored(MACHINE)
    outbox = orjson.loads(orjson.dumps([published(each, T).outbox() for each in transitions]))
    restored.load([entry(memory, 3, outbox), marker(2)])

    async def write() -> tuple[int, list[Going]]:
        way = AtOnce()
        held = partition(way)
        held.fill(restored, T)
        return await held.republish(restored), way.taken

    count, (going,) = asyncio.run(write())
    assert count == len(transitions) > 0
    assert len(going.records) > count
    layout, said = going.changes
    assert (layout.key or b"").startswith(LAYOUT)
    assert said.value is not None
    assert marker_of(said.value).published == 3


def test_behind_what_ends_a_transaction_the_next_record_is_ours() -> None:
    tail, entries = Tail(PLACE), [Out("log", b"ann", b"x", partition=0), Out("log", b"bob", b"y", partition=0)]
    tail.end = 10
    assert tail.follows(entries, {PLACE: 12})
    tail.wrote(entries, {PLACE: 12}, beyond=1)
    assert (tail.end, tail.last) == (13, (11, mark_of(b"bob", b"y")))
    assert tail.follows(entries, {PLACE: 15})
    assert not tail.follows(entries, {PLACE: 16})


def test_where_a_record_stands_that_was_there_already_cannot_be_told() -> None:
    tail, entries = Tail(PLACE), [Out("log", b"ann", b"x", partition=0)]
    tail.end = 10
    assert tail.follows(entries, {PLACE: 0})
    tail.wrote(entries, {PLACE: 0})
    assert [tail.end, tail.last] == [None, None]


def test_a_record_that_came_after_the_end_was_asked_for_is_not_the_last_one_before_it() -> None:
    tail = Tail(PLACE)
    tail.end = 10
    tail.was_read((8, b"mark"))
    assert tail.last == (8, b"mark")
    tail.was_read((10, b"mark"))
    assert tail.last is None


@pytest.mark.parametrize(("end", "said"), [(6, None), (7, "more than 23 hours old")])
def test_what_ended_our_own_transaction_makes_files_no_older(end: int, said: str | None) -> None:
    reached = Reached(5, b"mark", 1, Time(T), T, end=6)
    why = why_not(reached, end, b"mark", T + 24 * HOUR)
    assert why is None if said is None else said in (why or "")


@pytest.mark.parametrize("end", [None, 6])
def test_files_tell_where_the_changelog_ended(tmp_path: Path, end: int | None) -> None:
    reached = Reached(5, b"mark", 1, Time(T), T, end)
    first = Files(tmp_path, Databases())
    first.keep({"ann": b"x"}, reached)
    first.close()
    second = Files(tmp_path, Databases())
    assert second.reached == reached
    second.close()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TransactionalIdAuthorizationFailed("app-3"), "Allow Write and Describe.* that begin with app-,"),
        (InvalidTransactionTimeout(), r"transaction\.max\.timeout\.ms"),
        (UnknownError(), "does not offer transactions .*exactly_once to false"),
    ],
)
def test_a_broker_that_refuses_transactions_is_told_apart(error: KafkaError, said: str) -> None:
    with pytest.raises(Exception, match=said):
        raise refused("app-3", error)


def test_the_broker_of_the_demo_has_no_transactions() -> None:
    settings = Settings(exactly_once=True)
    with pytest.raises(Mistake, match="exactly_once needs a broker with transactions"):
        create_app(settings, MACHINE, {}, lambda: T, idempotent=False)
