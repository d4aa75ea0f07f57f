"""Records that nobody can understand, of many kinds, each with the reasons that may be given for it.

Owns what can be wrong with one of Segment's calls. The same seed gives the same records.
"""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

import orjson

from tests.kafka.crowd import Event, event

NOBODY = ["", "  ", "null", "None", "undefined", "anonymous", "GUEST", "unknown", "NaN", "0", "-1", "true", "False"]
NOBODY += ["[object Object]", "00000000-0000-0000-0000-000000000000", "----", "x" * 5_000, "a\u0000b"]
NO_TIMES: list[object] = [
    "yesterday",
    "2024-13-45T99:99:99Z",
    "",
    "12:30",
    {"at": 1},
    [2024],
    True,
    None,
    "NaN",
    "\u0662",
]
STRANGE_TIMES: list[object] = ["1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", 0, "9999-12-31T23:59:59Z", 10**17, -5]
HUGE = 900_000  # bytes; the broker takes a little over a million

Make = Callable[[Random, int], bytes | None]


@dataclass(frozen=True, slots=True)
class Malformed:
    """A record's value, what is wrong with it, and the reasons for which it may be refused."""

    kind: str
    value: bytes | None
    reasons: frozenset[str]


def right(dice: Random, number: int) -> Event:
    """An event with nothing wrong: what is spoilt below."""
    return event(f"spoilt_{dice.randrange(50)}", "Product Viewed", datetime(2024, 3, 5, tzinfo=UTC), number)


def _with(dice: Random, number: int, **changed: object) -> bytes:
    return orjson.dumps(right(dice, number) | changed)


def _without(dice: Random, number: int, name: str) -> bytes:
    return orjson.dumps({key: value for key, value in right(dice, number).items() if key != name})


def _truncated(dice: Random, number: int) -> bytes:
    whole = orjson.dumps(right(dice, number))
    return whole[: dice.randrange(1, len(whole) - 1)]


def _broken(dice: Random, number: int) -> bytes:
    whole = orjson.dumps(right(dice, number))
    at = dice.randrange(8, len(whole) - 2)
    return dice.choice(
        [whole + b"}", whole + whole, b"{" + whole, whole.replace(b'"', b"'"), whole.replace(b":", b"=", 1),
         b"<event>%d</event>" % number, whole.replace(b"{", b"{,", 1), whole[:at] + b"\n\x00\n" + whole[at:], b"NaN"]
    )  # fmt: skip


def _not_an_object(dice: Random, number: int) -> bytes:
    return dice.choice([b"%d" % number, b'"text %d"' % number, b"[]", b"true", b"null", b"[1,2,%d]" % number, b"1e3"])


def _deep(dice: Random, number: int) -> bytes:
    depth = dice.choice([2_000, 20_000, 50_000])
    arrays = b"[" * depth + b"]" * depth
    objects = b'{"a":' * depth + b"1" + b"}" * depth
    inside = orjson.dumps(right(dice, number))[:-1] + b',"deep":' + dice.choice([arrays, objects]) + b"}"
    return dice.choice([arrays, objects, inside])


def _other_encoding(dice: Random, number: int) -> bytes:
    text = json.dumps(right(dice, number) | {"name": "Käthe Grünwald"}, ensure_ascii=False)
    return text.encode(dice.choice(["utf-16", "utf-16-le", "latin-1", "cp1252", "utf-32", "cp037"]))


def _not_utf8(dice: Random, number: int) -> bytes:
    spoilt = dice.choice([b"\xff\xfe", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\x80", b"\xe2\x82"])
    whole = orjson.dumps(right(dice, number))
    return dice.choice([whole.replace(b"spoilt", b"sp" + spoilt + b"lt"), gzip.compress(whole), dice.randbytes(60)])


def _half_surrogate(dice: Random, number: int) -> bytes:
    return orjson.dumps(right(dice, number)).replace(b"spoilt", b"sp\\ud800lt")


def _huge(dice: Random, number: int) -> bytes:
    whole = orjson.dumps(right(dice, number))
    return dice.choice([whole[:-1] + b',"more":"' + b"x" * HUGE, b"x" * HUGE, b" " * HUGE + whole[:-1], b"[" * HUGE])


KINDS: dict[str, tuple[int, set[str], Make]] = {
    "truncated JSON": (12, {"not JSON"}, _truncated),
    "broken JSON": (12, {"not JSON"}, _broken),
    "JSON, but no object": (8, {"not an object"}, _not_an_object),
    "empty": (4, {"empty"}, lambda dice, _: dice.choice([b"", b" ", b"\n\t ", b"\r\n"])),
    "null": (4, {"tombstone"}, lambda _dice, _: None),
    "an object of nothing we know": (
        4,
        {"no customer", "no time", "unknown dialect"},
        lambda dice, number: dice.choice([b"{}", b'{"a":%d}' % number, b'{"":{"":[]}}']),
    ),
    "too deep": (2, {"too deep"}, _deep),
    "an id that means nobody": (
        12,
        {"nobody", "no customer"},
        lambda dice, number: _with(dice, number, userId=dice.choice(NOBODY)),
    ),
    "an id of the wrong type": (
        8,
        {"nobody", "no customer"},
        lambda dice, number: _with(dice, number, userId=dice.choice([{}, [], ["a"], {"id": 1}, True, False, None])),
    ),
    "no id": (4, {"no customer"}, lambda dice, number: _without(dice, number, "userId")),
    "no time": (4, {"no time"}, lambda dice, number: _without(dice, number, "timestamp")),
    "a time that is none": (
        8,
        {"bad time", "no time"},
        lambda dice, number: _with(dice, number, timestamp=dice.choice(NO_TIMES)),
    ),
    "a time out of range": (
        8,
        {"implausible time", "bad time"},
        lambda dice, number: _with(dice, number, timestamp=dice.choice(STRANGE_TIMES)),
    ),
    "a time yet to come": (4, {"future"}, lambda dice, number: _with(dice, number, timestamp="2098-01-01T00:00:00Z")),
    "another encoding": (8, {"not UTF-8", "not JSON"}, _other_encoding),
    "bytes that are no UTF-8": (8, {"not UTF-8", "not JSON"}, _not_utf8),
    "half a surrogate": (4, {"not JSON"}, _half_surrogate),
}
"""What can be wrong: how often it is drawn, which reasons fit, and how it is made."""

HUGE_ONES = 5


def malformed(count: int, seed: int) -> list[Malformed]:
    """So many records of all kinds, among them a few huge ones, in an order drawn by the seed."""
    dice = Random(seed)  # noqa: S311  for tests
    weights = [weight for weight, _, _ in KINDS.values()]
    kinds = dice.choices(list(KINDS), weights, k=count - HUGE_ONES)
    found = [
        Malformed(kind, KINDS[kind][2](dice, number), frozenset(KINDS[kind][1])) for number, kind in enumerate(kinds)
    ]
    found += [
        Malformed("huge", _huge(dice, number), frozenset({"not JSON", "too deep"})) for number in range(HUGE_ONES)
    ]
    dice.shuffle(found)
    return found
