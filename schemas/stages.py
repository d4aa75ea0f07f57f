"""Stages: the value of `customer-stages`, where each customer stands now.

Owns the record of that compacted topic. Knows neither how a customer got there nor what a topic is.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from schemas.times import rfc3339

Standing = Mapping[str, tuple[int, Mapping[str, tuple[str, int | None]]]]
"""journey -> (version, track -> (stage, since when in ms; None: from the beginning))."""


def record(customer: str, sequence: int, at: int, standing: Standing) -> dict[str, Any]:
    """The published form. `sequence` is that of the customer's last transition, `at` its event time in ms."""
    return {
        "customer": customer,
        "sequence": sequence,
        "at": rfc3339(at),
        "journeys": {
            journey: {
                "version": version,
                "tracks": {
                    track: {"stage": stage, "since": None if since is None else rfc3339(since)}
                    for track, (stage, since) in tracks.items()
                },
            }
            for journey, (version, tracks) in standing.items()
        },
    }


def encode(customer: str, sequence: int, at: int, standing: Standing) -> bytes:
    """The published form as UTF-8 JSON."""
    return orjson.dumps(record(customer, sequence, at, standing))
