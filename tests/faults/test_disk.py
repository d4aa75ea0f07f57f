"""A full disk where customers lie in files: the worker says so and ends, and goes on when there is room again."""

import errno
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kafka.conftest import Corner
from tests.kafka.crowd import shopping
from tests.kafka.polling import until
from tests.kafka.test_files import as_replayed, in_files

SIZE = "16m"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"only whoever may mount can have a small disk: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(file: Path) -> None:
    """Leave no room beside this file."""
    with file.open("wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(b"x" * 4096)
        except OSError as error:
            assert error.errno == errno.ENOSPC  # noqa: PT017  what else it was is shown by pytest


async def test_a_full_disk_ends_the_worker_with_what_to_do_and_nothing_is_lost(corner: Corner, disk: Path) -> None:
    stand = corner(sources={"events": "segment"}, settings=in_files(disk))
    await stand.create_topics()
    events = shopping(300, 8_000)
    await stand.send(events[:2_000])
    async with stand.worker("before") as worker:
        await worker.ready()
        await until(stand.caught_up, 60, "the first part to be committed")
        fill(disk / "ballast")
        await stand.send(events[2_000:])
        assert await worker.ended(60) == 1
        assert "See to it that there is room" in worker.log
    async with stand.worker("amid") as worker:
        assert await worker.ended(60) == 1
        assert "See to it that there is room" in worker.log
    (disk / "ballast").unlink()
    async with stand.worker("after") as worker:
        await worker.ready()
        await until(stand.caught_up, 60, "everything to be committed")
        await worker.stop()
    await as_replayed(stand, events)
