"""`stagewatch customer`: which ids it takes, what it writes, and what it says where it writes nothing."""

import asyncio

import orjson
import pytest
from click.testing import CliRunner, Result

from schemas.commands import SIGNATURE, Command, read
from schemas.signals import Origin
from stagewatch.cli import main
from stream.broker import EmbeddedBroker
from tests.brokers import fresh
from tests.kafka import traffic

KEYS = ["the key that signs now", "the key that signed before"]


def run(*arguments: str, given: str = "", **environment: str) -> Result:
    named = {f"STAGEWATCH_{name}": value for name, value in environment.items()}
    return CliRunner().invoke(main, arguments, input=given, env=named)


def test_each_id_of_a_file_is_a_command_of_its_own_signed_with_the_first_key(embedded: EmbeddedBroker) -> None:
    prefix = fresh("shop") + "."
    here = {
        "BROKER": embedded.address,
        "APP_ID": fresh("shop"),
        "TOPICS_PREFIX": prefix,
        "SOURCES": fresh("events"),
        "PARTITIONS": "2",
    }
    assert run("topics", "--create", "--sources-too", **here).exit_code == 0
    windows = "\ufeff4711\r\n\r\n  4712 \r\nKäthe\r\n"
    said = run("customer", "suppress", "-", given=windows, COMMANDS_KEYS=",".join(KEYS), **here)
    assert said.exit_code == 0, said.output
    assert len(said.stdout.splitlines()) == 3
    assert not any(name in said.output for name in ("4711", "4712", "Käthe"))
    found = asyncio.run(traffic.read(embedded.address, f"{prefix}customer-commands"))
    assert {each.key.decode() for each in found if each.key} == {"4711", "4712", "Käthe"}
    for each in found:
        for keys in KEYS, KEYS[:1]:
            command = read(each.value, Origin("c", 0, 0), key=each.key, headers=each.headers, keys=keys)
            assert isinstance(command, Command)
            assert command.command == "suppress"
        assert [name for name, _ in each.headers] == [SIGNATURE]
        assert orjson.loads(each.value or b"")["customer"].encode() == each.key


@pytest.mark.parametrize(
    ("ids", "given", "told"),
    [
        (("4711", ""), "", "Id number 2: no worker would obey"),
        (("4711", " 4712"), "", "Id number 2: no worker would obey"),
        (("-",), "a\nb\nc\x00\n", "Id number 3: no worker would obey"),
        (("-",), "a\nb\u2028c\n", "Id number 2: no worker would obey"),
        (("-",), "\n  \n", "Standard input holds no id"),
        (("4711", "\udcff-secret"), "", "Id number 2 is no UTF-8 text"),
        (("x" * 257,), "", "Id number 1: no worker would obey"),
    ],
)
def test_where_one_id_can_be_nobody_s_nothing_is_sent_and_it_is_not_repeated(
    ids: tuple[str, ...], given: str, told: str
) -> None:
    result = run("customer", "erase", *ids, given=given, BROKER="127.0.0.1:1")
    assert result.exit_code == 1
    assert told in result.stderr
    assert not any(each in result.output for each in ("4711", "4712", "secret", "xxx", "Traceback"))
