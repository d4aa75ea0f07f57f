"""Data that nobody on the project wrote is understood, or knowingly passed over; none of it is refused."""

import csv
import gzip
from collections import Counter
from typing import Any

import orjson
import pytest

from schemas.dialects import Dialect
from schemas.reading import Outcome, Passed, Reader
from schemas.signals import Origin, Signal
from tests.schemas.speaking import HERE, READERS, example_dialect, reader, shared

SPOKEN = {
    "promotion_viewed": "Promotion Viewed, Viewed Promotion",
    "promotion_clicked": "Promotion Clicked, Clicked Promotion",
    "searched": "Products Searched",
    "list_viewed": "Product List Viewed, Viewed Product Category, Product List Filtered",
    "product_viewed": "Product Viewed, Viewed Product, Product Clicked, Clicked Product",
    "wishlist_added": "Product Added to Wishlist",
    "wishlist_removed": "Product Removed from Wishlist",
    "cart_updated": "Product Added, Added Product, Product Removed, Removed Product, Cart Viewed, "
    "Wishlist Product Added to Cart",
    "coupon_applied": "Coupon Applied, Coupon Entered, Coupon Denied, Coupon Removed",
    "checkout_started": "Checkout Started, Started Order",
    "checkout_step": "Checkout Step Viewed, Viewed Checkout Step, Checkout Step Completed, Completed Checkout Step",
    "payment_entered": "Payment Info Entered",
    "order_completed": "Order Completed, Completed Order",
    "order_updated": "Order Updated, Updated Order",
    "order_refunded": "Order Refunded",
    "order_cancelled": "Order Cancelled",
    "product_shared": "Product Shared, Cart Shared",
    "review_posted": "Product Reviewed",
    "referral_sent": "Invite Sent, Account Added User",
    "signed_up": "Signed Up, Account Created",
    "logged_in": "Signed In",
    "trial_started": "Trial Started",
    "trial_ended": "Trial Ended",
    "email_opened": "Email Opened",
    "email_clicked": "Email Link Clicked",
    "unsubscribed": "Unsubscribed, Email Marked as Spam",
    "chat_started": "Live Chat Conversation Started",
    "chat_message": "Live Chat Message Sent, Live Chat Message Received",
    "chat_ended": "Live Chat Conversation Ended",
    "app_installed": "Application Installed, Install Attributed",
    "app_opened": "Application Opened, Deep Link Opened",
    "app_uninstalled": "Application Uninstalled",
    "account_deleted": "Account Deleted, Account Removed User",
}
KIND_OF = {name: kind for kind, names in SPOKEN.items() for name in names.split(", ")}


def segment_calls() -> list[dict[str, Any]]:
    """The calls printed in Segment's specification, with the user and time that most of the snippets leave out."""
    calls = []
    for line in shared("segment_spec_examples/segment_spec_examples.jsonl").read_bytes().splitlines():
        call = orjson.loads(line)
        if not call.keys() & {"userId", "user_id", "anonymousId"}:
            call["userId"] = "u-1"
        calls.append({"timestamp": "2024-03-13T10:21:14Z", **call})
    return calls


@pytest.mark.parametrize("dialect", ["segment", "auto"])
def test_none_of_segments_own_examples_is_refused(dialect: str) -> None:
    outcomes = [READERS[dialect].read(orjson.dumps(call), HERE) for call in segment_calls()]
    kinds = Counter(type(outcome) for (outcome,) in outcomes)
    assert kinds == {Signal: 53, Passed: 15}


def test_each_name_that_segments_examples_use_means_what_we_say_it_does() -> None:
    seen = set()
    for call in segment_calls():
        (outcome,) = READERS["segment"].read(orjson.dumps(call), HERE)
        expected = KIND_OF.get(call.get("event", ""))
        if expected:
            assert isinstance(outcome, Signal)
            assert outcome.kind == expected
            seen.add(expected)
    assert len(seen) == 33


@pytest.mark.parametrize("name", KIND_OF)
def test_a_segment_name_means_its_signal(name: str) -> None:
    call = {
        "type": "track",
        "event": f" {name.upper()}",
        "anonymousId": "a",
        "originalTimestamp": "2024-03-13T10:21:14Z",
    }
    (outcome,) = READERS["auto"].read(orjson.dumps(call), HERE)
    assert isinstance(outcome, Signal)
    assert (outcome.kind, outcome.customer) == (KIND_OF[name], "a")


def rows() -> list[dict[str, str]]:
    with gzip.open(shared("retentioneering/ecom.csv.gz"), "rt") as file:
        return list(csv.DictReader(file))


def test_every_row_of_a_shops_export_is_a_signal() -> None:
    one = reader("ecom", example_dialect("ecom"))
    outcomes = [outcome for number, row in enumerate(rows()) for outcome in one.read_row(row, Origin("f", 0, number))]
    signals = [outcome for outcome in outcomes if isinstance(outcome, Signal)]
    assert len(signals) == len(outcomes) == 31_106
    assert len({signal.customer for signal in signals if signal.kind == "order_completed"}) == 328
    assert Counter(signal.kind for signal in signals)["cart_updated"] == 1346 + 1204
    assert signals[0].attributes == {"channel": "email"}
    assert (signals[0].at, signals[0].kind) == (1_710_325_274_000, "page_viewed")


def test_exactly_the_repeated_rows_share_an_id() -> None:
    table = rows()
    one = reader("ecom", example_dialect("ecom"))
    assert len(table) - len({tuple(row.items()) for row in table}) == 30
    said = {tuple(row.items()): one.read_row(row, HERE)[0] for row in table}
    assert len({outcome.id for outcome in said.values() if isinstance(outcome, Signal)}) == len(said)


def lines(path: str) -> list[bytes]:
    return shared(path).read_bytes().splitlines()


def outcomes(dialect: Dialect, name: str, values: list[bytes]) -> list[Outcome]:
    one: Reader = reader(name, dialect)
    return [outcome for value in values for outcome in one.read(value, HERE)]


@pytest.mark.parametrize("name", ["google_retail", "auto"])
def test_googles_retail_events_and_the_invalid_one_passed_over_by_name(name: str) -> None:
    dialect = example_dialect("google_retail")
    assert [
        outcome.kind if isinstance(outcome, Signal) else outcome
        for outcome in outcomes(dialect, name, lines("google_retail/user_events_some_invalid.json"))
    ] == ["page_viewed", Passed("google_retail", "invalid", HERE), "searched", "product_viewed"]
    *_, viewed = outcomes(dialect, name, lines("google_retail/user_events.json"))
    assert isinstance(viewed, Signal)
    assert viewed.attributes == {"product": "GGCOGAEC100616", "quantity": 3}


@pytest.mark.parametrize("name", ["otto", "auto"])
def test_otto_sessions_give_one_signal_an_event(name: str) -> None:
    found = outcomes(example_dialect("otto"), name, lines("otto/train.jsonl"))
    signals = [outcome for outcome in found if isinstance(outcome, Signal)]
    assert len(signals) == len(found) == 862
    assert len({signal.customer for signal in signals}) == 20
    assert signals[0].customer == "0"
    assert {signal.kind for signal in signals} == {"product_viewed", "cart_updated", "order_completed"}
