"""Dead letters as people, and programs, read them.

Owns the lines of the list, one letter in full, and that nothing of what a sender wrote reaches a terminal as a command.
"""

import json
from collections.abc import Iterator, Mapping

import orjson

from schemas.parts import WHOLE
from schemas.times import rfc3339
from stagewatch.deadletters import Fate, Found, Verdict

HEX_A_LINE = 32


def as_line(found: Found) -> str:
    """A line for people."""
    letter = found.letter
    told = [found.address, rfc3339(found.at), letter.reason, letter.address, f"{letter.size:,} B", letter.detail]
    return "  ".join(map(plain, told))


def as_json(found: Found) -> str:
    """A line for programs."""
    letter, origin = found.letter, found.letter.origin
    told = {
        "address": found.address,
        "at": rfc3339(found.at),
        "reason": letter.reason,
        "detail": letter.detail,
        "topic": origin.topic,
        "partition": origin.partition,
        "offset": origin.offset,
        "events": str(letter.part or WHOLE),
        "bytes": letter.size,
        "kept": letter.digest is None,
        "retried": letter.retried,
    }
    return json_line(told)


def json_line(told: Mapping[str, object]) -> str:
    """JSON in ASCII, on one line, which no terminal obeys."""
    return json.dumps(told)


def in_full(found: Found, verdict: Verdict) -> Iterator[str]:
    """All there is to know: headers, bytes, and what would become of it; line by line."""
    letter = found.letter
    yield f"{found.address}, rejected {rfc3339(found.at)}: {plain(letter.reason)}: {plain(letter.detail)}"
    yield f"  stood at   {plain(letter.address)}" + (f", first at {plain(letter.retried)}" if letter.retried else "")
    if letter.part:
        yield f"  its part   events {letter.part}; the others had been understood"
    yield f"  key        {_bytes(letter.key)}"
    for name, value in letter.headers:
        yield f"  header     {plain(name)}: {_bytes(value)}"
    if letter.digest is not None:
        yield f"  value      {letter.size:,} bytes, not kept; SHA-256 {plain(letter.digest)}"
    else:
        yield f"  value      {_bytes(letter.value)}"
    yield f"  sent again it {_one(verdict)}"
    for signal in verdict.signals:
        attributes = orjson.dumps(signal.attributes).decode()
        yield f"    {signal.kind} of {plain(signal.customer)} at {rfc3339(signal.at)}, id {plain(signal.id)}"
        if signal.attributes:
            yield f"      {plain(attributes)}"
    if verdict.rejection:
        yield f"    {verdict.rejection.reason}: {plain(verdict.rejection.detail)}"


def _one(verdict: Verdict) -> str:
    """The fate, of one record."""
    one = {
        Fate.SIGNALS: "would be understood" + (" in part" if verdict.rejection else ""),
        Fate.REFUSED: "would be rejected again",
        Fate.PASSED: "would be passed over, since no dialect hears a signal in it",
    }
    return one.get(verdict.fate, f"cannot be, or not by itself: such records {verdict.fate}")


def _bytes(value: bytes | None) -> str:
    """Bytes as text where they are text, in hexadecimal digits where not."""
    if value is None:
        return "none"
    try:
        return plain(value.decode())
    except UnicodeDecodeError:
        lines = [value[start : start + HEX_A_LINE].hex(" ") for start in range(0, len(value), HEX_A_LINE)]
        return f"{len(value):,} bytes, no text:\n             " + "\n             ".join(lines)


def plain(text: str) -> str:
    """Text without what a terminal might obey: it came from whoever may write to a source."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
