"""Values: what the bare contents of an event's fields come to, or that they come to nothing.

Owns the conversion of any JSON value into a customer's id, a signal's id, a number or a text, the limits that
hold for them, and the list of ids that mean nobody. Every function takes anything and returns None for what it
cannot use: what that costs the event (all of it, or just one attribute) is decided elsewhere.
"""

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from typing import Any, Final, Literal

import orjson

from schemas.faults import SenderError
from schemas.times import written_number

MAX_ID_LENGTH: Final = 256
"""Characters. UUIDs have 36, mail addresses at most 254; what is longer is a token or a page by mistake."""

MAX_CUSTOMERS: Final = 65_536
"""Customers remembered by each reader: some 10 MB, and more than shop at a time in any but the largest shops."""

MAX_TEXT_LENGTH: Final = 256
"""Characters of a text attribute. A longer one is left out, not cut: a cut order id could be another's."""

MAX_NUMBER: Final = 1e12
"""No cart is worth more in any currency: it is an id or a time in the wrong field, and would swamp sums."""

EXACT: Final = 2**53
"""Floats from here on stand for several whole numbers each. orjson reads integers beyond 64 bits as floats, and
an id that lost its last digits would be somebody else's."""

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
"""Ids, in lower case, that senders write when they have none. So is all that is made of zeros and dashes."""

_UNFIT: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode categories that no id holds: control characters, half surrogates, line and paragraph separators."""


# The readers below run for every event. Each strips text itself before it asks `plain` about anything else, and
# looks ids up in NOBODY only if they are short enough: calls and lookups are what they would spend their time on.

_LONGEST_NOBODY: Final = max(map(len, NOBODY))


def plain(value: object) -> str | None:
    """Text without surrounding space, or a number as text (17.0 is 17, as in JSON); None for anything else."""
    kind = type(value)
    if kind is str:
        return value.strip()  # type: ignore[attr-defined,no-any-return]  # `kind is` is twice as fast as isinstance
    if kind is int:
        return str(value)
    if kind is float and -EXACT < value < EXACT:  # type: ignore[operator]
        return str(value).removesuffix(".0")
    return None


def means_nothing(text: str) -> bool:
    """Whether an id (already stripped) is one of those that senders write when they have none."""
    return (len(text) <= _LONGEST_NOBODY and text.lower() in NOBODY) or not text.strip("0-")


def fit(text: str) -> bool:
    """Whether a text is free of characters that no id holds. `isprintable` is quick, and too strict alone."""
    return text.isprintable() or all(unicodedata.category(letter) not in _UNFIT for letter in text)


def customer(value: object) -> str | None:
    """The customer's id, or None if the value is no id or means nobody."""
    text = plain(value)
    if text is None or means_nothing(text) or len(text) > MAX_ID_LENGTH or not fit(text):
        return None
    return text


class Customers(dict[str, str | None]):
    """Raw text -> the customer's id, remembered for the customers seen of late.

    A dict, so that a customer seen before costs one lookup; and every signal of a customer then has the very same
    text as its id, whose hash is known, which is what all who look customers up spend their time on.
    """

    def __init__(self, somebody: Iterable[str] = ()) -> None:
        """`somebody`: ids that are real in this source, whatever they mean elsewhere."""
        super().__init__()
        self._somebody = frozenset(somebody)

    def __missing__(self, raw: str) -> str | None:
        if len(raw) > MAX_ID_LENGTH:
            return self.read(raw)
        if len(self) >= MAX_CUSTOMERS:
            self.clear()
        found = self[raw] = self.read(raw)
        return found

    def read(self, value: object) -> str | None:
        """The id that any value holds."""
        text = plain(value)
        return text if text in self._somebody else customer(text)


def identifier(value: object) -> str | None:
    """The id of an event, or None if it has none. One too long is kept as its digest: it still tells apart."""
    text = value.strip() if type(value) is str else plain(value)
    if text is None or (len(text) <= _LONGEST_NOBODY and text.lower() in NOBODY) or not text.strip("0-"):
        return None
    return text if len(text) <= MAX_ID_LENGTH else digest(text.encode())


def digest(content: bytes) -> str:
    """32 hex digits that follow from the content alone."""
    return blake2b(content, digest_size=16).hexdigest()


def content_id(event: Mapping[str, Any]) -> str:
    """The id of an event that has none of its own: the digest of its JSON with sorted keys.

    So exact duplicates share an id, and a row of a file has the id of the same fields sent as JSON. Raises
    SenderError when the event is nested deeper than orjson writes (254), though it reads 1024.
    """
    try:
        return digest(orjson.dumps(event, option=orjson.OPT_SORT_KEYS))
    except orjson.JSONEncodeError as error:
        raise SenderError("too deep", f"it has no id, and none can be made from its content: {error}") from None


# --- attributes ---------------------------------------------------------------------------------


def text(value: object) -> str | None:
    """A text attribute, or None if there is nothing in it, too much, or no text."""
    found = value.strip() if type(value) is str else plain(value)
    return found if found and len(found) <= MAX_TEXT_LENGTH else None


def name(value: object) -> str | None:
    """A text attribute that names something (a cart, an order); None also for "undefined" and the like."""
    found = value.strip() if type(value) is str else plain(value)
    if found is None or (len(found) <= _LONGEST_NOBODY and found.lower() in NOBODY) or not found.strip("0-"):
        return None
    return found if len(found) <= MAX_TEXT_LENGTH else None


def number(value: object) -> float | int | None:
    """A number attribute, given as a number or as text; None if it is none, or beyond MAX_NUMBER."""
    found: Any = written_number(value) if type(value) is str else value
    kind = type(found)
    return found if (kind is float or kind is int) and -MAX_NUMBER <= found <= MAX_NUMBER else None


def behind(value: object, mark: str) -> str | None:
    """What follows the last `mark` in a text or number, or all of it where there is none."""
    found = plain(value)
    return None if found is None else found.rpartition(mark)[2]


def join(*parts: object) -> str | None:
    """The parts with a space between them; None if one is missing."""
    found = [plain(part) for part in parts]
    return None if None in found or "" in found else " ".join(map(str, found))


_READERS: Final[Mapping[str, Callable[[object], Any]]] = {"number": number, "text": text, "name": name}


def attribute_reader(
    type_: Literal["number", "text", "name"],
    mark: str | None = None,
    translated: Mapping[str, float | int | str] | None = None,
) -> Callable[[object], float | int | str | None]:
    """The function that reads an attribute of this type at one place of a dialect.

    Args:
        type_: what it is to be; `name` is a text that names something.
        mark: if given, only what is `behind` it counts.
        translated: what some values mean, by the value in lower case; others stand for themselves.
    """
    convert = _READERS[type_]
    if mark is None and translated is None:
        return convert

    def read(value: object) -> float | int | str | None:
        found: Any = plain(value) if mark is None else behind(value, mark)
        if found is None:
            return None
        meant: float | int | str | None = convert((translated or {}).get(found.casefold(), found))
        return meant

    return read
