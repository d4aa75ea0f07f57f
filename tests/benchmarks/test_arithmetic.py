"""What the measurements reckon with: percentiles, paces, places, names. Nothing is timed here."""

from argparse import Namespace
from pathlib import Path
from xml.etree import ElementTree as ET

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.drawing import Bar, Chart, lying, picture, standing
from benchmarks.figures import keep, kept, percentile, percentiles, spread
from benchmarks.latency import Heard, latencies
from benchmarks.paced import Handed, due
from benchmarks.pending import Leaving, Told, lateness
from benchmarks.plot import on_axis, short
from benchmarks.report import About
from benchmarks.retimed import at_time, interleaved, renamed
from benchmarks.scale import BASE, CASES, SHOPPERS
from benchmarks.work import without_looking_back
from benchmarks.workers import SHIPPED
from journey.loading import load

FIGURES = st.lists(st.floats(0, 1e6), min_size=1)
ROW = b"shopper-000007", b'{"userId":"shopper-000007","originalTimestamp":"2024-06-01T00:14:41.542Z","messageId":"1-2"}'


@given(figures=FIGURES, share=st.floats(0, 1))
def test_a_percentile_is_the_least_figure_that_is_not_less_than_its_share_of_all(
    figures: list[float], share: float
) -> None:
    ordered = sorted(figures)
    found = percentile(ordered, share)
    assert found in ordered
    assert sum(each <= found for each in ordered) >= share * len(ordered)
    assert sum(each < found for each in ordered) <= share * len(ordered)


def test_of_a_hundred_figures_the_percentiles_are_those_one_expects() -> None:
    found = percentiles([float(number) for number in range(100, 0, -1)])
    assert found == {"count": 100, "p50": 50, "p99": 99, "p99.9": 100, "max": 100}


def test_of_no_figures_there_is_no_percentile() -> None:
    with pytest.raises(ValueError, match="no figures"):
        percentiles([])


def test_a_spread_tells_the_least_and_the_greatest_where_there_are_several() -> None:
    assert spread([3.0], "{:.0f}".format) == "3"
    assert spread([3.0, 1.0, 2.0], "{:.0f}".format) == "2 (1 to 3)"


@given(rate=st.floats(1, 1e5), moments=st.lists(st.floats(0, 60), min_size=1))
def test_a_pace_sends_as_many_as_have_come_due_and_none_twice(rate: float, moments: list[float]) -> None:
    sent = 0
    for passed in sorted(moments):
        sent += due(rate, passed, sent, most=10**9)
        assert sent == int(rate * passed)


def test_a_pace_that_fell_behind_catches_up_in_parts() -> None:
    assert due(1_000, 10, 0, most=500) == 500
    assert due(1_000, 10, 9_990, most=500) == 10
    assert due(1_000, 10, 10_001) == 0


def test_an_event_is_found_by_where_it_stands() -> None:
    handed = Handed({0: [(10, 2, 1.0), (12, 3, 1.5)], 1: [(0, 1, 2.0)]})
    assert [handed.time_of((0, offset)) for offset in (9, 10, 11, 12, 14, 15)] == [None, 1.0, 1.0, 1.5, 1.5, None]
    assert [handed.time_of(place) for place in ((1, 0), (2, 0))] == [2.0, None]


def test_latency_is_counted_in_ms_after_the_warm_up_and_only_of_events_that_are_known() -> None:
    handed = Handed({0: [(0, 1, 10.0), (1, 1, 15.0)]}, began=10.0)
    heard = [Heard((0, 0), 10.5), Heard((0, 1), 15.25), Heard((7, 7), 16.0)]
    assert latencies(handed, heard, warmup=5) == [250.0]
    assert latencies(handed, heard, warmup=0) == [500.0, 250.0]


def test_customers_leave_in_turn_an_hour_after_they_looked() -> None:
    leaving = Leaving(customers=10, due=2, begin=7_200_000)
    assert [leaving.looked(number) + 3_600_000 for number in (0, 1, 2, 5)] == [
        7_200_000,
        7_200_500,
        7_201_000,
        7_202_500,
    ]


def test_lateness_is_that_of_deadlines_of_the_phase() -> None:
    assert lateness([Told(900, 5_000), Told(1_000, 1_040), Told(1_500, 1_510)], begin=1_000) == [40, 10]


def test_an_event_told_again_is_of_another_time_and_another_customer_and_as_long_as_before() -> None:
    customer, value = ROW
    told = orjson.loads(renamed(at_time(value, b"2026-01-02T03:04:05.678Z"), 42))
    assert told == {"userId": "s000042-000007", "originalTimestamp": "2026-01-02T03:04:05.678Z", "messageId": "1-2"}
    assert renamed(customer, 42) == b"s000042-000007"
    assert renamed(customer, 0) == customer
    assert len(renamed(value, 42)) == len(value)


def test_each_row_is_told_by_every_copy_of_its_customer() -> None:
    assert [customer for customer, _ in interleaved([ROW, ROW], 3)] == [
        *(b"shopper-000007", b"s000001-000007", b"s000002-000007"),
        *(b"shopper-000007", b"s000001-000007", b"s000002-000007"),
    ]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_journey_is_measured_without_looking_back(name: str) -> None:
    text = SHIPPED[name].read_text(encoding="utf-8")
    found, shipped = load(without_looking_back(text), name), load(text, name)
    assert (found.lateness, found.dedup_window) == (0, 0)
    assert (found.tracks, found.facts, found.patience) == (shipped.tracks, shipped.facts, shipped.patience)


def test_every_case_differs_from_the_base_in_what_it_is_named_for() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
    for case in CASES:
        assert case.customers % SHOPPERS == 0
        names = ("workers", "partitions", "customers", "journeys", "shipped", "exactly_once", "store")
        differs = {name for name in names if getattr(case, name) != getattr(BASE, name)}
        assert differs - {"customers"} == {case.varies} - {"", "customers"}
        assert "customers" not in differs or case.varies in {"customers", "store"}


def test_the_base_stands_on_every_axis_in_its_place() -> None:
    cases = [{"varies": "", "partitions": 8}, {"varies": "partitions", "partitions": 64}]
    cases += [{"varies": "partitions", "partitions": 1}, {"varies": "workers", "partitions": 8}]
    assert [case["partitions"] for case in on_axis(cases, "partitions")] == [1, 8, 64]


def test_numbers_in_pictures_are_short() -> None:
    assert [short(number) for number in (1, 64, 950, 12_345, 100_000, 1_000_000)] == [
        *("1", "64", "950", "12.3k", "100k", "1M"),
    ]


def test_figures_are_kept_with_how_they_came_about(tmp_path: Path) -> None:
    said = About("today", "python -m x", "abc", "a machine", "0 0 0", "versions")
    keep("x", Namespace(quick=True, out=tmp_path / "x.json"), said, {"rate": 1.5})
    found = kept("x", tmp_path)
    assert found is not None
    assert (found["quick"], found["rate"], found["about"]["commit"]) == (True, 1.5, "abc")
    assert kept("y", tmp_path) is None


def test_a_picture_is_well_formed_and_carries_no_colour_that_a_dark_page_does_not_have_too() -> None:
    chart = Chart("events & more", [Bar("ours <1>", 1, 2, 3, ours=True), Bar("theirs", 1, 1, 1)], "{:.0f}".format)
    drawn = picture("Title", "foot", (800, 400), [lying(chart, 200, 60, 500), standing(chart, 20, 200)])
    assert ET.fromstring(drawn).tag.endswith("svg")  # noqa: S314  our own
    body = drawn.partition("</style>")[2]
    assert "#" not in body
