"""Of a record refused in part and sent again, only what was refused counts, with the ids it would have had."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.dialects import load_dialect
from schemas.parts import HEADER, Part
from schemas.reading import Outcome, Reader
from schemas.rejections import Rejection
from schemas.signals import Passed, Signal
from schemas.wrapping import MAX_EVENTS
from tests.schemas.speaking import HERE, READERS, SHIPPED, reader, track

STRICT = """
dialect: {name}
title: Receipts
detect: [{{till: , receipt: , lines: }}]
each: lines
customer: card
id: {id}
time: {{at: {time}, as: seconds}}
name: what
signals:
  product_viewed: [seen]
  order_completed: [bought]
"""
LINES = [
    {"card": "ada", "what": "seen", "at": 1_710_000_000, "when": 1_710_000_000},
    {"card": "bob", "what": "seen", "when": 1_710_000_001},
    {"card": "ada", "what": "bought", "at": 1_710_000_002, "when": 1_710_000_002},
    {"card": "ada", "what": "danced", "at": 1_710_000_003, "when": 1_710_000_003},
    {"card": "cyd", "what": "bought", "when": 1_710_000_004},
]
RECORD = orjson.dumps({"till": 3, "receipt": "r-1", "lines": LINES})
BARE = {"card": "ada", "what": "seen"}


def of_tills(time: str = "at", id_: str = "receipt") -> Reader:
    dialect = load_dialect(STRICT.format(name="tills", time=time, id=id_), "tills.yaml")
    return Reader({**SHIPPED, "tills": dialect}, "tills")


def read(reader: Reader, value: bytes, part: str | None = None) -> list[Outcome]:
    return reader.read(value, HERE, headers=() if part is None else ((HEADER, part.encode()),))


def refused(reader: Reader, value: bytes, part: str | None = None) -> Rejection:
    (found,) = [each for each in read(reader, value, part) if isinstance(each, Rejection)]
    return found


def events_header(rejection: Rejection) -> str:
    return dict(rejection.record()[2])[HEADER].decode()


def ids(outcomes: list[Outcome]) -> set[tuple[str, str]]:
    return {(each.customer, each.id) for each in outcomes if isinstance(each, Signal)}


parts = st.integers(2, 300).flatmap(
    lambda total: st.builds(Part, st.frozensets(st.integers(0, total - 1), min_size=1), st.just(total))
)


@given(parts)
def test_a_part_is_read_as_it_is_written(part: Part) -> None:
    assert Part.parse(str(part)) == part


def test_neighbours_are_written_as_a_span() -> None:
    assert str(Part(frozenset({1, 4, 5, 6, 9}), 10)) == "1,4-6,9 of 10"


@pytest.mark.parametrize(
    "text", ["", "all", "1", "1 of", "3 of 3", "0-9 of 5", "5-2 of 9", "x of 3", "-1 of 3", "1,,2 of 3", "1 of 99999",
             f"0 of {MAX_EVENTS + 1}", "٣ of 5", "0 of 0"]
)  # fmt: skip
def test_what_is_no_part_is_none(text: str) -> None:
    assert Part.parse(text) is None


def test_a_record_refused_in_part_says_which_of_its_events_were() -> None:
    assert events_header(refused(of_tills(), RECORD)) == "1,4 of 5"


@pytest.mark.parametrize("value", [b"{", b"[]", orjson.dumps({"till": 1, "receipt": "r", "lines": [BARE]})])
def test_a_record_of_which_nothing_was_understood_says_all(value: bytes) -> None:
    assert events_header(refused(of_tills(), value)) == "all"


def test_of_a_record_sent_again_only_the_events_that_were_refused_are_read() -> None:
    mended = of_tills("when")
    part = events_header(refused(of_tills(), RECORD))
    before, after = read(of_tills(), RECORD), read(mended, RECORD, part)
    assert [each.customer for each in after if isinstance(each, Signal)] == ["bob", "cyd"]
    assert len(after) == 2
    assert ids(before) | ids(after) == ids(read(mended, RECORD))
    assert not ids(before) & ids(after)


def test_an_event_refused_again_keeps_its_number_and_those_counted_before_stay_out() -> None:
    assert events_header(refused(of_tills(), RECORD, "1-3 of 5")) == "1 of 5"
    passed = [each for each in read(of_tills(), RECORD, "1-3 of 5") if isinstance(each, Passed)]
    assert [each.name for each in passed] == ["danced"]


def test_a_record_refused_again_before_its_events_are_reached_keeps_its_part() -> None:
    headers = ((HEADER, b"1,4 of 5"), ("Stagewatch-Retried", b"events/3@2"))
    (again,) = of_tills().read(b"{", HERE, headers=headers)
    assert isinstance(again, Rejection)
    told = dict(again.record()[2])
    assert (told[HEADER], told["stagewatch-retried"]) == (b"1,4 of 5", b"events/3@2")


def test_an_origin_too_long_to_be_one_is_cut() -> None:
    (again,) = of_tills().read(b"{", HERE, headers=(("stagewatch-retried", b"x" * 9_000),))
    assert isinstance(again, Rejection)
    assert len(dict(again.record()[2])["stagewatch-retried"]) == 300


@pytest.mark.parametrize("part", ["all", "none", "7 of 3"])
def test_a_header_that_names_no_part_means_the_whole_record(part: str) -> None:
    assert read(of_tills("when"), RECORD, part) == read(of_tills("when"), RECORD)


def test_a_record_that_holds_another_number_of_events_than_were_counted_is_refused() -> None:
    again = refused(of_tills("when"), RECORD, "1 of 4")
    assert (again.reason, again.detail) == ("other events", "its headers say 1 of 4, and it holds 5")
    assert events_header(again) == "1 of 4"
    plain = READERS["segment"].read(orjson.dumps(track()), HERE, headers=((HEADER, b"1 of 4"),))
    assert [each.reason for each in plain if isinstance(each, Rejection)] == ["other events"]


def test_other_headers_of_a_plain_record_change_nothing() -> None:
    value = orjson.dumps(track())
    assert READERS["segment"].read(value, HERE, headers=(("trace", b"1"),)) == READERS["segment"].read(value, HERE)


def test_the_first_event_of_a_record_that_was_refused_does_not_take_the_id_under_which_another_counted() -> None:
    lines = [{**LINES[0], "at": None}, LINES[2], LINES[4] | {"at": 1_710_000_004}]
    value = orjson.dumps({"till": 3, "receipt": "r-1", "lines": lines})
    before = read(of_tills(), value)
    assert ids(before) == {("ada", "r-1"), ("cyd", "r-1#2")}
    after = read(of_tills("when"), value, events_header(refused(of_tills(), value)))
    assert ids(after) == {("ada", "r-1#0")}


def test_where_none_of_the_events_that_share_an_id_counted_the_first_one_has_it() -> None:
    lines = [{**LINES[0], "at": None}, {**LINES[2], "at": None}, LINES[4]]
    value = orjson.dumps({"till": 3, "receipt": "r-1", "lines": lines})
    assert ids(read(of_tills("when"), value, "all")) == {("ada", "r-1"), ("ada", "r-1#1"), ("cyd", "r-1#2")}
    assert ids(read(of_tills("when"), orjson.dumps({"receipt": "r-1", "lines": lines[:2]}), "0-1 of 2")) == {
        ("ada", "r-1"), ("ada", "r-1#1")
    }  # fmt: skip


def test_equal_events_of_a_record_stay_one_event_when_one_is_sent_again() -> None:
    value = orjson.dumps({"till": 3, "receipt": "r-1", "lines": [LINES[0], LINES[0]]})
    assert ids(read(of_tills(), value, "1 of 2")) == ids(read(of_tills(), value)) == {("ada", "r-1")}


def test_signals_understood_are_found_again_in_their_record() -> None:
    mended = of_tills("when")
    of_ada = [each for each in read(mended, RECORD) if isinstance(each, Signal) and each.customer == "ada"]
    assert mended.part_of(RECORD, of_ada) == Part(frozenset({0, 2}), 5)
    assert mended.part_of(b"\xef\xbb\xbf" + RECORD, of_ada) == Part(frozenset({0, 2}), 5)
    assert mended.part_of(RECORD, of_ada, headers=((HEADER, b"2 of 5"),)) == Part(frozenset({2}), 5)
    assert mended.part_of(RECORD, []) is None
    alone = orjson.dumps(track())
    (signal,) = reader().read(alone, HERE)
    assert isinstance(signal, Signal)
    assert reader().part_of(alone, [signal]) is None


def test_a_part_that_names_events_again_and_again_is_none() -> None:
    assert Part.parse(",".join(["0-9999"] * 10_000) + " of 10000") is None
    assert [Part.parse(text) for text in ("3,1 of 5", "1,1 of 5", "0-3,3 of 5")] == [None] * 3
