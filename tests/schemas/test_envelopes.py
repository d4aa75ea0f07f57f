"""CloudEvents wrap any dialect or none, in the value or in headers."""

import base64
from typing import Any

import orjson
import pytest

from schemas.rejections import Rejection
from schemas.signals import Signal
from tests.schemas.speaking import AT, passed, read, rejection, signal, track

ENVELOPE = {"specversion": "1.0", "id": "ce-1", "source": "/cart", "type": "com.shop.order_completed", "subject": "u-9",
            "time": "2024-03-13T10:21:14Z"}  # fmt: skip
INNER = {"name": "order_completed", "order": "o-1", "revenue": 5}


def binary(**fields: str) -> list[tuple[str, bytes]]:
    return [(f"ce_{name}", text.encode()) for name, text in {**ENVELOPE, **fields}.items()]


@pytest.mark.parametrize("dialect", ["cloudevents", "auto"])
def test_where_nothing_inside_is_recognised_the_type_names_the_signal(dialect: str) -> None:
    told = signal({**ENVELOPE, "data": INNER}, dialect)
    assert (told.customer, told.kind, told.at) == ("u-9", "order_completed", AT)
    assert told.attributes == {"order": "o-1", "revenue": 5}


@pytest.mark.parametrize("dialect", ["cloudevents", "auto"])
def test_an_event_of_another_dialect_inside_is_read_in_it_with_the_envelopes_id_time_and_customer(dialect: str) -> None:
    event = track("Product Added", timestamp="2020-01-01T00:00:00Z", properties={"cart_id": "c"})
    told = signal({**ENVELOPE, "data": event}, dialect)
    assert (told.customer, told.kind, told.at, told.id) == ("u-9", "cart_updated", AT, "/cart ce-1")
    assert told.attributes == {"action": "added", "cart": "c"}


def test_what_the_envelope_lacks_the_event_inside_gives() -> None:
    told = signal({"specversion": "1.0", "type": "t", "data": track()}, "auto")
    assert (told.customer, told.at, told.id) == ("u-1", AT, "m-1")


@pytest.mark.parametrize(
    "inside",
    [
        {"data": orjson.dumps(track()).decode()},
        {"data_base64": base64.b64encode(orjson.dumps(track())).decode()},
    ],
)
def test_the_event_inside_may_be_text_or_base64(inside: dict[str, Any]) -> None:
    assert signal({**ENVELOPE, **inside}, "auto").kind == "product_viewed"


@pytest.mark.parametrize(
    "inside", [{}, {"data": None}, {"data": "{"}, {"data_base64": "%%%"}, {"data_base64": 5}, {"data": [1]}]
)
def test_where_nothing_can_be_read_inside_the_type_is_all_there_is(inside: dict[str, Any]) -> None:
    assert signal({**ENVELOPE, **inside}, "auto").kind == "order_completed"
    assert passed({**ENVELOPE, **inside, "type": "com.shop.unheard_of"}, "auto").name == "unheard_of"


@pytest.mark.parametrize("dialect", ["cloudevents", "auto"])
def test_an_envelope_in_headers_is_the_same_envelope(dialect: str) -> None:
    assert signal(INNER, dialect, binary()) == signal({**ENVELOPE, "data": INNER}, dialect)
    assert signal(track(), dialect, binary()) == signal({**ENVELOPE, "data": track()}, dialect)


def test_headers_that_make_no_envelope_leave_the_record_as_it_is() -> None:
    assert signal(track(), "auto", [("ce_type", b"order_completed")]).id == "m-1"
    assert signal(track(), "auto", [("traceparent", b"00-1"), ("empty", b"")]).id == "m-1"


def test_two_sources_that_count_alike_have_different_ids() -> None:
    first, second = (signal({**ENVELOPE, "source": source}, "auto").id for source in ("/cart", "/orders"))
    assert first != second


def test_several_events_in_one_envelope_are_told_apart() -> None:
    inside = {"client_id": "1.2", "events": [{"name": "page_view"}, {"name": "purchase"}]}
    ids = [outcome.id for outcome in read({**ENVELOPE, "data": inside}, "auto") if isinstance(outcome, Signal)]
    assert ids == ["/cart ce-1", "/cart ce-1#1"]


def test_data_that_looks_like_another_dialect_but_has_no_name_does_not_hide_the_type() -> None:
    told = signal({**ENVELOPE, "data": {"userId": "u-1", "timestamp": "2024-03-13T10:21:14Z", "revenue": 5}}, "auto")
    assert (told.kind, told.attributes) == ("order_completed", {"revenue": 5})


def test_an_envelope_without_a_customer_anywhere_is_refused() -> None:
    assert rejection({**ENVELOPE, "subject": None, "data": {}}, "auto").reason == "no customer"


def repeating(events: int, around: int) -> bytes:
    """A record of so many events, and so many fields of its own."""
    fields = b"".join(b'"k%d":%d,' % (number, number) for number in range(around))
    return (
        b'{"client_id":"1.2","timestamp_micros":1710325274000000,'
        + fields
        + b'"events":['
        + b",".join([b'{"name":"purchase"}'] * events)
        + b"]}"
    )


@pytest.mark.parametrize("dialect", ["ga4", "auto"])
def test_a_record_whose_fields_would_be_repeated_a_million_times_is_too_large(dialect: str) -> None:
    (refused,) = read(repeating(10_000, 40_000), dialect)
    assert isinstance(refused, Rejection)
    assert refused.reason == "too large"
    assert refused.detail == "10000 events, each with 40002 fields of the record's own"
    assert len(read(repeating(10_000, 40), dialect)) == 10_000
    assert len(read(repeating(16, 40_000), dialect)) == 16


def test_fields_nested_deeper_than_they_can_be_measured_count_as_much_as_there_can_be() -> None:
    deep = b'"x":' + b"[" * 600 + b"]" * 600 + b","
    (refused,) = read(repeating(17, 1).replace(b'"k0":0,', deep), "ga4")
    assert isinstance(refused, Rejection)
    assert refused.reason == "too large"


def test_events_nested_deeper_than_they_can_be_compared_are_not_the_same() -> None:
    deep = b"[" * 1_015 + b"]" * 1_015
    event = b'{"name":"purchase","x":' + deep + b"}"
    record = b'{"client_id":"1.2","timestamp_micros":1710325274000000,"events":[' + event + b"," + event + b"]}"
    envelope = b'{"specversion":"1.0","id":"e","source":"s","type":"t","data":' + record + b"}"
    outcomes = read(envelope, "auto")
    assert [getattr(outcome, "id", outcome) for outcome in outcomes] == ["s e", "s e#1"]
