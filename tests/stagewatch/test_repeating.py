"""A log that says the same again and again says it once in a while, and how often."""

import logging

from stagewatch.repeating import EVERY, MOST, Repeating


def line(text: str, at: float, name: str = "aiokafka", level: int = logging.ERROR) -> logging.LogRecord:
    record = logging.LogRecord(name, level, __file__, 1, "%s", (text,), None)
    record.created = at
    return record


def through(lines: list[logging.LogRecord]) -> list[str]:
    repeating = Repeating()
    return [each.getMessage() for each in lines if repeating.filter(each)]


def test_of_lines_that_differ_in_numbers_only_one_in_ten_seconds_is_let_through_with_how_many_there_were() -> None:
    lines = [line(f"node {number} is away", number / 10) for number in range(250)]
    assert through(lines) == [
        "node 0 is away",
        "node 100 is away (and 99 times more in the 10 s before)",
        "node 200 is away (and 99 times more in the 10 s before)",
    ]


def test_other_words_other_loggers_and_lines_that_warn_of_nothing_are_all_let_through() -> None:
    lines = [line("away", 0), line("back", 0), line("away", 0, "aiokafka.consumer")]
    lines += [line("joined", 0, level=logging.INFO)] * 3 + [line("partition 1 is late", 0, "stream")] * 3
    assert len(through(lines)) == len(lines)


def test_a_line_is_let_through_again_once_it_has_not_been_said_for_a_while_or_the_clock_was_set_back() -> None:
    assert through([line("away", 0), line("away", EVERY), line("away", 1)]) == ["away"] * 3


def test_more_different_lines_than_are_remembered_are_let_through() -> None:
    lines = [line("x" * number, 0) for number in range(2 * MOST)]
    assert len(through(lines)) == len(lines)


def test_beyond_that_all_are_forgotten_with_what_was_held_back_of_them() -> None:
    others = [line("x" * number, 1) for number in range(1, MOST)]
    said = through([line("away", 0), line("away", 0), *others, line("one more", 1), line("away", 2), line("away", 20)])
    assert [each for each in said if each.startswith("away")] == ["away"] * 3
