"""The model subscriber: once for each id, never for what was withdrawn in time, and on from where it was stopped."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from examples.subscriber import Reminders, follow
from stream.broker import HEARTBEAT_INTERVAL, REBALANCE_TIMEOUT, SESSION_TIMEOUT, EmbeddedBroker
from tests.brokers import create_topic, fresh
from tests.certificate import append
from tests.kafka.polling import until

WAIT = 600.0
# The embedded broker lets somebody in only when these have passed.
PATIENCE = {
    "session_timeout_ms": int(SESSION_TIMEOUT * 1000),
    "heartbeat_interval_ms": int(HEARTBEAT_INTERVAL * 1000),
    "rebalance_timeout_ms": int(REBALANCE_TIMEOUT * 1000),
}


class Told:
    """A shop that keeps in mind what it was asked for."""

    def __init__(self) -> None:
        self.reminded: list[str] = []
        self.regretted: list[str] = []

    def remind(self, transition: Mapping[str, Any]) -> None:
        self.reminded.append(transition["id"])

    def regret(self, transition: Mapping[str, Any]) -> None:
        self.regretted.append(transition["id"])


def made(found: str = "t1", kind: str = "made") -> dict[str, Any]:
    return {"id": found, "kind": kind, "corrects": None, "customer": "ann", "name": "cart_abandoned", "facts": {}}


def corrected(withdrawn: str = "t1") -> dict[str, Any]:
    return made(f"correction of {withdrawn}", "corrected") | {"corrects": withdrawn}


def played(*records: tuple[float, dict[str, Any]], wait: float = WAIT, until: float = 10_000) -> Told:
    """What a shop is asked for that hears the records at these times (seconds), and looks once a minute."""
    shop, waiting = Told(), list(records)
    with closing(Reminders(":memory:", shop, wait)) as reminders:
        for now in itertools.takewhile(lambda now: now <= until, itertools.count(0, 60)):
            while waiting and waiting[0][0] <= now:
                reminders.heard(waiting.pop(0)[1], now)
            reminders.send(now)
    return shop


def test_a_reminder_is_sent_when_it_has_waited() -> None:
    assert played((0, made()), until=WAIT - 60).reminded == []
    assert played((0, made()), until=WAIT).reminded == ["t1"]


def test_without_a_wait_it_is_sent_at_once() -> None:
    assert played((0, made()), wait=0, until=0).reminded == ["t1"]


def test_a_transition_published_twice_is_acted_on_once() -> None:
    assert played((0, made()), (60, made()), (5_000, made())).reminded == ["t1"]


def test_what_is_suppressed_is_ignored() -> None:
    assert played((0, made(kind="suppressed"))).reminded == []


def test_a_reminder_not_sent_yet_is_cancelled_by_a_correction() -> None:
    shop = played((0, made()), (300, corrected()))
    assert (shop.reminded, shop.regretted) == ([], [])


def test_a_reminder_that_was_sent_is_regretted_once() -> None:
    shop = played((0, made()), (900, corrected()), (960, corrected()))
    assert (shop.reminded, shop.regretted) == (["t1"], ["t1"])


def test_what_was_withdrawn_is_not_acted_on_when_it_is_published_again() -> None:
    shop = played((0, corrected()), (60, made()))
    assert (shop.reminded, shop.regretted) == ([], [])


def test_a_correction_concerns_no_other_transition() -> None:
    shop = played((0, made("t1")), (0, made("t2")), (60, corrected("t1")))
    assert (shop.reminded, shop.regretted) == (["t2"], [])


def erased(customer: str = "ann") -> dict[str, Any]:
    return {"id": f"erasure of {customer}", "kind": "erased", "customer": customer}


def test_who_is_erased_gets_no_reminder_and_who_comes_after_him_does() -> None:
    assert played((0, made("t1")), (60, erased()), (120, made("t2"))).reminded == ["t2"]
    assert played((0, made("t1")), (60, erased("bob"))).reminded == ["t1"]


def test_of_who_is_erased_nothing_stays_in_the_notes(tmp_path: Path) -> None:
    with closing(Reminders(str(tmp_path / "notes"), Told(), 0)) as reminders:
        reminders.heard(made() | {"customer": "somebody-7401"}, 0)
        reminders.send(0)
        assert b"somebody-7401" in (tmp_path / "notes").read_bytes()
        reminders.heard(erased("somebody-7401"), 1)
    assert b"somebody-7401" not in (tmp_path / "notes").read_bytes()


records = st.tuples(st.integers(0, 5_000), st.sampled_from("abc"), st.booleans())


@given(st.lists(records, max_size=12))
def test_whatever_comes_each_is_sent_at_most_once_and_regretted_only_after(
    drawn: list[tuple[int, str, bool]],
) -> None:
    shop = played(*((at, made(name) if is_made else corrected(name)) for at, name, is_made in sorted(drawn)))
    assert len(set(shop.reminded)) == len(shop.reminded)
    assert len(set(shop.regretted)) == len(shop.regretted)
    assert set(shop.regretted) <= set(shop.reminded)
    withdrawn = {name for _, name, is_made in drawn if not is_made}
    assert set(shop.reminded) & withdrawn == set(shop.regretted)


@asynccontextmanager
async def running(address: str, topic: str, notes: Path, wait: float = 0) -> AsyncIterator[Told]:
    """A subscriber that follows the topic, and is cut off at the end of the block."""
    shop = Told()
    with closing(Reminders(str(notes), shop, wait)) as reminders:
        task = asyncio.create_task(follow(address, topic, reminders, group_id=topic, **PATIENCE))
        try:
            yield shop
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def test_it_goes_on_after_a_restart_with_what_waits_and_what_was_sent(
    embedded: EmbeddedBroker, tmp_path: Path
) -> None:
    topic = await create_topic(embedded.address, fresh())
    notes = tmp_path / "notes.sqlite"

    async def tell(*records: dict[str, Any]) -> None:
        await append(embedded.address, topic, *(orjson.dumps(each) for each in records))

    async with running(embedded.address, topic, notes) as shop:
        await tell(made("t1"), made("t1"), made("t2", "suppressed"))
        await until(lambda: _done(shop.reminded), 20, "the reminder")
    await tell(made("t1"), corrected("t1"), made("t3"))
    async with running(embedded.address, topic, notes) as again:
        await until(lambda: _done(again.reminded), 20, "the reminder after the restart")
    assert (shop.reminded, shop.regretted) == (["t1"], [])
    assert (again.reminded, again.regretted) == (["t3"], ["t1"])


async def _done(asked: list[str]) -> bool:
    return bool(asked)


def test_what_waited_when_it_was_stopped_is_sent_by_the_next(tmp_path: Path) -> None:
    notes = str(tmp_path / "notes.sqlite")
    with closing(Reminders(notes, Told(), WAIT)) as reminders:
        reminders.heard(json.loads(orjson.dumps(made())), 0)
    shop = Told()
    with closing(Reminders(notes, shop, WAIT)) as reminders:
        reminders.heard(made(), 300)
        reminders.send(WAIT)
    assert shop.reminded == ["t1"]
