"""Erasures: the published record of a customer who was forgotten, for all who follow transitions to do the same.

Owns its fields, its deterministic id and its headers. It goes where the customer's transitions went, behind the last of
them; what comes after it is of somebody new, whose sequence begins at 1. `schemas.published.ErasureRecord` is its JSON
Schema.
"""

from collections.abc import Mapping
from typing import Any, Final

from schemas.commands import Command
from schemas.times import rfc3339
from schemas.transitions import derived_id

ERASED: Final = "erased"
"""The kind of the record, where transitions have made, corrected, suppressed."""

EVENT_TYPE: Final = "stagewatch.erasure.v1"
"""CloudEvents type; a change that old subscribers cannot read gets a new number."""


def erasure_id(command: Command) -> str:
    """The same whenever the same record of a command is done; two records with one command in them have two."""
    origin = command.origin
    return derived_id("erasure", command.customer, origin.topic, origin.partition, origin.offset)


def record(command: Command, recorded_at: int) -> dict[str, Any]:
    """The published form; `recorded_at` is wall-clock time in ms."""
    origin = command.origin
    return {
        "id": erasure_id(command),
        "customer": command.customer,
        "kind": ERASED,
        "at": rfc3339(command.at),
        "recorded_at": rfc3339(recorded_at),
        "cause": {
            "kind": command.command,
            "id": command.id,
            "topic": origin.topic,
            "partition": origin.partition,
            "offset": origin.offset,
        },
    }


def headers(published: Mapping[str, Any]) -> list[tuple[str, bytes]]:
    """The headers of a published form, as `record` gave it: CloudEvents 1.0 in Kafka's binary mode, and the kind."""
    named = {
        "ce_id": published["id"],
        "ce_time": published["at"],
        "ce_subject": published["customer"],
        "ce_specversion": "1.0",
        "ce_source": "/stagewatch/commands",
        "ce_type": EVENT_TYPE,
        "content-type": "application/json",
        "kind": ERASED,
    }
    return [(name, text.encode()) for name, text in named.items()]
