"""A model service: it reminds customers of the carts they abandoned, once each, and not those who bought after all.

    python examples/subscriber.py 127.0.0.1:9092 cart-abandoned --wait 600

What it rests on:
- Stagewatch publishes again, after a crash, what may not have arrived, with the same `id`. So each id is noted, and
  what is known is passed over.
- A late signal can show that a transition never should have been. Then a record of kind `corrected` names it in
  `corrects`: a mail not sent yet is cancelled, one that was sent is followed by what `Shop.regret` does. To wait for as
  long as the journey's `lateness` is to regret hardly ever; not to wait is to be quick.
- What is `suppressed` is not to be acted on.
- A record of kind `erased` says that a customer is to be forgotten: so are our notes of him. It comes on every topic of
  transitions, behind all that came before; what comes after it is of somebody new.
- Its notes are in an SQLite file, and offsets are committed only after them. Whatever kills it, it goes on from there.
  (They grow for ever here; a shop would delete those older than the topic's retention.)
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from itertools import chain
from time import time
from typing import Any, Final, Protocol

from aiokafka import AIOKafkaConsumer

POLL: Final = 500
"""Milliseconds between two looks at which mails are due."""

NOTES: Final = """
    CREATE TABLE IF NOT EXISTS mails (
        id TEXT PRIMARY KEY,      -- the transition's
        transition TEXT NOT NULL, -- as published
        due REAL NOT NULL,        -- wall-clock time in seconds
        state TEXT NOT NULL       -- waiting, sent, cancelled
    )
"""


class Shop(Protocol):
    """What the shop does, given the transition as it was published."""

    def remind(self, transition: Mapping[str, Any]) -> None:
        """Send the reminder."""

    def regret(self, transition: Mapping[str, Any]) -> None:
        """The reminder was sent and should not have been."""


class Reminders:
    """Which mails wait, which were sent, which were cancelled; `wait` is in seconds from hearing of a transition."""

    def __init__(self, path: str, shop: Shop, wait: float) -> None:
        self._notes = sqlite3.connect(path)
        self._notes.execute("PRAGMA secure_delete = ON")  # what is deleted is gone from the file as well
        self._notes.execute(NOTES)
        self._shop = shop
        self._wait = wait

    def close(self) -> None:
        """Nothing is lost by it."""
        self._notes.close()

    def heard(self, transition: Mapping[str, Any], now: float) -> None:
        """Note what a record asks for; one that was heard before asks for nothing."""
        if transition["kind"] == "made":
            self._note(transition["id"], transition, now + self._wait, "waiting")
        elif transition["kind"] == "corrected":
            self._withdraw(transition, now)
        elif transition["kind"] == "erased":
            self._forget(transition["customer"])

    def send(self, now: float) -> None:
        """Send what is due. Each is marked first: a crash between the two costs a reminder, and never sends two."""
        due = self._notes.execute(
            "SELECT id, transition FROM mails WHERE state = 'waiting' AND due <= ? ORDER BY due, rowid", (now,)
        ).fetchall()
        for found, transition in due:
            self._mark(found, "sent")
            self._shop.remind(json.loads(transition))

    def _withdraw(self, correction: Mapping[str, Any], now: float) -> None:
        withdrawn = correction["corrects"]
        # Noted even if never heard of, so that it is not acted on should it be published again.
        self._note(withdrawn, correction, now, "cancelled")
        ((state, transition),) = self._notes.execute("SELECT state, transition FROM mails WHERE id = ?", (withdrawn,))
        if state != "cancelled":
            self._mark(withdrawn, "cancelled")
        if state == "sent":
            self._shop.regret(json.loads(transition))

    def _forget(self, customer: str) -> None:
        with self._notes:
            self._notes.execute("DELETE FROM mails WHERE json_extract(transition, '$.customer') = ?", (customer,))

    def _note(self, found: str, transition: Mapping[str, Any], due: float, state: str) -> None:
        with self._notes:
            row = (found, json.dumps(transition), due, state)
            self._notes.execute("INSERT OR IGNORE INTO mails VALUES (?, ?, ?, ?)", row)

    def _mark(self, found: str, state: str) -> None:
        with self._notes:
            self._notes.execute("UPDATE mails SET state = ? WHERE id = ?", (state, found))


async def follow(broker: str, topic: str, reminders: Reminders, **settings: Any) -> None:  # noqa: ANN401  aiokafka's
    """Follow a topic of transitions until cancelled; `settings` are further ones of the consumer."""
    # Of a worker that writes exactly once, what is not committed may still be taken back.
    chosen = {"group_id": "cart-reminders", "auto_offset_reset": "earliest", "isolation_level": "read_committed"}
    chosen |= {"enable_auto_commit": False} | settings
    async with AIOKafkaConsumer(topic, bootstrap_servers=broker, **chosen) as consumer:
        while True:
            batches = await consumer.getmany(timeout_ms=POLL)
            for record in chain.from_iterable(batches.values()):
                reminders.heard(json.loads(record.value), time())
            if batches:
                await consumer.commit()
            reminders.send(time())


class Printed:
    """A shop that prints what it would do."""

    def remind(self, transition: Mapping[str, Any]) -> None:
        """Print the reminder."""
        print(f"{transition['customer']}: you left something behind, {transition['facts']}")

    def regret(self, transition: Mapping[str, Any]) -> None:
        """Print the apology."""
        print(f"{transition['customer']}: never mind our reminder of {transition['at']}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("broker")
    parser.add_argument("topic")
    parser.add_argument("--wait", type=float, default=0, help="seconds to wait for a correction before sending")
    parser.add_argument("--notes", default="reminders.sqlite", help="the file in which mails are noted")
    given = parser.parse_args()
    with closing(Reminders(given.notes, Printed(), given.wait)) as kept:
        asyncio.run(follow(given.broker, given.topic, kept))
