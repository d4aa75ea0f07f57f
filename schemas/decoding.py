"""Decoding: bytes into JSON, or the sender's fault in them, named.

Owns the limits of a record's value and what each way of being no JSON is called. orjson decides what JSON is: it
refuses NaN, half surrogates, control characters in texts, numbers that overflow a double and nesting beyond 1024;
it takes the last of repeated keys, and reads integers beyond 64 bits as floats.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from schemas.faults import SenderError

MAX_RECORD_BYTES: Final = 1_048_576
"""1 MiB: Kafka's own default limit of a record, and a hundred times a large order. Decoded, JSON can take twenty
times its size in memory."""

_BOM: Final = b"\xef\xbb\xbf"


def explained(value: bytes, error: orjson.JSONDecodeError) -> Any:  # noqa: ANN401  any JSON
    """What a value is that orjson did not read: JSON after all, behind a byte order mark. Else raises SenderError."""
    if value.startswith(_BOM):  # RFC 8259 lets readers skip it, and what Windows programs export has it
        value = value.removeprefix(_BOM)
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError as inner:
            error = inner
    raise _fault(value, str(error)) from None


def _fault(value: bytes, message: str) -> SenderError:
    if not value.strip():
        return SenderError("empty", f"{len(value)} bytes, all of them white space")
    if b"\0" in value[:4]:
        return SenderError("not UTF-8", "zero bytes among the first four: this looks like UTF-16 or UTF-32")
    try:
        value.decode()
    except UnicodeDecodeError as error:
        return SenderError("not UTF-8", f"byte {error.start}: {error.reason}")
    if "depth" in message or "ecursion" in message:  # orjson's wording differs between versions
        return SenderError("too deep", message)
    return SenderError("not JSON", message)


def texts(headers: Iterable[tuple[str, bytes | None]]) -> Mapping[str, str]:
    """A record's headers as text, by name in lower case; what is no UTF-8 is left out, the last one counts."""
    found = {}
    for name, value in headers:
        try:
            found[name.lower()] = value.decode() if value else ""
        except UnicodeDecodeError:
            continue
    return found
