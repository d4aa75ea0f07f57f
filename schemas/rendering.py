"""Rendering: a signal into an event of some dialect, so that made-up shoppers can speak any of them.

Owns the inverse of reading. The law: reading what was rendered gives the signal back, less what the dialect cannot
say (an id in GA4, an attribute it has no place for), plus what it cannot help saying (the action that a name fixes).
It chooses the first place of each list, as a sender would who follows the dialect's documentation.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from schemas.dialects import AttributePlace, Dialect, canonical
from schemas.paths import Count, Path, put
from schemas.signals import Signal, carries
from schemas.times import Unit, rfc3339

SOURCE: Final = "stagewatch"
"""What stands in the other fields of an id that is made of several."""

_UNITS: Final[Mapping[Unit, int]] = {"milliseconds": 1, "microseconds": 1000, "nanoseconds": 1_000_000}


def render(dialect: Dialect, signal: Signal) -> dict[str, Any] | None:
    """The event that says `signal`, or None if the dialect has no name for it (or none with such attributes)."""
    said = _name_for(dialect, signal)
    if said is None:
        return None
    name, special = said
    event: dict[str, Any] = {}
    whole: dict[str, Any] = event if dialect.each is None else {}
    first = next((place for place in dialect.customer if _stands_inside(place.at) and not place.behind), None)
    named = _put_name(dialect, event, name)
    if first is None or not named or not put(whole, first.at, signal.customer):
        return None
    _put_time(dialect, event, signal.at)
    _put_id(dialect, event, signal.id)
    for attribute, places in _places(dialect, special, signal):
        _put_attribute(event, places, signal.attributes[attribute])
    if dialect.each is not None:
        put(whole, dialect.each, [event])
    _complete(dialect, whole)
    return whole


def kinds_of(dialect: Dialect) -> frozenset[str]:
    """The kinds of signal that a dialect has a name for."""
    return frozenset(kind for kind, _, _ in dialect.meanings())


def _name_for(dialect: Dialect, signal: Signal) -> tuple[str, Mapping[str, Any]] | None:
    """The name that says most of the signal and nothing against it."""
    best = None
    for kind, name, special in dialect.meanings():
        fixed = {key: value for key, value in special.items() if not isinstance(value, list)}
        if kind != signal.kind or any(signal.attributes.get(key, value) != value for key, value in fixed.items()):
            continue
        agreeing = sum(key in signal.attributes for key in fixed) * 2 - len(fixed)
        if best is None or agreeing > best[0]:
            best = (agreeing, name, special)
    return best and (best[1], best[2])


def _put_name(dialect: Dialect, event: dict[str, Any], name: str) -> bool:
    for place in dialect.name:
        if not _stands_inside(place.at):
            continue
        if place.one_of is None:
            return put(event, place.at, name)
        raw = next((raw for raw, meant in place.one_of.items() if canonical(meant) == canonical(name)), None)
        if raw is not None:
            return put(event, place.at, raw)
    return False


def _put_time(dialect: Dialect, event: dict[str, Any], at: int) -> None:
    place = next(place for place in dialect.time if _stands_inside(place.at))
    if place.as_ in {"auto", "iso"}:
        put(event, place.at, rfc3339(at))
    else:
        put(event, place.at, at / 1000 if place.as_ == "seconds" else at * _UNITS[place.as_])


def _put_id(dialect: Dialect, event: dict[str, Any], id_: str) -> None:
    for place in dialect.id:
        fields = place.fields()
        if all(map(_stands_inside, fields)):
            for path in fields[:-1]:
                put(event, path, SOURCE)
            put(event, fields[-1], id_)
            return


def _places(dialect: Dialect, special: Mapping[str, Any], signal: Signal) -> list[tuple[str, Sequence[AttributePlace]]]:
    """Where each attribute goes; counts come last, when it is known which entries a list has anyway."""
    places = {**dialect.attributes, **special}
    going = [
        (key, places[key])
        for key in signal.attributes
        if isinstance(places.get(key), list) and carries(signal.kind, key)
    ]
    return sorted(going, key=lambda one: isinstance(one[1][0].at.steps[-1], Count))


def _put_attribute(event: dict[str, Any], places: Sequence[AttributePlace], value: float | str) -> None:
    place = next((place for place in places if _stands_inside(place.at)), None)
    if place is None or (place.behind is not None and place.behind in str(value)):
        return
    meant = {said: raw for raw, said in (place.values or {}).items()}
    raw = meant.get(value, value)
    if raw == value and canonical(str(value)) in map(canonical, place.values or {}):
        return  # this value, said as it is, would mean another
    put(event, place.at, raw)


def _stands_inside(path: Path) -> bool:
    return path.root == "event"


def _complete(dialect: Dialect, event: dict[str, Any]) -> None:
    """Adds the constants by which the dialect is recognised, of the first alternative that can be met."""
    for alternative in dialect.detection():
        missing = []
        for path, values in alternative.items():
            found = path.look(event, {}, None)
            if found is None and values and _stands_inside(path):
                missing.append((path, values[0]))
            elif found is None or (values and canonical(str(found)) not in map(canonical, values)):
                break
        else:
            for path, value in missing:
                put(event, path, value)
            return
