"""Attributes are understood generously and never cost us the event."""

import orjson
import pytest

from schemas.reading import Reader
from schemas.signals import ATTRIBUTES, KINDS, carries
from tests.schemas.speaking import HERE, SHIPPED, signal, track


def revenue(value: object) -> object:
    return signal(track("Order Completed", properties={"revenue": value})).attributes.get("revenue")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (5, 5),
        (19.9, 19.9),
        ("5", 5),
        (" 19.90 ", 19.9),
        ("-3", -3),
        ("1e3", 1000.0),
        (".5", 0.5),
        (1e12, 1e12),
        (0, 0),
    ],
)
def test_numbers_and_numeric_text_are_numbers(written: object, meant: float) -> None:
    assert revenue(written) == meant
    assert type(revenue(written)) is type(meant)


@pytest.mark.parametrize(
    "absurd",
    [True, None, "", "a lot", "1,299.00", "€5", "1_0", "inf", "nan", "1e99", 1e13, -1e13, [5], {"n": 5}, "9" * 500],
)
def test_an_absurd_number_is_left_out_and_the_order_understood(absurd: object) -> None:
    order = signal(track("Order Completed", properties={"order_id": "o-1", "revenue": absurd}))
    assert order.attributes == {"order": "o-1"}


@pytest.mark.parametrize(
    ("written", "meant"), [("o-1", "o-1"), (" o-1 ", "o-1"), (1042, "1042"), (12.5, "12.5"), ("x" * 256, "x" * 256)]
)
def test_texts_are_texts_even_where_they_are_numbers(written: object, meant: str) -> None:
    assert signal(track("Order Completed", properties={"order_id": written})).attributes == {"order": meant}


@pytest.mark.parametrize(
    "absurd", [True, None, "", "  ", [], {}, "x" * 257, 1e300, "undefined", "null", "0", "[object Object]"]
)
def test_an_absurd_order_id_is_left_out_and_the_order_understood(absurd: object) -> None:
    assert signal(track("Order Completed", properties={"order_id": absurd})).attributes == {}


def test_a_text_that_names_nothing_in_particular_may_be_any_word() -> None:
    assert signal(track("Products Searched", properties={"query": "none"})).attributes == {"query": "none"}


def test_where_a_value_is_absurd_the_next_place_is_asked() -> None:
    order = signal(track("Order Completed", properties={"revenue": "much", "total": "27.50"}))
    assert order.attributes == {"revenue": 27.5}


@pytest.mark.parametrize("properties", [None, 5, "text", [], [{"order_id": "o"}]])
def test_attributes_in_something_that_is_no_object_are_left_out(properties: object) -> None:
    assert signal(track("Order Completed", properties=properties)).attributes == {}


def test_only_what_somebody_wants_is_read() -> None:
    event = orjson.dumps(track("Product Added", properties={"cart_id": "c", "quantity": 2, "product_id": "p"}))

    def attributes(*wanted: str) -> object:
        (one,) = Reader(SHIPPED, "segment", frozenset(wanted)).read(event, HERE)
        return getattr(one, "attributes", None)

    assert attributes() == {}
    assert attributes("cart", "action", "score") == {"cart": "c", "action": "added"}


def test_every_kind_and_attribute_is_explained_and_every_attribute_is_carried_by_known_kinds() -> None:
    assert all(meaning and not meaning.endswith(".") for meaning in KINDS.values())
    assert all(known.meaning and known.kinds and known.kinds <= KINDS.keys() for known in ATTRIBUTES.values())


def test_a_kind_of_a_sources_own_carries_every_attribute() -> None:
    assert carries("machine_leased", "score")
    assert not carries("order_completed", "score")
