from contextlib import suppress
from itertools import cycle

from hypothesis import given
from hypothesis import strategies as st

from journey.deadlines import DAY, HOUR, Deadlines
from journey.memory import NEVER


def test_customers_are_due_in_order_of_time_and_then_of_name() -> None:
    due = {"cleo": 5, "bob": 3, "ann": 5, "dan": 9}
    index = Deadlines()
    for customer, at in due.items():
        index.note(customer, at)
    assert list(index.passed(5, due.get)) == ["bob", "ann", "cleo"]
    assert len(index) == 1
    assert index.next == 9


def test_a_deadline_put_off_is_looked_for_again_when_it_comes() -> None:
    index = Deadlines()
    index.note("ann", 3)
    index.note("ann", 8)
    assert list(index.passed(5, {"ann": 8}.get)) == []
    assert index.next == 8
    assert list(index.passed(8, {"ann": 8}.get)) == ["ann"]


def test_a_deadline_brought_forward_takes_the_place_of_the_later_one() -> None:
    index = Deadlines()
    index.note("ann", 8)
    index.note("ann", 3)
    assert index.next <= 3
    assert list(index.passed(9, {"ann": 3}.get)) == ["ann"]
    assert len(index) == 0


def test_one_that_has_gone_away_is_dropped() -> None:
    index = Deadlines()
    index.note("ann", 3)
    index.note("bob", None)
    assert list(index.passed(9, {"ann": None}.get)) == []
    assert (len(index), index.next) == (0, NEVER)


def test_many_sessions_leave_one_entry_once_their_time_has_come() -> None:
    index = Deadlines(0)
    for day in range(40, 30, -1):
        index.note("ann", day * DAY)
    assert list(index.passed(31 * DAY, {"ann": 50 * DAY}.get)) == []
    assert list(index.passed(41 * DAY, {"ann": 50 * DAY}.get)) == []
    assert list(index.passed(50 * DAY, {"ann": 60 * DAY}.get)) == []
    assert (len(index), index.next) == (1, 60 * DAY)


def test_nobody_is_lost_where_a_look_is_broken_off() -> None:
    due = {f"{number:03}": number * HOUR // 2 for number in range(100)}
    index, found = Deadlines(), []
    for customer, at in due.items():
        index.note(customer, at)
    for asked in cycle(due):  # each look is broken off at another customer
        if not len(index):
            break

        def looking(customer: str, asked: str = asked) -> int:
            if customer == asked:
                index.note(customer, due[customer])
                raise LookupError
            return due[customer]

        with suppress(LookupError):
            for customer in index.passed(DAY * 9, looking):
                found.append(customer)  # noqa: PERF402  those found before it is broken off count
    assert sorted(found) == list(due)


def test_what_is_not_taken_stays() -> None:
    index = Deadlines()
    for customer in ("ann", "bob"):
        index.note(customer, 3)
    assert next(index.passed(9, lambda _: 3)) == "ann"
    assert list(index.passed(9, lambda _: 3)) == ["bob"]


times = st.integers(0, 20) | st.integers(0, 5 * DAY) | st.integers(0, 100).map(lambda number: number * HOUR)
changes = st.lists(st.tuples(st.sampled_from("abc"), times | st.none()))


@given(st.lists(st.tuples(changes, times)))
def test_it_says_what_looking_at_every_customer_would_say(
    history: list[tuple[list[tuple[str, int | None]], int]],
) -> None:
    index, due = Deadlines(), dict[str, int | None]()
    for news, now in history:
        for customer, at in news:
            before, due[customer] = due.get(customer), at
            if at is not None and (before is None or at < before):
                index.note(customer, at)
        expected = sorted((at, customer) for customer, at in due.items() if at is not None and at <= now)
        found = []
        for customer in index.passed(now, due.get):
            found.append((due[customer], customer))
            due[customer] = None
        assert found == expected
