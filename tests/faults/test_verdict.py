"""The checking subscriber finds what it is there to find."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache

import orjson
import pytest

from journey.replay import fold
from schemas.transitions import record
from tests.faults.history import Expected, History, history, understood
from tests.faults.verdict import Subscriber, Verdict, compare, compare_stages
from tests.kafka.traffic import Found

Records = list[Found]
Mishap = Callable[[Records], Records]


@cache
def played() -> tuple[History, Expected]:
    found = history(7, 1_500, customers=60, partitions=4)
    return found, found.expected()


def as_it_comes() -> Iterator[Found]:
    """What a worker publishes that meets the history as it is played: late events are corrected."""
    found, expected = played()
    for each in fold(expected.machine, understood([*found.records, *found.closing], expected.machine)):
        told = record(each, each.at)
        yield Found("stage-transitions", 0, 0, each.customer.encode(), orjson.dumps(told), ())


def judged(records: Records) -> Verdict:
    expected, verdict = played()[1], Verdict()
    subscriber = Subscriber(verdict)
    for each in records:
        subscriber.heard(each)
    compare(verdict, subscriber.believes(), expected.transitions)
    return verdict


def changed(of: Found, **what: object) -> Found:
    return replace(of, value=orjson.dumps(of.json | what))


def standing(records: Records) -> int:
    """The place of a record that nobody corrects."""
    corrected = {each.json["corrects"] for each in records}
    return next(place for place, each in enumerate(records) if each.json["id"] not in corrected)


def lose(records: Records) -> Records:
    place = standing(records)
    return records[:place] + records[place + 1 :]


def invent(records: Records) -> Records:
    place = standing(records)
    return [*records, changed(records[place], id="0" * 32, at="2024-06-09T00:00:00.000Z")]


def say_otherwise(records: Records) -> Records:
    return [*records, changed(records[standing(records)], at="2030-01-01T00:00:00.000Z")]


def withdraw_nothing(records: Records) -> Records:
    return [*records, changed(records[-1], id="0" * 32, kind="corrected", corrects="1" * 32)]


def under_another_key(records: Records) -> Records:
    return [replace(records[0], key=b"somebody else"), *records[1:]]


def test_what_a_sleeper_told_beside_his_successor_is_known_though_recorded_at_another_time() -> None:
    records = list(as_it_comes())
    verdict = judged([*records, changed(records[3], recorded_at="2030-01-01T00:00:00.000Z")])
    assert not +verdict.wrongs, verdict
    assert verdict.duplicates == 1


def test_what_comes_late_and_twice_is_what_the_sorted_replay_says() -> None:
    records = list(as_it_comes())
    verdict = judged(records + records[10:20])
    assert not +verdict.wrongs, verdict
    assert verdict.duplicates == 10
    assert verdict.corrections > 0
    assert verdict.compared > 200


@pytest.mark.parametrize(
    ("mishap", "wrong"),
    [
        (lose, "lost"),
        (lose, "gaps"),
        (invent, "invented"),
        (say_otherwise, "of a known id, but saying something else"),
        (withdraw_nothing, "withdrawn without standing"),
        (under_another_key, "of another key"),
    ],
)
def test_the_verdict_finds_what_is_wrong(mishap: Mishap, wrong: str) -> None:
    assert judged(mishap(list(as_it_comes()))).wrongs[wrong] > 0


def test_the_verdict_finds_who_stands_elsewhere() -> None:
    expected = played()[1]
    verdict = Verdict()
    compare_stages(verdict, expected.stages, expected)
    assert not +verdict.wrongs
    somebody = next(who for who, stands in expected.stages.items() if stands != expected.beginning)
    compare_stages(verdict, {who: it for who, it in expected.stages.items() if who != somebody}, expected)
    assert verdict.wrongs == {"standing elsewhere": 1}
