"""The shop's events made by others (../shared/data/retentioneering), as rows in order of time.

Owns how they are read and how a stream of them is brought to an end. Knows nothing of Stagewatch.
"""

import csv
import gzip
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from aiokafka.partitioner import DefaultPartitioner

from tests.kafka.worker import ROOT

FILE = ROOT.parent / "shared" / "data" / "retentioneering" / "ecom.csv.gz"
ECOM = str(ROOT / "examples" / "dialects" / "ecom.yaml")
CUSTOMERS = 600

Row = dict[str, str]


def read_rows() -> list[Row]:
    """All rows by time; those of one second in the order of the file."""
    with gzip.open(FILE, "rt", newline="") as file:
        return sorted(csv.DictReader(file), key=lambda row: row["timestamp"])


def closing(last: Row, partitions: int) -> list[Row]:
    """One last event for each partition, of a customer of its own, an hour later.

    A partition's clock stands where its own last event put it. With these, all partitions and a replay of
    everything at once come equally far.
    """
    at = str(datetime.fromisoformat(last["timestamp"]) + timedelta(hours=1))
    return [{**last, "user_id": who, "event": "home", "timestamp": at} for who in one_customer_each(partitions)]


def one_customer_each(partitions: int, called: str = "last") -> list[str]:
    """The names of customers whose records fall on partition 0, 1, 2 and so on."""
    choose, numbers = DefaultPartitioner(), list(range(partitions))
    found: dict[int, str] = {}
    for number in range(1_000):
        name = f"{called}_{number}"
        found.setdefault(choose(name.encode(), numbers, numbers), name)
    return [found[number] for number in numbers]


def keyed(rows: Iterable[Row]) -> list[tuple[str, Row]]:
    """Each row with its customer."""
    return [(row["user_id"], row) for row in rows]


def write_csv(rows: Sequence[Row], path: Path) -> Path:
    """A CSV file with the rows, which all have the first one's columns."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path
