"""Rendering: a signal into an event of some dialect, so that made-up shoppers can speak any of them.

Owns the inverse of reading. The law: reading what was rendered gives the signal back, less what the dialect cannot
say (an id in GA4, an attribute it has no place for), plus what it cannot help saying (the action that a name fixes).
Everything goes to the first of its places that is inside the event, unless the dialect's `write` says otherwise.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from schemas.compiling import converter
from schemas.dialects import Dialect
from schemas.paths import Count, Path, put
from schemas.places import AttributePlace, Place, canonical
from schemas.signals import Signal, carries
from schemas.times import Unit, rfc3339

SOURCE: Final = "stagewatch"
"""What stands in the other fields of an id that is made of several."""

_UNITS: Final[Mapping[Unit, int]] = {"milliseconds": 1, "microseconds": 1000, "nanoseconds": 1_000_000}


def render(dialect: Dialect, signal: Signal) -> dict[str, Any] | None:
    """The event that says `signal`, or None if the dialect has no name for it, or would have to say more with it."""
    said = _name_for(dialect, signal)
    if said is None:
        return None
    written = _written(dialect, signal, *said) if dialect.write else None
    return written or _written(dialect.model_copy(update={"write": {}}), signal, *said)


def _written(dialect: Dialect, signal: Signal, name: str, special: Mapping[str, Any]) -> dict[str, Any] | None:
    event: dict[str, Any] = {}
    whole: dict[str, Any] = event if dialect.each is None else {}
    named = _put_name(dialect, event, name) and _put_customer(dialect, whole, signal.customer)
    if not named or not _put_time(dialect, event, signal.at):
        return None
    places = {key: found for key, found in {**dialect.attributes, **special}.items() if carries(signal.kind, key)}
    for attribute, at in _going(places, signal):
        _put_attribute(event, at, signal.attributes[attribute])
    if not _put_id(dialect, event, signal.id):
        return None
    if not all(_reads_back(event, key, places[key], signal.attributes.get(key)) for key in places):
        return None
    if dialect.each is not None:
        put(whole, dialect.each, [event])
    _complete(dialect, whole)
    return whole


def kinds_of(dialect: Dialect) -> frozenset[str]:
    """The kinds of signal that a dialect has a name for."""
    return frozenset(dialect.names)


def _name_for(dialect: Dialect, signal: Signal) -> tuple[str, Mapping[str, Any]] | None:
    """The name that says most of the signal and nothing against it."""
    best = None
    for name, special in dialect.names.get(signal.kind, ()):
        fixed = {key: value for key, value in special.items() if not isinstance(value, list)}
        if any(signal.attributes.get(key, value) != value for key, value in fixed.items()):
            continue
        agreeing = sum(key in signal.attributes for key in fixed) * 2 - len(fixed)
        if best is None or agreeing > best[0]:
            best = (agreeing, name, special)
    return best and (best[1], best[2])


def _put_name(dialect: Dialect, event: dict[str, Any], name: str) -> bool:
    if "name" in dialect.write:
        return put(event, dialect.write["name"], name)
    for place in dialect.name:
        if place.one_of is None and _stands_inside(place.at):
            return put(event, place.at, name)
        raw = next((raw for raw, meant in (place.one_of or {}).items() if canonical(meant) == canonical(name)), None)
        if raw is not None:
            return put(event, place.at, raw)
    return False


def _put_customer(dialect: Dialect, event: dict[str, Any], customer: str) -> bool:
    chosen = [Place(at=path) for key, path in dialect.write.items() if key == "customer"]
    for place in chosen or dialect.customer:
        if _stands_inside(place.at) and not place.behind:
            return put(event, place.at, customer)
    return False


def _put_time(dialect: Dialect, event: dict[str, Any], at: int) -> bool:
    chosen = dialect.write.get("time")
    for place in dialect.time:
        if _stands_inside(place.at) and chosen in {None, place.at}:
            if place.as_ in {"auto", "iso"}:
                return put(event, place.at, rfc3339(at))
            return put(event, place.at, at / 1000 if place.as_ == "seconds" else at * _UNITS[place.as_])
    return False


def _put_id(dialect: Dialect, event: dict[str, Any], id_: str) -> bool:
    """Whether the id stands in the event now, or the dialect has no place for one."""
    chosen = [[path] for key, path in dialect.write.items() if key == "id"]
    for fields in chosen or [place.fields() for place in dialect.id]:
        if all(map(_stands_inside, fields)):
            for path in fields[:-1]:
                put(event, path, SOURCE)  # which leaves what stands there already
            return put(event, fields[-1], id_)
    return True


def _reads_back(event: dict[str, Any], attribute: str, places: object, value: float | str | None) -> bool:
    """Whether the event says this value of an attribute, or nothing of it, rather than another's by accident."""
    if not isinstance(places, list):
        return True
    found = (converter(attribute, place)(place.at.look(event, {}, None)) for place in places)
    return next((one for one in found if one is not None), None) in {None, value}


def _going(places: Mapping[str, Any], signal: Signal) -> list[tuple[str, Sequence[AttributePlace]]]:
    """Where each attribute goes; counts come last, when it is known which entries a list has anyway."""
    going = [(key, places[key]) for key in signal.attributes if isinstance(places.get(key), list)]
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
    """Adds the constants by which the dialect is recognised: those of the alternative that wants the fewest."""
    lacking = [_lacking(alternative, event) for alternative in dialect.detection]
    met = [constants for constants in lacking if constants is not None]
    for path, value in min(met, key=len, default=[]):
        put(event, path, value)


def _lacking(alternative: Mapping[Path, list[str] | None], event: dict[str, Any]) -> list[tuple[Path, str]] | None:
    """The constants that the event lacks to be recognised by this alternative; None if it cannot be."""
    constants = []
    for path, values in alternative.items():
        found = path.look(event, {}, None)
        if found is None and values and _stands_inside(path):
            constants.append((path, values[0]))
        elif found is None or (values and canonical(str(found)) not in map(canonical, values)):
            return None
    return constants
