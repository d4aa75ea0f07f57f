"""Laws of reading: nothing raises, every event is accounted for, and the same content has the same id."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.reading import Outcome, Passed
from schemas.rejections import REASONS, Rejection
from schemas.signals import ATTRIBUTES, KINDS, Origin, Signal, carries
from schemas.times import EARLIEST, LATEST
from schemas.values import MAX_CUSTOMERS, MAX_ID_LENGTH, MAX_NUMBER, MAX_TEXT_LENGTH, NOBODY, Customers
from tests.schemas.speaking import HERE, READERS, read, track

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
odd = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)

KEYS = """
userId user_id anonymousId type event timestamp originalTimestamp messageId properties context action
customer kind at id attributes name time external_id client_id events timestamp_micros event_name event_params
specversion subject data data_base64 source clientId collector_tstamp derived_tstamp event_id domain_userid
admin_graphql_api_id line_items
"""
keys = st.sampled_from(KEYS.split())
names = st.sampled_from(
    ["track", "page", "Product Added", "Order Completed", "purchase", "cart_updated", "unstruct", "checkout_completed",
     "ecommerce.order_placed", "1.0", "x.order_completed", "u-1", "2024-03-13T10:21:14Z", "null", "e30="]
)  # fmt: skip
likely = st.recursive(
    names | st.just(1710325274000) | scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=6),
)
events = st.dictionaries(keys, likely, max_size=8)


def assert_accounted(outcomes: list[Outcome], value: bytes | None, latest: int | None) -> None:
    """Each outcome is well formed, and a rejection, if any, stands at the end and holds the record."""
    assert outcomes
    for outcome in outcomes:
        if isinstance(outcome, Signal):
            assert_within_the_vocabulary(outcome)
            assert latest is None or outcome.at <= latest
        elif isinstance(outcome, Rejection):
            assert outcome is outcomes[-1]
            assert outcome.reason in REASONS
            assert outcome.reason != "fault of ours", outcome.detail
            assert outcome.value == value
            assert outcome.events >= 1
            outcome.record()
        else:
            assert isinstance(outcome, Passed)


def assert_within_the_vocabulary(signal: Signal) -> None:
    assert signal.kind in KINDS
    assert signal.customer == signal.customer.strip()
    assert signal.customer.lower() not in NOBODY, Customers
    assert len(signal.customer) <= MAX_ID_LENGTH
    assert signal.id
    assert type(signal.at) is int
    assert EARLIEST <= signal.at < LATEST
    for name, value in signal.attributes.items():
        assert carries(signal.kind, name)
        if ATTRIBUTES[name].type == "text":
            assert isinstance(value, str)
            assert 0 < len(value) <= MAX_TEXT_LENGTH
        else:
            assert type(value) in {int, float}
            assert -MAX_NUMBER <= value <= MAX_NUMBER  # type: ignore[operator]


dialects = st.sampled_from(sorted(READERS))
latests = st.none() | st.integers(EARLIEST, LATEST)
headers = st.lists(
    st.tuples(st.sampled_from(["ce_type", "ce_specversion", "ce_id", "X-Shopify-Topic", "x"]), st.binary(max_size=9))
)


@given(st.binary() | st.none(), dialects, latests, headers)
def test_no_bytes_raise(value: bytes | None, dialect: str, latest: int | None, fields: list[tuple[str, bytes]]) -> None:
    assert_accounted(READERS[dialect].read(value, HERE, headers=fields, latest=latest), value, latest)


@given(odd | likely | events, dialects, latests, headers)
def test_no_json_raises(event: Any, dialect: str, latest: int | None, fields: list[tuple[str, bytes]]) -> None:  # noqa: ANN401  any JSON
    try:
        value = orjson.dumps(event)
    except TypeError:  # an integer beyond 64 bits
        return
    assert_accounted(READERS[dialect].read(value, HERE, headers=fields, latest=latest), value, latest)


@given(st.lists(st.fixed_dictionaries({"name": names}) | odd, min_size=1, max_size=6), st.sampled_from(["ga4", "auto"]))
def test_every_event_of_a_record_is_accounted_for(inside: list[Any], dialect: str) -> None:
    body = {"client_id": "1.2", "timestamp_micros": 1710325274000000, "events": inside}
    try:
        value = orjson.dumps(body)
    except TypeError:
        return
    outcomes = READERS[dialect].read(value, HERE)
    assert len(inside) == sum(outcome.events if isinstance(outcome, Rejection) else 1 for outcome in outcomes)


@given(st.dictionaries(keys | st.text(), st.text() | st.none()), dialects, latests)
def test_a_row_reads_as_the_same_fields_sent_as_json(
    row: dict[str, str | None], dialect: str, latest: int | None
) -> None:
    assert READERS[dialect].read_row(row, HERE, latest=latest) == read(row, dialect, latest=latest)


@given(st.permutations(list(track(messageId=None, extra={"b": 1, "a": [2]}).items())))
def test_an_event_without_an_id_has_that_of_its_content_however_its_keys_are_ordered(
    fields: list[tuple[str, object]],
) -> None:
    (one,), (other,) = read(dict(fields)), read(track(messageId=None, extra={"a": [2], "b": 1}))
    assert isinstance(one, Signal)
    assert one == other
    assert len(one.id) == 32


@pytest.mark.parametrize("nothing", [None, "", "undefined", "0", True, [], 1e300])
def test_an_id_that_names_nothing_is_none(nothing: object) -> None:
    first, second = (read(track(messageId=nothing, properties={"n": n}))[0] for n in (1, 2))
    assert isinstance(first, Signal)
    assert isinstance(second, Signal)
    assert first.id != second.id


def test_an_id_too_long_to_keep_still_tells_events_apart() -> None:
    ids = {getattr(read(track(messageId=end * 300))[0], "id", "") for end in ("a", "a", "b")}
    assert sorted(map(len, ids)) == [32, 32]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({None: ["too", "many"], "a": "1"}, "not a row"),
        ({"a": "caf\udce9", "b": None}, "not UTF-8"),
        ({"a": "\ud800"}, "not UTF-8"),
    ],
)
def test_a_row_that_is_none_is_refused(row: dict[str, str | None], reason: str) -> None:
    (refused,) = READERS["segment"].read_row(row, HERE)
    assert isinstance(refused, Rejection)
    assert refused.reason == reason


def test_bytes_of_a_row_that_are_no_utf_8_are_given_back() -> None:
    row = {"a": b"caf\xe9".decode(errors="surrogateescape"), "b": "x"}
    (refused,) = READERS["segment"].read_row(row, Origin("f.csv", 0, 2))
    assert isinstance(refused, Rejection)
    assert refused.value == b"caf\xe9,x"


def test_customers_beyond_what_is_remembered_are_understood_all_the_same() -> None:
    customers = Customers()
    for number in range(1, MAX_CUSTOMERS + 10):
        assert customers[f" {number}"] == str(number)
    assert len(customers) < 10
    assert customers["x" * 300] is None
    assert customers[" 1"] == "1"


def test_a_customer_seen_before_is_the_very_same_text() -> None:
    first, second = (read(track(userId="somebody-seen-twice"))[0] for _ in range(2))
    assert isinstance(first, Signal)
    assert isinstance(second, Signal)
    assert first.customer is second.customer
