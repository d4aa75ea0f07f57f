"""Private parts of Faust and aiokafka that stream/ relies on: an upgrade that renames one fails here, by its name."""

import inspect
import re
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.group_coordinator import GroupCoordinator
from faust.transport import consumer as faust_consumer
from faust.transport.drivers import aiokafka as driver

import stream.transport
from tests.kafka.broker import KafkaBroker


def parameters(method: Callable[..., object]) -> list[str]:
    return [name for name in inspect.signature(method).parameters if name != "self"]


@pytest.mark.parametrize(
    ("owner", "name", "taken"),
    [
        (driver.Consumer, "_drain_messages", ["fetcher"]),
        (driver.Consumer, "_wait_next_records", ["timeout"]),
        (driver.Consumer, "force_commit", ["topics", "start_new_transaction"]),
        (driver.Consumer, "wait_empty", []),
        (driver.Consumer, "on_partitions_revoked", ["revoked"]),
        (driver.AIOKafkaConsumerThread, "_create_worker_consumer", ["transport"]),
        (GroupCoordinator, "check_errors", []),
    ],
)
def test_a_method_is_called_as_it_was(owner: type, name: str, taken: list[str]) -> None:
    assert hasattr(owner, name), f"{owner.__module__}.{owner.__qualname__} has no {name} any more"
    assert parameters(getattr(owner, name)) == taken


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (faust_consumer.Consumer, "_read_offset"),
        (GroupCoordinator, "_pending_exception"),
        (GroupCoordinator, "_coordination_task"),
        (Fetcher, "_fetch_max_wait_ms"),
        (AIOKafkaConsumer, "_coordinator"),
        (AIOKafkaConsumer, "_subscription"),
        (AIOKafkaConsumer, "_fetcher"),
    ],
)
def test_an_attribute_is_still_set_by_its_class(owner: type, name: str) -> None:
    source = inspect.getsource(owner)
    assert re.search(rf"\bself\.{name}\b(: [^=\n]+)? = ", source), f"{owner.__qualname__} sets no {name} any more"


@pytest.mark.parametrize(
    "path",
    [
        "_coordinator._pending_exception",
        "_coordinator.check_errors",
        "_coordinator._coordination_task.done",
        "_subscription.assigned_partitions",
        "_fetcher._fetch_max_wait_ms",
        "_fetcher.fetched_records",
    ],
)
async def test_a_running_consumer_of_a_group_has_it(kafka: KafkaBroker, path: str) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.address, group_id="hooks")
    await consumer.start()
    try:
        attrgetter(path)(consumer)
    finally:
        await consumer.stop()


def test_each_hook_that_the_transport_says_it_relies_on_is_held_here() -> None:
    said = stream.transport.__doc__ or ""
    relied_on = said[said.index("It relies on private parts") :]
    here = Path(__file__).read_text()
    for hook in re.findall(r"`([\w.]+)`", relied_on):
        name = hook.rsplit(".", 1)[-1]
        assert f'"{name}"' in here or f".{name}" in here, f"{hook} is held by no test"
