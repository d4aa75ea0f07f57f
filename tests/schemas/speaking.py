"""What the tests of the wire share: the shipped dialects, readers of them, and the data that others made."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import orjson
import pytest

from schemas.dialects import Dialect, load_dialect, shipped_dialects
from schemas.reading import Outcome, Reader
from schemas.rejections import Rejection
from schemas.signals import Origin, Passed, Signal

ROOT: Final = Path(__file__).parents[2]
EXAMPLES: Final = ROOT / "examples" / "dialects"
SHIPPED: Final = shipped_dialects()
HERE: Final = Origin("events", 3, 17)
AT: Final = 1_710_325_274_000
"""2024-03-13T10:21:14Z."""


def example_dialect(name: str) -> Dialect:
    return load_dialect((EXAMPLES / f"{name}.yaml").read_text(), f"{name}.yaml")


def reader(dialect: str = "auto", *more: Dialect) -> Reader:
    return Reader({**SHIPPED, **{one.dialect: one for one in more}}, dialect)


READERS: Final = {name: reader(name) for name in ("auto", *SHIPPED)}


def read(
    event: object,
    dialect: str = "segment",
    *,
    key: bytes | None = None,
    headers: Sequence[tuple[str, bytes]] = (),
    latest: int | None = None,
) -> list[Outcome]:
    """What a record says: bytes as they are, anything else as JSON."""
    value = event if isinstance(event, bytes | None) else orjson.dumps(event)
    return READERS[dialect].read(value, HERE, key=key, headers=headers, latest=latest)


def only(
    event: object, dialect: str = "segment", headers: Sequence[tuple[str, bytes]] = (), latest: int | None = None
) -> Outcome:
    (outcome,) = read(event, dialect, headers=headers, latest=latest)
    return outcome


def signal(
    event: object, dialect: str = "segment", headers: Sequence[tuple[str, bytes]] = (), latest: int | None = None
) -> Signal:
    outcome = only(event, dialect, headers, latest)
    assert isinstance(outcome, Signal), outcome
    return outcome


def passed(event: object, dialect: str = "segment") -> Passed:
    outcome = only(event, dialect)
    assert isinstance(outcome, Passed), outcome
    return outcome


def rejection(event: object, dialect: str = "segment", latest: int | None = None) -> Rejection:
    outcome = only(event, dialect, latest=latest)
    assert isinstance(outcome, Rejection), outcome
    return outcome


def track(event: str = "Product Viewed", /, **fields: object) -> dict[str, object]:
    """A Segment track call that says a signal."""
    return {
        "type": "track",
        "event": event,
        "userId": "u-1",
        "messageId": "m-1",
        "timestamp": "2024-03-13T10:21:14Z",
        **fields,
    }


def shared(path: str) -> Path:
    """A file of the data made by others; the test skips where it is missing, and fails where it must not be."""
    found = ROOT.parent / "shared" / "data" / path
    if not found.exists():
        if os.environ.get("CI"):
            pytest.fail(f"{found} is missing, and CI must not skip what it is for")
        pytest.skip(f"{found} is missing: it is data made by others, beside the repository")
    return found
