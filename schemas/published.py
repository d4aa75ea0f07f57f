"""What we publish, as models, and the JSON Schemas made from them.

Owns the promise to subscribers: the records of `stage-transitions`, the value of `customer-stages`, the headers that
`rejected-events` adds, and for those who send to us our own signal format and that of commands. `python -m
schemas.published` writes the schemas to schemas/published/; a test holds that the files there, the models here and what
is encoded agree.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from schemas.commands import COMMANDS
from schemas.rejections import HEADER, MAX_DETAIL, REASONS
from schemas.signals import ATTRIBUTES, KINDS, Attribute
from schemas.transitions import REASONS as WHY
from schemas.values import MAX_ID_LENGTH, MAX_NUMBER, MAX_TEXT_LENGTH

FOLDER: Final = Path(__file__).parent / "published"

Moment = Annotated[
    str,
    StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"),
    Field(description="UTC, RFC 3339 with milliseconds", json_schema_extra={"format": "date-time"}),
]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Number = Annotated[str, StringConstraints(pattern=r"^\d+$")]
Customer = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID_LENGTH)]
FactValue = float | int | str | None


def _meanings(words: Mapping[str, str]) -> list[JsonValue]:
    return [{"const": word, "description": meaning} for word, meaning in words.items()]


def _attribute(known: Attribute) -> JsonValue:
    bounds: dict[str, JsonValue] = (
        {"type": "number", "minimum": -MAX_NUMBER, "maximum": MAX_NUMBER}
        if known.type == "number"
        else {"type": "string", "maxLength": MAX_TEXT_LENGTH}
    )
    return {"description": known.meaning, **bounds}


class _Record(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", populate_by_name=True)


class CauseRecord(_Record):
    """Why the transition happened: the signal and where its record stood, or that a deadline passed."""

    kind: Annotated[str, Field(description="the kind of the signal, or `deadline`")]
    id: Annotated[str | None, Field(description="the signal's id")]
    topic: str | None
    partition: int | None
    offset: int | None


class TransitionRecord(_Record):
    """One move of one customer, as published to `stage-transitions` and to the topics of its routes."""

    id: Annotated[Digest, Field(description="the same for the same move, however often it is published")]
    sequence: Annotated[int, Field(ge=1, description="counts this customer's transitions, without gaps")]
    customer: Customer
    journey: str
    version: Annotated[int, Field(description="the journey's version")]
    track: str
    instance: Annotated[str | None, Field(description="which one, of a track kept per instance (a cart)")]
    name: Annotated[str, Field(description="the move")]
    from_: Annotated[str, Field(alias="from", description="the stage left")]
    to: Annotated[str, Field(description="the stage entered")]
    at: Annotated[Moment, Field(description="event time")]
    recorded_at: Annotated[Moment, Field(description="wall-clock time of the worker")]
    previous_at: Annotated[Moment | None, Field(description="when the stage left was entered")]
    cause: CauseRecord
    facts: Annotated[dict[str, FactValue], Field(description="what the move's condition read and the journey lists")]
    kind: Annotated[
        Literal["made", "corrected", "suppressed"],
        Field(description="corrected: `corrects` never was; suppressed: the stage changed, subscribers need not act"),
    ]
    corrects: Annotated[Digest | None, Field(description="the id of the transition that this one withdraws")]
    reason: Annotated[
        Literal[tuple(WHY)] | None,  # type: ignore[valid-type]  # made of data
        Field(description="; ".join(f"{reason}: {meaning}" for reason, meaning in WHY.items())),
    ]
    late: Annotated[bool, Field(description="caused by a signal that came too late to be put in its place")]


class CommandCauseRecord(_Record):
    """The command, and where its record stood."""

    kind: Annotated[Literal["erase", "suppress"], Field(description="the command")]
    id: Annotated[str, Field(description="the command's id")]
    topic: str
    partition: int
    offset: int


class ErasureRecord(_Record):
    """A customer was forgotten: published wherever transitions are, so that whoever keeps something does the same.

    Transitions of the same customer that come after it are of somebody new; their sequence begins at 1.
    """

    id: Annotated[Digest, Field(description="the same for the same erasure, however often it is published")]
    customer: Customer
    kind: Annotated[Literal["erased"], Field(description="what tells it from a transition")]
    at: Annotated[Moment, Field(description="when the command was given")]
    recorded_at: Annotated[Moment, Field(description="wall-clock time of the worker")]
    cause: CommandCauseRecord


class CommandRecord(_Record):
    """A command on `customer-commands`: what is to be done with one customer, whose id is the record's key.

    Where keys are configured, the header `stagewatch-signature` holds the HMAC-SHA256 of the value's bytes in
    hexadecimal digits.
    """

    command: Annotated[str, Field(json_schema_extra={"oneOf": _meanings(COMMANDS)})]
    customer: Customer
    id: Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID_LENGTH), Field(description="its own id")]
    at: Annotated[str, Field(description="when it was given: RFC 3339, with its zone")]


class CartRecord(_Record):
    """Where one cart stands."""

    cart: Annotated[str | None, Field(description="which cart; null: the one that signals without a cart's id share")]
    stage: str
    since: Moment | None


class TrackRecord(_Record):
    """Where a customer stands on one track. What a track does not keep is left out."""

    stage: Annotated[str, Field(description="of a track kept per cart, that of the cart last touched")]
    since: Annotated[Moment | None, Field(description="when it was entered; null where the track began")]
    furthest: Annotated[str | None, Field(description="the furthest stage ever reached")] = None
    dropped_off: Annotated[
        bool | None, Field(description="whether the customer has been in the stage for longer than its time-frame")
    ] = None
    carts: Annotated[list[CartRecord] | None, Field(description="the carts that are kept, the last touched last")] = (
        None
    )


class JourneyRecord(_Record):
    """Where a customer stands on one journey."""

    version: int | None
    tracks: dict[str, TrackRecord]


class StagesRecord(_Record):
    """Where a customer stands now: the value of the compacted topic `customer-stages`."""

    customer: Customer
    sequence: Annotated[int, Field(ge=0, description="that of the customer's last transition")]
    at: Moment
    journeys: dict[str, JourneyRecord]


class RejectionHeaders(_Record):
    """The headers that a record of `rejected-events` has beside its own; its key and value are as they came.

    A record too large for that topic is there without its value, and has headers that tell its length and digest.
    """

    reason: Annotated[Literal[tuple(REASONS)], Field(alias=HEADER + "reason")]  # type: ignore[valid-type]  # made of data
    detail: Annotated[str, StringConstraints(max_length=MAX_DETAIL), Field(alias=HEADER + "detail")]
    topic: Annotated[str, Field(alias=HEADER + "topic")]
    partition: Annotated[str, StringConstraints(pattern=r"^\d+$"), Field(alias=HEADER + "partition")]
    offset: Annotated[str, StringConstraints(pattern=r"^\d+$"), Field(alias=HEADER + "offset")]
    events: Annotated[
        str | None,
        Field(
            alias=HEADER + "events",
            description="`all`, or which of the record's events were refused, as `1,4-7 of 10`, from 0",
        ),
    ] = None
    retried: Annotated[
        str | None,
        Field(alias=HEADER + "retried", description="where a record stood first that was sent again and refused again"),
    ] = None
    value_bytes: Annotated[Number | None, Field(alias=HEADER + "value-bytes")] = None
    value_sha256: Annotated[Sha256 | None, Field(alias=HEADER + "value-sha256")] = None
    key_bytes: Annotated[Number | None, Field(alias=HEADER + "key-bytes")] = None


class SignalRecord(_Record):
    """An event in our own dialect, `stagewatch`: a signal as JSON."""

    customer: Customer
    kind: Annotated[str, Field(json_schema_extra={"oneOf": _meanings(KINDS)})]
    at: Annotated[str | int, Field(description="event time: ISO 8601, or seconds, milliseconds, ... since 1970")]
    id: Annotated[str | None, Field(description="the event's own id; without one its content is its id")] = None
    attributes: Annotated[
        dict[str, float | int | str],
        Field(json_schema_extra={"properties": {name: _attribute(known) for name, known in ATTRIBUTES.items()}}),
    ] = {}


PUBLISHED: Final[dict[str, type[BaseModel]]] = {
    "transition": TransitionRecord,
    "customer-stages": StagesRecord,
    "rejection-headers": RejectionHeaders,
    "signal": SignalRecord,
    "erasure": ErasureRecord,
    "command": CommandRecord,
}
"""The published schemas by the name of their file."""


def json_schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one of PUBLISHED."""
    schema = PUBLISHED[name].model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"{name}.json", **schema}


def text(name: str) -> str:
    """The schema as its file holds it."""
    return json.dumps(json_schema(name), indent=2, ensure_ascii=False) + "\n"


def write(folder: Path = FOLDER) -> list[Path]:
    """Writes every schema into `folder` and returns the files."""
    folder.mkdir(exist_ok=True)
    files = []
    for name in PUBLISHED:
        file = folder / f"{name}.json"
        file.write_text(text(name), encoding="utf-8")
        files.append(file)
    return files


if __name__ == "__main__":  # pragma: no cover  one line, which says what `write`, tested, has done
    print(*write(), sep="\n")  # noqa: T201  a command says what it did
