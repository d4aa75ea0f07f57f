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

from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    StringConstraints,
    Tag,
    ValidationError,
    model_validator,
)

from schemas.documents import Document, Fault, load_document
from schemas.paths import Count, Path, parse_path
from schemas.signals import ATTRIBUTES, KINDS, carries
from schemas.times import Unit
from schemas.values import MAX_TEXT_LENGTH

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


class DialectError(ValueError):
    """A dialect file is at fault. `faults` lists everything that is wrong with it, each with its line."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = sorted(faults, key=lambda fault: (fault.where, fault.line, fault.column))
        super().__init__("\n".join(map(str, self.faults)))


def _path(value: object) -> Path:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str):
        raise ValueError("a path is text")  # noqa: TRY004  pydantic collects ValueErrors
    return parse_path(value)


def _places(value: Any) -> Any:  # noqa: ANN401  whatever the file holds
    """One place or several, each a path or an object: always a list of objects."""
    places = value if isinstance(value, list) else [value]
    return [{"at": place} if isinstance(place, str) else place for place in places]


def _texts(value: Any) -> Any:  # noqa: ANN401  whatever the file holds
    return [value] if isinstance(value, str) else value


def _names(value: Any) -> Any:  # noqa: ANN401  whatever the file holds
    """Names alone, or names with attributes: always a mapping."""
    listed = _texts(value)
    if not isinstance(listed, list):
        return listed
    if not all(isinstance(name, str) for name in listed):
        raise ValueError("names are text; put quotes round those that look like numbers")
    if len({canonical(name) for name in listed}) < len(listed):
        raise ValueError("a name stands here twice")
    return {name: {} for name in listed}


PathField = Annotated[Path, PlainValidator(_path)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT_LENGTH)]
Number = Annotated[int | float, Field(ge=-1e12, le=1e12)]
Scalar = Annotated[
    Annotated[Text, Tag("<text>")] | Annotated[Number, Tag("<number>")],
    Discriminator(lambda value: "<text>" if isinstance(value, str) else "<number>"),
]
Texts = Annotated[list[Text], BeforeValidator(_texts)]


class _Model(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, populate_by_name=True)


class Place(_Model):
    """Where a customer's id stands."""

    at: PathField
    behind: Text | None = None


class IdPlace(_Model):
    """Where an event's id stands, or the fields that together make one."""

    at: PathField | None = None
    join: Annotated[list[PathField], Field(min_length=2)] | None = None

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Self:
        if (self.at is None) == (self.join is None):
            raise ValueError("either `at` or `join` is wanted")
        return self

    def fields(self) -> list[Path]:
        """The paths whose values make the id."""
        return self.join or ([self.at] if self.at else [])


class TimePlace(_Model):
    """Where a time stands, and the unit that numbers there are in."""

    at: PathField
    as_: Annotated[Unit, Field(alias="as")] = "auto"


class NamePlace(_Model):
    """Where a name stands; `one_of` maps the names that count there to what we call them."""

    at: PathField
    behind: Text | None = None
    one_of: Annotated[
        dict[Text, Text] | None,
        BeforeValidator(lambda value: {name: name for name in value} if _is_texts(value) else value),
    ] = None


class AttributePlace(_Model):
    """Where an attribute stands, and what its values mean."""

    at: PathField
    behind: Text | None = None
    values: dict[Text, Scalar] | None = None


class Wraps(_Model):
    """Where an envelope keeps its event."""

    data: PathField
    base64: PathField | None = None
    headers: Texts = []


def _shape(value: object) -> str:
    if isinstance(value, list | dict):
        return "<places>"
    return "<text>" if isinstance(value, str) else "<number>"


AttributePlaces = Annotated[list[AttributePlace], BeforeValidator(_places), Field(min_length=1)]
Fixed = Annotated[
    Annotated[Text, Tag("<text>")] | Annotated[Number, Tag("<number>")] | Annotated[AttributePlaces, Tag("<places>")],
    Discriminator(_shape),
]
Names = Annotated[dict[Text, dict[str, Fixed]], BeforeValidator(_names)]


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


class Dialect(_Model):
    """A dialect, checked. See the module's prose for what each key means."""

    dialect: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
    title: Text
    detect: list[dict[str, Annotated[list[Text] | None, BeforeValidator(_texts)]]] = []
    each: PathField | None = None
    wraps: Wraps | None = None
    customer: Annotated[list[Place], BeforeValidator(_places), Field(min_length=1)]
    somebody: Texts = []
    id: Annotated[list[IdPlace], BeforeValidator(_places)] = []
    time: Annotated[list[TimePlace], BeforeValidator(_places), Field(min_length=1)]
    name: Annotated[list[NamePlace], BeforeValidator(_places), Field(min_length=1)]
    attributes: dict[str, AttributePlaces] = {}
    signals: dict[str, Names] = {}
    kinds: bool = False
    own: dict[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")], Text] = {}
    pass_: Annotated[Texts, Field(alias="pass")] = []
    write: dict[Literal["customer", "id", "time", "name"], PathField] = {}

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
            for places in (*self.attributes.values(), *special.values()):
                every += [place.at for place in places] if isinstance(places, list) else []
        return self.each is None and self.wraps is None and all(path.root == "event" for path in every)

    def detection(self) -> list[dict[Path, list[str] | None]]:
        """The alternatives of `detect` with their paths parsed."""
        return [{parse_path(path): values for path, values in alternative.items()} for alternative in self.detect]


def canonical(name: str) -> str:
    """A name as names are compared: without regard to case and surrounding space."""
    return name.strip().casefold()


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
        raise DialectError(_located(error, document)) from None
    faults = [document.fault(place, message) for place, message in _inconsistencies(dialect)]
    if faults:
        raise DialectError(faults)
    return dialect


def shipped_dialects() -> dict[str, Dialect]:
    """The dialects that ship with Stagewatch, by name, in the order in which an event is tried against them."""
    folder = files("schemas") / "dialects"
    return {
        name: load_dialect((folder / f"{name}.yaml").read_text(encoding="utf-8"), f"{name}.yaml") for name in SHIPPED
    }


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
    "dict_type": "a mapping (key: value) is wanted here",
    "model_type": "a mapping (key: value) is wanted here",
    "string_pattern_mismatch": "small letters, digits and underscores are wanted here, a letter first",
}
"""What is wrong, in words for those who know YAML but not pydantic; other faults keep pydantic's own."""


def _located(error: ValidationError, document: Document) -> Iterable[Fault]:
    """Pydantic's errors at their places. Its locations also name branches of unions, in angle brackets here."""
    found: dict[Fault, None] = {}
    for detail in error.errors(include_url=False, include_context=False):
        place = tuple(step for step in detail["loc"] if not str(step).startswith("<") and step not in {"int", "float"})
        message = _WORDING.get(detail["type"], detail["msg"].removeprefix("Value error, "))
        found[document.fault(place, message)] = None  # a number can fail as an integer and as a fraction
    return found


def _inconsistencies(dialect: Dialect) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What each key alone cannot show: words outside the vocabulary, and names that mean two things."""
    yield from _unknown_words(dialect)
    seen: dict[str, str] = {}
    for kind, name, _ in dialect.meanings():
        other = seen.setdefault(canonical(name), kind)
        if other != kind:
            yield ("signals", kind, name), f"the name {name!r} means {other} already"
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


def _unknown_words(dialect: Dialect) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for attribute, places in dialect.attributes.items():
        yield from _attribute_faults(("attributes", attribute), attribute, places, None)
    for kind, names in dialect.signals.items():
        if kind not in KINDS and kind not in dialect.own:
            yield ("signals", kind), f"{kind!r} is no kind of signal (nor declared under `own`); {_near(kind, KINDS)}"
            continue
        for name, attributes in names.items():
            for attribute, fixed in attributes.items():
                yield from _attribute_faults(("signals", kind, name, attribute), attribute, fixed, kind)


def _attribute_faults(
    place: tuple[str | int, ...], attribute: str, fixed: object, kind: str | None
) -> Iterator[tuple[tuple[str | int, ...], str]]:
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
    from difflib import get_close_matches  # noqa: PLC0415  needed for faults only, and slow to import

    near = get_close_matches(word, words, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known are {', '.join(words)}"
