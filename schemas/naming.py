"""Names: which signal an event's name means, remembered for the names seen.

Owns the step from a raw name to its meaning. Knows no layouts (where a name stands) and no attributes' values.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from schemas.dialects import Dialect
from schemas.places import NamePlace, canonical

MAX_NAMES: Final = 4096
"""Raw names remembered for each place: shops use a few hundred; beyond, the memory could be filled on purpose."""

MAX_NAME_LENGTH: Final = 100
"""Characters of an unknown name that are kept: it is counted by, and shown to people."""

AttributesOf = Callable[[dict[str, Any], Mapping[str, str], Mapping[str, Any]], dict[str, float | int | str]]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a name means: a kind and how its attributes are read; or no kind, and whether that is on purpose."""

    kind: str | None
    name: str
    known: bool
    attributes: AttributesOf | None = None


class Names(dict[str, Meaning | None]):
    """Raw name -> what it means at one place, or None where the next place is to be asked.

    A dict, so that a name seen before costs one lookup.
    """

    def __init__(self, place: NamePlace, meanings: Mapping[str, Meaning]) -> None:
        """`meanings` holds every known name, canonical."""
        super().__init__()
        self._place = place
        self._meanings = meanings
        self._renamed = place.one_of and {canonical(raw): name for raw, name in place.one_of.items()}

    def __missing__(self, raw: str) -> Meaning | None:
        meaning = self._find(raw)
        if len(self) < MAX_NAMES and len(raw) <= MAX_NAME_LENGTH:
            self[raw] = meaning
        return meaning

    def _find(self, raw: str) -> Meaning | None:
        name = raw.strip() if self._place.behind is None else raw.strip().rpartition(self._place.behind)[2]
        if self._renamed is not None:
            name = self._renamed.get(canonical(name), "")
        if not name:
            return None
        known = self._meanings.get(canonical(name))
        return known or Meaning(None, name[:MAX_NAME_LENGTH], known=False)


def is_named(dialect: Dialect, event: object, headers: Mapping[str, str]) -> bool:
    """Whether an event has a name where the dialect looks for one."""
    for place in dialect.name:
        said = place.at.look(event, headers, None)
        if isinstance(said, str) and Names(place, {})[said] is not None:
            return True
    return False
