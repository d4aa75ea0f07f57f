"""Generate: shoppers into files and onto topics."""

import asyncio
import csv
import io
from pathlib import Path

import orjson
import pytest
from aiokafka import AIOKafkaConsumer
from click.testing import CliRunner, Result

from schemas.dialects import SHIPPED
from schemas.reading import Reader
from schemas.signals import Origin, Signal
from stagewatch.cli import main
from stagewatch.commands.replay import reader_of
from stagewatch.files import reading
from stagewatch.mischief import Item
from stagewatch.pace import Pace
from stagewatch.producing import produce
from stream.broker import EmbeddedBroker
from tests.brokers import create_topic, fresh

ECOM = str(Path(__file__).parents[2] / "examples" / "dialects" / "ecom.yaml")
ORIGIN = Origin("file", 0, 1)


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(main, ["generate", "--shoppers", "30", *arguments])
    assert result.exit_code == 0, result.output
    return result


def all_signals(reader: Reader, lines: list[bytes]) -> bool:
    return all(isinstance(outcome, Signal) for line in lines for outcome in reader.read(line, ORIGIN))


def test_the_same_options_give_the_same_bytes() -> None:
    shares = ["--carts", "0.5", "--copies", "0.5", "--duplicates", "0.1", "--late", "0.1", "--malformed", "0.1"]
    unruly = ["--days", "5", *shares]
    assert run(*unruly).stdout_bytes == run(*unruly).stdout_bytes != run(*unruly, "--seed", "2").stdout_bytes


@pytest.mark.parametrize("dialect", SHIPPED)
def test_every_shipped_dialect_can_be_spoken_and_is_understood(dialect: str) -> None:
    lines = run("--events", "200", "--dialect", dialect).stdout_bytes.splitlines()
    assert len(lines) == 200
    assert all_signals(reader_of(dialect), lines)


@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz", "jsonl.zst"])
def test_files_are_compressed_as_their_name_says(tmp_path: Path, ending: str) -> None:
    name = str(tmp_path / f"events.{ending}")
    run("--events", "100", "--to", name)
    with reading(name) as file:
        assert file.read() == run("--events", "100").stdout_bytes


def test_a_flat_dialect_can_be_written_as_a_table(tmp_path: Path) -> None:
    name = str(tmp_path / "events.csv.gz")
    run("--events", "300", "--dialect", ECOM, "--to", name)
    with reading(name) as file:
        rows = list(csv.DictReader(io.TextIOWrapper(file)))
    assert list(rows[0]) == ["user_id", "timestamp", "event", "acquisition_channel"]
    assert all_signals(reader_of(ECOM), [orjson.dumps(row) for row in rows])


def test_a_dialect_that_is_not_flat_cannot_be_a_table(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["generate", "--to", str(tmp_path / "events.csv")])
    assert result.exit_code == 1
    assert "write JSON lines instead" in result.stderr


def test_a_dialect_with_no_word_for_what_shoppers_do_is_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "mute.yaml"
    path.write_text("{dialect: mute, title: Says nothing, customer: who, time: when, name: what}", encoding="utf-8")
    result = CliRunner().invoke(main, ["generate", "--events", "1", "--dialect", str(path)])
    assert result.exit_code == 1
    assert "no word for anything" in result.stderr


def test_days_bound_the_stream_and_start_moves_it() -> None:
    lines = run("--days", "3", "--start", "2025-01-01").stdout.splitlines()
    times = [orjson.loads(line)["at"] for line in lines]
    assert "2025-01-01" <= min(times) < max(times) < "2025-01-04"


@pytest.mark.parametrize("start", ["now", "-30d", "2024-02-29T12:00:00Z"])
def test_the_start_can_be_now_or_so_long_ago(start: str) -> None:
    assert run("--events", "1", "--start", start).stdout


def test_a_start_that_is_no_time_is_answered_with_how_to_write_it() -> None:
    result = CliRunner().invoke(main, ["generate", "--start", "soon"])
    assert result.exit_code == 2
    assert "such as -30d" in result.output


def test_a_rate_holds_the_stream_back() -> None:
    assert len(run("--events", "20", "--rate", "200").stdout.splitlines()) == 20


async def test_events_arrive_on_the_topic_keyed_by_customer_and_in_order(embedded: EmbeddedBroker) -> None:
    topic = await create_topic(embedded.address, fresh(), partitions=4)
    items = [Item(number, f"shopper-{number % 7}", b"%d" % number) for number in range(3_000)]
    told: list[int] = []
    await produce({"bootstrap_servers": [embedded.address]}, topic, items, Pace(rate=20_000), told.append)
    assert sum(told) == 3_000
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=embedded.address, auto_offset_reset="earliest")
    await consumer.start()
    try:
        found = [await consumer.getone() for _ in range(3_000)]
    finally:
        await consumer.stop()
    for key in {item.customer for item in items}:
        of_key = [record for record in found if record.key == key.encode()]
        assert len({record.partition for record in of_key}) == 1
        assert [record.value for record in of_key] == [item.value for item in items if item.customer == key]


def test_the_command_writes_to_the_broker_of_the_settings(
    embedded: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGEWATCH_BROKER", embedded.address)
    topic = asyncio.run(create_topic(embedded.address, fresh(), partitions=2))
    run("--events", "100", "--to", "kafka", "--topic", topic)


def test_a_topic_that_does_not_exist_is_an_error(embedded: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGEWATCH_BROKER", embedded.address)
    result = CliRunner().invoke(main, ["generate", "--events", "1", "--to", "kafka", "--topic", "missing"])
    assert result.exit_code == 1
    assert "the topic missing does not exist" in result.stderr


def test_without_a_broker_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGEWATCH_BROKER", "127.0.0.1:1")
    result = CliRunner().invoke(main, ["generate", "--events", "1", "--to", "kafka"])
    assert result.exit_code == 1
    assert "The broker at 127.0.0.1:1: nobody listens there" in result.stderr
