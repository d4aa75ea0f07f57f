"""What holds of erasing and suppressing, whatever customers do meanwhile and whenever a worker dies."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import orjson
from aiokafka import ConsumerRecord
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.classify import Classifier, work
from agents.command import Obedience, obey
from schemas.commands import COMMANDS, ERASE, SUPPRESS, UNSUPPRESS, encode
from schemas.dialects import shipped_dialects
from schemas.reading import Reader
from schemas.times import rfc3339
from stagewatch.app import create_app
from stagewatch.settings import Settings
from stream.batches import Batch
from stream.outlet import Out, Place
from stream.partition import Partition
from tests.stream.shop import MACHINE, MINUTE, PLACE, SOURCE, Broker, T, after, signal
from tests.stream.test_handing_over import COMMANDS as TOPIC
from tests.stream.test_handing_over import opened, read_back, written

NAMES = ["ann-7401", "bob-7402", "cyd-7403"]
KINDS = ["product_viewed", "cart_updated", "order_completed"]
Step = tuple[str, str]
"""A kind of signal or a command, and of whom."""

steps = st.tuples(st.sampled_from([*KINDS, *KINDS, *COMMANDS]), st.sampled_from(NAMES))
histories = st.lists(st.lists(steps, min_size=1, max_size=4), min_size=1, max_size=9)
deaths = st.lists(st.integers(0, 40), max_size=4)


class DiedError(Exception):
    """The worker was killed."""


class Mortal(Broker):
    """Takes so many records; then whoever sends dies, and of what is sent at once nothing has been taken."""

    def __init__(self, most: int | None, *, at_once: bool) -> None:
        super().__init__()
        self._left = most
        self._at_once = at_once

    async def send(self, records: Iterable[Out]) -> dict[Place, int]:
        """Take them, or as many as are left."""
        some = list(records)
        if self._left is None:
            return await super().send(some)
        taken, self._left = some[: self._left], self._left - len(some)
        if self._left >= 0:
            return await super().send(some)
        if not self._at_once:
            await super().send(taken)
        raise DiedError


@cache
def classifier() -> Classifier:
    app = create_app(Settings.model_validate({"partitions": 1}), MACHINE, {}, lambda: T)
    reader = Reader(shipped_dialects(), "stagewatch")
    return Classifier(app, MACHINE, {SOURCE: reader}, 10**12, 1, Obedience(TOPIC, [], bytes))


def batches(history: Sequence[Sequence[Step]]) -> list[Batch]:
    """The history, each part of it as a batch of events and one of commands."""
    rows: dict[str, list[ConsumerRecord[bytes, bytes]]] = {SOURCE: [], TOPIC: []}
    found = []
    for some in history:
        for topic, before in rows.items():
            said = [step for step in some if (step[0] in COMMANDS) == (topic == TOPIC)]
            new = [row(topic, offset, *step) for offset, step in enumerate(said, len(before))]
            before.extend(new)
            found.append((topic, new))
    return [
        Batch(topic, 0, new, caught_up=True, highwater=len(rows[topic]), wall=T, heard=T) for topic, new in found if new
    ]


def row(topic: str, offset: int, what: str, who: str) -> "ConsumerRecord[bytes, bytes]":
    event = {"customer": who, "kind": what, "at": rfc3339(T + offset * MINUTE), "id": f"{who}-{offset}"}
    value = encode(what, who, f"c{offset}", T) if topic == TOPIC else orjson.dumps(event)
    return ConsumerRecord(topic, 0, offset, 0, 0, who.encode(), value, None, 0, 0, ())


def lived(history: Sequence[Batch], deaths: Sequence[int], *, atomic: bool) -> tuple[Partition, list[Out]]:
    """The partition when all of that is written, and all that was written.

    A worker dies after each number of records of `deaths`; the next one reads both topics from their beginnings.
    """

    async def life(broker: Broker, before: Sequence[Out]) -> Partition:
        held = opened(broker, atomic=atomic)
        await read_back(held, broker, [out for out in before if out.topic == PLACE[0]])
        for batch in history:
            does = obey if batch.topic == TOPIC else work
            for output in does(classifier(), held, batch):
                await written(held, output)
        await held.settle()
        return held

    taken: list[Out] = []
    for most in [*deaths, None]:
        broker = Mortal(most, at_once=atomic)
        try:
            held = asyncio.run(life(broker, taken))
        except DiedError:
            continue
        else:
            return held, [*taken, *broker.taken]
        finally:
            taken += broker.taken
    raise AssertionError("nobody lived")


def told(records: Iterable[Out]) -> dict[tuple[str, bytes | None], list[str]]:
    """The ids of what was published, by topic and customer, in order, each once."""
    found: dict[tuple[str, bytes | None], dict[str, None]] = {}
    for out in records:
        if out.topic not in {PLACE[0], "customer-stages"} and out.value is not None:
            found.setdefault((out.topic, out.key), {})[orjson.loads(out.value)["id"]] = None
    return {place: list(ids) for place, ids in found.items()}


def last(records: Iterable[Out], topic: str) -> Mapping[bytes | None, bytes]:
    """What compaction leaves of a topic."""
    found = {out.key: out.value for out in records if out.topic == topic}
    return {key: value for key, value in found.items() if value is not None}


def known(held: Partition) -> dict[str, object]:
    return {who: (each.sequence, each.at, each.state, each.offsets) for who, each in held.memories.items()}


def lasting(history: Sequence[Sequence[Step]]) -> dict[str, list[tuple[int, str]]]:
    """What is to be known: of each customer the offsets and kinds of the signals since the last command."""
    since: dict[str, list[tuple[int, str]]] = {}
    suppressed: set[str] = set()
    offset = 0
    for some in history:
        for kind, who in some:
            if kind in KINDS:
                if who not in suppressed:
                    since.setdefault(who, []).append((offset, kind))
                offset += 1
        for command, who in some:  # a part's commands are a batch behind its events
            if command in {ERASE, SUPPRESS}:
                since.pop(who, None)
            if command in {SUPPRESS, UNSUPPRESS}:
                suppressed = suppressed | {who} if command == SUPPRESS else suppressed - {who}
    return since


@given(histories, deaths, st.booleans())
@settings(deadline=None, max_examples=80)
def test_whenever_workers_die_each_command_is_done_once_between_the_same_two_events(
    history: list[list[Step]], deaths: list[int], atomic: bool
) -> None:
    all_of_it = batches(history)
    whole, first = lived(all_of_it, [], atomic=atomic)
    held, records = lived(all_of_it, deaths, atomic=atomic)
    assert known(held) == known(whole)
    assert {name for name in NAMES if name in held.suppressed} == {name for name in NAMES if name in whole.suppressed}
    assert held.own == whole.own
    assert told(records) == told(first)
    assert last(records, "customer-stages") == last(first, "customer-stages")
    assert +held.census == +whole.census
    if atomic:
        published = [(out.topic, out.key, out.value) for out in records if out.topic == "stage-transitions"]
        assert len(set(published)) == len(published)


@given(histories, deaths, st.booleans())
@settings(deadline=None, max_examples=80)
def test_what_is_known_of_somebody_is_what_was_done_since_the_last_command_and_else_there_is_no_trace(
    history: list[list[Step]], deaths: list[int], atomic: bool
) -> None:
    held, records = lived(batches(history), deaths, atomic=atomic)
    since = lasting(history)
    memories = {
        who: after(None, *(signal(who, T + number * MINUTE, number, kind) for number, kind in those))
        for who, those in since.items()
    }
    assert known(held) == {who: (each.sequence, each.at, each.state, each.offsets) for who, each in memories.items()}
    left = [*last(records, PLACE[0]).items(), *last(records, "customer-stages").items()]
    for name in set(NAMES) - since.keys():
        assert not any(name.encode() in (key or b"") + value for key, value in left)
