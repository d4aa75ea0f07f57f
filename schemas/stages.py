"""Stages: the value of `customer-stages`, where each customer stands now.

Owns the record of that compacted topic. Knows neither how a customer got there nor what a topic is.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from schemas.times import rfc3339

Standing = Mapping[str, Mapping[str, tuple[str, int | None]]]
"""journey -> track -> (stage, since when in ms; None: from the beginning)."""


def stages_record(
    customer: str, sequence: int, at: int, standing: Standing, versions: Mapping[str, int] | None = None
) -> dict[str, Any]:
    """The published form.

    Args:
        customer: whose stages these are.
        sequence: that of the customer's last transition.
        at: event time in ms, how far this customer's time has come.
        standing: the stage on each track of each journey.
        versions: the version of each journey; those not named have none in the record.
    """
    return {
        "customer": customer,
        "sequence": sequence,
        "at": rfc3339(at),
        "journeys": {
            journey: {
                "version": (versions or {}).get(journey),
                "tracks": {
                    track: {"stage": stage, "since": None if since is None else rfc3339(since)}
                    for track, (stage, since) in tracks.items()
                },
            }
            for journey, tracks in standing.items()
        },
    }


def encode_stages(
    customer: str, sequence: int, at: int, standing: Standing, versions: Mapping[str, int] | None = None
) -> bytes:
    """The published form as UTF-8 JSON; arguments as of `stages_record`."""
    return orjson.dumps(stages_record(customer, sequence, at, standing, versions))
