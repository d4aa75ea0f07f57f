"""Commands: what a shop asks to be done with one customer, as it comes on `customer-commands`.

Owns their form (JSON value, the customer as key, a header with the signature), what each means, and who may give one
where keys are configured. Neither what doing it takes nor what a topic is. What is wrong with one is told without a
byte of it: it may name a customer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hmac import compare_digest
from hmac import digest as hmac_digest
from typing import Any, Final

import orjson

from schemas.decoding import explained
from schemas.faults import SenderError
from schemas.rejections import Headers, Rejection
from schemas.signals import Origin
from schemas.times import EARLIEST, LATEST, parse_rfc3339, rfc3339
from schemas.values import MAX_ID_LENGTH, fit

ERASE: Final = "erase"
SUPPRESS: Final = "suppress"
UNSUPPRESS: Final = "unsuppress"

COMMANDS: Final = {
    ERASE: "forget all that is known of the customer; a later event begins with somebody new",
    SUPPRESS: "the same, and from now on drop the customer's events, keeping only a salted hash of the id",
    UNSUPPRESS: "drop them no longer",
}
"""Every command, and what it means."""

SIGNATURE: Final = "stagewatch-signature"
"""The header that proves who sent a command: HMAC-SHA256 of the value's bytes, in hexadecimal digits."""

MAX_BYTES: Final = 4_096
"""A command with the longest ids, all of them escaped, takes 3.2 KB."""

_FIELDS: Final = frozenset({"command", "customer", "id", "at"})


@dataclass(slots=True)
class Command:
    """One command: which of COMMANDS, of whom, its own id, when it was given (ms since 1970), where it stood."""

    command: str
    customer: str
    id: str
    at: int
    origin: Origin


def encode(command: str, customer: str, id_: str, at: int) -> bytes:
    """The value of a command's record."""
    return orjson.dumps({"command": command, "customer": customer, "id": id_, "at": rfc3339(at)})


def sign(value: bytes, key: str) -> str:
    """What the header SIGNATURE of a record with this value holds."""
    return hmac_digest(key.encode(), value, "sha256").hex()


def read(
    value: bytes | None, origin: Origin, *, key: bytes | None, headers: Headers = (), keys: Sequence[str] = ()
) -> Command | Rejection:
    """A record as a command, or why it is none that counts; never raises.

    Args:
        value: of the record.
        origin: where it stood.
        key: of the record; it is to be the customer's id.
        headers: of the record.
        keys: with one of these it is to be signed; none: nobody signs.
    """
    try:
        found = _checked(value or b"", headers, keys)
        _of_the_key(found["customer"], key)
        command = Command(found["command"], found["customer"], found["id"], _moment(found["at"]), origin)
    except SenderError as fault:
        return Rejection(fault.reason, fault.detail, origin, key, value, headers)
    return command


def _checked(value: bytes, headers: Headers, keys: Sequence[str]) -> dict[str, Any]:
    if len(value) > MAX_BYTES:
        raise SenderError("too large", f"{len(value)} bytes, and a command has {MAX_BYTES} at most")
    _authentic(value, [content for name, content in headers if name.lower() == SIGNATURE], keys)
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        found = explained(value, error)
    if not isinstance(found, dict):
        raise SenderError("not an object", "a command is a JSON object")
    if found.keys() != _FIELDS:
        raise SenderError("no command", f"a command has these fields and no others: {', '.join(sorted(_FIELDS))}")
    if not isinstance(found["command"], str) or found["command"] not in COMMANDS:
        raise SenderError("no command", f"the command is none of {', '.join(COMMANDS)}")
    if not _is_id(found["customer"]):
        raise SenderError("nobody", "the customer's id is no text, is too long, or holds what no id holds")
    if not _is_id(found["id"]):
        raise SenderError("no command", "the command's own id is no text, is too long, or holds what no id holds")
    return found


def _authentic(value: bytes, signatures: Sequence[bytes], keys: Sequence[str]) -> None:
    if not keys:
        return
    if not signatures:
        raise SenderError("unsigned", f"commands are to be signed here, and it has no header {SIGNATURE}")
    given = signatures[-1] or b""
    if not any(compare_digest(sign(value, key).encode(), given.lower()) for key in keys):
        raise SenderError("bad signature", "none of the keys configured signs it so")


def _of_the_key(customer: str, key: bytes | None) -> None:
    if customer.encode() != key:
        raise SenderError("other key", "the record's key is not the customer's id, so it may be on any partition")


def _is_id(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_ID_LENGTH and value == value.strip() and fit(value)


def _moment(value: object) -> int:
    try:
        at = parse_rfc3339(value) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None:
        raise SenderError("bad time", "`at` is no moment as RFC 3339 has it, with its zone")
    if not EARLIEST <= at < LATEST:
        raise SenderError("implausible time", "`at` is before the year 2000 or after 2099")
    return at
