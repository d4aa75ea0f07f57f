"""A worker that cannot start says what is missing and what to do, in words, and ends; it never half starts."""

import asyncio
import socket
from pathlib import Path

import pytest

from stream.probe import HOST, free_ports
from tests.kafka.broker import KafkaBroker
from tests.kafka.conftest import Corner
from tests.kafka.crowd import shopping
from tests.kafka.polling import until
from tests.kafka.stand import Stand
from tests.kafka.traffic import configure
from tests.kafka.worker import command

SEGMENT = {"events": "segment"}
NO_SUCCESS = {0, 128 + 9}


async def refusal(stand: Stand, *words: str, **settings: str) -> str:
    """The log of a worker that ends by itself, with a reason that has these words in it, and no traceback."""
    async with stand.worker(**settings) as worker:
        code = await worker.ended(within=30)
    assert code not in NO_SUCCESS
    assert "Traceback" not in worker.log
    for word in words:
        assert word in worker.log
    return worker.log


async def test_missing_topics_are_all_named_with_the_command_that_makes_them(corner: Corner) -> None:
    stand = corner(sources=SEGMENT)
    names = ["events", "stage-transitions", "customer-stages", "rejected-events", "cart-abandoned"]
    said = await refusal(stand, *map(stand.topic, names), "stagewatch topics --create")
    assert stand.changelog in said


async def test_a_source_with_another_number_of_partitions_is_refused_with_both_numbers(corner: Corner) -> None:
    stand = corner(sources=SEGMENT)
    await stand.make(stand.topic("events"), partitions=3)
    code, out, err = await asyncio.to_thread(command, stand.all_settings(), "topics", "--create")
    assert code not in NO_SUCCESS
    assert stand.topic("events") in out + err
    said = await refusal(stand, stand.topic("events"), "3", "4")
    assert stand.topic("stage-transitions") not in said, "only what is wrong is named"


@pytest.mark.parametrize("compacted", ["customer-stages", "changelog"])
async def test_a_topic_that_forgets_what_it_must_keep_is_refused(corner: Corner, compacted: str) -> None:
    stand = corner(sources=SEGMENT)
    name = stand.changelog if compacted == "changelog" else stand.topic(compacted)
    await stand.make(stand.topic("events"))
    await stand.make(name, cleanup_policy="delete")
    await asyncio.to_thread(command, stand.all_settings(), "topics", "--create")
    await refusal(stand, name, "cleanup.policy", "compact")


async def test_a_topic_for_refused_records_that_takes_less_than_they_may_have_is_refused(corner: Corner) -> None:
    stand = corner(sources=SEGMENT)
    await stand.create_topics()
    await configure(stand.broker, stand.topic("rejected-events"), **{"max.message.bytes": "1000"})
    await refusal(stand, stand.topic("rejected-events"), "max.message.bytes=1000")


async def test_where_no_broker_answers_the_address_is_named(corner: Corner) -> None:
    nowhere = f"{HOST}:{free_ports(1)[0]}"
    stand = corner(broker=nowhere, sources=SEGMENT)
    await refusal(stand, nowhere)
    code, out, err = await asyncio.to_thread(command, stand.all_settings(), "topics", "--create")
    assert code not in NO_SUCCESS
    assert nowhere in out + err
    assert "Traceback" not in out + err


async def test_topics_can_be_made_twice_and_the_second_time_finds_all_well(corner: Corner) -> None:
    stand = corner(sources=SEGMENT)
    await stand.make(stand.topic("events"))
    for _ in range(2):
        code, out, err = await asyncio.to_thread(command, stand.all_settings(), "topics", "--create")
        assert code == 0, out + err
    async with stand.worker() as worker:
        await worker.ready()
        await worker.stop()


async def test_where_somebody_else_listens_on_the_port_for_metrics_the_settings_for_it_are_named(
    corner: Corner,
) -> None:
    stand = corner(sources=SEGMENT)
    await stand.create_topics()
    with socket.create_server((HOST, 0)) as other:
        port = str(other.getsockname()[1])
        await refusal(stand, f"{HOST}:{port}", "STAGEWATCH_HTTP_PORT", http__port=port)


async def test_a_folder_for_files_that_is_none_is_told_before_the_group_is_joined(
    corner: Corner, tmp_path: Path
) -> None:
    stand = corner(sources=SEGMENT)
    await stand.create_topics()
    file = tmp_path / "file"
    file.write_text("no folder")
    said = await refusal(stand, "store.path", str(file), store__kind="rocksdb", store__path=str(file))
    assert "coordinator" not in said


async def test_files_without_their_package_are_told_with_what_to_install(corner: Corner, tmp_path: Path) -> None:
    stand = corner(sources=SEGMENT)
    await stand.create_topics()
    without = ("-c", "import sys; sys.modules['rocksdict'] = None; from stagewatch.cli import main; main(['worker'])")
    stand.settings = {"store.kind": "rocksdb", "store.path": str(tmp_path)}
    async with stand.worker(program=without) as worker:
        assert await worker.ended(within=30) not in NO_SUCCESS
    assert "pip install 'stagewatch[rocksdb]'" in worker.log
    assert "Traceback" not in worker.log


async def test_a_worker_without_work_waits_for_a_broker_that_goes_away_and_goes_on_when_it_is_back(
    corner: Corner,
) -> None:
    with KafkaBroker() as own:
        stand = corner(broker=own.address, sources=SEGMENT, settings={"clock.idle_after": "never"})
        await stand.create_topics()
        async with stand.worker() as worker:
            await worker.ready()

            async def heard() -> float:
                return min(at for _, at in (await worker.metrics())["stagewatch_broker_heard_seconds"])

            own.kill()
            last = await heard()
            lines = len(worker.log.splitlines())
            # Longer than the session (3 s): the group is to be joined anew.
            await asyncio.sleep(6)
            assert await heard() - last < 2, "nobody has answered since"
            assert len(worker.log.splitlines()) - lines < 100, "the same is not said ninety times a second"
            own.start()
            await stand.send(shopping(20, 100))
            await until(stand.caught_up, 60, "the worker to go on")
            assert await heard() > last
            await worker.stop()
