"""Commands about customers, damaged, to what reads them.

What must hold: nothing is raised; what counts as a command names a customer who can be one, is the record's key, and is
signed where that is asked for; what does not keeps its record, and is told without a byte of it.
"""

from __future__ import annotations

from random import Random
from typing import Any, Final

import orjson

from schemas.commands import COMMANDS, SIGNATURE, Command, encode, read, sign
from schemas.rejections import REASONS
from schemas.signals import Origin
from schemas.times import EARLIEST, LATEST
from schemas.values import MAX_ID_LENGTH
from tests.fuzz import hostile
from tests.fuzz.events import AT, Headers

KEYS: Final = ("correct horse", "battery staple")
WHO: Final = "somebody-in-particular"

Record = tuple[bytes | None, bytes | None, Headers, tuple[str, ...]]
"""Value, key, headers, and the keys that are configured."""


class Commands:
    """Hostile commands, and what is wrong with what comes of them."""

    def make(self, random: Random) -> Record:
        """A record."""
        value: bytes = encode(random.choice(list(COMMANDS)), WHO, "c-1", AT)
        lot = random.random()
        if lot < 0.5:
            said = orjson.loads(value)
            hostile.mutate(random, said)
            value = hostile.written(random, said)
        elif lot < 0.9:
            value = hostile.bytes_changed(random, value)
        signed: Any = random.choice(
            (sign(value, KEYS[0]), sign(value, KEYS[1]).upper(), sign(value, "guess"), "", "\0")
        )
        headers: Headers = [
            (random.choice((SIGNATURE, SIGNATURE.upper(), "x")), random.choice((signed.encode(), None, b"\xff")))
        ]
        keys = random.choice(((), KEYS, KEYS[:1]))
        key = random.choice((WHO.encode(), WHO.encode(), None, b"", b"\xff", b"other"))
        return random.choice((value, value, value, None)), key, random.choice((headers, headers, [])), keys

    def check(self, case: Record) -> str | None:
        """What is wrong with what comes of a command."""
        value, key, headers, keys = case
        found = read(value, Origin("customer-commands", 1, 2), key=key, headers=tuple(headers), keys=keys)
        if isinstance(found, Command):
            return self._wrong(found, case)
        if found.reason not in REASONS or found.reason == "fault of ours":
            return f"{found.reason}: {found.detail}"
        if (found.value, found.key, list(found.headers)) != (value, key, list(headers)):
            return "the record is not as it came"
        return "it says who" if WHO in found.detail else None

    def _wrong(self, command: Command, case: Record) -> str | None:
        value, key, headers, keys = case
        if command.command not in COMMANDS or command.customer.encode() != key or not EARLIEST <= command.at < LATEST:
            return f"{command} is none"
        if not 0 < len(command.id) <= MAX_ID_LENGTH or not 0 < len(command.customer) <= MAX_ID_LENGTH:
            return f"{command} has ids beyond measure"
        given = [(text or b"").lower() for name, text in headers if name.lower() == SIGNATURE]
        if keys and not any(sign(value or b"", each).encode() in given for each in keys):
            return f"{command} is not signed"
        return None
