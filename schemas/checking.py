"""Checking: what is wrong with a dialect file, in words, and where.

Owns the wording of faults, and the checks that no single value can show: words outside the vocabulary, and names
that mean two things. Knows the form of a dialect, but nothing of events.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from schemas.paths import Count, parse_path
from schemas.places import canonical
from schemas.signals import ATTRIBUTES, KINDS, carries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic import ValidationError

    from schemas.dialects import Dialect
    from schemas.documents import Document, Fault, Place

MAX_NAMES: Final = 2_000
"""Names that a dialect may give a meaning: shops use a few hundred. Each may come to a function of its own."""

MAX_WORD: Final = 64
"""Characters of a word that one near to it is looked for; longer ones are no slip of the pen."""

_WORDING: Final[Mapping[str, str]] = {
    "extra_forbidden": "this key is not known here",
    "missing": "this key is missing",
    "string_type": "text is wanted here",
    "string_too_short": "text is wanted here, not an empty one",
    "bool_type": "true or false is wanted here",
    "int_type": "a number is wanted here",
    "float_type": "a number is wanted here",
    "list_type": "a list is wanted here",
    "too_short": "there is too little in this list",
    "too_long": "there is too much in this list",
    "dict_type": "a mapping (key: value) is wanted here",
    "model_type": "a mapping (key: value) is wanted here",
    "string_pattern_mismatch": "small letters, digits and underscores are wanted here, a letter first",
}
"""What is wrong, in words for those who know YAML but not pydantic; other faults keep pydantic's own."""


def located(error: ValidationError, document: Document) -> Iterable[Fault]:
    """Pydantic's errors at their places. Its locations also name branches of unions, in angle brackets here."""
    found: dict[Fault, None] = {}
    for detail in error.errors(include_url=False, include_context=False):
        place = tuple(step for step in detail["loc"] if not str(step).startswith("<") and step not in {"int", "float"})
        message = _WORDING.get(detail["type"], detail["msg"].removeprefix("Value error, "))
        found[document.fault(place, message)] = None  # a number can fail as an integer and as a fraction
    return found


def inconsistencies(dialect: Dialect) -> Iterator[tuple[Place, str]]:
    """What each key alone cannot show: words outside the vocabulary, and names that mean two things."""
    number = sum(map(len, dialect.signals.values()))
    if number > MAX_NAMES:
        yield (
            ("signals",),
            f"{number:,} names have a meaning here, at most {MAX_NAMES:,} may: make several dialects of it",
        )
        return
    yield from _unknown_words(dialect)
    seen: dict[str, str] = {}
    for kind, name, _ in dialect.meanings():
        if canonical(name) in seen:
            yield ("signals", kind, name), f"the name {name!r} means {seen[canonical(name)]} already"
        seen.setdefault(canonical(name), kind)
    for index, name in enumerate(dialect.pass_):
        if canonical(name) in seen:
            yield ("pass", index), f"the name {name!r} means {seen[canonical(name)]} and cannot be passed over too"
    for index, alternative in enumerate(dialect.detect):
        for path in alternative:
            try:
                parse_path(path)
            except ValueError as error:
                yield ("detect", index, path), str(error)
    if dialect.each is not None and (dialect.each.root != "event" or not isinstance(dialect.each.steps[-1], str)):
        yield ("each",), "events are looked for under a key of the record"


def _unknown_words(dialect: Dialect) -> Iterator[tuple[Place, str]]:
    for attribute, places in dialect.attributes.items():
        yield from _attribute_faults(("attributes", attribute), attribute, places, None)
    for kind, names in dialect.signals.items():
        if kind not in KINDS and kind not in dialect.own:
            yield ("signals", kind), f"{kind!r} is no kind of signal (nor declared under `own`); {_near(kind, KINDS)}"
            continue
        for name, attributes in names.items():
            for attribute, fixed in attributes.items():
                yield from _attribute_faults(("signals", kind, name, attribute), attribute, fixed, kind)


def _attribute_faults(place: Place, attribute: str, fixed: object, kind: str | None) -> Iterator[tuple[Place, str]]:
    known = ATTRIBUTES.get(attribute)
    if known is None:
        yield place, f"{attribute!r} is no attribute; {_near(attribute, ATTRIBUTES)}"
        return
    if kind is not None and not carries(kind, attribute):
        yield place, f"{kind} does not carry {attribute}"
    if isinstance(fixed, list):
        counted = any(isinstance(one.at.steps[-1], Count) for one in fixed)
        if counted and known.type == "text":
            yield place, f"{attribute} is text and cannot be a count"
    elif isinstance(fixed, str) != (known.type == "text"):
        yield place, f"{attribute} is a {known.type}"


def _near(word: str, words: Mapping[str, object]) -> str:
    near = get_close_matches(word, words, n=1) if len(word) <= MAX_WORD else []
    return f"did you mean {near[0]!r}?" if near else f"known are {', '.join(words)}"
