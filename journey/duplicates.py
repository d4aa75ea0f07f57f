"""Signals that come twice: what is kept to know them again.

Owns the form of `Memory.seen`: entries of ENTRY bytes, the oldest first, each the digest of an id and the time of the
signal (ms, big-endian). An order is known by its order id, too, whatever id its signal has. Eight bytes of digest among
MOST entries take a signal for another's copy once in 10^16 signals.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from journey.memory import Memory
from journey.tally import Tally
from schemas.signals import Signal

if TYPE_CHECKING:
    from journey.machine import Machine

DIGEST: Final = 8
ENTRY: Final = 14
MOST: Final = 512
"""A customer has at most so many ids kept: 7 KB in memory, a third more where they are written down."""
CLEARING: Final = 16
"""What is too old is looked for once in so many entries."""

_OF_ID: Final = blake2b(digest_size=DIGEST)
_OF_ORDER: Final = blake2b(digest_size=DIGEST, person=b"order")
"""To be copied, which is quicker than making one."""


def noted_before(memory: Memory, signal: Signal, machine: Machine, tally: Tally) -> bool:
    """Whether the signal is a copy of one that was noted; if not, it is noted now.

    One that can be put in its place is a copy, if its time is within the machine's `dedup_window` of the other's; one
    too late for that is, as long as the other is remembered.
    """
    seen, digests = memory.seen, _digests(signal)
    for digest in digests:
        # Most signals are new, and looking for the bytes anywhere is quicker than looking for an entry.
        if digest in seen and _is_known(memory, digest, signal.at, machine):
            return True
    _note(memory, digests, signal.at, machine, tally)
    return False


def note(memory: Memory, signal: Signal, machine: Machine, tally: Tally) -> None:
    """Remember the signal, in place, until none that can be put in its place could be a copy of it any more.

    One that is too late for its place is remembered as if it were of the time its customer has reached, at which it
    counts. What is too much is forgotten, and counted.
    """
    _note(memory, _digests(signal), signal.at, machine, tally)


def order_of(signal: Signal) -> str | None:
    """The id of the order that the signal completes."""
    if signal.kind != "order_completed" or "order" not in signal.attributes:
        return None
    return str(signal.attributes["order"])


def copies(signal: Signal, other: Signal) -> bool:
    """Whether the two are one signal, or complete one order."""
    return signal.id == other.id or ((order := order_of(signal)) is not None and order == order_of(other))


def _digests(signal: Signal) -> tuple[bytes, ...]:
    """By what the signal is known again: its id, and that of the order that it completes."""
    hashed = _OF_ID.copy()
    hashed.update(signal.id.encode())
    order = order_of(signal)
    if order is None:
        return (hashed.digest(),)
    ordered = _OF_ORDER.copy()
    ordered.update(order.encode())
    return hashed.digest(), ordered.digest()


def _note(memory: Memory, digests: tuple[bytes, ...], at: int, machine: Machine, tally: Tally) -> None:
    own = memory.at
    time = max(0, at if at >= own - machine.lateness else own).to_bytes(ENTRY - DIGEST)
    seen = memory.seen
    for digest in digests:
        seen += digest + time
    memory.seen = seen
    if len(seen) > ENTRY * MOST or len(seen) % (ENTRY * CLEARING) < ENTRY * len(digests):
        _clear(memory, max(own, at) - machine.dedup_window - machine.lateness, tally)


def _is_known(memory: Memory, digest: bytes, at: int, machine: Machine) -> bool:
    """Whether a signal of this digest was noted, of which one of the time `at` (ms) is a copy."""
    own, window = max(memory.at, at), machine.dedup_window
    since = own - window - machine.lateness
    earliest, latest = (max(since, at - window), at + window) if at >= own - machine.lateness else (since, own)
    seen = memory.seen
    entry = seen.find(digest)
    while entry >= 0:
        if entry % ENTRY == 0 and earliest <= _time(seen, entry) <= latest:
            return True
        entry = seen.find(digest, entry + 1)
    return False


def _clear(memory: Memory, since: int, tally: Tally) -> None:
    """Forget what is older than `since`, and what is too much (counted)."""
    seen = memory.seen
    old = 0
    while old < len(seen) and _time(seen, old) < since:
        old += ENTRY
    surplus = max(0, (len(seen) - old) // ENTRY - MOST)
    tally.ids_forgotten += surplus
    memory.seen = seen[old + surplus * ENTRY :]


def _time(seen: bytes, at: int) -> int:
    return int.from_bytes(seen[at + DIGEST : at + ENTRY])
