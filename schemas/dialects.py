"""Dialects: one sender's vocabulary and layout, as a YAML file that a user can copy and change without code.

Owns the form of such a file and its checking: every fault is found and located, none is guessed around. Knows
neither how a dialect becomes code (`schemas.compiling`) nor bytes. The file, key by key:

    dialect, title   its name, and one line saying whose it is
    detect           how to recognise an event, for sources set to `auto`: alternatives, each a set of paths that
                     must hold something, or one of the values listed
    each             the list inside a record that holds its events; the record's other fields stand in for
                     those an event lacks
    wraps            for envelopes: where the event inside stands (`data`, or as base64), and what the names of
                     headers begin with that can hold the envelope's fields instead
    customer         where the id stands: the first place that holds somebody's
    somebody         ids that usually mean nobody but are real here
    id               where the event's own id stands; `join: [paths]` where several fields make it unique
    time             where the time stands; `as` says in which unit numbers are (auto, iso, seconds, ...)
    name             where the event's name stands; `one_of` limits a place to some names, and can rename them;
                     `behind: "."` takes what follows the last dot
    attributes       attribute -> where it stands; `values` translates, `behind` as above
    signals          kind -> the names that mean it; a name can fix attributes, or say where they stand in it
    kinds            true where a kind's own name means it
    own              kinds of signal that only this source has: name -> meaning
    pass             names knowingly passed over
    write            where made-up events have customer, id, time and name, if not at the first place of each

A place is a path (see `schemas.paths`) or `{at: path, ...}`; a list of places is tried in its order.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from importlib.resources import files
from itertools import islice
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, StringConstraints, ValidationError

from schemas.checking import inconsistencies, located
from schemas.documents import Fault, load_document
from schemas.paths import Path, parse_path
from schemas.places import (
    MAX_PLACES,
    SOME,
    AttributePlaces,
    IdPlace,
    Model,
    NamePlace,
    Names,
    PathField,
    Place,
    Text,
    Texts,
    TimePlace,
    Wraps,
    canonical,
    places,
    texts,
)
from schemas.signals import KINDS

SHIPPED: Final = (
    "cloudevents",
    "stagewatch",
    "snowplow",
    "shopify",
    "ga4",
    "klaviyo",
    "braze",
    "segment",
)
"""The dialects that ship, in the order in which they are tried: envelopes first, the least particular last."""


MAX_FAULTS: Final = 200
"""Faults that are told of a file: nobody reads more at once."""


class DialectError(ValueError):
    """A dialect file is at fault. `faults` lists what is wrong with it, each with its line, up to MAX_FAULTS."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = sorted(faults, key=lambda fault: (fault.where, fault.line, fault.column))[:MAX_FAULTS]
        super().__init__("\n".join(map(str, self.faults)))


class Dialect(Model):
    """A dialect, checked. See the module's prose for what each key means."""

    dialect: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
    title: Text
    detect: list[dict[str, Annotated[list[Text] | None, BeforeValidator(texts)]]] = Field(default_factory=list)
    each: PathField | None = None
    wraps: Wraps | None = None
    customer: Annotated[list[Place], BeforeValidator(places), SOME]
    somebody: Texts = Field(default_factory=list)
    id: Annotated[list[IdPlace], BeforeValidator(places), Field(max_length=MAX_PLACES)] = Field(default_factory=list)
    time: Annotated[list[TimePlace], BeforeValidator(places), SOME]
    name: Annotated[list[NamePlace], BeforeValidator(places), SOME]
    attributes: dict[str, AttributePlaces] = Field(default_factory=dict)
    signals: dict[str, Names] = Field(default_factory=dict)
    kinds: bool = False
    own: dict[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")], Text] = Field(default_factory=dict)
    pass_: Texts = Field(default_factory=list, alias="pass")
    write: dict[Literal["customer", "id", "time", "name"], PathField] = Field(default_factory=dict)

    def meanings(self) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        """Every name that means a signal: its kind, the name, and the attributes it fixes or places."""
        for kind, names in self.signals.items():
            for name, attributes in names.items():
                yield kind, name, attributes
        if self.kinds:
            taken = {canonical(name) for names in self.signals.values() for name in names}
            yield from ((kind, kind, {}) for kind in (*KINDS, *self.own) if kind not in taken)

    def is_plain(self) -> bool:
        """Whether a record is one event, and nothing outside its value is looked at."""
        every = [place.at for place in self.customer] + [place.at for place in self.time]
        every += [place.at for place in self.name]
        every += [path for place in self.id for path in place.fields()]
        for _, _, special in self.meanings():
            for given in (*self.attributes.values(), *special.values()):
                every += [place.at for place in given] if isinstance(given, list) else []
        return self.each is None and self.wraps is None and all(path.root == "event" for path in every)

    @cached_property
    def names(self) -> Mapping[str, Sequence[tuple[str, Mapping[str, Any]]]]:
        """For each kind the names that mean it, each with the attributes that it fixes or places."""
        names: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
        for kind, name, attributes in self.meanings():
            names.setdefault(kind, []).append((name, attributes))
        return names

    @cached_property
    def detection(self) -> list[dict[Path, list[str] | None]]:
        """The alternatives of `detect` with their paths parsed."""
        return [{parse_path(path): values for path, values in alternative.items()} for alternative in self.detect]


def load_dialect(text: str, where: str) -> Dialect:
    """The dialect that a file's text writes; `where` names it in faults. Raises DialectError with every fault."""
    document = load_document(text, where)
    if document.faults:
        raise DialectError(document.faults)
    if not isinstance(document.data, dict):
        raise DialectError([document.fault((), "a dialect is a mapping of keys, `dialect:` among them")])
    try:
        dialect = Dialect.model_validate(document.data)
    except ValidationError as error:
        raise DialectError(located(error, document)) from None
    found = islice(inconsistencies(dialect), MAX_FAULTS)
    faults = [document.fault(place, message) for place, message in found]
    if faults:
        raise DialectError(faults)
    return dialect


def shipped_dialects() -> dict[str, Dialect]:
    """The dialects that ship with Stagewatch, by name, in the order in which an event is tried against them."""
    folder = files("schemas") / "dialects"
    return {
        name: load_dialect((folder / f"{name}.yaml").read_text(encoding="utf-8"), f"{name}.yaml") for name in SHIPPED
    }
