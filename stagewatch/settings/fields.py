"""The types of settings that people write by hand: lengths of time, lists on one line, sources, topic names.

Written text is read here; code that builds settings gives whole milliseconds and lists.
"""

import os
from pathlib import Path
from typing import Annotated

import orjson
from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, StringConstraints, ValidationInfo
from pydantic_core import PydanticCustomError

from stagewatch.durations import NEVER, milliseconds, written

BY_HAND = {"by hand": True}
"""The validation context of values that a person wrote; a bare number is then no length of time."""


def _length(value: object, info: ValidationInfo) -> object:
    if isinstance(value, str):
        return milliseconds(value)
    if info.context == BY_HAND and isinstance(value, int | float):
        raise ValueError(f"{value} has no unit: write it as 500ms, 5s, 30m, 2h or 7d")
    return value


def _length_or_never(value: object, info: ValidationInfo) -> object:
    return None if isinstance(value, str) and value.strip().lower() == NEVER else _length(value, info)


def listed(value: object) -> object:
    """A JSON array, or items separated by commas, as a list; anything else as it came."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return orjson.loads(value)
    return [item.strip() for item in value.split(",") if item.strip()]


def source(value: object) -> object:
    """`shop-events=segment` as a source and its dialect; without `=` the dialect is detected."""
    if not isinstance(value, str):
        return value
    topic, _, dialect = value.partition("=")
    return {"topic": topic.strip(), "dialect": dialect.strip() or "auto"}


def _reachable(addresses: str) -> str:
    for address in addresses.split(","):
        if not 0 < int(address.rpartition(":")[2]) <= 65_535:  # noqa: PLR2004  what a port may be
            raise ValueError(f"{address} has no port from 1 to 65535")
    return addresses


Addresses = Annotated[
    str, StringConstraints(pattern=r"^[^\s,:@/]+:\d{1,5}(,[^\s,:@/]+:\d{1,5})*$"), AfterValidator(_reachable)
]


def _existing(path: Path) -> Path:
    if not os.path.isfile(path):  # noqa: PTH113  Path.is_file raises where a name is too long to be one
        raise PydanticCustomError("path_not_file", "there is no such file")
    return path


ExistingFile = Annotated[Path, AfterValidator(_existing)]

TopicName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9._-]{1,249}$")]

Length = Annotated[int, Field(gt=0), BeforeValidator(_length), PlainSerializer(written, when_used="json")]

LengthOrNever = Annotated[
    Annotated[int, Field(gt=0)] | None,
    BeforeValidator(_length_or_never),
    PlainSerializer(written, when_used="json"),
]
