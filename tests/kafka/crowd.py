"""Customers made up for a test, in Segment's words: who does what is drawn by a seeded die.

Owns events that are right, in order of time. What is wrong with others is tests/kafka/malformed.py's.
"""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tests.kafka.shop import one_customer_each

BEGAN = datetime(2024, 3, 1, tzinfo=UTC)
PACE = timedelta(minutes=7)  # between two events of the crowd, so that carts are abandoned while others shop
NAMES = {
    "Product Viewed": 8,
    "Products Searched": 3,
    "Product Added": 4,
    "Checkout Started": 2,
    "Order Completed": 1,
    "Product Reviewed": 1,
}
STRANGE = [
    "Käthe Grünwald ",
    "顧客-",
    "\U0001f6d2",
    "a\"b\\c'{}/",
    "e-mail@example.org?x=1&y=",
    "%00%ff-",
    "İ" * 120,
    "0",
]

Event = dict[str, Any]


def event(customer: str, name: str, at: datetime, number: int) -> Event:
    """One track call."""
    return {
        "type": "track",
        "messageId": f"m{number}",
        "userId": customer,
        "event": name,
        "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "properties": {"rating": 1 + number % 5, "value": number % 90, "cart_id": f"{customer}-cart"},
    }


def called(number: int) -> str:
    """A customer's id; one in ten is such as people and other programs make them up."""
    return f"{STRANGE[number // 10 % len(STRANGE)]}{number}" if number % 10 == 9 else f"customer_{number}"


def shopping(customers: int, events: int, *, partitions: int = 4, seed: int = 7) -> list[tuple[str, Event]]:
    """(customer, event) pairs by time; the last ones bring the clock of every partition to the same moment."""
    dice = Random(seed)  # noqa: S311  for tests
    names = dice.choices(list(NAMES), list(NAMES.values()), k=events)
    who = [called(dice.randrange(customers)) for _ in names]
    found = [
        (customer, event(customer, name, BEGAN + number * PACE, number))
        for number, (customer, name) in enumerate(zip(who, names, strict=True))
    ]
    last = BEGAN + events * PACE
    return found + [
        (customer, event(customer, "Products Searched", last, events + number))
        for number, customer in enumerate(one_customer_each(partitions))
    ]
