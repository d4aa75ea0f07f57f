"""What the tests on Apache Kafka share: a corner of the broker for each, and the shop's events made by others."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.brokers import fresh
from tests.kafka.broker import KafkaBroker
from tests.kafka.shop import ECOM, FILE, Row, closing, read_rows, write_csv
from tests.kafka.stand import ByCustomer, Stand, replayed

Corner = Callable[..., Stand]


@pytest.fixture
def corner(kafka: KafkaBroker, tmp_path: Path, request: pytest.FixtureRequest) -> Corner:
    """Makes this test's stand on the session's broker, with names that no other test has."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower().removeprefix("test_"))[:40]

    def make(partitions: int = 4, broker: str = kafka.address, **rest: dict[str, str]) -> Stand:
        return Stand(broker, fresh(name), tmp_path, partitions, **rest)

    return make


@pytest.fixture(scope="session")
def rows() -> list[Row]:
    """The shop's events by time, then one event of a customer of each of 4 partitions, so that clocks end alike."""
    if not FILE.exists():
        reason = f"{FILE} is not there: these events were made by others and are no part of the project"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    found = read_rows()
    return found + closing(found[-1], partitions=4)


@pytest.fixture(scope="session")
def told_by_replay(rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> ByCustomer:
    """What `stagewatch replay` says of these events, with nothing said about the silence after the last."""
    folder = tmp_path_factory.mktemp("replay")
    return replayed([write_csv(rows, folder / "ecom.csv")], ECOM, until="never")
