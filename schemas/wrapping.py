"""Wrapping: events inside envelopes, and several events inside one record.

Owns opening an envelope (its fields may stand in the record's headers instead), reading a dialect as it is spoken
inside one, and splitting a record into its events. An envelope's own fields go before those of the event inside.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import orjson

from schemas.decoding import MAX_RECORD_BYTES
from schemas.dialects import Dialect
from schemas.faults import SenderError
from schemas.paths import Path, put

MAX_EVENTS: Final = 10_000
"""Events in one record. Vendors' own limits are 25 to 1,000; and a record could hold 350,000 empty objects."""


MAX_REPEATED: Final = 16 * 1024 * 1024
"""Bytes of JSON that a record's own fields may come to, if each of its events has them all: 10,000 events with 1.6 KB
each. One record of 1 MiB could else become a hundred gigabytes."""

FEW: Final = MAX_REPEATED // MAX_RECORD_BYTES
"""Events of which this need not be asked."""


def enveloped(envelope: Dialect, record: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    """The record as if its envelope's fields, which stand in the headers, stood around it; else as it is."""
    fields: dict[str, Any] = {}
    for prefix in envelope.wraps.headers if envelope.wraps else ():
        fields |= {name.removeprefix(prefix): text for name, text in headers.items() if name.startswith(prefix)}
    if fields and envelope.wraps:
        put(fields, envelope.wraps.data, record)
        return fields
    return record


def inside(dialect: Dialect, record: dict[str, Any]) -> dict[str, Any] | None:
    """The event inside an envelope: an object, or JSON as text or base64. None if there is none, or no envelope."""
    if dialect.wraps is None:
        return None
    data = dialect.wraps.data.look(record, {}, None)
    if data is None and dialect.wraps.base64 is not None:
        data = _decoded(dialect.wraps.base64.look(record, {}, None))
    if isinstance(data, str | bytes):
        try:
            data = orjson.loads(data)
        except orjson.JSONDecodeError:
            return None
    return data if isinstance(data, dict) else None


def _decoded(data: object) -> bytes | None:
    try:
        return base64.b64decode(data, validate=True) if isinstance(data, str) else None
    except (binascii.Error, ValueError):
        return None


def wrapped(dialect: Dialect, envelope: Dialect) -> Dialect:
    """`dialect` as it is spoken inside `envelope`, whose customer, id and time go before its own."""
    return dialect.model_copy(
        update={
            "customer": [place.model_copy(update={"at": _outer(place.at)}) for place in envelope.customer]
            + dialect.customer,
            "id": [
                place.model_copy(
                    update={
                        "at": place.at and _outer(place.at),
                        "join": place.join and [_outer(path) for path in place.join],
                    }
                )
                for place in envelope.id
            ]
            + dialect.id,
            "time": [place.model_copy(update={"at": _outer(place.at)}) for place in envelope.time] + dialect.time,
        }
    )


def _outer(path: Path) -> Path:
    return replace(path, root="envelope") if path.root == "event" else path


def split(dialect: Dialect, record: dict[str, Any]) -> list[Any]:
    """The events of a record; fields of the record stand in for those an event lacks. Raises SenderError."""
    if dialect.each is None:
        return [record]
    found = dialect.each.look(record, {}, None)
    if found is None:
        return [record]
    if type(found) is not list or not found:
        raise SenderError("no events", "where the record's events are looked for stands no list, or an empty one")
    if len(found) > MAX_EVENTS:
        raise SenderError("too large", f"{len(found)} events in one record; at most {MAX_EVENTS} are read")
    around = {key: value for key, value in record.items() if key != dialect.each.steps[0]}
    if len(found) > FEW and _size(around) * len(found) > MAX_REPEATED:
        raise SenderError("too large", f"{len(found)} events, each with {len(around)} fields of the record's own")
    return [_merged(around, event) if type(event) is dict else event for event in found]


def _size(fields: dict[str, Any]) -> int:
    try:
        return len(orjson.dumps(fields))
    except orjson.JSONEncodeError:  # nested deeper than orjson writes
        return MAX_RECORD_BYTES


def _merged(around: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    return {**around, **{key: value for key, value in event.items() if value is not None}}
