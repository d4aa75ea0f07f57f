"""Private parts of Faust and aiokafka that stream/ relies on: an upgrade that renames one fails here, by its name."""

import inspect
import re
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from time import time
from types import ModuleType

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.conn import AIOKafkaConnection
from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import READ_COMMITTED, Fetcher, PartitionRecords
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import Assignment, TopicPartitionState
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy
from faust.app.base import App, BootStrategy
from faust.tables import Table, TableManager
from faust.tables.recovery import Recovery
from faust.transport import consumer as faust_consumer
from faust.transport.drivers import aiokafka as driver
from faust.types import Message

import stream.fetching
import stream.received
import stream.transport
from tests.brokers import create_topic, fresh
from tests.kafka.broker import KafkaBroker
from tests.kafka.traffic import Sent, produce


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
        (driver.Consumer, "on_partitions_assigned", ["assigned", "generation_id"]),
        (driver.Consumer, "_get_active_partitions", []),
        (driver.Consumer, "_commit_offsets", ["offsets", "start_new_transaction"]),
        (driver.Consumer, "_is_changelog_tp", ["tp"]),
        (driver.Consumer, "_new_consumer_thread", []),
        (driver.Consumer, "perform_seek", []),
        (driver.Consumer, "seek_wait", ["partitions"]),
        (driver.Consumer, "earliest_offsets", ["partitions"]),
        (driver.Consumer, "stop_flow", []),
        (driver.AIOKafkaConsumerThread, "_create_worker_consumer", ["transport"]),
        (driver.AIOKafkaConsumerThread, "_ensure_consumer", []),
        (driver.AIOKafkaConsumerThread, "call_thread", ["fun", "args", "kwargs"]),
        (AIOKafkaAdminClient, "_send_request", ["request", "node_id"]),
        (App, "_new_transport", []),
        (App, "_create_directories", []),
        (BootStrategy, "kafka_producer", []),
        (Recovery, "_build_highwaters", ["consumer", "tps", "destination", "title"]),
        (Recovery, "_build_offsets", ["consumer", "tps", "destination", "title"]),
        (Recovery, "_seek_offsets", ["consumer", "tps", "offsets", "title"]),
        (Table, "on_recovery_completed", ["active_tps", "standby_tps"]),
        (GroupCoordinator, "check_errors", []),
        (Assignment, "state_value", ["tp"]),
        (BatchBuilder, "append", ["timestamp", "key", "value", "headers"]),
        (BatchBuilder, "record_count", []),
        (PartitionRecords, "_unpack_records", []),
        (_MemoryRecordsPy, "_cache_next", ["len_offset", "log_overhead"]),
        (_DefaultRecordBatchPy, "_maybe_uncompress", []),
    ],
)
def test_a_method_is_called_as_it_was(owner: type, name: str, taken: list[str]) -> None:
    assert hasattr(owner, name), f"{owner.__module__}.{owner.__qualname__} has no {name} any more"
    assert parameters(getattr(owner, name)) == taken


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (faust_consumer.Consumer, "_read_offset"),
        (faust_consumer.Consumer, "_committed_offset"),
        (faust_consumer.Consumer, "callback"),
        (faust_consumer.Consumer, "can_resume_flow"),
        (faust_consumer.Consumer, "flow_active"),
        (TableManager, "_recovery"),
        (TopicPartitionState, "highwater"),
        (TopicPartitionState, "lso"),
        (TopicPartitionState, "timestamp"),
        (TopicPartitionState, "_position"),
        (AIOKafkaConsumer, "_isolation_level"),
        (Fetcher, "_fetch_task"),
        (GroupCoordinator, "_pending_exception"),
        (GroupCoordinator, "_coordination_task"),
        (Fetcher, "_fetch_max_wait_ms"),
        (PartitionRecords, "_records"),
        (_MemoryRecordsPy, "_next_slice"),
        (_DefaultRecordBatchPy, "_buffer"),
        (_DefaultRecordBatchPy, "_decompressed"),
        (AIOKafkaConsumer, "_client"),
        (AIOKafkaConsumer, "_max_poll_records"),
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
        "_client.force_metadata_update",
        "_client.cluster.partitions_for_topic",
        "_coordinator._pending_exception",
        "_coordinator.check_errors",
        "_coordinator._coordination_task.done",
        "_subscription.assigned_partitions",
        "_fetcher._fetch_max_wait_ms",
        "_fetcher._fetch_task.done",
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


async def test_what_is_set_before_a_consumer_starts_is_taken_over_when_it_does(kafka: KafkaBroker) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.address, group_id="hooks")
    vars(consumer).update(_fetch_max_wait_ms=123, _isolation_level="read_committed")  # as stream.fetching sets them
    await consumer.start()
    try:
        assert attrgetter("_fetcher._fetch_max_wait_ms")(consumer) == 123
        assert attrgetter("_fetcher._isolation_level")(consumer) == READ_COMMITTED
    finally:
        await consumer.stop()


async def test_an_answer_is_dated_in_milliseconds_and_tells_where_reading_ends(kafka: KafkaBroker) -> None:
    topic = await create_topic(kafka.address, fresh())
    place = TopicPartition(topic, 0)
    await produce(kafka.address, [Sent(topic, b"k", b"v")])
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.address, isolation_level="read_committed")
    await consumer.start()
    try:
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        began = time()
        await consumer.getone(place)
        state = consumer._subscription.subscription.assignment.state_value(place)  # noqa: SLF001
        assert (state._position, state.highwater, state.lso) == (1, 1, 1)  # noqa: SLF001
        assert began - 1 <= state.timestamp / 1000 <= time()
    finally:
        await consumer.stop()


def test_the_fetcher_makes_what_it_reads_of_classes_that_can_be_replaced() -> None:
    source = inspect.getsource(Fetcher)
    for name in ("MemoryRecords", "PartitionRecords"):
        assert hasattr(fetcher, name)
        assert f" {name}(" in source


def test_a_message_is_made_of_the_same_parts() -> None:
    assert set(parameters(Message)) >= {
        *("topic", "partition", "offset", "timestamp", "timestamp_type", "headers", "key", "value", "checksum"),
        *("serialized_key_size", "serialized_value_size", "tp", "generation_id"),
    }


@pytest.mark.parametrize("module", [stream.fetching, stream.received, stream.transport])
def test_each_hook_that_a_module_says_it_relies_on_is_held_here(module: ModuleType) -> None:
    said = module.__doc__ or ""
    relied_on = said[said.index("t relies on private parts") :]
    here = Path(__file__).read_text()
    for hook in re.findall(r"`([\w.]+)`", relied_on):
        name = hook.rsplit(".", 1)[-1]
        assert f'"{name}"' in here or f".{name}" in here, f"{hook} is held by no test"


async def test_a_connection_that_never_was_can_be_told_from_one_that_has_ended() -> None:
    assert AIOKafkaConnection("nowhere", 1)._protocol is None  # noqa: SLF001  the hook that is held
