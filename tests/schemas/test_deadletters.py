"""A dead letter is read back as it was refused, and goes back to its source as it came."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.deadletters import DeadLetter
from schemas.parts import Part
from schemas.rejections import REASONS, Rejection
from schemas.signals import Origin

names = st.text("abc-XYZ_ü", min_size=1, max_size=9)
headers = st.lists(st.tuples(names, st.binary(max_size=9)), max_size=4).map(tuple)
parts = st.none() | st.builds(Part, st.frozensets(st.integers(0, 8), min_size=1), st.just(9))
origins = st.builds(Origin, st.text("abc.", min_size=1), st.integers(0, 99), st.integers(0, 2**62))
values = st.none() | st.binary(max_size=20)
rejections = st.builds(
    Rejection, st.sampled_from(sorted(REASONS)), st.text(max_size=40), origins, values, values, headers,
    st.just(1), parts,
)  # fmt: skip


def letter(rejection: Rejection) -> DeadLetter:
    found = DeadLetter.of(*rejection.record())
    assert found is not None
    return found


@given(rejections)
def test_what_was_refused_is_read_back_as_it_was(rejection: Rejection) -> None:
    found = letter(rejection)
    assert (found.reason, found.origin, found.part) == (rejection.reason, rejection.origin, rejection.part)
    assert (found.key, found.value, found.headers) == (rejection.key, rejection.value, rejection.headers)
    assert found.detail == rejection.detail.encode(errors="backslashreplace").decode()
    assert (found.says_part, found.retried, found.digest, found.size) == (True, None, None, len(rejection.value or b""))


@given(rejections)
def test_it_goes_back_as_it_came_with_what_counts_and_where_it_stood_first(rejection: Rejection) -> None:
    found = letter(rejection)
    again = Rejection("future", "", Origin("events", 7, 70), found.key, found.value, tuple(found.again()))
    twice = letter(again)
    assert (twice.headers, twice.part) == (rejection.headers, rejection.part)
    assert twice.retried == found.address
    assert twice.again() == found.again()
    assert twice.identity != found.identity


@given(rejections)
def test_a_record_refused_twice_has_one_identity_and_another_at_its_place_has_its_own(rejection: Rejection) -> None:
    found, key, value = letter(rejection), rejection.key, rejection.value
    other = Rejection("empty", "", rejection.origin, key, value, ())
    assert letter(other).identity == found.identity
    for others, anew in ((key, (value or b"") + b"x"), ((key or b"") + b"x", value)):
        assert letter(Rejection("empty", "", rejection.origin, others, anew, ())).identity != found.identity


@given(st.lists(rejections, min_size=1), st.data())
def test_of_what_is_told_of_one_record_more_than_once_each_event_goes_back_once(
    several: list[Rejection], data: st.DataObject
) -> None:
    told = [letter(replace(several[0], part=data.draw(parts))) for _ in several]
    assert len({each.identity for each in told}) == 1
    sent, whole, again = None, False, list[frozenset[int]]()
    for number, each in enumerate(told):
        left = each if number == 0 else each.besides(None if whole else sent)
        if left is not None:
            again.append(left.part.numbers if left.part else frozenset(range(9)))
            whole = whole or left.part is None
            sent = left.part if sent is None or left.part is None else sent | left.part
    assert sum(map(len, again)) == len(frozenset().union(*again))
    assert frozenset().union(*again) == frozenset().union(
        *(each.part.numbers if each.part else range(9) for each in told)
    )


def test_two_that_tell_of_another_number_of_events_are_not_both_right() -> None:
    one = letter(Rejection("no time", "", Origin("events", 0, 1), b"k", b"v", (), 1, Part(frozenset({1}), 3)))
    assert one.besides(Part(frozenset({0}), 2)) is None


OURS = [("stagewatch-topic", b"events"), ("stagewatch-partition", b"1"), ("stagewatch-offset", b"2")]


@pytest.mark.parametrize(
    "headers",
    [
        [],
        OURS[:2],
        OURS[1:],
        [*OURS[:2], ("stagewatch-offset", b"-1")],
        [*OURS[:2], ("stagewatch-offset", "٣".encode())],
        [*OURS[:1], ("stagewatch-partition", b"one"), OURS[2]],
    ],
)
def test_a_record_that_does_not_say_where_it_stood_is_no_dead_letter(headers: list[tuple[str, bytes]]) -> None:
    assert DeadLetter.of(b"k", b"v", headers) is None


def test_one_that_is_told_by_its_digest_says_how_large_it_was() -> None:
    told = [("Stagewatch-value-bytes", b"9000000"), ("stagewatch-value-sha256", b"ab")]
    found = DeadLetter.of(b"k", None, [*OURS, *told])
    assert found is not None
    assert (found.digest, found.size, found.says_part, found.part, found.reason) == ("ab", 9_000_000, False, None, "")
    assert found.headers == ()
    assert DeadLetter.of(None, b"abc", OURS) is not None
