"""A customer whose late signals change more than goes out at once: in parts, with nothing lost and nothing twice."""

import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import reduce
from itertools import islice
from operator import iadd

import orjson
from aiokafka import ConsumerRecord

from agents.classify import ENOUGH, MOST, Classifier, read, work
from agents.command import Obedience
from journey.machine import apply
from journey.memory import Memory
from journey.saving import encode
from schemas.dialects import shipped_dialects
from schemas.reading import Reader
from schemas.transitions import Transition
from stagewatch.app import create_app
from stagewatch.library import machine_of_journeys
from stagewatch.settings import Settings
from stream.batches import Batch
from stream.changelog import CustomerEntry, customer_record
from stream.partition import Partition
from stream.restoring import Restored
from tests.journey.oracle import check_stream, net, without_republished
from tests.kafka import traffic
from tests.kafka.conftest import Corner
from tests.kafka.crowd import BEGAN, Event
from tests.kafka.net import foretold, published, signals_of
from tests.kafka.polling import until
from tests.kafka.test_silence import JOURNEYS, call
from tests.stream.shop import PLACE, SOURCE, partition, row

SEESAW = str(JOURNEYS / "seesaw.yaml")
MACHINE = machine_of_journeys([SEESAW])
WHO, OTHERS = "restless", ["ann", "bob", "cyn"]
# Each of the late looks turns over all looks after it: some 5,000 transitions in all.
IN_ORDER, LATE = 70, 30
END = BEGAN + timedelta(hours=1)
WALL = round(END.timestamp() * 1000)


def look(who: str, minutes: float) -> tuple[str, Event]:
    """A look at a page, so long after the beginning."""
    return who, {**call(who, "", BEGAN + timedelta(minutes=minutes))[1], "type": "page"}


def looks() -> list[tuple[str, Event]]:
    """Others look twice; one looks all the time, and of these looks the first are heard last, backwards."""
    pages = [look(WHO, number / 10) for number in range(LATE + IN_ORDER)]
    first, second = ([look(who, minutes) for who in OTHERS] for minutes in (1, 50))
    return [*first, *pages[LATE:], *reversed(pages[:LATE]), *second]


def batch() -> Batch:
    """All of it in one."""
    rows = [
        ConsumerRecord(SOURCE, 0, offset, 0, 0, who.encode(), orjson.dumps(each), None, 0, 0, ())
        for offset, (who, each) in enumerate(looks())
    ]
    return Batch(SOURCE, 0, rows, caught_up=True, highwater=len(rows), wall=WALL, heard=WALL)


def classifier(dialect: str = "segment") -> Classifier:
    settings = Settings.model_validate({"sources": [{"topic": SOURCE, "dialect": dialect}], "partitions": 1})
    readers = {SOURCE: Reader(shipped_dialects(), dialect, MACHINE.attributes)}
    app, obedience = create_app(settings, MACHINE, readers, lambda: WALL), Obedience("commands", [], os.urandom)
    return Classifier(app, MACHINE, readers, 0, 1, obedience)


def worked(held: Partition, most: int = 100) -> list[list[Transition]]:
    """The transitions of each output that the batch leads to, or of the first so many."""
    outputs = list(islice(work(classifier(), held, batch()), most))
    assert all(len(kept) < 2 * ENOUGH for output in outputs for kept in output.customers.values())
    assert not any(output.source for output in outputs[:-1]), "only the last one may be committed"
    return [output.moves for output in outputs]


def read_back(held: Partition) -> Partition:
    """Another partition, with the memories of the first as they would be read back."""
    restored = Restored(MACHINE)
    for who, memory in held.memories.items():
        entry = CustomerEntry(held.batch, encode(MACHINE, memory), [])
        restored.load([row(customer_record(PLACE, who.encode(), entry))])
    fresh = partition(MACHINE)
    fresh.fill(restored, WALL)
    return fresh


def saved(memories: Mapping[str, Memory]) -> dict[str, object]:
    """Memories as they are written, by customer."""
    return {who: encode(MACHINE, memory) for who, memory in memories.items()}


def of_each(parts: Sequence[list[Transition]]) -> dict[str, list[Transition]]:
    moves: list[Transition] = reduce(iadd, parts, [])
    return {who: [each for each in moves if each.customer == who] for who in (WHO, *OTHERS)}


def test_what_is_too_much_for_one_output_goes_out_in_several_and_comes_to_the_same_over_any_crash() -> None:
    heard = read(classifier(), batch()).signals
    whole = {who: apply(MACHINE, None, who, SOURCE, signals) for who, signals in heard.items()}
    unbroken = partition(MACHINE)
    parts = worked(unbroken)
    assert len(parts) > 2, "all of it fits in"
    assert of_each(parts) == {who: transitions for who, (_, transitions) in whole.items()}
    assert saved(unbroken.memories) == saved({who: memory for who, (memory, _) in whole.items()})
    for done in range(1, len(parts)):
        crashed = partition(MACHINE)
        before = worked(crashed, done)
        after = read_back(crashed)
        assert of_each([*before, *worked(after)]) == of_each(parts), f"after a crash behind output {done}"
        assert saved(after.memories) == saved(unbroken.memories)


def test_a_record_that_makes_more_than_can_be_written_is_refused_and_all_others_count() -> None:
    events = [
        {"name": "page_view", "timestamp_micros": (WALL - MOST - 99 + number) * 1_000} for number in range(MOST + 5)
    ]
    values = [
        {"client_id": WHO, "events": events[:2]},
        {"client_id": WHO, "events": events[2:-2]},
        {"client_id": WHO, "events": events[-2:]},
    ]
    rows = [
        ConsumerRecord(SOURCE, 0, offset, 0, 0, WHO.encode(), orjson.dumps(value), None, 0, 0, ())
        for offset, value in enumerate(values)
    ]
    held = partition(MACHINE)
    outputs = list(
        work(classifier("ga4"), held, Batch(SOURCE, 0, rows, caught_up=True, highwater=3, wall=WALL, heard=WALL))
    )
    (refused,) = [record for output in outputs for record in output.others]
    assert refused.value == rows[1].value
    assert b"TooManyTransitionsError" in dict(refused.headers)["stagewatch-detail"]
    assert [each.cause.offset for output in outputs for each in output.moves] == [0, 0, 2, 2]
    assert held.memories[WHO].offsets == {SOURCE: 2}


async def test_a_kill_between_the_parts_loses_nothing_and_tells_nothing_twice(corner: Corner) -> None:
    stand = corner(1, sources={SOURCE: "segment"}, settings={"journeys": SEESAW, "clock.idle_after": "never"})
    await stand.create_topics()
    await stand.send(looks(), SOURCE)
    wanted = await foretold(stand, END)
    async with stand.worker("killed") as worker, stand.watching("stage-transitions") as told:
        await worker.ready()

        async def some() -> bool:
            return await told() > ENOUGH / 2

        await until(some, 30, "the first part")
        await worker.kill()
    async with stand.worker("after") as worker:
        await worker.ready()
        await until(stand.caught_up, 30, "everything to be committed")
        await worker.stop()
    found = await published(stand)
    check_stream(found)
    assert net(found) == wanted
    assert len(without_republished(found)) > 2 * ENOUGH
    restored = Restored(MACHINE)
    restored.load(await traffic.read(stand.broker, stand.changelog))
    heard = await signals_of(stand)
    replayed = {who: apply(MACHINE, None, who, stand.topic(SOURCE), signals)[0] for who, signals in heard.items()}
    assert saved(restored.memories) == saved(replayed)
