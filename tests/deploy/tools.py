"""The files under test, and the tools that read them, where a machine has them.

Where one is missing its tests are skipped with what to install: each file is also checked without tools.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE_FILE = ROOT / "docker-compose.yml"
DASHBOARD = DEPLOY / "grafana/dashboards/stagewatch.json"


def read_yaml(path: Path) -> Any:  # noqa: ANN401  whatever stands there
    """A YAML file's content."""
    return yaml.safe_load(path.read_text())


def promtool(*arguments: str) -> str:
    """What promtool says; the test is skipped where it is missing and fails where it finds fault."""
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool not found: `apt-get install prometheus`")
    return run([found, *arguments])


def compose(*arguments: str) -> str:
    """What docker compose says, of its plugin or the stand-alone program; skips and fails like `promtool`."""
    for command in _compose_commands():
        if subprocess.run([*command, "version"], capture_output=True, check=False).returncode == 0:
            return run([*command, "-f", str(COMPOSE_FILE), *arguments])
    pytest.skip("docker compose not found: install the plugin, or name the program in DOCKER_COMPOSE")


def _compose_commands() -> Iterator[list[str]]:
    """Ways to call docker compose version 2, the likeliest first; version 1 knows neither profiles nor `name`."""
    if named := os.environ.get("DOCKER_COMPOSE"):
        yield [named]
    if docker := shutil.which("docker"):
        yield [docker, "compose"]


def run(command: list[str]) -> str:
    """What a command says; fails with it where the command does not end well."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}:\n{said}"
    return said
