from hypothesis import given
from hypothesis import strategies as st

from journey.clock import Clock, Time

PATIENCE, IDLE = 30, 100


def clock(*sources: str, follow: bool = True, start: Time | None = None) -> Clock:
    made = Clock(PATIENCE, IDLE, follow_wall=follow, start=start)
    made.expect(sources, 1_000)
    return made


def test_before_anything_is_seen_nothing_can_be_said() -> None:
    assert clock("shop").now(1_000) is None
    assert clock().now(1_000) is None


def test_it_is_the_greatest_event_time_less_patience() -> None:
    it = clock("shop")
    for at in (500, 600, 550):
        it.saw("shop", at, 1_000)
    assert it.now(1_000) == 570


def test_a_partition_fed_by_several_sources_goes_by_the_least() -> None:
    it = clock("shop", "till")
    it.saw("shop", 900, 1_000)
    assert it.now(1_000) is None
    it.saw("till", 700, 1_000)
    assert it.now(1_000) == 670


def test_a_source_caught_up_and_silent_follows_the_wall_clock() -> None:
    it = clock("shop")
    it.saw("shop", 900, 1_000)
    it.caught_up("shop", yes=True, wall=1_000)
    assert it.now(1_099) == 870
    assert it.now(1_100) == 1_070
    assert it.now(9_000) == 8_970


def test_one_that_never_said_anything_does_too() -> None:
    it = clock("shop", "till")
    it.saw("shop", 2_000, 1_000)
    it.caught_up("till", yes=True, wall=1_000)
    assert it.now(1_099) is None
    assert it.now(1_100) == 1_070


def test_one_with_a_backlog_is_late_and_not_silent() -> None:
    it = clock("shop")
    it.saw("shop", 900, 1_000)
    it.caught_up("shop", yes=False, wall=1_000)
    assert it.now(9_000) == 870


def test_a_silent_source_is_never_behind_its_own_events() -> None:
    it = clock("shop")
    it.saw("shop", 5_000, 1_000)
    it.caught_up("shop", yes=True, wall=1_000)
    assert it.now(2_000) == 4_970


def test_where_nothing_follows_the_wall_clock_a_silent_source_does_not_hold_the_others_back() -> None:
    it = clock("shop", "till", follow=False)
    it.saw("shop", 900, 1_000)
    it.saw("till", 100, 1_000)
    it.caught_up("till", yes=True, wall=1_000)
    assert it.now(1_000) == 70
    it.saw("shop", 950, 1_090)
    assert it.now(1_100) == 920


def test_and_where_all_are_silent_it_stands() -> None:
    it = clock("shop", follow=False)
    it.saw("shop", 900, 1_000)
    it.caught_up("shop", yes=True, wall=1_000)
    assert it.now(1_000) == 870
    assert it.now(99_000) == 870


def test_it_goes_on_from_where_an_earlier_one_stood() -> None:
    it = clock("shop", start=Time(800))
    assert it.now(1_000) == 800
    it.saw("shop", 500, 1_000)
    assert it.now(1_000) == 800
    it.saw("shop", 900, 1_000)
    assert it.now(1_000) == 870


def test_a_source_that_an_earlier_one_heard_does_not_hold_it_back() -> None:
    it = clock("shop", "till", start=Time(670, {"till": 2_000, "shop": 700}))
    assert it.now(1_000) == 670
    it.saw("shop", 900, 1_000)
    assert it.now(1_000) == 870


def test_the_later_of_two_times_is_so_in_all_of_their_parts() -> None:
    assert Time().later(Time(5, {"shop": 7})) == Time(5, {"shop": 7})
    assert Time(9, {"shop": 6, "till": 1}).later(Time(5, {"shop": 7})) == Time(9, {"shop": 7, "till": 1})
    assert Time(5, {"shop": 7}).later(Time(9, {"shop": 6, "till": 1})) == Time(9, {"shop": 7, "till": 1})
    assert Time().later(Time()).now is None


def test_a_source_seen_without_being_expected_counts_from_then_on() -> None:
    it = clock()
    it.saw("shop", 900, 1_000)
    it.caught_up("till", yes=False, wall=1_000)
    assert it.now(1_000) is None
    it.saw("till", 800, 1_000)
    assert it.now(1_000) == 770


events = st.tuples(st.sampled_from(["shop", "till"]), st.integers(0, 5_000), st.integers(0, 200), st.booleans())


@given(st.lists(events), st.booleans())
def test_it_never_goes_backwards(history: list[tuple[str, int, int, bool]], follow: bool) -> None:
    it, wall, before = clock("shop", "till", follow=follow), 1_000, -PATIENCE
    for source, at, later, caught_up in history:
        wall += later
        it.saw(source, at, wall)
        it.caught_up(source, yes=caught_up, wall=wall)
        now = it.now(wall)
        if now is not None:
            assert now >= before
            before = now


@given(st.lists(events), st.lists(events), st.booleans())
def test_one_that_takes_over_amid_a_history_goes_on_as_if_it_had_been_there(
    before: list[tuple[str, int, int, bool]], after: list[tuple[str, int, int, bool]], follow: bool
) -> None:
    first, wall = clock("shop", "till", follow=follow), 1_000
    for source, at, _, _ in before:
        first.saw(source, at, wall)
        first.now(wall)
    second = Clock(PATIENCE, IDLE, follow_wall=follow, start=first.time)
    second.expect(["shop", "till"], wall)
    for source, at, later, caught_up in after:
        wall += later
        for each in (first, second):
            each.saw(source, at, wall)
            each.caught_up(source, yes=caught_up, wall=wall)
        assert second.now(wall) == first.now(wall)
        assert second.time == first.time


def test_how_far_silence_can_have_brought_it_is_as_far_as_it_follows_the_wall() -> None:
    assert Clock(30, 100).reaches(1_000) == 970
    assert Clock(30, 100, start=Time(990)).reaches(1_000) == 990
    assert Clock(30, 100, start=Time(500), follow_wall=False).reaches(1_000) == 500
    assert Clock(30, 100, follow_wall=False).reaches(1_000) is None
