"""Detecting: which dialect an event speaks, for sources that mix several.

Owns the trial of an event against the `detect` of each dialect, in order. An event's keys nearly always tell;
so the dialects that the keys allow are remembered for each set of keys seen, and only those are tried.
"""

from collections.abc import Mapping
from typing import Any, Final

from schemas.dialects import Dialect
from schemas.paths import Path
from schemas.places import canonical

MAX_SHAPES: Final = 4096
"""Sets of keys remembered: a source has some dozens; beyond, the memory could be filled on purpose."""

MAX_SHAPE: Final = 2048
"""Characters of the keys of an event that is remembered by them: with more they are data, and new each time."""

Condition = tuple[str | Path, frozenset[str] | None]
"""Where something must stand (a key of the event, or any path), and the values it may have; None: any."""


class Detector:
    """Tells the dialect of an event, among some."""

    def __init__(self, dialects: Mapping[str, Dialect]) -> None:
        self._alternatives: list[tuple[str, tuple[Condition, ...]]] = [
            (name, _prepared(alternative)) for name, dialect in dialects.items() for alternative in dialect.detection
        ]
        self._possible: dict[tuple[str, ...], list[tuple[str, tuple[Condition, ...]]]] = {}

    def detect(self, event: dict[str, Any], headers: Mapping[str, str]) -> str | None:
        """The name of the first dialect that recognises the event, or None."""
        keys = tuple(event)
        possible = self._possible.get(keys)
        if possible is None:
            possible = [one for one in self._alternatives if _allowed(one[1], event)]
            if len(self._possible) < MAX_SHAPES and sum(map(len, keys)) <= MAX_SHAPE:
                self._possible[keys] = possible
        for name, conditions in possible:
            if all(_holds(condition, event, headers) for condition in conditions):
                return name
        return None


def _holds(condition: Condition, event: dict[str, Any], headers: Mapping[str, str]) -> bool:
    where, among = condition
    value = event[where] if type(where) is str else where.look(event, headers, None)  # type: ignore[union-attr]
    if among is None:
        return value is not None and value != ""
    return type(value) is str and (value in among or canonical(value) in among)


def _prepared(alternative: Mapping[Path, list[str] | None]) -> tuple[Condition, ...]:
    return tuple(
        (
            str(path.steps[0]) if path.root == "event" and len(path.steps) == 1 else path,
            None if values is None else frozenset(map(canonical, values)),
        )
        for path, values in alternative.items()
    )


def _allowed(conditions: tuple[Condition, ...], event: dict[str, Any]) -> bool:
    """Whether the event has the keys at which these conditions begin."""
    keys = (where if isinstance(where, str) else where.steps[0] for where, _ in conditions if _inside(where))
    return all(key in event for key in keys)


def _inside(where: str | Path) -> bool:
    return isinstance(where, str) or where.root == "event"
