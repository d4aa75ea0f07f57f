"""What is installed is what was looked at: exact versions with their hashes, and nothing from elsewhere."""

import re
from pathlib import Path

import pytest

from tests.deploy.tools import ROOT

LOCKS = sorted(ROOT.glob("requirements*.lock"))


def entries(lock: Path) -> list[str]:
    """Each requirement with its hashes, as one line."""
    text = re.sub(r"\\\n\s*", " ", lock.read_text())
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_each_package_has_an_exact_version_and_its_hashes(lock: Path) -> None:
    pinned = re.compile(r"^[A-Za-z0-9._-]+(\[[a-z0-9,]+\])?==[^ ]+ .*--hash=sha256:[0-9a-f]{64}")
    assert len(entries(lock)) > 10
    assert [entry for entry in entries(lock) if not pinned.search(entry)] == []


def test_whoever_installs_from_them_asks_for_the_hashes() -> None:
    for file in ("Makefile", "deploy/install.sh"):
        lines = [
            line for line in (ROOT / file).read_text().splitlines() if re.search(r"install .*-r requirements", line)
        ]
        assert lines != []
        assert [line for line in lines if "--require-hashes" not in line] == []
