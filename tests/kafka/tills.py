"""A shop of tills, some of which write the time where the first dialect for them does not look.

Owns its events, one or several in a record, and the dialect before and after it was mended.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from tests.kafka.shop import one_customer_each

JOURNEY = Path(__file__).parent / "journeys/tills.yaml"
BEGAN = int(datetime(2024, 3, 1, tzinfo=UTC).timestamp())
DIALECT = """
dialect: tills
title: Tills
detect: [{card: , what: }]
each: lines
customer: card
time: TIME
name: what
signals:
  product_viewed: [seen]
  order_completed: [bought]
"""
TIMES = {"wrong": "{at: at, as: seconds}", "mended": "[{at: at, as: seconds}, {at: when, as: seconds}]"}

Event = dict[str, Any]


def dialect(folder: Path, name: str) -> Path:
    """A file with the dialect; `wrong` has no eye for the time of newer tills, `mended` does."""
    file = folder / f"{name}.yaml"
    file.write_text(DIALECT.replace("TIME", TIMES[name]))
    return file


def line(dice: Random, second: int) -> Event:
    """One event, of an older till or of a newer one. None has an id of its own."""
    return {"what": dice.choice(["seen", "seen", "bought"]), dice.choice(["at", "at", "when"]): BEGAN + second}


def receipts(customers: int, records: int, seed: int = 11) -> Iterator[tuple[str, Event]]:
    """(customer, record) pairs by time; every tenth record holds five events of its customer."""
    dice = Random(seed)  # noqa: S311  for tests
    for number in range(records):
        card = f"card-{dice.randrange(customers)}"
        if number % 10 == 0:
            lines = [line(dice, number * 60 + second) for second in range(5)]
            yield card, {"card": card, "what": "receipt", "lines": lines}
        else:
            yield card, {"card": card, **line(dice, number * 60)}


def closing(customers: int, records: int, partitions: int) -> list[tuple[str, Event]]:
    """One event of every customer, and for each partition, later than all others: what it tells is of all of them."""
    cards = [f"card-{number}" for number in range(customers)] + one_customer_each(partitions)
    return [(card, {"card": card, "what": "seen", "at": BEGAN + (records + 1) * 60}) for card in cards]
