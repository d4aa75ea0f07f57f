"""A worker lives while its loop turns and while whatever has something waiting goes on."""

from hypothesis import given
from hypothesis import strategies as st

from stream.health import LOOP_STALLED_AFTER, PROGRESS_STALLED_AFTER, Health

BEYOND = PROGRESS_STALLED_AFTER + 2


def test_one_that_stands_still_is_told_though_another_moves() -> None:
    health = Health(assigned=True)
    for second in range(int(BEYOND) + 1):
        health.turned(second, {("events", 0): (second, True), ("events", 1): (7, True)})
    live, why = health.live(BEYOND)
    assert not live
    assert "events, partition 1" in why["progress"]


def test_one_that_stands_still_while_nothing_waits_is_well() -> None:
    health = Health(assigned=True)
    for second in range(int(BEYOND) + 1):
        health.turned(second, {("events", 0): (7, False)})
    assert health.live(BEYOND)[0]


def test_a_partition_given_away_is_not_waited_for() -> None:
    health = Health(assigned=True)
    health.turned(0, {("events", 0): (7, True)})
    health.turned(1, {("events", 0): (7, True)})
    health.turned(BEYOND, {})
    health.turned(BEYOND + 1, {("events", 0): (7, True)})
    assert health.live(BEYOND + 1)[0]


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=300))
def test_it_is_well_exactly_if_it_moved_or_nothing_waited_lately(seen: list[tuple[int, bool]]) -> None:
    health = Health(assigned=True)
    for second, state in enumerate(seen):
        health.turned(second, {("events", 0): state})
    still = 0
    for before, after in zip(reversed(seen[:-1]), reversed(seen[1:]), strict=True):
        if not after[1] or before[0] != after[0]:
            break
        still += 1
    assert health.live(len(seen) - 1)[0] == (still - 1 <= PROGRESS_STALLED_AFTER)


def test_a_loop_that_does_not_turn_is_told() -> None:
    health = Health()
    health.turned(0, {})
    assert health.live(LOOP_STALLED_AFTER)[0]
    assert "loop" in health.live(LOOP_STALLED_AFTER + 1)[1]
