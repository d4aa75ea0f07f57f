"""Windows of days are searched, and come to the same as looking at each day."""

from hypothesis import given
from hypothesis import strategies as st

from journey.windows import days_in, seen

ascending = st.lists(st.integers(0, 60), unique=True).map(sorted)


@given(ascending, st.integers(-1, 61))
def test_the_days_covered_are_those_from_the_oldest_on(days: list[int | float], oldest: int) -> None:
    assert days_in(days, oldest) == sum(day >= oldest for day in days)


@given(ascending, st.integers(0, 60))
def test_another_day_puts_out_those_before_the_oldest(days: list[int | float], oldest: int) -> None:
    before = days.copy()
    assert seen(days, 61, oldest) == [*(day for day in days if day >= oldest), 61]
    assert days == before
