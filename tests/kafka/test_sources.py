"""Several sources, each in its own dialect, tell of the same customers."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer

from tests.brokers import fresh
from tests.kafka import traffic
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


async def test_what_a_transaction_took_back_does_not_count_and_is_not_waited_for(corner: Corner) -> None:
    stand = corner(partitions=1, sources={"events": "segment"}, settings={"clock.idle_after": "never"})
    await stand.create_topics()
    began = BEGAN - HOUR
    taken_back = [event("ann", name, began, number) for number, name in enumerate(["Product Added", "Order Completed"])]
    kept = [event("bob", "Product Added", began, 10)]
    for events, wanted in ((taken_back, False), (kept, True), (taken_back, False)):
        await in_a_transaction(stand, events, wanted=wanted)
    async with stand.worker() as worker, stand.watching("stage-transitions") as published:
        await worker.ready()
        await until(published, 20, "what was committed")

        async def nothing_waits() -> bool:
            lag = (await worker.metrics()).get("stagewatch_lag_records", [])
            return bool(lag) and not any(records for _, records in lag)

        await until(nothing_waits, 20, "the lag to be nought")
        await worker.stop()
    assert (await stand.transitions()).keys() == {"bob"}


async def in_a_transaction(stand: Stand, events: list[dict[str, Any]], *, wanted: bool) -> None:
    """Produce events and commit them, or abort."""
    producer = AIOKafkaProducer(bootstrap_servers=stand.broker, transactional_id=fresh("transaction"))
    await producer.start()
    try:
        await producer.begin_transaction()
        for each in events:
            await producer.send_and_wait(stand.topic("events"), orjson.dumps(each), key=each["userId"].encode())
        await (producer.commit_transaction() if wanted else producer.abort_transaction())
    finally:
        await producer.stop()


async def test_a_source_made_anew_is_not_passed_over_in_silence(corner: Corner) -> None:
    stand = corner(partitions=1, sources={"web": "segment"}, settings={"clock.idle_after": "never"})
    await stand.create_topics()
    await stand.send(called("Product Added", 0, 0), "web")
    await followed(stand, "first", to_the_end=True)
    async with traffic.admin(stand.broker) as client:
        await client.delete_topics([stand.topic("web")])

    async def gone() -> bool:
        async with traffic.admin(stand.broker) as client:
            return stand.topic("web") not in await client.list_topics()

    await until(gone, 20, "the topic to be gone")
    await stand.make(stand.topic("web"))
    await stand.send([called("Order Completed", 1, 100)[0]], "web")
    async with stand.worker("second") as worker:
        code = await worker.ended(within=30)
    assert code not in {0, 128 + 9}
    assert "was made anew" in worker.log
    assert "`app_id`" in worker.log
