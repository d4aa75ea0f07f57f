"""Times in all their forms come to the same milliseconds."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.times import EARLIEST, LATEST, Unit, moment, parse_rfc3339, rfc3339, time_reader
from tests.schemas.speaking import AT, signal, track

moments = st.integers(EARLIEST, LATEST - 1)


@pytest.mark.parametrize(
    "written",
    [
        "2024-03-13T10:21:14Z",
        "2024-03-13T10:21:14.000Z",
        "2024-03-13T10:21:14.000000000Z",
        "2024-03-13T10:21:14",
        "2024-03-13 10:21:14",
        "2024-03-13 10:21:14.000 UTC",
        "2024-03-13 10:21:14 GMT",
        "2024-03-13T10:21:14z",
        "2024-03-13T11:21:14+01:00",
        "2024-03-13T11:21:14+0100",
        "20240313T102114Z",
        " 2024-03-13T10:21:14Z ",
        1710325274,
        1710325274.0,
        1710325274000,
        1710325274000000,
        1710325274000000000,
        "1710325274",
        "1710325274.0",
        "1.710325274e9",
        "1710325274000",
        "1710325274000000",
        "1710325274000000000",
    ],
)
def test_one_moment_in_many_forms(written: object) -> None:
    assert signal(track(timestamp=written)).at == AT


def test_a_date_alone_is_its_first_moment_even_written_in_digits_alone() -> None:
    assert moment("2024-03-13") == moment("20240313") == parse_rfc3339("2024-03-13T00:00:00.000Z")


def test_digits_that_read_as_a_date_and_as_a_plausible_number_are_the_number() -> None:
    assert moment("2012123112130") == 2_012_123_112_130


def test_fractions_are_cut_to_milliseconds() -> None:
    assert signal(track(timestamp="2024-03-13T10:21:14.123999Z")).at == AT + 123
    assert signal(track(timestamp=1710325274.1234)).at == AT + 123


@given(moments)
def test_what_we_publish_reads_back(at: int) -> None:
    assert parse_rfc3339(rfc3339(at)) == at == time_reader("auto")(rfc3339(at)) == time_reader("iso")(rfc3339(at))


@given(moments)
def test_a_number_tells_its_unit_by_its_size(at: int) -> None:
    read = time_reader("auto")
    assert read(at) == read(at * 1000) == read(at * 1_000_000) == read(str(at)) == read(at / 1000) == at


@given(moments)
def test_a_unit_that_is_known_is_not_guessed(at: int) -> None:
    assert time_reader("milliseconds")(at) == time_reader("microseconds")(at * 1000) == at
    assert time_reader("seconds")(at / 1000) == time_reader("nanoseconds")(at * 1_000_000) == at
    assert time_reader("seconds")(at * 1000) is None


def test_where_times_are_never_numbers_digits_are_a_date_or_nothing() -> None:
    assert time_reader("iso")(1710325274) is None
    assert time_reader("iso")("1710325274") is None
    assert time_reader("iso")("20240313") == parse_rfc3339("2024-03-13T00:00:00.000Z")


@given(st.sampled_from(get_args(Unit)), st.text() | st.floats() | st.integers() | st.from_regex(r"[-+0-9.eTZ:]+"))
def test_no_value_raises_and_every_time_is_plausible(unit: Unit, value: object) -> None:
    at = time_reader(unit)(value)
    assert at is None or EARLIEST <= at < LATEST


def test_a_time_of_ours_has_a_zone() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        parse_rfc3339("2024-03-13T10:21:14.000")
