"""Mischief and pace: seeded, in the shares asked for, and never at the cost of a good event."""

from collections import Counter
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.dialects import shipped_dialects
from schemas.reading import Reader
from schemas.rejections import Rejection
from schemas.signals import Origin, Signal
from stagewatch.mischief import Item, Shares, mischief
from stagewatch.pace import Pace
from stagewatch.shoppers import Plan, shoppers
from stagewatch.speaking import in_json

DIALECTS = shipped_dialects()
ORIGIN = Origin("file", 0, 1)


def stream(number: int, dialect: str, shares: Shares, seed: int = 1) -> list[Item]:
    signals = islice(shoppers(Plan(seed=seed, shoppers=50)), number)
    return list(mischief(signals, in_json(DIALECTS[dialect]), shares, seed))


@given(st.sampled_from(sorted(DIALECTS)), st.integers(0, 100))
@settings(max_examples=15, deadline=None)
def test_the_same_seed_makes_the_same_mischief(dialect: str, seed: int) -> None:
    shares = Shares(0.1, 0.2, 0.05)
    assert stream(80, dialect, shares, seed) == stream(80, dialect, shares, seed)


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_every_spoilt_event_is_rejected_and_every_good_one_comes_through(dialect: str) -> None:
    reader = Reader(DIALECTS, dialect)
    good = [item.value for item in stream(300, dialect, Shares())]
    unruly = [item.value for item in stream(300, dialect, Shares(malformed=0.5))]
    left = Counter(unruly)
    left.subtract(good)
    assert min(left.values()) == 0
    spoilt = list(left.elements())
    assert len(spoilt) > len(good) / 3
    for value in spoilt:
        assert any(isinstance(each, Rejection) for each in reader.read(value, ORIGIN)), value[:200]
    assert not any(b"\n" in value for value in unruly)


def test_without_mischief_the_stream_is_in_order_and_as_long() -> None:
    items = stream(500, "stagewatch", Shares())
    assert [item.at for item in items] == sorted(item.at for item in items)
    assert len(items) == 500


def test_duplicates_are_the_same_bytes_again() -> None:
    items = stream(2_000, "stagewatch", Shares(duplicates=0.1))
    twice = [count for count in Counter(item.value for item in items).values() if count == 2]
    assert len(twice) == len(items) - 2_000
    assert 120 < len(twice) < 280


def test_late_events_come_after_later_ones_and_none_is_lost() -> None:
    items = stream(2_000, "stagewatch", Shares(late=0.2))
    assert Counter(items) == Counter(stream(2_000, "stagewatch", Shares()))
    latest = 0
    late = 0
    for item in items:
        late += item.at < latest
        latest = max(latest, item.at)
    assert 100 < late < 420


def test_what_a_dialect_has_no_word_for_is_left_out() -> None:
    signals = [
        Signal("ann", kind, 1_717_200_000_000, kind, {}, ORIGIN) for kind in ("ticket_opened", "order_completed")
    ]
    items = list(mischief(signals, in_json(DIALECTS["braze"]), Shares(), 1))
    assert len(items) == 1


def test_a_rate_spreads_events_evenly() -> None:
    pace = Pace(rate=10)
    assert [pace.wait(0, 0.0) for _ in range(3)] == pytest.approx([0, 0.1, 0.2])
    assert pace.wait(0, 99.0) == 0


def test_a_speed_lets_event_time_pass_so_much_faster() -> None:
    pace = Pace(speed=60)
    assert pace.wait(1_000_000, 5.0) == 0
    assert pace.wait(1_000_000 + 600_000, 4.0) == pytest.approx(6.0)


def test_waits_too_short_to_sleep_are_saved_up() -> None:
    pace = Pace(rate=1_000)
    assert [pace.wait(0, 0.0) > 0 for _ in range(12)] == [False] * 10 + [True] * 2
    assert Pace().free
    assert not pace.free
