"""Signals that come twice: what is kept to know them again.

Owns the form of `Memory.seen`: entries of ENTRY bytes, the oldest first, each the digest of an id and the time of the
signal (ms, big-endian). An order is known by its order id, too, whatever id its signal has. Eight bytes of digest among
MOST entries take a signal for another's copy once in 10^16 signals.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

from journey.tally import Tally
from schemas.signals import Signal

DIGEST: Final = 8
ENTRY: Final = 14
MOST: Final = 512
"""A customer has at most so many ids kept: 7 KB."""

_OF_ID: Final = blake2b(digest_size=DIGEST)
_OF_ORDER: Final = blake2b(digest_size=DIGEST, person=b"order")
"""To be copied, which is quicker than making one."""


def digests(signal: Signal) -> list[bytes]:
    """By what the signal is known again: its id, and that of the order that it completes."""
    hashed = _OF_ID.copy()
    hashed.update(signal.id.encode())
    found = [hashed.digest()]
    if (order := order_of(signal)) is not None:
        hashed = _OF_ORDER.copy()
        hashed.update(order.encode())
        found.append(hashed.digest())
    return found


def order_of(signal: Signal) -> str | None:
    """The id of the order that the signal completes."""
    return (
        str(signal.attributes["order"]) if signal.kind == "order_completed" and "order" in signal.attributes else None
    )


def copies(signal: Signal, other: Signal) -> bool:
    """Whether the two are one signal, or complete one order."""
    return signal.id == other.id or ((order := order_of(signal)) is not None and order == order_of(other))


def is_known(seen: bytes, digest: bytes, since: int) -> bool:
    """Whether a signal of this digest, not older than `since` (ms), was seen."""
    at = seen.find(digest)
    while at >= 0:
        if at % ENTRY == 0 and _time(seen, at) >= since:
            return True
        at = seen.find(digest, at + 1)
    return False


def remembering(seen: bytes, found: Sequence[bytes], at: int, since: int, tally: Tally) -> bytes:
    """`seen` with these digests of a signal at the time `at`, less what is older than `since` or too much (counted)."""
    while seen and _time(seen, 0) < since:
        seen = seen[ENTRY:]
    time = max(0, at).to_bytes(ENTRY - DIGEST)
    seen += b"".join([digest + time for digest in found])
    if (surplus := len(seen) // ENTRY - MOST) > 0:
        tally.ids_forgotten += surplus
        seen = seen[surplus * ENTRY :]
    return seen


def _time(seen: bytes, at: int) -> int:
    return int.from_bytes(seen[at + DIGEST : at + ENTRY])
