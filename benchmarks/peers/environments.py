"""Where the peers live: a Python environment for each, and the built Kafka Streams project, all in a cache folder.

None of them is a dependency of the project. A folder is named after what went into it, so a changed requirement or a
changed line of Java makes another one.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).parent
CACHE = Path.home() / ".cache" / "stagewatch-bench"
STREAMS = HERE / "kafka-streams"


def python(peer: str) -> str:
    """The interpreter of a peer's environment, made from `requirements-<peer>.txt` the first time."""
    requirements = HERE / f"requirements-{peer}.txt"
    folder = CACHE / f"{peer}-{_digest([requirements])}"
    interpreter = folder / "bin" / "python"
    if not (folder / "complete").exists():
        print(f"making {folder}", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(interpreter), "-m", "pip", "install", "--quiet", "-r", str(requirements)], check=True)
        (folder / "complete").touch()
    return str(interpreter)


def streams() -> str:
    """The class path of the Kafka Streams peer, built by Maven the first time."""
    sources = [STREAMS / "pom.xml", *sorted(STREAMS.rglob("*.java"))]
    folder = CACHE / f"kafka-streams-{_digest(sources)}"
    if not (folder / "complete").exists():
        print(f"building {folder}", flush=True)
        subprocess.run(["mvn", "-q", "-B", "-f", str(sources[0]), f"-Dbuilt={folder}", "package"], check=True)
        (folder / "complete").touch()
    return f"{folder}/bench.jar:{folder}/jars/*"


def version(peer: str, package: str) -> str:
    """The version of a package that a peer's requirements pin."""
    lines = (HERE / f"requirements-{peer}.txt").read_text(encoding="utf-8").splitlines()
    return next(line.split("==")[1] for line in lines if line.split("[")[0].split("==")[0] == package)


def _digest(files: Iterable[Path]) -> str:
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:12]
