"""Paths: the way from an event to one of its values, as a dialect file writes it.

Owns the grammar, looking a path up, and putting a value at a path (the inverse, for rendering). Knows neither
dialects nor what a value means. The grammar, by example:

    userId                        a key
    properties.order_id           a key inside an object
    "properties.order_id"         one key that holds a dot (a column of a flattened CSV file)
    products[0].sku               an entry of a list, counted from 0
    products[]                    how many entries the list has
    event_params[transaction_id]  a list of {key, value} or {name, value}: the value of that key
    header:X-Shopify-Topic        a header of the record, whatever its case
    envelope:subject              a field of the envelope that the event came in
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

Root = Literal["event", "header", "envelope"]


@dataclass(frozen=True, slots=True)
class Pick:
    """A step into a list of {key, value}: the value of `key`."""

    key: str


@dataclass(frozen=True, slots=True)
class Count:
    """The last step of a path that asks how many entries a list has."""


Step = str | int | Pick | Count


@dataclass(frozen=True, slots=True)
class Path:
    """A parsed path: where it begins and its steps (a key, a list position, a pick, a count)."""

    root: Root
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        """The path as a dialect file writes it."""
        prefix = "" if self.root == "event" else f"{self.root}:"
        if self.root == "header":
            return prefix + str(self.steps[0])
        return prefix + "".join(map(_written, self.steps)).removeprefix(".")

    def look(self, event: Any, headers: Mapping[str, str], envelope: Any) -> Any:  # noqa: ANN401  any JSON
        """The value, or None when the way ends early. Never raises."""
        value: Any = {"event": event, "header": headers, "envelope": envelope}[self.root]
        for step in self.steps:
            value = _take(value, step)
        return value


class PathError(ValueError):
    """The text is no path; the message says why and is meant for whoever wrote it."""


MAX_PATH: Final = 300
"""Characters: three times the longest that ships."""

_STEP: Final = re.compile(r'(?:"(?P<quoted>[^"]+)"|(?P<key>[^."\[\]]+)|\[(?P<inside>[^\[\]]*)\])(?P<dot>\.?)')
_SPECIAL: Final = re.compile(r"[.:\[\]]")


def parse_path(text: str) -> Path:
    """The path that `text` writes. Raises PathError."""
    if len(text) > MAX_PATH:
        raise PathError(f"a path has at most {MAX_PATH} characters, this has {len(text):,}")
    prefix, colon, rest = text.partition(":")
    if colon and prefix == "header":
        if not rest.strip():
            raise PathError("a header's name must follow `header:`")
        return Path("header", (rest.strip().lower(),))
    if colon and prefix == "envelope":
        return Path("envelope", _steps(rest, text))
    return Path("event", _steps(text, text))


def _steps(rest: str, text: str) -> tuple[Step, ...]:
    steps: list[Step] = []
    position, dotted = 0, True
    while position < len(rest):
        match = _STEP.match(rest, position)
        inside = match["inside"] if match else None
        if match is None or (inside is None) is not dotted or (steps and isinstance(steps[-1], Count | Pick)):
            raise PathError(f"{text!r} is no path: it goes wrong at {rest[position:]!r}")
        steps.append(match["quoted"] or match["key"] if inside is None else _bracket(inside))
        position, dotted = match.end(), bool(match["dot"])
    if not steps or dotted:
        raise PathError(f"{text!r} is no path: a key is missing at its end")
    return tuple(steps)


def _bracket(inside: str) -> Step:
    if not inside:
        return Count()
    return int(inside) if inside.isascii() and inside.isdigit() and len(inside) < 5 else Pick(inside)  # noqa: PLR2004  9999


def _written(step: Step) -> str:
    if isinstance(step, str):
        return f'."{step}"' if _SPECIAL.search(step) else f".{step}"
    if isinstance(step, Count):
        return "[]"
    return f"[{step.key}]" if isinstance(step, Pick) else f"[{step}]"


# --- looking up -----------------------------------------------------------------------------


def pick(value: object, key: str) -> Any:  # noqa: ANN401  any JSON
    """The value of `key` in a list of {key, value} or {name, value}, or None.

    Where the value is an object of typed values, as BigQuery writes them (string_value, int_value, ...), the
    first of these that is set.
    """
    if type(value) is not list:
        return None
    for item in value:
        if type(item) is dict and (item.get("key") == key or item.get("name") == key):
            found = item.get("value")
            if type(found) is dict:
                return next((typed for typed in found.values() if typed is not None), None)
            return found
    return None


def _take(value: Any, step: Step) -> Any:  # noqa: ANN401  any JSON
    if isinstance(step, str):
        return value.get(step) if type(value) is dict else None
    if isinstance(step, Pick):
        return pick(value, step.key)
    if type(value) is not list:
        return None
    if isinstance(step, Count):
        return len(value)
    return value[step] if step < len(value) else None


# --- putting in -----------------------------------------------------------------------------


def put(event: dict[str, Any], path: Path, value: Any) -> bool:  # noqa: ANN401  any JSON
    """Puts `value` where `path` leads, making objects and lists on the way. False if the way is taken."""
    container: Any = event
    for step, following in zip(path.steps, path.steps[1:], strict=False):
        fresh: Any = {} if isinstance(following, str) else []
        inner = _take(container, step)
        if inner is None:
            inner = fresh
            _set(container, step, inner)
        if type(inner) is not type(fresh):
            return False
        container = inner
    return _set(container, path.steps[-1], value)


def _set(container: Any, step: Step, value: Any) -> bool:  # noqa: ANN401  any JSON
    if isinstance(step, Count):
        return _lengthen(container, value)
    standing = _take(container, step)
    if standing is not None and (type(standing) is not type(value) or standing != value):
        return False
    if isinstance(step, str):
        container[step] = value
    elif isinstance(step, Pick):
        container.append({"key": step.key, "value": value})
    else:
        container.extend({} for _ in range(len(container), step + 1))
        container[step] = value
    return True


def _lengthen(entries: list[Any], length: object) -> bool:
    if not isinstance(length, int) or not len(entries) <= length <= 1000:  # noqa: PLR2004  no cart holds more
        return False
    entries.extend({} for _ in range(len(entries), length))
    return True
