"""Ten thousand records that nobody can understand, among good ones: none stops a partition, none is lost."""

import asyncio
from collections import Counter
from datetime import timedelta
from hashlib import sha256
from random import Random

import orjson

from schemas.rejections import REASONS
from tests.kafka import traffic
from tests.kafka.conftest import Corner
from tests.kafka.crowd import BEGAN, event, shopping
from tests.kafka.malformed import KINDS, Malformed, malformed
from tests.kafka.polling import until
from tests.kafka.stand import assert_no_gaps, assert_same
from tests.kafka.traffic import Found, Sent

MALFORMED = 10_000
GOOD = 4_000
SEED = 1_000_003
KEPT = ("trace-id", b"\x00\xff4711")
FORGED = ("stagewatch-reason", b"forged")


def mixed(topic: str, good: list[Sent], bad: list[Malformed]) -> list[tuple[Sent, Malformed | None]]:
    """The good ones in their order, the bad ones between them, anywhere and with any key."""
    dice = Random(SEED)  # noqa: S311  for tests
    keys = [None, b"", b"customer_1", b"\xff\x00\xfe", "Käthe".encode(), b"k" * 3_000]
    spoilt = [
        Sent(
            topic,
            dice.choice(keys if each.value else keys[1:]),
            each.value,
            dice.randrange(4),
            dice.choice([(), (KEPT,), (KEPT, FORGED)]),
        )
        for each in bad
    ]
    tagged: list[tuple[float, int, Sent, Malformed | None]] = [
        (number / len(good), 0, each, None) for number, each in enumerate(good)
    ]
    tagged += [(dice.random(), 1, sent, each) for sent, each in zip(spoilt, bad, strict=True)]
    return [(sent, each) for _, _, sent, each in sorted(tagged, key=lambda it: it[:2])]


def assert_refused(found: Found, sent: Sent, what: Malformed) -> None:
    """The record as it was, with our reason in place of any other's."""
    reason = found.header("stagewatch-reason")
    assert reason in REASONS
    assert reason in what.reasons, f"{what.kind}: {reason} ({found.header('stagewatch-detail')}): {found.value!r:.300}"
    assert (found.key, found.value) == (sent.key, sent.value)
    assert (KEPT in found.headers) == (KEPT in sent.headers)


async def test_ten_thousand_malformed_records_are_each_refused_once_and_every_good_one_counts(corner: Corner) -> None:
    stand = corner(sources={"events": "segment"}, settings={"clock.idle_after": "never"})
    await stand.create_topics()
    events, bad = shopping(300, GOOD), malformed(MALFORMED, SEED)
    assert {each.kind for each in bad} == {*KINDS, "huge"}
    good = [Sent(stand.topic("events"), who.encode(), orjson.dumps(event)) for who, event in events]
    records = mixed(stand.topic("events"), good, bad)
    places = await traffic.produce(stand.broker, [sent for sent, _ in records])
    async with stand.worker() as worker:
        await worker.ready()
        await until(stand.caught_up, 90, "the worker to commit everything")
        await worker.stop()
    found = await stand.transitions()
    assert_no_gaps(found)
    assert_same(found, stand.replay(events))
    sent_to = {place: pair for place, pair in zip(places, records, strict=True) if pair[1] is not None}
    rejected = {
        (int(each.header("stagewatch-partition")), int(each.header("stagewatch-offset"))): each
        for each in await stand.read("rejected-events")
    }
    assert await stand.published("rejected-events") == len(rejected) == MALFORMED
    assert {each.header("stagewatch-topic") for each in rejected.values()} == {stand.topic("events")}
    missing = Counter(what.kind for place, (_, what) in sent_to.items() if what and place not in rejected)
    assert not missing, f"not refused: {missing}"
    for place, (sent, what) in sent_to.items():
        assert what is not None
        assert_refused(rejected[place], sent, what)


async def test_a_record_as_large_as_the_broker_takes_is_refused_and_kept(corner: Corner) -> None:
    # What comes back is larger by our headers than what came: the topic for it and our producer must leave room.
    stand = corner(sources={"events": "segment"}, settings={"clock.idle_after": "never"})
    await stand.create_topics()
    largest = Sent(stand.topic("events"), b"k" * 1_000, b"x" * (1_048_588 - 1_100))
    events = shopping(20, 200)
    await traffic.produce(stand.broker, [largest])
    await stand.send(events)
    async with stand.worker() as worker:
        await worker.ready()
        await until(stand.caught_up, 30, "the worker to commit everything")
        await worker.stop()
    assert_same(await stand.transitions(), stand.replay(events))
    (refused,) = await stand.read("rejected-events")
    assert (refused.key, refused.value) == (largest.key, largest.value)
    assert refused.header("stagewatch-reason") == "not JSON"


async def test_a_refused_record_too_large_for_its_topic_is_told_by_its_digest(corner: Corner) -> None:
    stand = corner(partitions=1, sources={"events": "segment"}, settings={"clock.idle_after": "never"})
    await stand.create_topics()
    await traffic.configure(stand.broker, stand.topic("events"), **{"max.message.bytes": "20000000"})
    large = Sent(stand.topic("events"), b"k", b"x" * 9_000_000, headers=(KEPT,))
    small = Sent(stand.topic("events"), b"k", b"{}")
    await traffic.produce(stand.broker, [small, large, small])
    events = shopping(20, 200, partitions=1)
    await stand.send(events)
    async with stand.worker() as worker:
        await worker.ready()
        await until(stand.caught_up, 30, "the worker to commit everything")
        await worker.stop()
    assert_same(await stand.transitions(), stand.replay(events))
    refused = {each.header("stagewatch-offset"): each for each in await stand.read("rejected-events")}
    assert (refused["0"].value, refused["2"].value) == (b"{}", b"{}")
    told = refused["1"]
    assert (told.key, told.value, told.header("stagewatch-reason")) == (b"k", None, "too large")
    assert told.header("stagewatch-value-bytes") == "9000000"
    assert told.header("stagewatch-value-sha256") == sha256(b"x" * 9_000_000).hexdigest()
    assert KEPT in told.headers


async def test_a_customer_who_changes_stage_thousands_of_times_in_one_batch_does_not_stop_the_partition(
    corner: Corner,
) -> None:
    # A robot. All that a batch caused is kept with the customer until it is published: here some megabytes.
    stand = corner(partitions=1, sources={"events": "segment"}, settings={"clock.idle_after": "never"})
    await stand.create_topics()
    events = shopping(20, 200, partitions=1)
    start = BEGAN - timedelta(days=1)
    moods = [event("robot", "Product Reviewed", start + timedelta(seconds=number), number) for number in range(6_000)]
    for number, mood in enumerate(moods):
        mood["properties"]["rating"] = 5 if number % 2 else 1
    robot = [("robot", mood) for mood in moods]
    await stand.send(robot + events)
    async with stand.worker() as worker:
        await worker.ready()
        await until(stand.caught_up, 60, "the worker to commit everything")
        await worker.stop()
    found = await stand.transitions()
    assert len(found["robot"]) == len(robot)
    assert_no_gaps(found)
    assert_same(found, await asyncio.to_thread(stand.replay, robot + events))
