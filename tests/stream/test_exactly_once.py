"""Batches that become durable at once, without a broker: what is in them, and where the changelog ends after them."""

import asyncio
from pathlib import Path

import pytest
from aiokafka.errors import (
    InvalidTransactionTimeout,
    KafkaError,
    TransactionalIdAuthorizationFailed,
    UnknownError,
)

from journey.clock import Time
from stagewatch.app import create_app
from stagewatch.mistakes import Mistake
from stagewatch.settings import Settings
from stream.beginning import why_not
from stream.changelog import Marker, mark_of, marker_of
from stream.databases import Databases
from stream.files import Files
from stream.outlet import Out
from stream.resting import Reached
from stream.tail import Tail
from stream.transactions import refused
from stream.ways import Going, Way
from stream.writing import Writing
from tests.stream.shop import MACHINE, MINUTE, PLACE, SOURCE, T

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
    assert marker_of(value) == Marker(7, Time(T), {SOURCE: 5}, 7, records=1)
    assert only.source == (SOURCE, 5)


def test_a_batch_without_a_customer_is_no_more_than_its_offset() -> None:
    offset, end = taken(Going(7, [], [], [], Time(T), (SOURCE, 5), {SOURCE: 5}))
    assert (offset.changes, offset.source) == ([], (SOURCE, 5))
    assert (len(end.changes), end.source) == (1, None), "how far that was is said when the partition is let go of"


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
