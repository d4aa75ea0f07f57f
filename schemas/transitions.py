"""Transitions: the published record of one move of one customer.

Owns its fields, its deterministic id, and its form on the wire (JSON value, CloudEvents headers). Knows
neither how a move is decided nor what a topic is. `schemas.published.TransitionRecord` is its JSON Schema.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final, Literal

import orjson

from schemas.times import rfc3339

DEADLINE: Final = "deadline"
"""The cause of a transition that silence made, in place of a signal's id and kind."""

EVENT_TYPE: Final = "stagewatch.transition.v1"
"""CloudEvents type of every transition; a change that old subscribers cannot read gets a new number."""

Reason = Literal["late_signal", "cooldown", "once", "undone"]

REASONS: Final[Mapping[Reason, str]] = {
    "late_signal": "a signal that came late leaves no room for it",
    "cooldown": "the same move was published a short while ago",
    "once": "the move has been published before, and is published once",
    "undone": "the move was undone within its grace, or undid another within that one's",
}
"""Why a transition was corrected or suppressed."""

ID_BYTES: Final = 16
"""128 bits: among 10^12 transitions the chance that any two share an id is below 10^-14."""

_NO_HASH: Final = blake2b(digest_size=ID_BYTES)
"""To be copied, which takes two thirds of the time of making one."""

Fact = float | int | str | None


@dataclass(slots=True)
class Cause:
    """Why a transition happened: a signal (kind, id and where it stood), or a deadline (only the kind)."""

    kind: str
    id: str | None = None
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None


@dataclass(slots=True)
class Transition:
    """One move of one customer.

    `at` and `previous_at` are event time in ms; `route`: topics for copies; `reason`: why it was corrected or
    suppressed; `late`: a signal made it that came too late to be put in its place.
    """

    id: str
    sequence: int
    customer: str
    journey: str
    version: int
    track: str
    instance: str | None
    name: str
    from_: str
    to: str
    at: int
    previous_at: int | None
    cause: Cause
    facts: Mapping[str, Fact] = field(default_factory=dict)
    kind: Literal["made", "corrected", "suppressed"] = "made"
    corrects: str | None = None
    reason: Reason | None = None
    late: bool = False
    route: tuple[str, ...] = ()


def transition_id(  # noqa: PLR0917  the parts of the identity, in the order of the design
    customer: str,
    journey: str,
    version: int,
    track: str,
    instance: str | None,
    name: str,
    at: int,
    cause: str,
) -> str:
    """32 hex digits that follow from the arguments alone; `cause` is the signal's id, or DEADLINE.

    The encoding is a JSON array, in which no two different lists of arguments look alike.
    """
    hashed = _NO_HASH.copy()
    hashed.update(orjson.dumps((customer, journey, version, track, instance, name, at, cause)))
    return hashed.hexdigest()


def revised_id(first: str, generation: int, times: int) -> str:
    """The id under which a transition is published that was withdrawn so many times before, and has the id `first`."""
    return derived_id("revision", first, generation, times)


def correction_id(withdrawn: str) -> str:
    """The id of the correction that withdraws the transition of this id."""
    return derived_id("correction", withdrawn)


def derived_id(*parts: str | int) -> str:
    """32 hex digits that follow from the parts alone, the first of which says what it is the id of."""
    hashed = _NO_HASH.copy()
    hashed.update(orjson.dumps(parts))
    return hashed.hexdigest()


def record(transition: Transition, recorded_at: int) -> dict[str, Any]:
    """The published form; `recorded_at` is wall-clock time in ms."""
    cause = transition.cause
    previous = transition.previous_at
    at = rfc3339(transition.at)
    return {
        "id": transition.id,
        "sequence": transition.sequence,
        "customer": transition.customer,
        "journey": transition.journey,
        "version": transition.version,
        "track": transition.track,
        "instance": transition.instance,
        "name": transition.name,
        "from": transition.from_,
        "to": transition.to,
        "at": at,
        "recorded_at": at if recorded_at == transition.at else rfc3339(recorded_at),
        "previous_at": None if previous is None else rfc3339(previous),
        "cause": {
            "kind": cause.kind,
            "id": cause.id,
            "topic": cause.topic,
            "partition": cause.partition,
            "offset": cause.offset,
        },
        "facts": transition.facts,
        "kind": transition.kind,
        "corrects": transition.corrects,
        "reason": transition.reason,
        "late": transition.late,
    }


def encode(transition: Transition, recorded_at: int) -> bytes:
    """The published form as UTF-8 JSON."""
    return orjson.dumps(record(transition, recorded_at))


def headers(published: Mapping[str, Any]) -> list[tuple[str, bytes]]:
    """The headers of a published form: CloudEvents 1.0 in Kafka's binary mode, and four to filter by unparsed.

    Args:
        published: what `record` gave, or the same read back from its JSON.
    """
    return [
        ("ce_id", published["id"].encode()),
        ("ce_time", published["at"].encode()),
        ("ce_subject", published["customer"].encode()),
        *_headers_of_move(published["journey"], published["track"], published["name"], published["kind"]),
    ]


@lru_cache(maxsize=1024)
def _headers_of_move(journey: str, track: str, name: str, kind: str) -> tuple[tuple[str, bytes], ...]:
    """Those that are the same in all transitions of one move; there are few moves and many transitions."""
    named = {
        "ce_specversion": "1.0",
        "ce_source": f"/stagewatch/journeys/{journey}",
        "ce_type": EVENT_TYPE,
        "content-type": "application/json",
        "journey": journey,
        "track": track,
        "name": name,
        "kind": kind,
    }
    return tuple((header, text.encode()) for header, text in named.items())
