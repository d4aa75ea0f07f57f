"""Whose events a partition drops: customers who are known by a salted hash of their id alone.

Owns what is kept of them under the partition's own keys, and nothing of who is to be dropped, or when. The salt is the
partition's, made when it first needs one, and stays: without it, who can read the changelog could try every id that the
shop has. With it that takes the changelog's reader nothing but time, so the changelog is to be read by the worker only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Final

from stream.changelog import OWN

SALT_KEY: Final = OWN + b"salt"
SUPPRESSED: Final = OWN + b"suppressed:"
SALT_BYTES: Final = 16
# What stands under the key of one who is suppressed; that it stands there is what counts.
YES: Final = b"1"


class Suppressed:
    """Those of one partition; `own` is what the partition keeps for itself."""

    def __init__(self, own: Mapping[bytes, bytes]) -> None:
        self._own = own
        self._count = sum(key.startswith(SUPPRESSED) for key in own)

    def __len__(self) -> int:
        return self._count

    def __contains__(self, customer: str) -> bool:
        salt = self._own.get(SALT_KEY)
        return salt is not None and _key(customer, salt) in self._own

    def changes(self, customer: str, random: Callable[[int], bytes], *, yes: bool) -> dict[bytes, bytes | None]:
        """What the partition is to keep so that the customer is suppressed, or is no longer; nothing where that is so.

        `random` gives so many bytes that nobody can foresee.
        """
        if (customer in self) == yes:
            return {}
        self._count += 1 if yes else -1
        salt = self._own.get(SALT_KEY)
        if salt is None:
            salt = random(SALT_BYTES)
            return {SALT_KEY: salt, _key(customer, salt): YES}
        return {_key(customer, salt): YES if yes else None}


def _key(customer: str, salt: bytes) -> bytes:
    return SUPPRESSED + blake2b(customer.encode(), key=salt, digest_size=16).hexdigest().encode()
