"""How old what the broker said is: told by the answer before, for the question was asked after that one."""

from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from stream.fetching import Answers, Standing

HERE = TP("events", 0)
WITHIN = 1_000


def test_an_answer_that_lay_in_the_socket_while_the_process_slept_is_not_believed() -> None:
    answers = Answers()
    assert not answers.fresh(HERE, 10_000, 10_010, WITHIN), "asked for nobody knows when"
    assert answers.fresh(HERE, 10_100, 10_110, WITHIN)
    assert not answers.fresh(HERE, 10_100, 17_000, WITHIN), "woken, and nothing heard since"
    assert not answers.fresh(HERE, 17_001, 17_010, WITHIN), "asked for before the sleep, read after it"
    assert answers.fresh(HERE, 17_101, 17_110, WITHIN)


def test_what_was_heard_before_a_rebalance_counts_no_more() -> None:
    answers = Answers()
    answers.fresh(HERE, 10_000, 10_010, WITHIN)
    answers.clear()
    assert not answers.fresh(HERE, 10_100, 10_110, WITHIN)


@given(st.lists(st.tuples(st.integers(1, 3_000), st.integers(0, 2_000)), max_size=50))
def test_what_is_believed_was_asked_for_a_short_while_ago(seen: list[tuple[int, int]]) -> None:
    answers, read, wall = Answers(), [0], 0
    for gap, later in seen:
        read.append(wall + gap)
        wall = read[-1] + later
        if answers.fresh(HERE, read[-1], wall, WITHIN):
            assert wall - read[-2] < WITHIN


def test_a_partition_of_which_something_is_unknown_has_not_been_read_to_its_end() -> None:
    assert Standing(5, 5).at_end
    assert not Standing(4, 5).at_end
    assert not Standing(None, 5).at_end
    assert not Standing(5, None).at_end
