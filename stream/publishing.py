"""From what `journey` found to the records that subscribers read: which topic, which key, which headers.

A transition is encoded once. The same bytes go to `stage-transitions`, to the topic of its route, and into the
outbox of the customer's changelog record, from which they can be published again after a crash. That a customer has
been forgotten goes wherever his transitions may have gone. When anything is sent, and whether, is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from typing import Any

import orjson

from journey.machine import Machine
from journey.memory import Memory
from journey.standing import Standings
from schemas import erasures
from schemas.commands import Command
from schemas.rejections import HEADER, Rejection
from schemas.transitions import Transition, headers, record
from stream.changelog import UnknownEntryError
from stream.outlet import Headers, Out

# What a request has around a record (bytes): 61 of the batch and some 20 of the record; up to 8 of each header besides.
ROOM = 1024
# Key and headers (bytes) that a record without its value may keep.
MOST_BESIDE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Topics:
    """The names of the topics that are published to; `prefix` stands before routed ones too."""

    transitions: str = "stage-transitions"
    stages: str = "customer-stages"
    rejected: str = "rejected-events"
    prefix: str = ""

    def routed(self, route: str) -> str:
        """The topic of a journey's route."""
        return self.prefix + route


@dataclass(slots=True)
class Published:
    """A transition on its way out: its record as bytes, its headers, and the routes beside `stage-transitions`."""

    value: bytes
    headers: Headers
    routes: Sequence[str]

    def outbox(self) -> list[Any]:
        """As it is kept in the changelog; the record stands there as JSON, not as text within JSON."""
        return [self.routes, orjson.Fragment(self.value)]


def published(transition: Transition, recorded_at: int) -> Published:
    """The transition as it will be published; `recorded_at` is the wall clock in milliseconds."""
    return _published(record(transition, recorded_at), transition.route)


def from_outbox(kept: list[Any]) -> Published:
    """What `Published.outbox` kept, read back; bytes and headers are the same as before.

    Raises:
        UnknownEntryError: it is not as this release keeps it.
    """
    try:
        routes, form = kept
        if not all(type(route) is str for route in routes):
            raise ValueError(routes)  # noqa: TRY301  caught with the rest
        return _published(form, routes)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise UnknownEntryError(
            "a transition in the changelog is none of this release's: run the one that wrote it"
        ) from error


def _published(form: dict[str, Any], routes: Sequence[str]) -> Published:
    return Published(orjson.dumps(form), headers(form), routes)


def transition_records(topics: Topics, customer: str, transitions: Iterable[Published]) -> list[Out]:
    """The records of a customer's transitions, in order."""
    key = customer.encode()
    return [
        Out(topic, key, transition.value, transition.headers)
        for transition in transitions
        for topic in (topics.transitions, *map(topics.routed, transition.routes))
    ]


@dataclass(slots=True)
class Notice:
    """That a customer has been forgotten, on its way out: its id, the customer, its record as bytes and its headers."""

    id: str
    customer: str
    value: bytes
    headers: Headers


def notice(command: Command, recorded_at: int) -> Notice:
    """What is published of a command that forgets somebody; `recorded_at` is the wall clock in milliseconds."""
    return notice_of(orjson.dumps(erasures.record(command, recorded_at)))


def notice_of(value: bytes) -> Notice:
    """The notice whose record these bytes are; the headers are the same as before."""
    form = orjson.loads(value)
    return Notice(form["id"], form["customer"], value, erasures.headers(form))


def notice_records(topics: Topics, machine: Machine, told: Notice) -> list[Out]:
    """Its records: wherever the customer's transitions may have gone, and that he stands nowhere any more."""
    key = told.customer.encode()
    everywhere = (topics.transitions, *map(topics.routed, sorted(machine.routes)))
    return [*(Out(topic, key, told.value, told.headers) for topic in everywhere), Out(topics.stages, key, None)]


def stages_record(topics: Topics, machine: Machine, memory: Memory) -> Out:
    """The customer's record of `customer-stages`."""
    return Out(topics.stages, memory.customer.encode(), _standings(machine).encode(memory))


@lru_cache(maxsize=8)
def _standings(machine: Machine) -> Standings:
    """Made once for a worker's machine."""
    return Standings(machine.layout)


def rejection_record(topics: Topics, rejection: Rejection, takes: int) -> Out:
    """The record of `rejected-events`: the original bytes, reason and origin in headers.

    Told by its digest where it is larger than the `takes` bytes that the topic takes. That has to be known before: once
    a broker has refused a request, it takes no other of the same idempotent producer.
    """
    key, value, why = rejection.record()
    out = Out(topics.rejected, key, value, why)
    return out if len(value or b"") + _beside(out) + ROOM <= takes else digested(out)


def _beside(out: Out) -> int:
    # Bytes, and a header's value may be null: both as senders like.
    return len(out.key or b"") + sum(len(name.encode()) + len(text or b"") + 8 for name, text in out.headers)


def digested(out: Out) -> Out:
    """A record that is too large for its topic, as one without bytes: what it was, in headers.

    Key and original headers are left out too where they are long themselves. SHA-256 of the value in hexadecimal digits
    and the lengths in bytes let whoever has the source's record find it again.
    """
    value = out.value or b""
    told = [("value-sha256", sha256(value).hexdigest().encode()), ("value-bytes", b"%d" % len(value))]
    if _beside(out) <= MOST_BESIDE:
        kept, key = list(out.headers), out.key
    else:
        kept, key = [each for each in out.headers if each[0].startswith(HEADER)], None
        told.append(("key-bytes", b"%d" % len(out.key or b"")))
    return replace(out, key=key, value=None, headers=[*kept, *((HEADER + name, text) for name, text in told)])
