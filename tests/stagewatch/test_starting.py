"""What keeps a worker from starting is told in words that say where, and it ends at once; no traceback, no loop."""

from pathlib import Path

import pytest

from tests.kafka.worker import command

FILES = {"bad.yaml": b"journey: bad\n", "dialect.yaml": b"dialect: mine\n", "binary": b"\xff\xfe"}
NOBODY = {"broker": "127.0.0.1:1"}


@pytest.mark.parametrize(
    ("settings", "code", "words"),
    [
        (NOBODY, 1, ("127.0.0.1:1",)),
        ({"broker": "127.0.0.1:99999"}, 2, ("STAGEWATCH_BROKER", "127.0.0.1:99999")),
        ({"brker": "127.0.0.1:1"}, 2, ("STAGEWATCH_BRKER", "did you mean STAGEWATCH_BROKER?")),
        ({"partitions": "x", "http.port": "soon"}, 2, ("STAGEWATCH_PARTITIONS", "STAGEWATCH_HTTP_PORT")),
        ({"journeys": "bad.yaml"}, 1, ("bad.yaml:1:1", "'title' is missing")),
        ({"journeys": "six-stage"}, 1, ("no journey is shipped under this name", "five-stage")),
        ({"journeys": "binary"}, 1, ("binary: is no UTF-8 text",)),
        ({"dialect_files": "dialect.yaml"}, 1, ("dialect.yaml:1:1", "(title)")),
        ({"sources": "shop=segmnt"}, 1, ("sources: shop", "segmnt", "segment")),
    ],
)  # fmt: skip
def test_a_worker_that_cannot_start_says_why_and_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], code: int, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    ended, out, err = command(NOBODY | settings, "worker", within=40)
    assert ended == code, out + err
    for word in words:
        assert word in err
    assert "Traceback" not in err
