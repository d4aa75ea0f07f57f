import ast
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.conditions import MOST, ConditionError, Names, emit, parse
from tests.journey.naive import holds

TYPES: dict[str, Any] = {"a": "number", "b": "number", "c": "text", "d": None}


def result(text: str, **values: float | str | None) -> bool:
    """What the emitted source says, where names that are not given are missing."""
    source = emit(parse(text, TYPES).tree, Names("v[{!r}]".format, lambda _: True))
    given = dict.fromkeys(TYPES) | values
    found = eval(source, {"v": given})  # noqa: S307  the emitted source is what is tested
    assert isinstance(found, bool)
    assert found == holds(ast.parse(text.strip(), mode="eval").body, given)
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a == 2", True),
        ("1 < a <= 2 < b", True),
        ("1 < a < 2", False),
        ("not a > 1", False),
        ("a > 5 or b > 5 and c == 'x'", True),
        ("(a > 5 or b > 5) and c != 'x'", False),
        ("a + b * 2 == 14", True),
        ("-a < 0 and b / a == 3", True),
        ("a - -1.5 == 3.5", True),
        ('c == "x"', True),
        ("  a == 2\n", True),
    ],
)
def test_a_condition_means_what_it_says(text: str, expected: bool) -> None:
    assert result(text, a=2, b=6, c="x") is expected


@pytest.mark.parametrize(
    "text", ["a > 0", "a <= 0", "a != 0", "b < a", "b < 9 < a", "a - a == 0", "c == 'x'", "c != 'x'", "-a < 1"]
)
def test_a_comparison_that_touches_something_missing_is_false(text: str) -> None:
    assert result(text, b=1) is False
    assert result(f"not ({text})", b=1) is True


@pytest.mark.parametrize("text", ["b / a > 0", "b / a <= 0", "1 / (b / a) > 0", "1 / (a / b) > 0", "b / (a * b) != 1"])
def test_a_comparison_that_divides_by_zero_is_false(text: str) -> None:
    assert result(text, a=0, b=1) is False


def test_products_of_products_stay_within_what_can_be_divided() -> None:
    product = "a"
    for _ in range(5):
        product = f"({product}*{product})"
    source = emit(parse(f"{product} / 3 > 1", TYPES).tree, Names(str, lambda _: False))
    assert eval(source, {"a": 2**53}) is True  # noqa: S307  as an integer it would have 1,696 digits


@given(st.integers(-5, 5) | st.none(), st.integers(-5, 5) | st.none(), st.sampled_from(["x", "", None]))
def test_nothing_that_can_be_there_makes_it_raise(a: int | None, b: int | None, c: str | None) -> None:
    result("a / b > b / a or not (c == 'x' and a * b - 3 / (a + b) != 2) and 1 <= a < b", a=a, b=b, c=c)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a", "'a' is not yes or no: compare it with something, as in orders >= 2"),
        ("a + 1", "'a + 1' is not yes or no: compare it with something, as in orders >= 2"),
        ("not a", "'a' is not yes or no: compare it with something, as in orders >= 2"),
        ("True", "'True' is not yes or no: compare it with something, as in orders >= 2"),
        ("a == True", "'True' may not stand here: only names, numbers, 'text' and + - * / may"),
        ("a == c", "'a == c' compares text with a number"),
        ("a == 'x'", "\"a == 'x'\" compares text with a number"),
        ("a < b < c", "'a < b < c' compares text with a number"),
        ("c < 'x'", "\"c < 'x'\": text can only be compared with == or !="),
        ("a is b", "'a is b': compare with <, <=, >, >=, == or !="),
        ("a in b", "'a in b': compare with <, <=, >, >=, == or !="),
        ("-c == 1", "'-c' reckons with text"),
        ("1 + c == 1", "'1 + c' reckons with text"),
        ("a % 2 == 1", "'a % 2' may not stand here: only names, numbers, 'text' and + - * / may"),
        ("a ** 9 == 1", "'a ** 9' may not stand here: only names, numbers, 'text' and + - * / may"),
        ("+a == 1", "'+a' may not stand here: only names, numbers, 'text' and + - * / may"),
        ("f(a) == 1", "'f(a)' may not stand here: only names, numbers, 'text' and + - * / may"),
        ("a.b == 1", "'a.b' may not stand here: only names, numbers, 'text' and + - * / may"),
        ("a[0] == 1", "'a[0]' may not stand here: only names, numbers, 'text' and + - * / may"),
        ("(a == 1) == b", "'a == 1' may not stand here: only names, numbers, 'text' and + - * / may"),
        ("a == 1j", "'1j' may not stand here: only names, numbers, 'text' and + - * / may"),
        ("a == b''", "\"b''\" may not stand here: only names, numbers, 'text' and + - * / may"),
        ("a == f'{a}'", "\"f'{a}'\" may not stand here: only names, numbers, 'text' and + - * / may"),
        ("a == 1e999", "inf is too large: numbers go up to 9007199254740992"),
        (f"a == {MOST + 1}", "9007199254740993 is too large: numbers go up to 9007199254740992"),
        ("e == 1", "there is no fact or attribute 'e' here. There are: a, b, c, d."),
        ("1 < 2", "'1 < 2' reads no fact and no attribute: it is always the same, so leave it out"),
        ("a ==", "'a ==' is not a condition: write, for instance, orders >= 2 and rating > 3"),
        ("a = 1", "'a = 1' is not a condition: write, for instance, orders >= 2 and rating > 3"),
        ("", "'' is not a condition: write, for instance, orders >= 2 and rating > 3"),
        ("a == 1\x00", "'a == 1\\x00' is not a condition: write, for instance, orders >= 2 and rating > 3"),
    ],
)
def test_what_is_no_condition_is_refused_with_a_reason(text: str, problem: str) -> None:
    with pytest.raises(ConditionError) as caught:
        parse(text, TYPES)
    assert caught.value.problems == [problem]


def test_every_problem_of_a_condition_is_said() -> None:
    with pytest.raises(ConditionError, match=r"'e' here.*; .*compares text") as caught:
        parse("e > 1 and a == c", TYPES)
    assert len(caught.value.problems) == 2


def test_a_name_whose_type_is_not_known_goes_with_everything() -> None:
    assert parse("d == 1 or d == 'x'", TYPES).names == ("d",)


def test_a_condition_is_bounded_in_length_and_depth() -> None:
    with pytest.raises(ConditionError, match="at most 300 characters, this has 301"):
        parse("a" * 301, TYPES)
    with pytest.raises(ConditionError, match="nested too deeply"):
        parse("not " * 15 + "a == 1", TYPES)
    with pytest.raises(ConditionError, match="nested too deeply"):
        parse("-" * 15 + "a == 1", TYPES)


def test_oddities_that_the_parser_warns_of_raise_no_warning() -> None:
    assert parse("c == '\\d' and a == 1or b == 1", TYPES).names == ("c", "a", "b")
