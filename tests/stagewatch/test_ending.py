"""A worker that has stopped ends, whatever is left of it."""

import subprocess
import sys

SCRIPT = """
import time
from stagewatch.worker import _end_within
try:
    {body}
finally:
    _end_within({seconds})
    time.sleep({left})
"""


def ended(body: str, seconds: float, left: float) -> "subprocess.CompletedProcess[str]":
    text = SCRIPT.format(body=body, seconds=seconds, left=left)
    return subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=30, check=False)


def test_a_process_that_does_not_end_is_ended_and_says_why_it_had_stopped() -> None:
    found = ended("raise RuntimeError('the broker is gone')", 0.1, 60)
    assert found.returncode == 1
    assert "so ended: the broker is gone" in found.stderr


def test_one_that_was_told_to_stop_says_so() -> None:
    assert "so ended: as it was told to" in ended("pass", 0.1, 60).stderr


def test_one_that_ends_in_time_is_left_alone() -> None:
    assert ended("pass", 60, 0).returncode == 0
