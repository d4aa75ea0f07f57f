"""Places: the parts that a dialect file is made of, as strict models.

Owns where things stand (a customer, an id, a time, a name, an attribute), the shorthands that a file may use for
them, and how names are compared. A shorthand is made whole before it is checked: a path alone is `{at: path}`, one
place is a list of one, names alone are names that fix nothing. What a whole file holds is `schemas.dialects`.
"""

from typing import Annotated, Any, Final, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    StringConstraints,
    Tag,
    model_validator,
)

from schemas.paths import Path, parse_path
from schemas.times import Unit
from schemas.values import MAX_NUMBER, MAX_TEXT_LENGTH

MAX_PLACES: Final = 32
"""Places in a list: the longest that ships has six, and Python allows a hundred levels of indentation."""


def canonical(name: str) -> str:
    """A name as names are compared: without regard to case and surrounding space."""
    return name.strip().casefold()


def _path(value: object) -> Path:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str):
        raise ValueError("a path is text")  # noqa: TRY004  pydantic collects ValueErrors
    return parse_path(value)


def places(value: Any) -> Any:  # noqa: ANN401  whatever the file holds
    """One place or several, each a path or an object: always a list of objects."""
    places = value if isinstance(value, list) else [value]
    return [{"at": place} if isinstance(place, str) else place for place in places]


def texts(value: Any) -> Any:  # noqa: ANN401  whatever the file holds
    """One text or several: always a list."""
    return [value] if isinstance(value, str) else value


def _names(value: Any) -> Any:  # noqa: ANN401  whatever the file holds
    """Names alone, or names with attributes: always a mapping."""
    listed = texts(value)
    if not isinstance(listed, list):
        return listed
    if not all(isinstance(name, str) for name in listed):
        raise ValueError("names are text; put quotes round those that look like numbers")
    if len(set(listed)) < len(listed):
        raise ValueError("a name stands here twice")
    return {name: {} for name in listed}


SOME: Final = Field(min_length=1, max_length=MAX_PLACES)
PathField = Annotated[Path, PlainValidator(_path)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT_LENGTH)]
Number = Annotated[int | float, Field(ge=-MAX_NUMBER, le=MAX_NUMBER)]
Scalar = Annotated[
    Annotated[Text, Tag("<text>")] | Annotated[Number, Tag("<number>")],
    Discriminator(lambda value: "<text>" if isinstance(value, str) else "<number>"),
]
Texts = Annotated[list[Text], BeforeValidator(texts)]


class Model(BaseModel):
    """Strict: no key that is not known, no value of another type."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, populate_by_name=True)


class Place(Model):
    """Where a customer's id stands."""

    at: PathField
    behind: Text | None = None


class IdPlace(Model):
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


class TimePlace(Model):
    """Where a time stands, and the unit that numbers there are in."""

    at: PathField
    as_: Annotated[Unit, Field(alias="as")] = "auto"


class NamePlace(Model):
    """Where a name stands; `one_of` maps the names that count there to what we call them."""

    at: PathField
    behind: Text | None = None
    one_of: Annotated[
        dict[Text, Text] | None,
        BeforeValidator(lambda value: {name: name for name in value} if _are_texts(value) else value),
    ] = None


class AttributePlace(Model):
    """Where an attribute stands, and what its values mean."""

    at: PathField
    behind: Text | None = None
    values: dict[Text, Scalar] | None = None


class Wraps(Model):
    """Where an envelope keeps its event."""

    data: PathField
    base64: PathField | None = None
    headers: Texts = []


def _shape(value: object) -> str:
    if isinstance(value, list | dict):
        return "<places>"
    return "<text>" if isinstance(value, str) else "<number>"


AttributePlaces = Annotated[list[AttributePlace], BeforeValidator(places), SOME]
Fixed = Annotated[
    Annotated[Text, Tag("<text>")] | Annotated[Number, Tag("<number>")] | Annotated[AttributePlaces, Tag("<places>")],
    Discriminator(_shape),
]
Names = Annotated[dict[Text, dict[str, Fixed]], BeforeValidator(_names)]


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
