"""What a partition writes of what its batches lead to, step by step and at once, to a broker that takes everything."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import orjson
import pytest

from journey.machine import apply
from journey.saving import encode
from schemas.commands import Command
from schemas.signals import Origin
from stream.changelog import FLOOR, MARKER_KEY, OWN, PENDING, CustomerEntry, customer_record, entry_of, own_record
from stream.files import InFiles
from stream.outlet import Out
from stream.partition import Output, Partition, Setting
from stream.publishing import Notice, Topics, notice, notice_records, published
from stream.resting import InMemory, Stores
from stream.restoring import Restored
from stream.strangers import layout_record
from stream.tail import Tail
from stream.transactions import ENDING
from stream.ways import Going, Way
from tests.stream.shop import (
    MACHINE,
    PLACE,
    SOURCE,
    Broker,
    T,
    after,
    marker,
    new_clock,
    row,
    signal,
)  # fmt: skip

COMMANDS = "customer-commands"
LAYOUT = own_record(PLACE, *layout_record(MACHINE))
ERASED = notice(Command("erase", "ann", "c1", T, Origin(COMMANDS, 0, 0)), T)
NOTICES = notice_records(Topics(), MACHINE, ERASED)
WAITS = own_record(PLACE, PENDING + ERASED.id.encode(), ERASED.value)
WAITS_NO_MORE = own_record(PLACE, PENDING + ERASED.id.encode(), None)


class AtOnce(Way):
    """Gives the broker all of a batch, as one."""

    atomic = True

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def deliver(self, going: Going, tail: Tail) -> None:
        """Take it."""
        changes = [*going.changes, *going.after]
        ends = await self._broker.send([*going.aside, *changes, *going.records])
        if changes:
            tail.wrote(changes, ends, ENDING)
            self._broker.ends[tail.place] += ENDING


def opened(broker: Broker, *, atomic: bool = False, stores: Stores | None = None) -> Partition:
    """A partition that nothing is known of yet."""
    at_once: Callable[[int], Way] | None = (lambda _: AtOnce(broker)) if atomic else None
    return Partition(
        0,
        Setting(
            MACHINE, Topics(), PLACE[0], broker, frozenset({SOURCE}), new_clock(), stores or InMemory(), at_once=at_once
        ),
    )


async def read_back(held: Partition, broker: Broker, changelog: Sequence[Out]) -> int:
    """Fill the partition with what files have and a changelog, to its end; how many transitions were published."""
    restored = await held.unread()
    for _ in restored.begin():
        pass
    restored.load([row(out, offset) for offset, out in enumerate(changelog)])
    held.writing.tail.end = broker.ends[PLACE] = len(changelog)
    held.fill(restored, T)
    return await held.republish(restored)


async def written(held: Partition, output: Output) -> None:
    """Return when all that the batch led to is written."""

    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def failed(error: BaseException) -> None:
        done.set_exception(error)

    held.hand_over(output, lambda *_: done.set_result(None), failed)
    await done


def erased(held: Partition, *told: Notice) -> Output:
    """A batch in which customers are erased by a command."""
    output = held.begin(T)
    for each in told:
        held.forget(output, each.customer, each)
    output.source = COMMANDS, 1
    return output


def bought(held: Partition) -> Output:
    """A batch in which ann buys something."""
    output = held.begin(T)
    memory, transitions = apply(MACHINE, None, "ann", SOURCE, [signal("ann", T, 1, "order_completed")])
    held.take(output, memory, transitions)
    output.source = SOURCE, 2
    return output


async def test_the_notice_of_who_is_erased_waits_in_the_changelog_until_it_is_published() -> None:
    broker = Broker()
    held = opened(broker)
    await read_back(held, broker, [LAYOUT])
    await written(held, bought(held))
    del broker.taken[:]
    await written(held, erased(held, ERASED))
    gone, waits, said, *rest = broker.taken
    assert (gone.key, gone.value, dict(gone.headers)) == (b"ann", None, {FLOOR: orjson.dumps({SOURCE: 2})})
    assert waits == WAITS
    assert said.key == MARKER_KEY
    assert rest == [*NOTICES, WAITS_NO_MORE]


async def test_at_once_no_notice_waits_and_no_transition_stands_twice() -> None:
    broker = Broker()
    held = opened(broker, atomic=True)
    await read_back(held, broker, [LAYOUT])
    await written(held, bought(held))
    assert PENDING not in b"".join(out.key or b"" for out in broker.taken)
    assert entry_of(broker.taken[0].value or b"").outbox == []
    assert {out.topic for out in broker.taken} >= {"stage-transitions", "customer-stages"}
    del broker.taken[:]
    await written(held, erased(held, ERASED))
    assert [out.key for out in broker.taken] == [b"ann", MARKER_KEY, *(out.key for out in NOTICES)]


@pytest.mark.parametrize("atomic", [False, True])
async def test_a_notice_that_waited_when_a_worker_died_is_published_and_waits_no_more(*, atomic: bool) -> None:
    broker = Broker()
    held = opened(broker, atomic=atomic)
    assert await read_back(held, broker, [LAYOUT, WAITS]) == 1
    assert [out for out in broker.taken if out.topic != PLACE[0]] == NOTICES
    assert WAITS_NO_MORE in broker.taken
    assert held.own == dict([layout_record(MACHINE)]), "what waits is not kept beside"


async def test_of_somebody_who_did_nothing_worth_a_move_no_stage_is_told() -> None:
    broker = Broker()
    held = opened(broker)
    await read_back(held, broker, [LAYOUT])
    output = held.begin(T)
    memory, transitions = apply(MACHINE, None, "ann", SOURCE, [signal("ann", T, 1, "logged_in")])
    assert transitions == []
    held.take(output, memory, transitions)
    await written(held, output)
    assert [out.key for out in broker.taken] == [b"ann", MARKER_KEY]


async def test_the_first_worker_of_a_version_writes_its_layout_and_no_other_does() -> None:
    first, second = Broker(), Broker()
    await read_back(opened(first), first, [])
    assert [out.key for out in first.taken] == [layout_record(MACHINE)[0], MARKER_KEY]
    await read_back(opened(second), second, first.taken)
    assert second.taken == []


async def test_a_late_marker_of_a_sleeper_is_written_over_when_the_partition_is_read_back() -> None:
    broker = Broker()
    late = [marker(4, T, {SOURCE: 9}), marker(2, T, {SOURCE: 5})]
    await read_back(opened(broker), broker, [LAYOUT, *(Out(PLACE[0], it.key, it.value, partition=0) for it in late)])
    assert [(out.key, out.value) for out in broker.taken] == [(late[0].key, b'[4,%d,{"events":9},4,{},3,0]' % T)]


async def test_what_was_left_unpublished_is_not_so_once_it_was_published_at_once() -> None:
    memory, transitions = apply(MACHINE, None, "ann", SOURCE, [signal("ann", T, 1, "order_completed")])
    outbox = [published(each, T).outbox() for each in transitions]
    left = customer_record(PLACE, b"ann", CustomerEntry(3, encode(MACHINE, memory), outbox))
    first, second = Broker(), Broker()
    assert await read_back(opened(first, atomic=True), first, [LAYOUT, left]) == len(transitions) > 0
    assert [out.value for out in first.taken if out.topic == "stage-transitions"] == [
        published(each, T).value for each in transitions
    ]
    after_that = [out for out in first.taken if out.topic == PLACE[0]]
    assert await read_back(opened(second, atomic=True), second, [LAYOUT, left, *after_that]) == 0


@pytest.mark.parametrize("atomic", [False, True])
async def test_files_have_what_has_been_acknowledged_and_nobody_who_is_gone(tmp_path: Path, *, atomic: bool) -> None:
    broker, stores = Broker(), InFiles(tmp_path, PLACE[0])
    held = opened(broker, atomic=atomic, stores=stores)
    await read_back(held, broker, [])
    await written(held, bought(held))
    output = held.begin(T)
    held.take(output, after(None, signal("bob", T, 2)), [])
    held.keep(output, OWN + b"salt", b"1")
    await written(held, output)
    await written(held, erased(held, ERASED))
    await held.settle()
    held.close()
    reached = held.resting.reached
    assert reached is not None
    again = Restored(MACHINE, await stores.open(0))
    assert [*again.begin()] == []
    assert list(again.memories) == ["bob"]
    assert again.own == dict([layout_record(MACHINE), (OWN + b"salt", b"1")])
    assert (reached.ended, reached.batch) == (broker.ends[PLACE], 3)
    assert reached.ended - reached.offset == (ENDING if atomic else 0)
    again.resting.close()
