"""The form of a journey's YAML: which keys there are and what may stand under each.

Owns the shape, and the sentences that say what to do where the shape is wrong. What names mean, and whether they are
known, is `journey.loading`'s business. Every model refuses keys it does not know.
"""

import keyword
import re
from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from journey.definition import Per
from journey.durations import milliseconds
from journey.faults import suggest
from journey.loading.yaml import Document, Path

ANY: Final = "any"

# What a journey may hold. The largest that ships has 17 facts, 6 tracks, 7 stages on a track, 13 moves on a track.
MOST_NAMED: Final = 300
"""Names in one place: kinds of signal, stages, facts, topics."""
MOST_FACTS: Final = 200
MOST_TRACKS: Final = 20
MOST_STAGES: Final = 100
MOST_MOVES: Final = 200
"""On one track. Python compiles a choice among some 1,500 of them."""
MOST_EXAMPLES: Final = 500
MOST_SIGNALS: Final = 1_000
"""Of one example."""

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_SLUG: Final = re.compile(r"[a-z][a-z0-9-]{0,63}")
_TOPIC: Final = re.compile(r"[A-Za-z0-9._-]{1,200}")


def plain_name(text: str) -> str:
    """`text` again, where it can name a fact, track, stage, move, kind or group; else a ValueError that says how to."""
    if _NAME.fullmatch(text) is None or keyword.iskeyword(text) or text == ANY:
        raise ValueError(
            f"'{text}' cannot be a name: use small letters, digits and _, and none of Python's words or 'any'"
        )
    return text


def _slug(text: str) -> str:
    if _SLUG.fullmatch(text) is None:
        raise ValueError(f"'{text}' cannot name a journey: use small letters, digits and -")
    return text


def _topic(text: str) -> str:
    if _TOPIC.fullmatch(text) is None or text in {".", ".."}:
        raise ValueError(f"'{text}' cannot be a topic: Kafka takes letters, digits, '.', '_' and '-'")
    return text


def _duration(value: object) -> int:
    if value == 0 and not isinstance(value, bool):
        return 0
    if not isinstance(value, str):
        raise ValueError(f"'{value}' is not a duration: write its unit, as in 30s, 30m, 2h or 7d")  # noqa: TRY004  for pydantic
    return milliseconds(value)


def _some_time(duration: int) -> int:
    if duration == 0:
        raise ValueError("this must last at least a second")
    return duration


def _several(value: object) -> object:
    return tuple(value) if isinstance(value, list) else (value,)


def _once(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        raise ValueError("this is empty: name at least one, or leave it out")
    if len(values) > MOST_NAMED:
        raise ValueError(f"{len(values):,} stand here, at most {MOST_NAMED} may")
    twice = sorted(str(each) for each, times in Counter(map(repr, values)).items() if times > 1)
    if twice:
        raise ValueError(f"{twice[0]} stands here twice: keep one")
    return values


def _meanings(value: object) -> object:
    return dict.fromkeys(_once(tuple(map(str, value)))) if isinstance(value, list) else value


Name = Annotated[str, AfterValidator(plain_name)]
Duration = Annotated[int, BeforeValidator(_duration)]
SomeTime = Annotated[Duration, AfterValidator(_some_time)]
Several = Annotated[tuple[str, ...], BeforeValidator(_several), AfterValidator(_once)]
Meanings = Annotated[dict[Name, str | None], BeforeValidator(_meanings), Field(max_length=MOST_NAMED)]
Stages = Annotated[dict[Name, Any], BeforeValidator(_meanings)]
Topics = Annotated[tuple[Annotated[str, AfterValidator(_topic)], ...], BeforeValidator(_several), AfterValidator(_once)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class JourneyForm(_Form):
    """The outermost keys."""

    journey: Annotated[str, AfterValidator(_slug)]
    version: Annotated[int, Field(ge=1)]
    title: str
    patience: Duration = 30_000
    lateness: Duration = 3_600_000
    dedup_window: Duration = 604_800_000
    signals: Meanings = {}
    groups: Annotated[dict[Name, Several], Field(max_length=MOST_NAMED)] = {}
    facts: Annotated[dict[str, Any], Field(max_length=MOST_FACTS)] = {}
    tracks: Annotated[dict[str, Any], Field(min_length=1, max_length=MOST_TRACKS)]
    migrates: Annotated[dict[str, Any], Field(max_length=MOST_NAMED)] = {}
    examples: Annotated[list[Any], Field(max_length=MOST_EXAMPLES)] = []


class FactForm(_Form):
    """One fact: exactly one of the operations, and what narrows it."""

    count: Several | None = None
    sum: str | None = None
    first: str | None = None
    last: str | None = None
    min: str | None = None
    max: str | None = None
    days: Several | None = None
    days_since: Several | None = None
    of: Several | None = None
    within: SomeTime | None = None
    reset: Several | None = None
    if_: Annotated[str | None, Field(alias="if")] = None
    per: Per | None = None


class TrackForm(_Form):
    """One track; stages and moves are looked at one by one, so that a fault in one does not hide those in others."""

    initial: str | None = None
    per: Per | None = None
    orders: Literal["any", "same"] | None = None
    furthest: bool = False
    stages: Annotated[Stages, Field(min_length=1, max_length=MOST_STAGES)]
    moves: Annotated[list[Any], Field(min_length=1, max_length=MOST_MOVES)]


class StageForm(_Form):
    """One stage; where only its meaning is to be said, that stands in its place."""

    means: str | None = None
    within: SomeTime | None = None


class MoveForm(_Form):
    """One move."""

    name: Name
    from_: Annotated[Several, Field(alias="from")]
    to: str
    on: Several | None = None
    after: SomeTime | None = None
    since: Several | None = None
    if_: Annotated[str | None, Field(alias="if")] = None
    publish: Several = ()
    route: Topics = ()
    cooldown: SomeTime | None = None
    once: bool = False
    reset_on: Several | None = None
    grace: SomeTime | None = None
    late: bool | None = None


class ExampleForm(_Form):
    """One example."""

    name: str
    tracks: Several | None = None
    signals: Annotated[list[Any], Field(min_length=1, max_length=MOST_SIGNALS)]
    until: Duration | None = None
    transitions: list[Any]


class SignalForm(_Form):
    """A signal of an example, without its attributes, which stand beside these keys."""

    at: Duration
    kind: str
    arrives: Duration | None = None
    id: Annotated[str | None, Field(min_length=1)] = None


class ExpectedForm(_Form):
    """A transition that an example expects; in one line, too: `name`, `name at 30m`, `corrected name at 30m`."""

    move: str
    at: Duration | None = None
    facts: dict[str, float | int | str | None] = {}
    kind: Literal["made", "corrected", "suppressed"] = "made"
    cart: str | None = None
    late: bool | None = None


Form = TypeVar("Form", bound=_Form)

_SENTENCES: Final[Mapping[str, str]] = {
    "string_type": "this must be text; put it in quotes if it looks like a number",
    "int_type": "this must be a whole number",
    "bool_type": "this must be true or false",
    "dict_type": "this must be a mapping, that is lines of 'key: value'",
    "model_type": "this must be a mapping, that is lines of 'key: value'",
    "list_type": "this must be a list",
    "greater_than_equal": "this must be 1 or more",
    "string_too_short": "this is empty: write something, or leave it out",
    "too_short": "this is empty: there must be at least one",
}


def refuse_name(document: Document, path: Path) -> None:
    """Note a fault where the last key of `path` cannot be a name."""
    try:
        plain_name(str(path[-1]))
    except ValueError as error:
        document.refuse(path, str(error), key=True)


def fill(form: type[Form], document: Document, path: Path, data: object) -> Form | None:
    """`data` in the given form; where it does not fit, None, with every fault noted in `document`."""
    try:
        return form.model_validate(data)
    except ValidationError as error:
        for detail in error.errors():
            _refuse(form, document, path, detail)
        return None


def _refuse(form: type[Form], document: Document, path: Path, detail: ErrorDetails) -> None:
    keys = tuple(each for each in detail["loc"] if each != "[key]")
    place, kind = (*path, *keys), detail["type"]
    if kind == "missing":
        document.refuse(path, f"'{keys[-1]}' is missing: add a line '{keys[-1]}: ...'")
    elif kind == "extra_forbidden":
        known = [each.alias or name for name, each in form.model_fields.items()]
        document.refuse(place, f"there is no key '{keys[-1]}' here. {suggest(keys[-1], known)}", key=True)
    elif kind == "literal_error":
        document.refuse(place, f"this must be {detail['ctx']['expected']}")
    else:
        message = detail["msg"].removeprefix("Value error, ")
        if kind == "too_long":
            message = f"there is too much here: at most {detail['ctx']['max_length']:,} may be"
        document.refuse(place, _SENTENCES.get(kind, message), key="[key]" in detail["loc"])
