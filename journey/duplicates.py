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
"""A customer has at most so many ids kept: 7 KB."""
CLEARING: Final = 16
"""What is too old is looked for once in so many entries."""

_OF_ID: Final = blake2b(digest_size=DIGEST)
_OF_ORDER: Final = blake2b(digest_size=DIGEST, person=b"order")
"""To be copied, which is quicker than making one."""


def heard_before(memory: Memory, signal: Signal, machine: Machine, tally: Tally) -> bool:
    """Whether a copy of the signal was heard; if not, note in `memory` that it is heard now.

    A copy is one whose time is within the machine's `dedup_window` of the first one's. Ids are remembered until no
    signal that can be put in its place could be a copy any more.
    """
    seen, at = memory.seen, signal.at
    hashed = _OF_ID.copy()
    hashed.update(signal.id.encode())
    digest = hashed.digest()
    # Most signals are new, and looking for the bytes anywhere is quicker than looking for an entry.
    if digest in seen and _is_known(memory, digest, at, machine):
        return True
    entries = digest + max(0, at).to_bytes(ENTRY - DIGEST)
    if signal.kind == "order_completed" and (order := order_of(signal)) is not None:
        hashed = _OF_ORDER.copy()
        hashed.update(order.encode())
        digest = hashed.digest()
        if digest in seen and _is_known(memory, digest, at, machine):
            return True
        entries += digest + entries[DIGEST:]
    memory.seen = seen = seen + entries
    if len(seen) > ENTRY * MOST or len(seen) % (ENTRY * CLEARING) < len(entries):
        _clear(memory, _since(memory, at, machine), tally)
    return False


def order_of(signal: Signal) -> str | None:
    """The id of the order that the signal completes."""
    if signal.kind != "order_completed" or "order" not in signal.attributes:
        return None
    return str(signal.attributes["order"])


def copies(signal: Signal, other: Signal) -> bool:
    """Whether the two are one signal, or complete one order."""
    return signal.id == other.id or ((order := order_of(signal)) is not None and order == order_of(other))


def _since(memory: Memory, at: int, machine: Machine) -> int:
    """From when on (ms) ids are remembered, once a signal of the time `at` is there."""
    return max(at, memory.at) - machine.dedup_window - machine.lateness


def _is_known(memory: Memory, digest: bytes, at: int, machine: Machine) -> bool:
    """Whether a signal of this digest was seen, of which one of the time `at` (ms) is a copy."""
    seen, window = memory.seen, machine.dedup_window
    earliest, latest = max(_since(memory, at, machine), at - window), at + window
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
