"""Stages: the value of `customer-stages`, where each customer stands now.

Owns the record of that compacted topic. Knows neither how a customer got there nor what a topic is.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from schemas.times import rfc3339


class Standing(NamedTuple):
    """Where a customer stands on one track.

    Attributes:
        stage: the stage; of a track kept per cart, that of the cart last touched.
        since: when it was entered, in ms; None: it is how the track began.
        furthest: the furthest stage ever reached, where the track keeps that.
        dropped_off: whether the customer has been in the stage for longer than its time-frame; None where it has none.
        carts: of a track kept per cart, each cart's stage and since when; None is the one that signals without an id
            share.
    """

    stage: str
    since: int | None
    furthest: str | None = None
    dropped_off: bool | None = None
    carts: Mapping[str | None, tuple[str, int | None]] | None = None


Journeys = Mapping[str, Mapping[str, Standing]]
"""journey -> track -> where the customer stands."""


def stages_record(
    customer: str, sequence: int, at: int, journeys: Journeys, versions: Mapping[str, int] | None = None
) -> dict[str, Any]:
    """The published form.

    Args:
        customer: whose stages these are.
        sequence: that of the customer's last transition.
        at: event time in ms, how far this customer's time has come.
        journeys: where the customer stands on each track of each journey.
        versions: the version of each journey; those not named have none in the record.
    """
    return {
        "customer": customer,
        "sequence": sequence,
        "at": rfc3339(at),
        "journeys": {
            journey: {
                "version": (versions or {}).get(journey),
                "tracks": {track: _track(standing) for track, standing in tracks.items()},
            }
            for journey, tracks in journeys.items()
        },
    }


def encode_stages(
    customer: str, sequence: int, at: int, journeys: Journeys, versions: Mapping[str, int] | None = None
) -> bytes:
    """The published form as UTF-8 JSON; arguments as of `stages_record`."""
    return orjson.dumps(stages_record(customer, sequence, at, journeys, versions))


def _track(standing: Standing) -> dict[str, Any]:
    """What a track does not keep is left out, because most keep nothing but the stage."""
    stage, since, furthest, dropped_off, carts = standing
    said: dict[str, Any] = {"stage": stage, "since": None if since is None else rfc3339(since)}
    if furthest is not None:
        said["furthest"] = furthest
    if dropped_off is not None:
        said["dropped_off"] = dropped_off
    if carts is not None:
        said["carts"] = [
            {"cart": cart, "stage": where, "since": None if entered is None else rfc3339(entered)}
            for cart, (where, entered) in carts.items()
        ]
    return said
