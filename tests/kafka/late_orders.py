"""An evening in a shop whose web pages and order system tell of the same customers, each in its own time and words.

Owns who does what, drawn by a seeded die, and in which order it arrives: orders before the carts that they close, in
time, and after the silence has already called the cart abandoned; some told by the page and by a webhook. All of it
within the five-stage journey's lateness. What should come of it is told by the fates; how it is published is not known
here.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

import orjson

from tests.kafka import traffic
from tests.kafka.crowd import BEGAN, Event, event
from tests.kafka.shop import one_customer_each
from tests.kafka.stand import Stand
from tests.kafka.traffic import Sent

WEB, ORDERS = "web", "orders"
SOURCES = {WEB: "segment", ORDERS: "shopify"}
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
PATIENCE = 30 * SECOND
# Carts are touched in the first 4 minutes, so their silence ends in the 34th at the latest; an order that comes when
# the clock stands here comes up to 5 minutes after the end of its cart's silence.
SILENT = BEGAN + 35 * MINUTE
# Two hours and a half: time to look around, leave for an hour, look around again and leave again.
END = BEGAN + 150 * MINUTE
ADDED = "Product Added"
FATES = ("left", "early", "in time", "late", "told twice", "told twice, late", "came back", "looked around")

Arrival = tuple[str, str, Event]


@dataclass
class Evening:
    """Arrivals in three parts, and who had which fate.

    Attributes:
        before: orders that arrive before anything is known of their carts.
        meanwhile: carts, and orders in time; the clock comes to SILENT.
        after: orders that come too late to keep the cart from being called abandoned; the clock comes to END.
    """

    before: list[Arrival] = field(default_factory=list)
    meanwhile: list[Arrival] = field(default_factory=list)
    after: list[Arrival] = field(default_factory=list)
    fates: dict[str, str] = field(default_factory=dict)

    def of_fate(self, *fates: str) -> set[str]:
        """The customers whose fate is one of these."""
        return {customer for customer, fate in self.fates.items() if fate in fates}

    @property
    def slandered(self) -> set[str]:
        """Those who had bought when their cart was called abandoned, as nobody could know yet."""
        return self.of_fate("late", "told twice, late")


def evening(customers: int = 200, partitions: int = 4, seed: int = 11) -> Evening:
    """What so many customers do, each of them one thing out of FATES."""
    dice, made = Random(seed), Evening()  # noqa: S311  for tests
    for number in range(customers):
        customer = str(7_000 + number)
        made.fates[customer] = FATES[number % len(FATES)]
        _live(made, customer, number, dice)
    dice.shuffle(made.before)
    dice.shuffle(made.meanwhile)
    dice.shuffle(made.after)
    for part, at in ((made.meanwhile, SILENT), (made.after, END)):
        for number, customer in enumerate(one_customer_each(partitions)):
            part.append(
                (WEB, customer, event(customer, "Products Searched", at + PATIENCE, at.minute * 1_000 + number))
            )
            part.append((ORDERS, customer, webhook(customer, "orders/updated", at + PATIENCE, number)))
    return made


def _live(made: Evening, customer: str, number: int, dice: Random) -> None:
    fate, start, count = made.fates[customer], BEGAN + dice.randrange(120) * SECOND, 100_000 + number * 100
    if fate == "looked around":
        for at, part in ((start, made.meanwhile), (start + 70 * MINUTE, made.after)):
            for step in range(4):
                shown = event(customer, "Product Viewed", at + step * SECOND, count + at.minute + step)
                part.append((WEB, customer, shown))
        return
    for step in range(dice.randint(2, 5)):
        name = dice.choice(["Product Added", "Product Added", "Product Viewed", "Checkout Started"]) if step else ADDED
        at = start + dice.randrange(120_000) * timedelta(milliseconds=1)
        made.meanwhile.append((WEB, customer, event(customer, name, at, count + step)))
    if fate == "left":
        return
    took = dice.randrange(33 * 60, 36 * 60) if fate == "came back" else dice.randrange(130, 1_500)
    bought, order = start + took * SECOND, 990_000 + number
    told = (ORDERS, customer, webhook(customer, "orders/paid", bought, order))
    {"early": made.before, "in time": made.meanwhile, "told twice": made.meanwhile}.get(fate, made.after).append(told)
    if fate.startswith("told twice"):
        seen = event(customer, "Order Completed", bought + dice.randint(-9, 9) * SECOND, count + 50)
        seen["properties"]["order_id"] = str(order)
        dice.choice([made.after, made.after if fate.endswith("late") else made.before]).append((WEB, customer, seen))


def webhook(customer: str, topic: str, at: datetime, order: int) -> dict[str, Any]:
    """One of Shopify's webhooks about an order."""
    when = at.isoformat()
    named = {"id": order, "admin_graphql_api_id": f"gid://shopify/Order/{order}", "customer": {"id": customer}}
    bought = {"line_items": [{"id": 1}], "total_price": "19.90", "currency": "EUR"}
    return {"topic": topic, "updated_at": when, "created_at": when, "processed_at": when} | named | bought


async def tell(stand: Stand, arrivals: Iterable[Arrival]) -> None:
    """Produce them in this order, all topics at once."""
    records = [Sent(stand.topic(local), who.encode(), orjson.dumps(said)) for local, who, said in arrivals]
    await traffic.produce(stand.broker, records)
