"""Each shipped dialect understands events as its vendor documents them."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from schemas.reading import Passed
from schemas.rejections import Rejection
from schemas.signals import Signal
from tests.schemas.speaking import AT, READERS, passed, read, rejection, signal

E_COMMERCE = "com_snowplowanalytics_snowplow_ecommerce_"


def said(
    event: object, dialect: str, headers: Sequence[tuple[str, bytes]] = ()
) -> tuple[str, str, int, dict[str, Any]]:
    """Customer, kind, time and attributes of an event, the same when its dialect is told and when it is detected."""
    told, detected = (signal(event, name, headers) for name in (dialect, "auto"))
    assert told == detected
    return told.customer, told.kind, told.at, told.attributes


def test_ga4_as_sent_by_the_measurement_protocol() -> None:
    body = {
        "client_id": "876.123",
        "user_id": "u-1",
        "timestamp_micros": 1710325274000000,
        "events": [
            {
                "name": "add_to_cart",
                "params": {
                    "currency": "USD",
                    "value": 30.03,
                    "items": [{"item_id": "SKU_1", "quantity": 3, "price": 10.01}],
                },
            },
            {"name": "page_view", "timestamp_micros": "1710325275000000"},
            {"name": "tutorial_begin"},
        ],
    }
    added, viewed, begun = read(body, "auto")
    assert isinstance(added, Signal)
    assert (added.customer, added.kind, added.at) == ("u-1", "cart_updated", AT)
    assert added.attributes == {
        "action": "added", "currency": "USD", "value": 30.03, "product": "SKU_1", "quantity": 3, "price": 10.01,
    }  # fmt: skip
    assert isinstance(viewed, Signal)
    assert (viewed.kind, viewed.at) == ("page_viewed", AT + 1000)
    assert viewed.id != added.id
    assert isinstance(begun, Passed)
    assert begun.known


def test_ga4_as_exported_to_bigquery() -> None:
    row = {
        "event_date": "20240313",
        "event_timestamp": 1710325274000000,
        "event_name": "purchase",
        "event_params": [
            {"key": "transaction_id", "value": {"string_value": "T_1", "int_value": None}},
            {"key": "value", "value": {"double_value": 72.05}},
            {"key": "currency", "value": {"string_value": "EUR"}},
        ],
        "user_id": None,
        "user_pseudo_id": "876.123",
        "collected_traffic_source": {"manual_medium": "cpc", "manual_campaign_name": "spring"},
        "items": [{"item_id": "SKU_1"}, {"item_id": "SKU_2"}],
    }
    assert said(row, "ga4") == (
        "876.123",
        "order_completed",
        AT,
        {"order": "T_1", "revenue": 72.05, "currency": "EUR", "channel": "cpc", "campaign": "spring", "items": 2},
    )


def snowplow(action: str, **entities: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "app_id": "shop",
        "platform": "web",
        "collector_tstamp": "2024-03-13T10:21:15.000Z",
        "derived_tstamp": "2024-03-13T10:21:14.000Z",
        "event": "unstruct",
        "event_name": "snowplow_ecommerce_action",
        "event_id": "e-1",
        "user_id": None,
        "domain_userid": "d-1",
        f"unstruct_event_{E_COMMERCE}snowplow_ecommerce_action_1": {"type": action},
        **{f"contexts_{E_COMMERCE}{name}_1": value for name, value in entities.items()},
    }


def test_snowplow_transactions() -> None:
    event = snowplow(
        "transaction",
        transaction=[{"transaction_id": "T1", "revenue": 19.9, "currency": "EUR", "payment_method": "card"}],
        product=[{"id": "p-1", "quantity": 2}, {"id": "p-2"}],
    )
    assert said(event, "snowplow") == (
        "d-1",
        "order_completed",
        AT,
        {"order": "T1", "revenue": 19.9, "currency": "EUR", "items": 2, "quantity": 2},
    )
    assert signal(event, "snowplow").id == "e-1"


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("add_to_cart", "cart_updated"),
        ("remove_from_cart", "cart_updated"),
        ("product_view", "product_viewed"),
        ("list_click", "product_viewed"),
        ("list_view", "list_viewed"),
        ("promo_click", "promotion_clicked"),
        ("promo_view", "promotion_viewed"),
        ("checkout_step", "checkout_step"),
        ("refund", "order_refunded"),
        ("trns_error", "payment_failed"),
    ],
)
def test_snowplow_actions(action: str, kind: str) -> None:
    assert said(snowplow(action), "snowplow")[1] == kind


def test_snowplow_page_views_and_pings() -> None:
    page = {"event": "page_view", "event_name": "page_view", "event_id": "e", "domain_userid": "d"}
    time = {"collector_tstamp": "2024-03-13 10:21:14.000"}
    assert said({**page, **time}, "snowplow")[:3] == ("d", "page_viewed", AT)
    assert passed({**page, **time, "event_name": "page_ping"}, "auto").known


def pixel(name: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "sh-f77519c1-1111",
        "name": name,
        "timestamp": "2024-03-13T10:21:14.000Z",
        "clientId": "c-1",
        "type": "standard",
        "seq": 3,
        "context": {},
        "data": data,
    }


def test_shopify_pixels_of_the_cart() -> None:
    line = {"quantity": 1, "merchandise": {"price": {"amount": 9.5, "currencyCode": "CAD"}, "product": {"id": "77"}}}
    event = pixel("product_added_to_cart", {"cartLine": line})
    assert said(event, "shopify") == (
        "c-1",
        "cart_updated",
        AT,
        {"action": "added", "quantity": 1, "price": 9.5, "currency": "CAD", "product": "77"},
    )
    assert signal(event, "shopify").id == "sh-f77519c1-1111"


ORDER = {
    "id": 820982911946154508,
    "admin_graphql_api_id": "gid://shopify/Order/820982911946154508",
    "cart_token": "cart-1",
    "checkout_token": "check-1",
    "created_at": "2024-03-13T06:20:00-04:00",
    "updated_at": "2024-03-13T06:21:14-04:00",
    "currency": "CAD",
    "total_price": "403.00",
    "customer": {"id": 115310627314723954, "email": "john@example.com"},
    "line_items": [{"id": 1}, {"id": 2}],
}


def test_a_shopify_pixel_and_the_webhook_name_the_same_order_checkout_and_customer() -> None:
    order = {
        "id": "gid://shopify/Order/820982911946154508",
        "customer": {"id": "gid://shopify/Customer/115310627314723954"},
    }
    checkout = {"token": "check-1", "order": order, "totalPrice": {"amount": 403.0}, "currencyCode": "CAD"}
    browser = said(pixel("checkout_completed", {"checkout": checkout}), "shopify")
    server = said(ORDER, "shopify", headers=[("X-Shopify-Topic", b"orders/paid")])
    assert browser[:3] == server[:3] == ("115310627314723954", "order_completed", AT)
    assert server[3] == {
        "order": "820982911946154508", "checkout": "check-1", "cart": "cart-1", "revenue": 403,
        "currency": "CAD", "items": 2,
    }  # fmt: skip
    assert all(browser[3][key] == server[3][key] for key in ("order", "checkout", "revenue", "currency"))


@pytest.mark.parametrize(
    ("topic", "kind"),
    [("orders/paid", "order_completed"), ("orders/updated", "order_updated"), ("orders/cancelled", "order_cancelled")],
)
def test_shopify_topics_in_a_header_of_any_case_or_in_the_body(topic: str, kind: str) -> None:
    assert said(ORDER, "shopify", headers=[("x-shopify-topic", topic.encode())])[1] == kind
    assert said({**ORDER, "topic": topic}, "shopify")[1] == kind


def test_shopify_webhooks_of_one_order_have_different_ids_and_a_repeated_one_the_same() -> None:
    paid, again, updated = (
        signal(ORDER, "shopify", [("X-Shopify-Topic", topic)]).id
        for topic in (b"orders/paid", b"orders/paid", b"orders/updated")
    )
    assert paid == again != updated
    header = ("X-Shopify-Webhook-Id", b"b54557e4")
    assert signal(ORDER, "shopify", [("X-Shopify-Topic", b"orders/paid"), header]).id == "b54557e4"


def test_shopify_topics_without_a_signal_and_headers_that_are_no_text() -> None:
    (created,) = read(ORDER, "auto", headers=[("X-Shopify-Topic", b"orders/create"), ("odd", b"\xff")])
    assert isinstance(created, Passed)
    assert created.known


def test_braze_one_event_and_many() -> None:
    event = {
        "external_id": "u-1",
        "name": "ecommerce.cart_updated",
        "time": "2024-03-13T11:21:14+01:00",
        "properties": {"cart_id": "c-1", "total_value": 12.5, "currency": "USD", "action": "remove", "products": []},
    }
    attributes = {"cart": "c-1", "value": 12.5, "currency": "USD", "action": "removed"}
    assert said(event, "braze") == ("u-1", "cart_updated", AT, attributes)
    placed = {**event, "name": "ecommerce.order_placed", "properties": {"order_id": "o-1", "total_value": 12.5}}
    outcomes = read({"events": [event, placed, {"name": "ecommerce.order_placed"}, 5]}, "auto")
    assert [type(outcome) for outcome in outcomes] == [Signal, Signal, Rejection]
    refused = outcomes[2]
    assert isinstance(refused, Rejection)
    assert (refused.reason, refused.events) == ("no customer", 2)
    assert "the first of 2 events refused" in refused.detail


def klaviyo(metric: str, **attributes: object) -> dict[str, Any]:
    return {
        "data": {
            "type": "event",
            "attributes": {
                "properties": {"OrderId": "o-1", "Items": [{}, {}]},
                "time": "2024-03-13T10:21:14+00:00",
                "value": 9.99,
                "value_currency": "USD",
                "metric": {"data": {"type": "metric", "attributes": {"name": metric}}},
                "profile": {"data": {"type": "profile", "attributes": {"email": "sarah@example.com"}}},
                **attributes,
            },
        }
    }


def test_klaviyo_events() -> None:
    attributes = {"order": "o-1", "items": 2, "revenue": 9.99, "currency": "USD"}
    assert said(klaviyo("Placed Order"), "klaviyo") == ("sarah@example.com", "order_completed", AT, attributes)
    old = {"event": "Placed Order", "customer_properties": {"$email": "s@example.com"}, "time": AT // 1000}
    assert said({**old, "properties": {"$value": 5}}, "klaviyo")[3] == {"revenue": 5}
    assert passed(klaviyo("Ordered Product"), "auto").known


def test_a_klaviyo_id_is_unique_only_within_its_metric() -> None:
    placed, sent = (
        signal(klaviyo(name, unique_id="o-1"), "klaviyo").id for name in ("Placed Order", "Fulfilled Order")
    )
    assert (placed, sent) == ("Placed Order o-1", "Fulfilled Order o-1")


def test_our_own_format() -> None:
    event = {
        "customer": "u",
        "kind": "nps_answered",
        "at": "2024-03-13T10:21:14Z",
        "id": "n-1",
        "attributes": {"score": 9},
    }
    assert said(event, "stagewatch") == ("u", "nps_answered", AT, {"score": 9})
    assert signal(event, "stagewatch").id == "n-1"
    flat = orjson.dumps({"customer": "u", "kind": "nps_answered", "at": "1710325274", "score": "9"})
    assert said(flat, "stagewatch") == ("u", "nps_answered", AT, {"score": 9})


def test_a_record_whose_list_of_events_is_empty_or_no_list_is_refused() -> None:
    body = {"client_id": "1.2", "timestamp_micros": 1710325274000000}
    assert rejection({**body, "events": []}, "ga4").reason == "no events"
    assert rejection({**body, "events": {}}, "ga4").reason == "no events"
    assert rejection({**body, "events": "purchase"}, "ga4").reason == "no events"


def test_a_record_with_events_beyond_all_measure_is_refused() -> None:
    body = {"client_id": "1.2", "timestamp_micros": 1710325274000000}
    assert rejection({**body, "events": [{}] * 10_001}, "ga4").reason == "too large"
    assert rejection({**body, "events": [5] * 10_000}, "ga4").events == 10_000


def test_events_of_one_record_that_share_an_id_without_being_equal_are_told_apart() -> None:
    event = {"external_id": "u-1", "name": "ecommerce.order_placed", "time": AT, "properties": {"order_id": "o-1"}}
    other = {**event, "properties": {"order_id": "o-2"}}
    outcomes = READERS["braze"].read(
        orjson.dumps({"id": "r-1", "events": [event, event, other]}), signal(event, "braze").origin
    )
    assert [outcome.id for outcome in outcomes if isinstance(outcome, Signal)] == ["r-1", "r-1", "r-1#2"]
