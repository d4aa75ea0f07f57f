"""Dead letters: what stands on `rejected-events`, read back: the record as it came, why it was refused, and whence.

The other way round of `Rejection.record`. Owns how a dead letter becomes a record of its source again: the original
bytes and key, the original headers, and two of ours, by which it counts once. Does not know whether
it would be understood by now.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Final, Self

from schemas.decoding import texts
from schemas.parts import HEADER as EVENTS
from schemas.parts import Part
from schemas.rejections import HEADER, RETRIED, Headers
from schemas.signals import Origin

_NUMBER: Final = re.compile(r"\d{1,19}", re.ASCII)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that was refused.

    Attributes:
        reason: one of REASONS, or of an older or newer version's.
        detail: what was found.
        origin: where it stood when it was refused.
        key: as it came.
        value: as it came; None for a tombstone, and where only its digest is kept.
        headers: as they came, without ours.
        part: which of its events were refused; None for all.
        says_part: whether it says so; older versions did not.
        retried: where it stood first, if it was sent again before.
        digest: SHA-256 of the value, in hexadecimal digits, where the value was too large to be kept.
        size: of the value, in bytes.
    """

    reason: str
    detail: str
    origin: Origin
    key: bytes | None
    value: bytes | None
    headers: Headers
    part: Part | None
    says_part: bool
    retried: str | None
    digest: str | None
    size: int

    @classmethod
    def of(cls, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]]) -> Self | None:
        """The dead letter that a record is; None for a record that is none, having no origin in its headers."""
        told = {name: text for name, text in texts(headers).items() if name.startswith(HEADER)}
        numbers = [told.get(HEADER + name, "") for name in ("partition", "offset")]
        topic = told.get(HEADER + "topic")
        if not topic or not all(map(_NUMBER.fullmatch, numbers)):
            return None
        size = told.get(HEADER + "value-bytes", "")
        return cls(
            reason=told.get(HEADER + "reason", ""),
            detail=told.get(HEADER + "detail", ""),
            origin=Origin(topic, *map(int, numbers)),
            key=key,
            value=value,
            headers=tuple(each for each in headers if not each[0].lower().startswith(HEADER)),
            part=Part.of(told),
            says_part=EVENTS in told,
            retried=told.get(RETRIED),
            digest=told.get(HEADER + "value-sha256"),
            size=int(size) if _NUMBER.fullmatch(size) else len(value or b""),
        )

    @property
    def address(self) -> str:
        """Where it stood, as text."""
        return f"{self.origin.topic}/{self.origin.partition}@{self.origin.offset}"

    @property
    def identity(self) -> str:
        """What tells it apart from all others: where it stood, and a digest of it.

        A record may be refused twice, by a worker that ends before it commits and by the next one: one identity. So
        have two that tell of different events of one record (`besides`). The digest tells it from a record that stands
        at the same place of a topic made anew.
        """
        digest = blake2b(self.key or b"", digest_size=8)
        digest.update(b"\0" + (self.value or b""))
        return f"{self.address} {digest.hexdigest()}"

    def besides(self, sent: Part | None) -> Self | None:
        """What is left of it where this part of its record has been sent again (None: all of it); None for nothing."""
        if sent is None or (self.part is not None and self.part.total != sent.total):
            return None
        left = (self.part or Part.all_of(sent.total)) - sent
        return None if left is None else replace(self, part=left)

    def again(self) -> list[tuple[str, bytes]]:
        """The headers with which it is sent again: its own, what of it counts, and where it stood first."""
        ours = [(EVENTS, str(self.part).encode())] if self.part else []
        return [*self.headers, *ours, (RETRIED, (self.retried or self.address).encode())]
