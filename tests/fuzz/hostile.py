"""What a hostile or broken sender puts where something else belongs: values, texts, and mutations of JSON and bytes.

Owns no knowledge of what is read; everything is drawn from the `Random` that is handed in.
"""

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

import orjson

LONG: Final = 300
"""Longer than any id, name or text that is kept."""

NUMBERS: Final[Sequence[Any]] = (
    0, -0.0, 1, -1, 0.1, 17.0, 1e12, 1e12 + 1, -1e13, 2**31, 2**53, 2**53 + 1, 2**63, 2**64 - 1, 2**64, 10**40, 10**400,
    1e20, 1e300, 1e308, 5e-324, float("inf"), float("-inf"), float("nan"), 1710325274, 1710325274000, 1710325274000000,
    1710325274000000000, 946_684_799_999, 946_684_800_000, 4_102_444_800_000, -62135596800, 253402300800, True, False,
)  # fmt: skip

TEXTS: Final[Sequence[str]] = (
    "", " ", "\t", "\n", "0", "-1", "00000000-0000-0000-0000-000000000000", "null", "None", "undefined", "guest", "nan",
    "NaN", "inf", "-Infinity", "1e999", "1_000", "0x10", "١٢", "9" * 65, "9" * 5000, "true", "[object Object]", "a\0b",
    "\0partition", "a\x1fb", "\x7f", "a\x85b", "a\u2028b", "\ud800", "\udfff", "a\ud83d", "\ufeff", "\ufffe", "\u202eabc",
    "e\u0301", "\U0001f469\u200d\U0001f4bb", "İ", "ß", "ﬀ", "x" * 255, "x" * 256, "x" * 257, "\U0001f600" * 256,
    "2024-03-13", "20240313", "2024-03-13T10:21:14Z", "2024-03-13T10:21:14.123456789Z", "2024-W11-3", "2024-03-13T24:00Z",
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999-23:59", "2024-03-13 10:21:14 UTC", "2024-02-30T00:00:00Z",
    "2024-03-13T10:21:60Z", "13/03/2024", "1710325274", "1.710325274e9", "1710325274000000000", "-1e3", "12,50", "12.50 €",
    "a.b", "gid://shopify/Order/1", "${jndi:ldap://x}", "../../etc/passwd", "'; drop table customers; --", "%s%n%x",
    "{{7*7}}", "<script>", "\r\nX-Header: 1", "__proto__", "__class__", "=cmd()", "e30=", "eyJhIjoxfQ==", "{}", "[]",
    '{"a":1}',
)  # fmt: skip


def scalar(random: Random) -> Any:
    """A number, text, truth value or nothing."""
    lot = random.random()
    if lot < 0.4:
        return random.choice(TEXTS)
    if lot < 0.75:
        return random.choice(NUMBERS)
    if lot < 0.85:
        return None
    if lot < 0.9:
        return random.uniform(-1e15, 1e15)
    return text(random)


def text(random: Random) -> str:
    """Any text."""
    size = random.choice((1, 3, 8, 40, LONG))
    top = random.choice((0x7F, 0xFF, 0x2FFF, 0x10FFFF))
    return "".join(map(chr, (random.randrange(top) for _ in range(size))))


def value(random: Random, depth: int = 0) -> Any:
    """Any JSON value; seldom large or deep."""
    lot = random.random()
    if lot < 0.7 or depth > 3:
        return scalar(random)
    if lot < 0.82:
        return [value(random, depth + 1) for _ in range(random.randrange(4))]
    if lot < 0.97:
        return {str(scalar(random)): value(random, depth + 1) for _ in range(random.randrange(4))}
    return nested(random, scalar(random))


def nested(random: Random, inner: Any) -> Any:
    """The value under so many lists and objects."""
    for _ in range(random.choice((2, 10, 60, 253, 255, 300))):
        inner = [inner] if random.random() < 0.5 else {"a": inner}
    return inner


def _places(whole: Any) -> list[tuple[Any, Any]]:
    """(container, key) of every value inside, to a depth that mutation has not run away with."""
    found: list[tuple[Any, Any]] = []
    waiting = [whole]
    while waiting and len(found) < 200:
        container = waiting.pop()
        keys = list(container) if isinstance(container, dict) else range(len(container))
        for key in keys:
            found.append((container, key))
            if isinstance(container[key], dict | list):
                waiting.append(container[key])
    return found


def _replace(random: Random, container: Any, key: Any) -> None:
    container[key] = value(random)


def _delete(random: Random, container: Any, key: Any) -> None:  # noqa: ARG001
    del container[key]


def _retype(random: Random, container: Any, key: Any) -> None:
    one = container[key]
    ways: list[Callable[[], Any]] = [lambda: [one], lambda: {"value": one}, lambda: _shown(one), lambda: [one, one]]
    container[key] = random.choice(ways)()


def _shown(one: Any) -> str:
    return json.dumps(one) if isinstance(one, dict | list) else str(one)[:4000]


def _swap(random: Random, container: Any, key: Any) -> None:
    other = random.choice(list(container) if isinstance(container, dict) else range(len(container)))
    container[key], container[other] = container[other], container[key]


def _rename(random: Random, container: Any, key: Any) -> None:
    if isinstance(container, dict):
        name = random.choice(
            (str(key).upper(), f" {key}", f"{key}.x", "", "events", "data", "type", "name", text(random))
        )
        container[name] = container.pop(key)
    else:
        container.insert(key, container[key])


def _deepen(random: Random, container: Any, key: Any) -> None:
    container[key] = nested(random, container[key])


def _repeat(random: Random, container: Any, key: Any) -> None:
    """Many where there was one."""
    many = random.choice((2, 30, 300))
    container[key] = [container[key]] * many if random.random() < 0.5 else {str(n): container[key] for n in range(many)}


_OF_JSON: Final = (_replace, _replace, _replace, _delete, _retype, _swap, _rename, _deepen, _repeat)


def mutate(random: Random, whole: Any) -> None:
    """Change a JSON value in place, at one to four places."""
    for _ in range(random.choice((1, 1, 1, 2, 2, 4))):
        if places := _places(whole):
            container, key = random.choice(places)
            lot = random.choice(_OF_JSON)
            if lot is not _repeat or len(places) < 50:
                lot(random, container, key)


def written(random: Random, whole: Any) -> bytes:
    """The value as a careless sender writes it: NaN, half surrogates and endless integers included."""
    if random.random() < 0.6:
        try:
            return orjson.dumps(whole)
        except TypeError:
            pass
    ascii_only = random.random() < 0.7
    try:
        return json.dumps(whole, ensure_ascii=ascii_only).encode(errors="surrogatepass")
    except RecursionError:  # it was deepened more than once
        return b'{"a":' * 1500 + b"1" + b"}" * 1500


def bytes_changed(random: Random, content: bytes) -> bytes:
    """Bytes with something done to them that no JSON writer does."""
    lot = random.randrange(10)
    at = random.randrange(len(content) + 1)
    end = min(len(content), at + random.choice((1, 2, 8, 50)))
    match lot:
        case 0:
            return content[:at]
        case 1:
            return content[:at] + content[end:]
        case 2:
            return content[:at] + content[at:end] * random.choice((2, 20)) + content[end:]
        case 3:
            return content[:at] + random.randbytes(random.choice((1, 2, 9))) + content[at:]
        case 4:
            return content[:at] + random.choice(_SCRAPS) + content[at:]
        case 5:
            return b"\xef\xbb\xbf" + content
        case 6:
            codec = random.choice(("utf-16", "utf-16-le", "utf-32", "utf-8-sig"))
            return content.decode(errors="replace").encode(codec)
        case 7:
            return content + random.choice((b" ", b"\n", b"\0", content, b"{}", b","))
        case 8:
            return random.choice((b"[", b'{"a":', b'{"events":[')) * random.choice((3, 300, 1100)) + content
        case _:
            changed = bytearray(content)
            for _ in range(random.choice((1, 1, 4))):
                if changed:
                    changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
            return bytes(changed)


_SCRAPS: Final = (
    b"\\ud800", b"\\u0000", b"NaN", b"Infinity", b"1e999", b"-", b"9" * 400, b"//", b"/*", b"'", b'"', b"\\", b",", b":",
    b"[", b"]", b"{", b"}", b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\0", b"\x1f", b'"userId":"u-2",',
    b'"":null,', b'"__proto__":{},', b"null", b"true", b"0.", b"1E+", b"\\u00", b"\xe2\x80\xa8",
)  # fmt: skip
