"""Several sources, each in its own dialect, tell of the same customers."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from tests.kafka.conftest import Corner
from tests.kafka.crowd import BEGAN, event
from tests.kafka.polling import until
from tests.kafka.shop import one_customer_each
from tests.kafka.stand import Stand, assert_no_gaps, assert_same, once, replayed

CUSTOMERS = [str(7_000 + number) for number in range(40)]
HOUR = timedelta(hours=1)


def paid(customer: str, number: int) -> tuple[str, dict[str, Any]]:
    """One of Shopify's webhooks: the order of a customer whose cart was abandoned long ago."""
    at = (BEGAN + 3 * HOUR + timedelta(seconds=number)).isoformat()
    order = {"id": 990_000 + number, "admin_graphql_api_id": f"gid://shopify/Order/{990_000 + number}"}
    bought = {"customer": {"id": int(customer)}, "line_items": [{"id": 1}], "total_price": "19.90", "currency": "EUR"}
    return customer, {"topic": "orders/paid", "updated_at": at, "created_at": at, "processed_at": at} | order | bought


def called(name: str, hours: int, first_id: int) -> list[tuple[str, dict[str, Any]]]:
    """A call of every customer, and one on each partition to bring its clock as far as all others'."""
    who = [*CUSTOMERS, *one_customer_each(4)]
    return [
        (customer, event(customer, name, BEGAN + hours * HOUR + timedelta(seconds=number), first_id + number))
        for number, customer in enumerate(who)
    ]


def written(events: list[tuple[str, dict[str, Any]]], path: Path) -> Path:
    path.write_bytes(b"".join(orjson.dumps(each) + b"\n" for _, each in events))
    return path


async def followed(stand: Stand, name: str, *, to_the_end: bool) -> None:
    """Run a worker until everything so far is committed; then stop it, or kill it."""
    async with stand.worker(name) as worker:
        await worker.ready()
        await until(stand.caught_up, 30, "the worker to commit everything")
        await (worker.stop() if to_the_end else worker.kill())


async def test_a_cart_of_one_source_is_recovered_by_an_order_of_another_over_the_death_of_the_worker(
    corner: Corner,
) -> None:
    stand = corner(sources={"web": "segment", "orders": "shopify"}, settings={"clock.idle_after": "never"})
    await stand.create_topics()
    carts, orders = called("Product Added", 0, 0), [paid(who, number) for number, who in enumerate(CUSTOMERS)]
    later = called("Product Viewed", 5, 1_000)
    await stand.send(carts, "web")
    await followed(stand, "first", to_the_end=False)
    await stand.send(orders, "orders")
    await followed(stand, "second", to_the_end=False)
    await stand.send(later, "web")
    await followed(stand, "third", to_the_end=True)
    found = once(await stand.transitions())
    assert_no_gaps(found)
    web, webhooks = written(carts + later, stand.folder / "web.jsonl"), written(orders, stand.folder / "orders.jsonl")
    assert_same(found, replayed([web, webhooks], "auto", until="never"))
    for customer in CUSTOMERS:
        names = [each["name"] for each in found[customer] if each["track"] == "cart"]
        assert names == ["cart_started", "cart_abandoned", "cart_recovered"]
