"""Customers erased and suppressed: afterwards their ids are nowhere but where the shop itself keeps them.

Looked for on disk, in the bytes of the broker's logs and of the worker's files, not in what either answers: what has
been deleted and is still there would be found.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from time import time
from typing import Any

import pytest

from schemas.commands import encode
from stagewatch.asking import ask
from stagewatch.library import machine_of
from stagewatch.settings import Settings, load
from tests.faults.worker import Order
from tests.kafka import traffic
from tests.kafka.broker import KafkaBroker
from tests.kafka.conftest import Corner
from tests.kafka.crowd import BEGAN, PACE, Event, event, shopping
from tests.kafka.polling import until
from tests.kafka.stand import Stand
from tests.kafka.traffic import Sent
from tests.kafka.worker import Worker, environment

SEGMENT = {"events": "segment"}
NEVER = {"clock.idle_after": "never"}
KEY = "a key that nobody guesses"
ERASED, SUPPRESSED, KEPT = "erased-person-7401", "suppressed-person-7402", "kept-person-7403"
UNKNOWN, UNSIGNED = "somebody-unknown-7404", "unsigned-7405"
# Compaction at once, of whatever is there, tombstones and what they delete alike.
AT_ONCE = {
    "cleanup.policy": "compact",
    "min.cleanable.dirty.ratio": "0.01",
    "max.compaction.lag.ms": "1",
    "delete.retention.ms": "0",
    "segment.ms": "100",
    "file.delete.delay.ms": "100",
}


def renamed(events: Sequence[tuple[str, Event]], names: dict[str, str]) -> list[tuple[str, Event]]:
    """The same events, told of others, down to the carts' ids."""
    found: list[tuple[str, Event]] = []
    for customer, each in events:
        called = names.get(customer, customer)
        properties = each["properties"] | {"cart_id": f"{called}-cart"}
        found.append((called, each | {"userId": called, "properties": properties}))
    return found


def an_order_that_comes_late(at: datetime) -> list[tuple[str, Event]]:
    """Of the one who will be erased: it takes back that the cart was abandoned."""
    minute = timedelta(minutes=1)
    cart = event(ERASED, "Product Added", at, 90_001)
    look = event(KEPT, "Product Viewed", at + 40 * minute, 90_002)
    order = event(ERASED, "Order Completed", at + 5 * minute, 90_003)
    return [(ERASED, cart), (KEPT, look), (ERASED, order)]


def settings_of(stand: Stand) -> Settings:
    return load(environment(stand.all_settings())).settings


async def give(stand: Stand, command: str, *customers: str) -> None:
    await ask(settings_of(stand), command, customers, int(time() * 1000))


async def about(stand: Stand, customer: str, local: str = "stage-transitions") -> list[dict[str, Any]]:
    """What was published of a customer, in order, each id once."""
    found: dict[str, Any] = {}
    for record in await stand.read(local):
        if record.key == customer.encode() and record.value is not None:
            found.setdefault(record.json["id"], record.json)
    return list(found.values())


async def is_erased(stand: Stand, customer: str, times: int = 1) -> None:
    async def told() -> bool:
        return [each["kind"] for each in await about(stand, customer)].count("erased") >= times

    await until(told, 30, "the erasure to be told")


async def caught_up(stand: Stand) -> None:
    await until(stand.caught_up, 60, "everything to be committed")


def holding(folder: Path, *names: str) -> set[str]:
    """The files below a folder in whose name or bytes one of these stands, in whatever way keys are written."""
    wanted = [form for name in names for form in (name.encode(), name.encode().hex().encode())]
    found = set()
    for path in folder.rglob("*"):
        try:
            content = path.read_bytes() if path.is_file() else b""
        except FileNotFoundError:  # deleted meanwhile
            continue
        if any(form in content.lower() or form in str(path).encode() for form in wanted):
            found.add(str(path.relative_to(folder)))
    return found


@pytest.mark.parametrize(("kind", "once"), [("memory", "false"), ("rocksdb", "true")])
async def test_who_is_erased_or_suppressed_is_nowhere_but_where_the_shop_keeps_him(
    corner: Corner, tmp_path: Path, kind: str, once: str
) -> None:
    with KafkaBroker({"log.cleaner.backoff.ms": "200", "log.retention.check.interval.ms": "500"}) as own:
        stand = corner(
            partitions=1,
            broker=own.address,
            sources=SEGMENT,
            settings=NEVER
            | {"store.kind": kind, "store.path": str(tmp_path / "store"), "commands.keys": KEY, "log.level": "DEBUG"}
            | {"exactly_once": once},
        )
        await stand.create_topics()
        for topic in (stand.changelog, stand.topic("customer-stages")):
            await traffic.configure(own.address, topic, **AT_ONCE)
        names = {"customer_3": ERASED, "customer_4": SUPPRESSED, "customer_5": KEPT}
        events = renamed(shopping(40, 1_500, partitions=1), names)
        *left, order = an_order_that_comes_late(BEGAN + 1_000 * PACE)
        before, after = [*events[:1_000], *left], events[1_050:]
        async with stand.worker("first") as worker:
            await worker.ready()
            for part in (before, [order]):
                await stand.send(part)
                await caught_up(stand)
            assert {"made", "corrected"} <= {each["kind"] for each in await about(stand, ERASED)}
            known = holding(own.folder / "data", ERASED)
            assert any(it.startswith(stand.changelog) for it in known), "he was to be found where he is looked for"
            assert (kind == "memory") == (not holding(tmp_path / "store", ERASED))
            await give(stand, "erase", ERASED, UNKNOWN)
            await give(stand, "suppress", SUPPRESSED)
            await refused(stand)
            for customer in (ERASED, SUPPRESSED, UNKNOWN):
                await is_erased(stand, customer)
            assert await dropped(worker, stand, after[:200]) == shopping_on(after[:200])
            done = {labels["command"]: value for labels, value in await counted(worker, "commands")}
            assert done == {"erase": 2, "suppress": 1}
            page = (await worker.get("/metrics"))[1]
            await worker.stop()
        allowed = ("events", "stage-transitions", "customer-commands", "rejected-events", *routed(stand))
        keeps = tuple(f"{stand.topic(local)}-" for local in allowed)
        # What is compacted is what is behind the last segment, and the files are scrubbed also by the next worker.
        async with stand.worker("second") as again:
            await again.ready()
            assert await dropped(again, stand, after[200:]) == shopping_on(after[200:])

            async def gone() -> bool:
                await stand.send([(KEPT, after[-1][1] | {"userId": KEPT, "messageId": f"more-{time()}"})])
                return not ours()

            def ours() -> set[str]:
                """Where one of them is, less the topics that keep what was told for as long as they are told to."""
                who = (ERASED, SUPPRESSED, UNKNOWN)
                found = {it for it in holding(own.folder / "data", *who) if not it.startswith(keeps)}
                return found | holding(tmp_path / "store", *who)

            try:
                await until(gone, 30, "them to be gone")
            except AssertionError:
                raise AssertionError(f"still in {ours()}") from None
            await again.stop()
        spoken = worker.log + again.log + page
        assert not any(name in spoken for name in (ERASED, SUPPRESSED, UNKNOWN, UNSIGNED, KEY))


def shopping_on(events: Sequence[tuple[str, Event]]) -> int:
    """How many of them are the suppressed one's."""
    count = sum(customer == SUPPRESSED for customer, _ in events)
    assert count
    return count


async def dropped(worker: Worker, stand: Stand, events: Sequence[tuple[str, Event]]) -> float:
    """Everybody but the erased one shops on: how many signals the worker drops. The suppressed one is not told of."""
    await stand.send([each for each in events if each[0] != ERASED])
    await caught_up(stand)
    assert (await about(stand, SUPPRESSED))[-1]["kind"] == "erased"
    return sum(value for _, value in await counted(worker, "signals_suppressed"))


async def counted(worker: Worker, name: str) -> list[tuple[dict[str, str], float]]:
    return (await worker.metrics())[f"stagewatch_{name}_total"]


def routed(stand: Stand) -> list[str]:
    """The topics of the journey's routes."""
    return sorted(machine_of(settings_of(stand)).routes)


async def refused(stand: Stand) -> None:
    """A command that nobody signed is set aside, and done by nobody."""
    value = encode("erase", UNSIGNED, "1", int(time() * 1000))
    await traffic.produce(stand.broker, [Sent(stand.topic("customer-commands"), UNSIGNED.encode(), value)])

    async def set_aside() -> bool:
        return any(each.key == UNSIGNED.encode() for each in await stand.read("rejected-events"))

    await until(set_aside, 30, "it to be set aside")
    (one,) = [each for each in await stand.read("rejected-events") if each.key == UNSIGNED.encode()]
    assert (one.value, one.header("stagewatch-reason")) == (value, "unsigned")


async def test_whoever_dies_amid_an_erasure_it_is_done_once_and_no_newcomer_is_erased(
    corner: Corner, tmp_path: Path
) -> None:
    # Offsets are never committed but at the end, so that all the events are read again after each death.
    stand = corner(partitions=1, sources=SEGMENT, settings=NEVER | {"client.commit_interval": "10m"})
    await stand.create_topics()
    steps = ("aside", "changelog", "transitions", "done")
    people = {f"customer_{number}": f"{step}-person" for number, step in enumerate(steps)}
    events = renamed(shopping(20, 1_000, partitions=1), people)
    last = events[-1][1]
    await stand.send(events)
    for number, step in enumerate(steps):
        order, customer = Order(tmp_path / f"order-{step}"), f"{step}-person"
        program = ("-m", "tests.faults.worker", str(tmp_path / f"order-{step}"))
        async with stand.worker(f"dies-{step}", program) as worker:
            await worker.ready()
            if number:
                await comes_back(stand, steps[number - 1], last)
            await applied(stand, events)
            order.give(kill={"step": step, "after": 0})
            await give(stand, "erase", customer)
            assert await worker.ended(30) == 128 + 9
    async with stand.worker("last") as worker:
        await worker.ready()
        await comes_back(stand, steps[-1], last)
        await worker.stop()
    for step in steps:
        told = await about(stand, f"{step}-person")
        kinds = [each["kind"] for each in told]
        assert kinds.count("erased") == 1, step
        newcomer = told[kinds.index("erased") + 1 :]
        assert [each["sequence"] for each in newcomer] == list(range(1, len(newcomer) + 1))
        assert newcomer, step
        stands = [each for each in await stand.read("customer-stages") if each.key == f"{step}-person".encode()]
        assert stands[-1].value is not None, "who came after the command is not erased by it"


async def comes_back(stand: Stand, step: str, like: Event) -> None:
    """The one whose erasure was broken off, once it is told, comes as somebody new."""
    customer = f"{step}-person"
    await is_erased(stand, customer)
    ((_, new),) = renamed([(customer, like | {"userId": customer, "messageId": f"new-{step}"})], {})
    await stand.send([(customer, new)])

    async def told() -> bool:
        return bool((await about(stand, customer))[-1]["kind"] != "erased")

    await until(told, 30, "the newcomer to be told of")


async def applied(stand: Stand, events: Sequence[tuple[str, object]]) -> None:
    """All has been worked out: the customers stand on their topic."""
    customers = {customer.encode() for customer, _ in events}

    async def stood() -> bool:
        return {each.key for each in await stand.read("customer-stages")} >= customers

    await until(stood, 30, "everybody to stand somewhere")
