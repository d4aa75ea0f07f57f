"""Values: what the bare contents of an event's fields come to, or that they come to nothing.

Owns the conversion of any JSON value into a customer's id, a signal's id, a number, a text or a time, the limits
that hold for them, and the list of ids that mean nobody. Every function takes anything and returns None for what it
cannot use: what that costs the event (all of it, or just one attribute) is decided elsewhere.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final, Literal

import orjson

from schemas.times import EARLIEST, LATEST

MAX_ID_LENGTH: Final = 256
"""Characters. UUIDs have 36, mail addresses at most 254; what is longer is a token or a page by mistake."""

MAX_TEXT_LENGTH: Final = 256
"""Characters of a text attribute. A longer one is left out, not cut: a cut order id could be another order's."""

MAX_NUMBER: Final = 1e12
"""No cart is worth more in any currency; what is beyond is an id or a time in the wrong field, and would swamp sums."""

EXACT: Final = 2**53
"""Floats from here on stand for several whole numbers each. orjson reads integers beyond 64 bits as floats, and an
id that lost its last digits would be somebody else's."""

NOBODY: Final = frozenset(
    {
        "",
        "null",
        "none",
        "undefined",
        "anonymous",
        "guest",
        "unknown",
        "nan",
        "0",
        "-1",
        "true",
        "false",
        "[object object]",
    }
)
"""Ids, in lower case, that senders write when they have none; so is anything made of zeros and dashes alone."""

_UNFIT: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode categories that no id holds: control characters, half surrogates, line and paragraph separators."""


def plain(value: object) -> str | None:
    """Text without surrounding space, or a number as text; None for anything else."""
    kind = type(value)
    if kind is str:
        return value.strip()  # type: ignore[attr-defined,no-any-return]  # `kind is` is twice as fast as isinstance
    if kind is int or (kind is float and -EXACT < value < EXACT):  # type: ignore[operator]
        return str(value)
    return None


def means_nothing(text: str) -> bool:
    """Whether an id (already stripped) is one of those that senders write when they have none."""
    return text.lower() in NOBODY or not text.strip("0-")


def fit(text: str) -> bool:
    """Whether a text is free of characters that no id holds. `isprintable` is the quick test and errs to one side."""
    return text.isprintable() or all(unicodedata.category(letter) not in _UNFIT for letter in text)


def customer(value: object) -> str | None:
    """The customer's id, or None if the value is no id or means nobody."""
    text = plain(value)
    if (
        text is None
        or len(text) > MAX_ID_LENGTH
        or text.lower() in NOBODY
        or not text.strip("0-")
        or not fit(text)
    ):
        return None
    return text


def identifier(value: object) -> str | None:
    """The id of an event, or None if it has none. One that is too long is kept as its digest: it still tells apart."""
    text = plain(value)
    if text is None or means_nothing(text):
        return None
    return text if len(text) <= MAX_ID_LENGTH else digest(text.encode())


def digest(content: bytes) -> str:
    """32 hex digits that follow from the content alone."""
    return blake2b(content, digest_size=16).hexdigest()


def content_id(event: Mapping[str, Any]) -> str:
    """The id of an event that has none of its own: the digest of its JSON with sorted keys.

    So exact duplicates share an id, and a row of a file has the id of the same fields sent as JSON. Raises TypeError
    when the event is nested deeper than orjson writes (254).
    """
    return digest(orjson.dumps(event, option=orjson.OPT_SORT_KEYS))


# --- attributes -----------------------------------------------------------------------------------------------


def text(value: object) -> str | None:
    """A text attribute, or None if there is nothing in it, too much, or no text."""
    found = plain(value)
    return found if found and len(found) <= MAX_TEXT_LENGTH else None


def name(value: object) -> str | None:
    """A text attribute that names something (a cart, an order); None also for what means nothing ("undefined")."""
    found = text(value)
    return None if found is None or means_nothing(found) else found


_NUMBER: Final = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,3})?", re.ASCII)


def number(value: object) -> float | int | None:
    """A number attribute, given as a number or as text; None if it is none, or beyond MAX_NUMBER."""
    found: Any = _numeric(value.strip()) if type(value) is str else value
    if type(found) is not int and type(found) is not float:
        return None
    return found if -MAX_NUMBER <= found <= MAX_NUMBER else None


def _numeric(text: str) -> float | int | None:
    """The number that a text writes. Not `float(text)` alone, which also takes `1_0`, `inf` and other alphabets."""
    if len(text) > MAX_ID_LENGTH or not _NUMBER.fullmatch(text):
        return None
    return int(text) if text.lstrip("+-").isdigit() else float(text)


# --- times ----------------------------------------------------------------------------------------------------

Unit = Literal["auto", "iso", "seconds", "milliseconds", "microseconds", "nanoseconds"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001  for times without a zone, which are read as UTC
_ZONE_NAMES: Final = re.compile(r"\s*(UTC|GMT|Z)$", re.IGNORECASE)

_FARTHEST: Final = 1e20
"""No time in any unit is a number as great as this; beyond, conversion could overflow."""

_TO_MILLISECONDS: Final[Mapping[Unit, Callable[[float], int]]] = {
    "seconds": lambda number: round(number * 1000),
    "milliseconds": round,
    "microseconds": lambda number: int(number // 1000),
    "nanoseconds": lambda number: int(number // 1_000_000),
}


def iso(text: str) -> int | None:
    """ISO 8601 with or without fraction and zone, as ms. Not bounded; None if it is no such time."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(_ZONE_NAMES.sub("+00:00", text.strip()))
        except ValueError:
            return None
    since = moment - (_NAIVE_EPOCH if moment.tzinfo is None else _EPOCH)
    return since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000


def moment(value: object, unit: Unit = "auto") -> int | None:
    """Any form of a time as ms, not bounded; None if it is none.

    Text is a number if it reads as one and ISO 8601 if not (`20240313` reads as both and is a date). `auto` tells
    a number's unit by its size, which is unambiguous between 2000 and 2100.
    """
    if type(value) is not str:
        return None if unit == "iso" else _from_number(value, unit)
    written = None if unit == "iso" else _numeric(value.strip())
    if written is not None and (unit != "auto" or _unit(written)):
        return _from_number(written, unit)
    parsed = iso(value)
    return _from_number(written, unit) if parsed is None else parsed


def _from_number(value: Any, unit: Unit) -> int | None:  # noqa: ANN401  any JSON
    if (type(value) is not int and type(value) is not float) or not -_FARTHEST < value < _FARTHEST:
        return None
    return _TO_MILLISECONDS[unit if unit != "auto" else _unit(value) or "seconds"](value)


def _unit(number: float) -> Unit | None:
    """In which unit this number is a plausible time, if in any."""
    if abs(number) < _FARTHEST:
        for unit, convert in _TO_MILLISECONDS.items():
            if EARLIEST <= convert(number) < LATEST:
                return unit
    return None


def time_reader(unit: Unit) -> Callable[[object], int | None]:
    """A function from any value to a plausible time in ms, or None. Made once for each place that holds a time."""

    def read(value: object) -> int | None:
        # Nearly every time is ISO 8601 text, told by its first hyphen; the question after the unit can wait.
        at = iso(value) if type(value) is str and value[4:5] == "-" else moment(value, unit)
        return at if at is not None and EARLIEST <= at < LATEST else None

    return read
