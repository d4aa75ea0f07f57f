"""The demo shows the main job within seconds, on nothing but this machine, and leaves nothing behind."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kafka.polling import until

ROOT = Path(__file__).parents[2]
# What a newcomer is promised; the tests' machine does other things besides.
WITHIN = 20.0
PROMISED = {
    "cart_abandoned",
    "became_advocate",
    "converted",
    "cart_recovered",
    "corrected: late signal",
    "suppressed: ",
}


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[tuple["subprocess.Popen[bytes]", Path]]:
    """A running demo and the file that it writes to; temporary files of the demo go to a folder of the test's."""
    out, temporary = tmp_path / "out", tmp_path / "temporary"
    temporary.mkdir()
    environment = os.environ | {"TMPDIR": str(temporary), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with out.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "stagewatch", "demo", "--port", "0"],
            cwd=tmp_path,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process, out
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def status(address: str) -> int:
    with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310  our own address
        return int(answer.status)


async def test_the_demo_shows_transitions_and_ctrl_c_leaves_nothing(
    demo: tuple["subprocess.Popen[bytes]", Path],
) -> None:
    process, out = demo

    async def promised() -> bool:
        assert process.poll() is None, out.read_text()
        return all(name in out.read_text() for name in PROMISED)

    await until(promised, WITHIN, f"{', '.join(sorted(PROMISED))} in what the demo shows")
    found = re.search(r"Metrics on (\S+)/metrics", out.read_text())
    assert found
    web = found[1]
    assert [status(web + page) for page in ("/metrics", "/live", "/ready")] == [200, 200, 200]

    os.kill(process.pid, signal.SIGINT)
    assert await asyncio.to_thread(process.wait, 10) == 0
    assert "Traceback" not in out.read_text()
    assert list((out.parent / "temporary").iterdir()) == []
    assert {path.name for path in out.parent.iterdir()} == {"out", "temporary"}
    with pytest.raises(OSError, match="refused"):
        status(web + "/live")


async def test_the_demo_ends_when_nobody_reads_what_it_shows_any_more(tmp_path: Path) -> None:
    environment = os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    read = f"{sys.executable} -m stagewatch demo --port 0 | head -3; echo ended ${{PIPESTATUS[0]}}"
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", read, env=environment, start_new_session=True,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        out, _ = await asyncio.wait_for(process.communicate(), WITHIN + 10)
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    assert out.decode().splitlines()[3:] == ["ended 1"]
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240  the demo has ended
