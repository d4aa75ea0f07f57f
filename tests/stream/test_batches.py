"""How much may be between delivery and commit before polling pauses."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from stream.batches import FIRST_PORTION, LEAST_PORTION, MOST_WAITING, SLOW, SWIFT, Backlog, Portion
from tests.stream.shop import T, tick

FOR_EVER = 60.0  # seconds


async def has_room(backlog: Backlog) -> bool:
    """Whether nothing has to be waited for."""
    room = asyncio.ensure_future(backlog.room(10))
    await asyncio.sleep(0)
    done = room.done()
    room.cancel()
    return done


@given(st.lists(st.booleans(), max_size=30))
@settings(deadline=None)
def test_there_is_room_while_few_batches_wait(happened: list[bool]) -> None:
    async def one_after_the_other() -> None:
        backlog, waiting = Backlog(), 0
        for taken in happened:
            if taken:
                backlog.taken(tick(T))
            else:
                backlog.add(tick(T))
            waiting = max(0, waiting - 1) if taken else waiting + 1
            assert await has_room(backlog) == (waiting < MOST_WAITING)
        backlog.clear()
        assert await has_room(backlog)

    asyncio.run(one_after_the_other())


def test_polling_goes_on_as_soon_as_a_batch_is_taken() -> None:
    async def both() -> None:
        backlog = Backlog()
        for _ in range(MOST_WAITING):
            backlog.add(tick(T))
        async with asyncio.timeout(FOR_EVER), asyncio.TaskGroup() as group:
            group.create_task(backlog.room(10))
            backlog.taken(tick(T))

    asyncio.run(both())


def test_a_batch_that_was_thrown_away_holds_nothing_back_for_long() -> None:
    async def alone() -> None:
        backlog = Backlog()
        for _ in range(MOST_WAITING):
            backlog.add(tick(T))
        async with asyncio.timeout(FOR_EVER):
            await backlog.room(10)

    asyncio.run(alone())


def test_the_first_poll_brings_little_and_where_writing_is_swift_soon_all_that_may_come() -> None:
    portion = Portion(5_000)
    assert portion.now == FIRST_PORTION
    for _ in range(4):
        portion.took(portion.now // 8, SWIFT / 2)
    assert portion.now == 5_000


def test_a_handful_that_is_written_swiftly_says_nothing_of_many() -> None:
    portion = Portion(5_000)
    portion.took(3, SWIFT / 2)
    assert portion.now == FIRST_PORTION


def test_where_few_are_written_slowly_the_next_poll_brings_half_of_these() -> None:
    portion = Portion(5_000)
    portion.took(4 * LEAST_PORTION, SLOW * 2)
    assert portion.now == 2 * LEAST_PORTION


def test_where_writing_is_slow_polls_bring_ever_less_but_never_nothing() -> None:
    portion = Portion(5_000)
    for _ in range(20):
        before = portion.now
        portion.took(portion.now, SLOW * 2)
        assert LEAST_PORTION <= portion.now <= max(before // 2, LEAST_PORTION)
    assert portion.now == LEAST_PORTION


@given(st.integers(1, 5_000), st.lists(st.tuples(st.integers(0, 5_000), st.floats(0, 60))))
def test_no_poll_brings_more_than_was_said(most: int, took: list[tuple[int, float]]) -> None:
    portion = Portion(most)
    for records, seconds in took:
        portion.took(records, seconds)
        assert 1 <= portion.now <= most
