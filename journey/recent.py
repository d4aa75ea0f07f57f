"""Recent signals written down, so that they take little room while nobody asks for them.

Owns the form of `Past.written`: lines of JSON. The first is the state before the signals; then comes a line a signal,
[at, kind, id, topic, partition, offset, attributes, late]. Most customers are written down after every batch and looked
back at never; so a signal is written once, and read only where a late one asks for it.
"""

import orjson

from journey.memory import Memory, Past, State
from schemas.signals import Origin, Signal


def write(past: Past) -> bytes:
    """All that is needed to read the past back, which is kept in this form from then on.

    Raises:
        orjson.JSONEncodeError: a signal or the state holds what JSON cannot.
    """
    if past.before is not None:
        past.written, past.before = orjson.dumps(past.before), None
    if past.signals:
        past.written = b"\n".join([past.written, *map(_line, past.signals)])
        past.signals = []
    return past.written


def read(memory: Memory, past: Past) -> tuple[State, list[Signal]]:
    """The state before the recent signals, and all of these. The state is the past's own: do not change it."""
    if past.before is not None:
        return past.before, past.signals
    before, *lines = past.written.split(b"\n")
    return orjson.loads(before), [*(_signal(memory.customer, line) for line in lines), *past.signals]


def _line(signal: Signal) -> bytes:
    origin = signal.origin
    place = origin.topic, origin.partition, origin.offset
    return orjson.dumps((signal.at, signal.kind, signal.id, *place, signal.attributes, int(signal.late)))


def _signal(customer: str, line: bytes) -> Signal:
    at, kind, name, topic, partition, offset, attributes, late = orjson.loads(line)
    return Signal(customer, kind, at, name, attributes, Origin(topic, partition, offset), bool(late))
