"""Compiling: a dialect becomes one straight-line Python function, written for that dialect and then executed.

Owns the source text of that function. It looks only at the fields that the dialect names, and only at the
attributes that somebody wants, each object on the way but once; so reading an event costs little more than
decoding it. What a user wrote gets into the source only as `repr` of a checked text; everything else is a name
bound to a value. The source is handed to `linecache`, so that a traceback shows it; `source_of` returns it.
"""

import linecache
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from schemas import faults, paths, times, values
from schemas.dialects import Dialect
from schemas.naming import AttributesOf, Meaning, Names
from schemas.paths import Count, Path, Pick
from schemas.places import AttributePlace, IdPlace, NamePlace, Place, TimePlace, canonical
from schemas.signals import ATTRIBUTES, Origin, Passed, Signal, carries

Understand = Callable[[dict[str, Any], Mapping[str, str], Mapping[str, Any], Origin, int], Signal | Passed]
"""(event, the record's headers, its envelope, origin, latest ms) -> what it says. Raises SenderError."""

T = TypeVar("T")

_HELPERS: Final[Mapping[str, object]] = {
    "Passed": Passed,
    "Signal": Signal,
    "NOTHING": {},
    "pick": paths.pick,
    "identifier": values.identifier,
    "content_id": values.content_id,
    "join": values.join,
    "behind": values.behind,
    "no_customer": faults.no_customer,
    "no_time": faults.no_time,
    "future": faults.future,
}


class _Source:
    """Source text under way, and the values that it refers to by name."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.bound: dict[str, Any] = dict(_HELPERS)
        self._depth = 0
        self._objects: dict[tuple[Path, bool], str] = {}

    def line(self, text: str) -> None:
        self.lines.append("    " * self._depth + text)

    @contextmanager
    def block(self, header: str) -> Iterator[None]:
        """An indented block. What is looked up inside is not known outside: the block may be skipped."""
        known = dict(self._objects)
        self.line(header)
        self._depth += 1
        yield
        self._depth -= 1
        self._objects = known

    def bind(self, kind: str, value: object) -> str:
        """A name for a value."""
        name = f"{kind}_{len(self.bound)}"
        self.bound[name] = value
        return name

    def fetch(self, path: Path) -> str:
        """An expression for what stands at `path`; objects on the way are looked up before it, each but once."""
        container = {"event": "event", "header": "headers", "envelope": "envelope"}[path.root]
        for length in range(1, len(path.steps)):
            of_keys = isinstance(path.steps[length], str)
            place = (Path(path.root, path.steps[:length]), of_keys)
            if place not in self._objects:
                name = self._objects[place] = f"inner_{len(self.lines)}"
                self.line(f"{name} = {_step(container, path.steps[length - 1])}")
                if of_keys:
                    self.line(f"if type({name}) is not dict: {name} = NOTHING")
            container = self._objects[place]
        return _step(container, path.steps[-1])

    def first(self, target: str, places: Sequence[T], expression: Callable[[T], str]) -> None:
        """Assigns `target` the expression of the first of the places for which it is not None."""
        fetched = expression(places[0])
        self.line(f"{target} = {fetched}")
        if places[1:]:
            with self.block(f"if {target} is None:"):
                self.first(target, places[1:], expression)


def _step(container: str, step: paths.Step) -> str:
    if isinstance(step, str):
        return f"{container}.get({step!r})"
    if isinstance(step, Pick):
        return f"pick({container}, {step.key!r})"
    if isinstance(step, Count):
        return f"len({container}) if type({container}) is list else None"
    return f"{container}[{step}] if type({container}) is list and len({container}) > {step} else None"


def compile_dialect(dialect: Dialect, wanted: frozenset[str] | None = None) -> Understand:
    """The function that understands one event of a dialect; of its attributes only the `wanted` (None: all)."""
    source = _Source()
    meanings = _meanings(dialect, frozenset(ATTRIBUTES) if wanted is None else wanted)
    with source.block("def understand(event, headers, envelope, origin, latest):"):
        _write_name(source, dialect, meanings)
        _write_customer(source, dialect)
        _write_time(source, dialect)
        source.line(f"if meaning is None: return Passed({dialect.dialect!r}, '', origin)")
        _write_id(source, dialect)
        source.line("attributes = meaning.attributes(event, headers, envelope)")
        source.line("return Signal(customer, meaning.kind, at, id, attributes, origin)")
    return _execute(source, dialect.dialect, "understand")  # type: ignore[no-any-return]


def source_of(understand: Understand) -> str:
    """The source text that a dialect became."""
    return "".join(linecache.getlines(understand.__code__.co_filename))


def _execute(source: _Source, dialect: str, wanted: str) -> Any:  # noqa: ANN401  whatever was defined
    text = "\n".join(source.lines) + "\n"
    filename = f"<stagewatch dialect {dialect} {values.digest(text.encode())[:8]}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    exec(compile(text, filename, "exec"), source.bound)  # noqa: S102  our own text; see the head of this module
    return source.bound[wanted]


# --- the parts of `understand` --------------------------------------------------------------------


def _write_name(source: _Source, dialect: Dialect, meanings: Mapping[str, Meaning]) -> None:
    def expression(place: NamePlace) -> str:
        names = source.bind("names", Names(place, meanings))
        source.line(f"said = {source.fetch(place.at)}")
        return f"{names}[said] if type(said) is str else None"

    source.first("meaning", dialect.name, expression)
    with source.block("if meaning is not None and meaning.kind is None:"):
        source.line(f"return Passed({dialect.dialect!r}, meaning.name, origin, meaning.known)")


def _write_customer(source: _Source, dialect: Dialect) -> None:
    customers = source.bind("customers", values.Customers(dialect.somebody))

    def found(place: Place) -> str:
        fetched = source.fetch(place.at)
        return fetched if place.behind is None else f"behind({fetched}, {place.behind!r})"

    def expression(place: Place) -> str:
        source.line(f"who = {found(place)}")
        return f"{customers}[who] if type(who) is str else {customers}.read(who)"

    source.first("customer", dialect.customer, expression)
    with source.block("if customer is None:"):
        source.line(f"raise no_customer({', '.join([found(place) for place in dialect.customer])})")


def _write_time(source: _Source, dialect: Dialect) -> None:
    def expression(place: TimePlace) -> str:
        return f"{source.bind('time', times.time_reader(place.as_))}({source.fetch(place.at)})"

    source.first("at", dialect.time, expression)
    with source.block("if at is None:"):
        found = [f"({source.fetch(place.at)}, {place.as_!r})" for place in dialect.time]
        source.line(f"raise no_time({', '.join(found)})")
    source.line("if at > latest: raise future(at, latest)")


def _write_id(source: _Source, dialect: Dialect) -> None:
    def expression(place: IdPlace | None) -> str:
        if place is None:
            return "content_id(event)"
        fetched = [source.fetch(path) for path in place.fields()]
        return f"identifier({fetched[0]})" if place.at else f"identifier(join({', '.join(fetched)}))"

    source.first("id", [*dialect.id, None], expression)


# --- names and attributes -------------------------------------------------------------------------


def _meanings(dialect: Dialect, wanted: frozenset[str]) -> dict[str, Meaning]:
    """What each name means, canonical; writes one function for each distinct set of attributes to read."""
    written: dict[str, AttributesOf] = {}
    meanings = {canonical(name): Meaning(None, name, known=True) for name in dialect.pass_}
    for kind, name, special in dialect.meanings():
        read = {**dialect.attributes, **special}
        read = {key: read[key] for key in read if key in wanted and carries(kind, key)}
        shape = repr(read)
        if shape not in written:
            written[shape] = _attributes_function(dialect.dialect, read)
        meanings[canonical(name)] = Meaning(kind, name, known=True, attributes=written[shape])
    return meanings


def _attributes_function(dialect: str, read: Mapping[str, Any]) -> AttributesOf:
    source = _Source()
    constants = {key: fixed for key, fixed in read.items() if not isinstance(fixed, list)}
    with source.block("def attributes_of(event, headers, envelope):"):
        source.line(f"found = {constants!r}")
        for attribute, places in read.items():
            if attribute not in constants:
                _write_attribute(source, attribute, places)
        source.line("return found")
    return _execute(source, dialect, "attributes_of")  # type: ignore[no-any-return]


def _write_attribute(source: _Source, attribute: str, places: list[AttributePlace]) -> None:
    def attempt(place: AttributePlace) -> None:
        convert = source.bind("convert", converter(attribute, place))
        source.line(f"value = {source.fetch(place.at)}")
        source.line(f"if value is not None: value = {convert}(value)")

    attempt(places[0])
    for place in places[1:]:
        with source.block("if value is None:"):
            attempt(place)
    source.line(f"if value is not None: found[{attribute!r}] = value")


def converter(attribute: str, place: AttributePlace) -> Callable[[object], float | int | str | None]:
    """The function from what stands at a place to the attribute's value, or None."""
    known = ATTRIBUTES[attribute]
    translated = place.values and {canonical(value): meaning for value, meaning in place.values.items()}
    return values.attribute_reader("name" if known.names else known.type, place.behind, translated)
