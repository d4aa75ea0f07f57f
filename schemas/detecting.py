"""Detecting: which dialect an event speaks, for sources that mix several.

Owns the trial of an event against the `detect` of each dialect, in order. An event's keys nearly always tell;
so the dialects that the keys allow are remembered for each set of keys seen, and only those are tried.
"""

from collections.abc import Mapping
from typing import Any, Final

from schemas.dialects import Dialect, canonical
from schemas.paths import Path

MAX_SHAPES: Final = 4096
"""Sets of keys remembered: a source has some dozens; beyond, the memory could be filled on purpose."""

MAX_KEYS: Final = 64
"""Keys of an event that is remembered by them: with more it is data under names of its own, each one new."""

Alternative = tuple[tuple[Path, frozenset[str] | None], ...]


class Detector:
    """Tells the dialect of an event, among some."""

    def __init__(self, dialects: Mapping[str, Dialect]) -> None:
        self._alternatives: list[tuple[str, Alternative]] = [
            (name, _prepared(alternative)) for name, dialect in dialects.items() for alternative in dialect.detection()
        ]
        self._possible: dict[tuple[str, ...], list[tuple[str, Alternative]]] = {}

    def detect(self, event: dict[str, Any], headers: Mapping[str, str]) -> str | None:
        """The name of the first dialect that recognises the event, or None."""
        keys = tuple(event)
        possible = self._possible.get(keys)
        if possible is None:
            possible = [one for one in self._alternatives if _allowed(one[1], event)]
            if len(self._possible) < MAX_SHAPES and len(keys) <= MAX_KEYS:
                self._possible[keys] = possible
        for name, conditions in possible:
            for path, among in conditions:
                value = path.look(event, headers, None)
                if value is None or value == "":
                    break
                if among is not None and not (isinstance(value, str) and canonical(value) in among):
                    break
            else:
                return name
        return None


def _prepared(alternative: Mapping[Path, list[str] | None]) -> Alternative:
    return tuple(
        (path, None if values is None else frozenset(map(canonical, values))) for path, values in alternative.items()
    )


def _allowed(conditions: Alternative, event: dict[str, Any]) -> bool:
    """Whether the event has the keys at which these conditions begin."""
    return all(path.steps[0] in event for path, _ in conditions if path.root == "event")
