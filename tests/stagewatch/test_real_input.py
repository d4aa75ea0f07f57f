"""A real export, replayed, against a count made without any of our code: plain SQL over the raw rows.

The file is not part of the project; where it is missing these tests skip, and in CI they fail instead.
"""

import csv
import gzip
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from stagewatch.cli import main

ROOT = Path(__file__).parents[2]
ECOM = ROOT.parent / "shared" / "data" / "retentioneering" / "ecom.csv.gz"
DIALECT = ROOT / "examples" / "dialects" / "ecom.yaml"

# Those that the dialect takes for cart_updated, checkout_step and payment_entered.
CART_OR_CHECKOUT = ("add_to_cart", "cart", "shipping_details", "payment_details")
PURCHASE = "purchase"

# A cart or checkout event is abandoned if nothing of the kind and no purchase comes within 30 minutes; at 30 minutes
# exactly it comes too late, because a deadline of t fires before a signal of t. After the last one there is silence
# for ever, so it counts.
ABANDONED = """
    SELECT customer, count(*)
    FROM (
        SELECT customer, event, at, lead(at) OVER (PARTITION BY customer ORDER BY at, row) AS next
        FROM events
        WHERE event IN (?, ?, ?, ?, ?)
    )
    WHERE event <> ? AND (next IS NULL OR next - at >= 30 * 60)
    GROUP BY customer
"""


@pytest.fixture(scope="module")
def rows() -> Iterator[sqlite3.Connection]:
    """The raw rows as a table, times in seconds."""
    if not ECOM.exists():
        reason = f"{ECOM} is not here: it belongs to the development machine, not to the project"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE events (row INTEGER, customer TEXT, event TEXT, at INTEGER)")
    with gzip.open(ECOM, "rt", newline="") as file:
        database.executemany(
            "INSERT INTO events VALUES (?, ?, ?, unixepoch(?))",
            (
                (number, row["user_id"], row["event"], row["timestamp"])
                for number, row in enumerate(csv.DictReader(file))
            ),
        )
    yield database
    database.close()


def replayed(folder: Path, *options: str) -> tuple[Result, list[dict[str, Any]]]:
    out = folder / "transitions.jsonl"
    result = CliRunner().invoke(
        main, ["replay", str(ECOM), "--dialect", str(DIALECT), "--sort", "-o", str(out), *options]
    )
    assert result.exit_code == 0, result.output
    return result, [orjson.loads(line) for line in out.read_bytes().splitlines()]


@pytest.mark.usefixtures("rows")
def test_all_31106_events_are_read_and_none_is_rejected(tmp_path: Path) -> None:
    result, _ = replayed(tmp_path, "--summary")
    words = {line.split()[0]: line.split()[1] for line in result.stdout.splitlines() if len(line.split()) > 1}
    assert (words["all"], words["rejected"]) == ("31,106", "0")


def test_the_328_customers_with_a_purchase_are_converted_and_nobody_else(
    tmp_path: Path, rows: sqlite3.Connection
) -> None:
    _, transitions = replayed(tmp_path)
    converted = {each["customer"] for each in transitions if each["name"] == "converted"}
    bought = {
        customer for (customer,) in rows.execute("SELECT DISTINCT customer FROM events WHERE event = ?", (PURCHASE,))
    }
    assert len(converted) == 328
    assert converted == bought


def test_carts_are_abandoned_by_those_customers_and_as_often_as_sql_says(
    tmp_path: Path, rows: sqlite3.Connection
) -> None:
    _, transitions = replayed(tmp_path, "--until", "end")
    counted = dict(rows.execute(ABANDONED, (*CART_OR_CHECKOUT, PURCHASE, PURCHASE)))
    ours = Counter(each["customer"] for each in transitions if each["name"] == "cart_abandoned")
    assert ours == counted
    assert ours.total() > 1_000


def test_no_cart_is_abandoned_later_than_the_clock_came_unless_asked(tmp_path: Path, rows: sqlite3.Connection) -> None:
    ((last,),) = rows.execute("SELECT strftime('%Y-%m-%dT%H:%M:%fZ', max(at) - 30, 'unixepoch') FROM events")
    _, transitions = replayed(tmp_path)
    assert max(each["at"] for each in transitions if each["cause"]["kind"] == "deadline") <= last


@pytest.mark.usefixtures("rows")
def test_every_customer_s_transitions_are_numbered_without_a_gap_and_have_ids_of_their_own(tmp_path: Path) -> None:
    _, transitions = replayed(tmp_path, "--until", "end")
    assert len({each["id"] for each in transitions}) == len(transitions)
    seen: Counter[str] = Counter()
    for each in transitions:
        seen[each["customer"]] += 1
        assert each["sequence"] == seen[each["customer"]]
