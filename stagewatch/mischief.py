"""Mischief: what happens to events on their way, made up on purpose: repeated, late, and spoilt in many ways.

Seeded: the same signals and the same seed give the same mischief. It knows no dialect; how a signal is written
is a function handed in. A spoilt event is always one too many: all good ones still come through.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Final, NamedTuple

from schemas.signals import Signal

Write = Callable[[Signal], bytes | None]
"""The bytes of a signal; None where the dialect has no word for it."""

Spoiler = Callable[[Random, Signal, Write], bytes]
"""What is written in a signal's place to be of no use."""

MINUTE: Final = 60_000
LATENESS: Final = ((0.7, MINUTE // 3), (0.95, 30 * MINUTE), (1.0, 180 * MINUTE))
"""How late late events are: up to 20 s (within the usual patience), 30 min (within the usual lateness), 3 h."""

REPEATED_WITHIN: Final = 2 * MINUTE
NESTING: Final = 1_500
HUGE: Final = 1_100_000
"""Bytes: more than a record may have."""

NOBODIES: Final = ("undefined", "null", "0", "anonymous", "[object Object]", "--")
NO_TIMES: Final = (0, 12_345, 9_999_999_999_999)


class Item(NamedTuple):
    """A record to be written: its event time in ms, its customer, its bytes."""

    at: int
    customer: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Shares:
    """Of how many events (0 to 1) mischief is made."""

    duplicates: float = 0.0
    late: float = 0.0
    malformed: float = 0.0


def mischief(
    signals: Iterable[Signal], write: Write, shares: Shares, seed: int, spoilers: Sequence[Spoiler] | None = None
) -> Iterator[Item]:
    """The signals written, with so much mischief; `spoilers` spoil in one of these ways (IN_LINES if not said)."""
    rng = Random(f"mischief {seed}")  # noqa: S311  chance that must repeat itself
    held: list[tuple[int, int, Item]] = []
    tickets = count()
    spoilers = spoilers or IN_LINES
    for signal in signals:
        value = write(signal)
        if value is None:
            continue
        item = Item(signal.at, signal.customer, value)
        while held and held[0][0] <= item.at:
            yield heappop(held)[2]
        if shares.malformed and rng.random() < shares.malformed:
            spoilt = rng.choice(spoilers)(rng, signal, write)
            yield Item(item.at, item.customer, spoilt)
        if shares.duplicates and rng.random() < shares.duplicates:
            heappush(held, (item.at + rng.randrange(REPEATED_WITHIN), next(tickets), item))
        if shares.late and rng.random() < shares.late:
            heappush(held, (item.at + _lateness(rng), next(tickets), item))
        else:
            yield item
    while held:
        yield heappop(held)[2]


def _lateness(rng: Random) -> int:
    draw = rng.random()
    return rng.randrange(next(most for bound, most in LATENESS if draw < bound))


def _nobody(rng: Random, signal: Signal, write: Write) -> bytes:
    return write(replace(signal, customer=rng.choice(NOBODIES))) or b""


def _no_time(rng: Random, signal: Signal, write: Write) -> bytes:
    return write(replace(signal, at=rng.choice(NO_TIMES))) or b""


def _cut_short(rng: Random, signal: Signal, write: Write) -> bytes:
    value = write(signal) or b""
    return value[: rng.randrange(1, max(len(value) - 1, 2))]


def _wrong_encoding(rng: Random, signal: Signal, write: Write) -> bytes:
    value = write(signal) or b""
    place = rng.randrange(1, max(len(value), 2))
    return value[:place] + b"\xff\xfe" + value[place:]


def _wide_encoding(_rng: Random, signal: Signal, write: Write) -> bytes:
    return (write(signal) or b"").decode().encode("utf-16-le")


def _other_json(rng: Random, _signal: Signal, _write: Write) -> bytes:
    return rng.choice((b"null", b"42", b"true", b'"an event"', b"[]", b"{}", b"[1,2,3]", b'{"a":NaN}'))


def _deep(_rng: Random, _signal: Signal, _write: Write) -> bytes:
    return b"[" * NESTING + b"]" * NESTING


def _huge(_rng: Random, _signal: Signal, _write: Write) -> bytes:
    return b'{"padding":"' + b"x" * HUGE + b'"}'


IN_ROWS: Final[Sequence[Spoiler]] = (_nobody, _no_time)
"""For tables, where much of what spoils JSON would be a cell like any other."""

ON_A_TOPIC: Final[Sequence[Spoiler]] = (
    *(_nobody, _no_time, _cut_short, _wrong_encoding, _wide_encoding, _other_json) * 9,
    *(_deep,) * 6,
)
"""For Kafka, which does not take records beyond 1 MiB unless told to."""

# Huge ones are spelt out in full, so they are rare: one in 61.
IN_LINES: Final[Sequence[Spoiler]] = (*ON_A_TOPIC, _huge)
"""For files of lines. None makes a line break, and none gives an event that counts."""
