"""The image: what it installs, as whom it runs, and how it is asked whether it lives."""

import json
import os
import re
import subprocess
import sys
import tomllib

import pytest
from prometheus_client import CollectorRegistry

from stagewatch.cli import COMMANDS
from stagewatch.web import WebServer
from tests.deploy.tools import DEPLOY, ROOT, run

LINES = [line for line in (DEPLOY / "Dockerfile").read_text().splitlines() if line and not line.startswith("#")]


def instruction(name: str) -> str:
    """What stands behind the last instruction of that name."""
    return [line.partition(" ")[2] for line in LINES if line.startswith(f"{name} ")][-1]


def asked_whether_it_lives(port: int) -> int:
    """The exit code of the image's health check, run here."""
    command = json.loads(instruction("HEALTHCHECK").partition("CMD ")[2])
    assert command[0] == "python"
    environment = {**os.environ, "STAGEWATCH_HTTP_PORT": str(port), "http_proxy": "http://127.0.0.1:9"}
    return subprocess.run([sys.executable, *command[1:]], env=environment, capture_output=True, check=False).returncode


@pytest.mark.parametrize("lives", [True, False])
def test_the_health_check_tells_a_worker_that_lives_from_one_that_does_not(*, lives: bool) -> None:
    def live() -> tuple[bool, dict[str, str]]:
        return lives, {}

    def not_ready() -> tuple[bool, dict[str, str]]:
        return False, {}

    with WebServer("127.0.0.1", 0, registry=CollectorRegistry(), live=live, ready=not_ready) as server:
        assert (asked_whether_it_lives(int(server.address.rpartition(":")[2])) == 0) is lives


def test_a_worker_that_does_not_listen_does_not_live() -> None:
    assert asked_whether_it_lives(port=9) != 0


def test_it_does_not_run_as_root() -> None:
    assert int(instruction("USER")) >= 1_000


def test_what_it_writes_to_lies_where_a_volume_is_meant_to_be() -> None:
    assert [line for line in LINES if line.startswith(("VOLUME", "ADD"))] == []
    assert "install -d -o 10001 /var/lib/stagewatch" in " ".join(LINES)
    assert "PYTHONDONTWRITEBYTECODE=1" in " ".join(LINES)


def test_it_holds_no_secret() -> None:
    told = [line for line in LINES if re.search(r"PASSWORD|TOKEN|SECRET", line)]
    assert told == []


def test_it_runs_the_worker_unless_told_otherwise() -> None:
    assert json.loads(instruction("ENTRYPOINT")) == ["stagewatch"]
    (command,) = json.loads(instruction("CMD"))
    assert command in COMMANDS


def test_its_python_is_one_that_we_support() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    low, high = map(int, re.findall(r"3\.(\d+)", project["requires-python"]))
    versions = {int(line.split("python:3.")[1].partition("-")[0]) for line in LINES if line.startswith("FROM")}
    assert len(versions) == 1
    assert low <= versions.pop() < high


def test_every_package_of_ours_is_copied_and_let_through() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    let_through = (ROOT / ".dockerignore").read_text().splitlines()
    assert [each for each in packages if f"COPY {each} {each}" not in LINES or f"!{each}" not in let_through] == []


@pytest.mark.skipif(
    "CI" not in os.environ, reason="downloads everything that the image holds: run deploy/check-image-steps.sh"
)
def test_its_steps_give_a_program_that_works() -> None:
    said = run([str(DEPLOY / "check-image-steps.sh")])
    assert "stagewatch, version" in said
