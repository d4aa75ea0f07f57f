"""Reading what was rendered gives the signal back, less what the dialect cannot say."""

from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.dialects import Dialect, load_dialect
from schemas.reading import Reader
from schemas.rendering import kinds_of, render
from schemas.signals import ATTRIBUTES, KINDS, Signal, carries
from schemas.times import EARLIEST, LATEST
from schemas.values import customer
from tests.schemas.speaking import HERE, SHIPPED, example_dialect

DIALECTS: Mapping[str, Dialect] = {
    **SHIPPED,
    **{name: example_dialect(name) for name in ("ecom", "otto", "google_retail")},
}
READERS = {name: Reader(DIALECTS, name) for name in ("auto", *DIALECTS)}
NO_ID = {"ga4", "ecom", "otto", "google_retail"}

ids = st.text(st.characters(codec="utf-8", exclude_characters="/"), min_size=1, max_size=20).map(customer).filter(bool)
numbers = st.integers(-1000, 10**9) | st.floats(-1e12, 1e12)
texts = ids | st.sampled_from(["added", "removed", "viewed", "entered", "add"])


def values(name: str) -> st.SearchStrategy[Any]:
    if name == "items":
        return st.integers(0, 20)
    return numbers if ATTRIBUTES[name].type == "number" else texts


def attributes(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={name: values(name) for name in ATTRIBUTES if carries(kind, name)})


signals = st.sampled_from(sorted(KINDS)).flatmap(
    lambda kind: st.builds(
        Signal, ids, st.just(kind), st.integers(EARLIEST, LATEST - 1), ids, attributes(kind), st.just(HERE)
    )
)


@pytest.mark.parametrize("name", DIALECTS)
@given(signal=signals)
@settings(max_examples=50)
def test_what_was_rendered_reads_back(name: str, signal: Signal) -> None:
    dialect = DIALECTS[name]
    event = render(dialect, signal)
    if event is None:
        return
    (back,) = READERS[name].read(orjson.dumps(event), HERE)
    assert isinstance(back, Signal)
    assert (back.customer, back.kind, back.at) == (signal.customer, signal.kind, signal.at)
    assert name in NO_ID or back.id.endswith(signal.id)
    fixed = {"action"} - signal.attributes.keys()
    said = {key: value for key, value in back.attributes.items() if key not in fixed}
    assert said.items() <= signal.attributes.items()


@pytest.mark.parametrize("name", DIALECTS)
@given(signal=signals)
@settings(max_examples=50)
def test_what_was_rendered_is_recognised(name: str, signal: Signal) -> None:
    event = render(DIALECTS[name], signal)
    if event is not None:
        assert READERS["auto"].read(orjson.dumps(event), HERE) == READERS[name].read(orjson.dumps(event), HERE)


@given(signals)
def test_our_own_format_says_everything(signal: Signal) -> None:
    event = render(SHIPPED["stagewatch"], signal)
    assert READERS["stagewatch"].read(orjson.dumps(event), HERE) == [signal]


SAYS = {
    "segment": {"cart", "quantity", "price", "value", "coupon", "product", "channel", "action", "items"},
    "ga4": {"quantity", "price", "value", "coupon", "product", "channel", "action"},
    "snowplow": {"cart", "quantity", "price", "value", "product", "channel", "action"},
    "shopify": {"cart", "checkout", "quantity", "price", "value", "product", "action"},
    "braze": {"cart", "checkout", "quantity", "price", "value", "coupon", "product", "channel", "action"},
    "klaviyo": {"cart", "checkout", "quantity", "price", "value", "coupon", "product", "channel", "action", "items"},
    "cloudevents": {
        "cart",
        "checkout",
        "quantity",
        "items",
        "price",
        "value",
        "coupon",
        "product",
        "channel",
        "action",
    },
}


@pytest.mark.parametrize("name", SAYS)
def test_a_dialect_says_all_that_it_has_places_for(name: str) -> None:
    whole: dict[str, Any] = {
        "cart": "c-1", "checkout": "k-1", "quantity": 2, "items": 3, "price": 9.5, "value": 19.0, "coupon": "TEN",
        "product": "p-1", "channel": "email", "action": "added",
    }  # fmt: skip
    event = render(DIALECTS[name], Signal("u-1", "cart_updated", EARLIEST, "m-1", whole, HERE))
    (back,) = READERS[name].read(orjson.dumps(event), HERE)
    assert isinstance(back, Signal)
    assert back.attributes.keys() >= SAYS[name]
    assert back.attributes.items() <= whole.items()


@pytest.mark.parametrize("name", DIALECTS)
def test_every_kind_that_a_dialect_has_a_name_for_can_be_rendered(name: str) -> None:
    for kind in kinds_of(DIALECTS[name]):
        attributes: dict[str, Any] = {"order": "o-1"} if carries(kind, "order") else {}
        assert render(DIALECTS[name], Signal("u", kind, EARLIEST, "m", attributes, HERE)), kind


def test_a_signal_is_said_by_the_name_that_says_most_of_it() -> None:
    def name(**attributes: str) -> object:
        event = render(SHIPPED["segment"], Signal("u", "cart_updated", EARLIEST, "m", {**attributes}, HERE))
        return event and event["event"]

    assert name(action="removed") == "Product Removed"
    assert name() == "Product Added"
    assert name(action="emptied") is None


def test_calls_that_have_a_type_of_their_own_are_rendered_as_such() -> None:
    event = render(SHIPPED["segment"], Signal("u", "page_viewed", EARLIEST, "m", {}, HERE))
    assert event == {"type": "page", "userId": "u", "messageId": "m", "originalTimestamp": "2000-01-01T00:00:00.000Z"}


def test_shopify_says_as_a_web_pixel_what_a_pixel_can_say_and_else_as_a_webhook() -> None:
    pixel = render(SHIPPED["shopify"], Signal("u", "checkout_started", EARLIEST, "m", {}, HERE))
    assert pixel == {"name": "checkout_started", "clientId": "u", "id": "m", "timestamp": "2000-01-01T00:00:00.000Z"}
    hook = render(SHIPPED["shopify"], Signal("u", "order_cancelled", EARLIEST, "m", {"order": "o"}, HERE))
    assert hook is not None
    assert (hook["topic"], hook["id"], hook["updated_at"]) == ("orders/cancelled", "o", "m")


ODD = """\
dialect: odd
title: Odd
detect: [{"header:x": a}, {missing: , kind: }, {kind: [thing], flavour: sweet}]
customer: [{at: far, behind: /}, "header:who"]
time: {at: when, as: seconds}
name: ["header:name", {at: other, one_of: {}}, kind]
attributes: {product: what, order: "header:order", score: {at: answer, values: {"9": 1}},
  rating: {at: stars, behind: /}}
signals: {product_viewed: thing, order_completed: paid, nps_answered: asked, review_posted: told}
"""


def test_what_stands_only_in_headers_cannot_be_rendered() -> None:
    signal = Signal("u", "product_viewed", EARLIEST, "m", {"product": "p"}, HERE)
    assert render(load_dialect(ODD, "odd.yaml"), signal) is None
    timeless = ODD.replace("[{at: far, behind: /}, ", "[who, ").replace("at: when", "at: header:when")
    assert render(load_dialect(timeless, "odd.yaml"), signal) is None
    nameless = ODD.replace("[{at: far, behind: /}, ", "[who, ").replace(", kind]", "]")
    assert render(load_dialect(nameless, "odd.yaml"), signal) is None


def odd(kind: str, **attributes: float | str) -> dict[str, Any] | None:
    dialect = load_dialect(ODD.replace("[{at: far, behind: /}, ", "[who, "), "odd.yaml")
    return render(dialect, Signal("u", kind, EARLIEST, "m", {**attributes}, HERE))


def test_what_would_say_another_attribute_by_accident_cannot_be_rendered() -> None:
    text = ODD.replace("[{at: far, behind: /}, ", "[who, ").replace("product: what", "product: what, category: what")
    dialect = load_dialect(text, "odd.yaml")
    assert render(dialect, Signal("u", "product_viewed", EARLIEST, "m", {"product": "p"}, HERE)) is None
    assert render(dialect, Signal("u", "product_viewed", EARLIEST, "m", {}, HERE)) is not None


def test_constants_are_added_by_which_the_dialect_is_recognised() -> None:
    whole = {"who": "u", "when": 946684800.0, "kind": "thing", "what": "p", "flavour": "sweet"}
    assert odd("product_viewed", product="p") == whole


def test_what_a_dialect_cannot_say_is_left_out() -> None:
    assert odd("order_completed", order="o") == {"who": "u", "when": 946684800.0, "kind": "paid"}
    assert odd("nps_answered", score=9) == {"who": "u", "when": 946684800.0, "kind": "asked"}
    assert odd("nps_answered", score=1) == {"who": "u", "when": 946684800.0, "kind": "asked", "answer": "9"}
    assert odd("review_posted", rating=4) == {"who": "u", "when": 946684800.0, "kind": "told", "stars": 4}
