"""A real export, replayed, against a count made without any of our code: plain SQL over the raw rows.

The file is not part of the project; where it is missing these tests skip, and in CI they fail instead.
"""

import csv
import gzip
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from journey.machine import Machine, compile_journeys
from journey.memory import Memory
from journey.replay import fold
from journey.tally import Tally
from schemas.dialects import load_dialect
from schemas.reading import Reader
from schemas.signals import Signal
from stagewatch.cli import main
from stagewatch.feed import Feed
from stagewatch.library import journey_of

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
    return played(folder, str(ECOM), "--sort", *options)


def played(folder: Path, *arguments: str) -> tuple[Result, list[dict[str, Any]]]:
    out = folder / "transitions.jsonl"
    result = CliRunner().invoke(main, ["replay", "--dialect", str(DIALECT), "-o", str(out), *arguments])
    assert result.exit_code == 0, result.output
    return result, [orjson.loads(line) for line in out.read_bytes().splitlines()]


def raw() -> list[dict[str, str]]:
    with gzip.open(ECOM, "rt", newline="") as file:
        return list(csv.DictReader(file))


def every_row_a_signal() -> list[Signal]:
    """The signals in the file's order."""
    dialect = load_dialect(DIALECT.read_text(encoding="utf-8"), "ecom.yaml")
    signals = list(Feed([str(ECOM)], Reader({dialect.dialect: dialect}, dialect.dialect)))
    assert len(signals) == 31_106
    return signals


def five_stage(*, dedup_days: int) -> Machine:
    return compile_journeys([replace(journey_of("five-stage"), dedup_window=dedup_days * 86_400_000)])


def net(transitions: list[dict[str, Any]]) -> Counter[tuple[Any, ...]]:
    """What was made, and what was suppressed, less what was withdrawn."""
    withdrawn = {each["corrects"] for each in transitions}
    return Counter(
        (
            *(each[name] for name in ("customer", "journey", "track", "instance", "name", "to", "at", "kind")),
            *(each["cause"][name] for name in ("kind", "id")),
        )
        for each in transitions
        if each["kind"] != "corrected" and each["id"] not in withdrawn
    )


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


@pytest.mark.usefixtures("rows")
def test_exactly_the_30_repeated_rows_are_known_as_copies_and_31076_signals_count() -> None:
    found, machine = Tally(), five_stage(dedup_days=7)
    memories: dict[str, Memory] = {}
    copies = []
    for signal in every_row_a_signal():
        before = found.duplicates
        machine.hear(memories.setdefault(signal.customer, machine.start(signal.customer)), signal, found)
        if found.duplicates > before:
            copies.append(signal.origin.offset)
    seen: set[tuple[str, ...]] = set()
    repeated = []
    for number, row in enumerate(raw(), 1):
        content = tuple(row.values())
        if content in seen:
            repeated.append(number)
        seen.add(content)
    assert len(repeated) == 30
    assert copies == repeated
    assert 31_106 - found.duplicates == len(seen) == 31_076


def test_the_summary_tells_of_the_copies(tmp_path: Path, rows: sqlite3.Connection) -> None:
    copies = "SELECT count(*) - count(DISTINCT customer || event || at) FROM events"
    ((repeated,),) = rows.execute(copies)
    result, _ = replayed(tmp_path, "--summary")
    assert f"came twice, and were counted once {repeated}" in [
        " ".join(line.split()) for line in result.stdout.splitlines()
    ]


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("seed", [1, 2])
def test_rows_shuffled_within_an_hour_give_every_customer_the_same_net_transitions(tmp_path: Path, seed: int) -> None:
    chance = Random(seed)  # noqa: S311  chance that must repeat itself
    table = raw()
    # Of a customer's rows of one moment, the one that stands first counts first: these stay in their order.
    delays = {(row["user_id"], row["timestamp"]): timedelta(hours=chance.random()) for row in table}
    table.sort(key=lambda row: datetime.fromisoformat(row["timestamp"]) + delays[row["user_id"], row["timestamp"]])
    path = tmp_path / "shuffled.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, table[0])
        writer.writeheader()
        writer.writerows(table)
    result, shuffled = played(tmp_path, str(path), "--until", "end")
    assert result.stderr == ""
    assert sum(each["kind"] == "corrected" for each in shuffled) > 1_000
    assert net(shuffled) == net(replayed(tmp_path, "--until", "end")[1])


@pytest.mark.usefixtures("rows")
def test_the_file_played_twice_gives_nothing_new_the_second_time() -> None:
    machine, tally = five_stage(dedup_days=365), Tally()
    signals = every_row_a_signal()
    once = list(fold(machine, signals))
    twice = list(fold(machine, signals + signals, tally=tally))
    assert twice == once
    assert tally == Tally(duplicates=30 + 31_106)
