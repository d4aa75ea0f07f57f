"""Settings from the environment over a file over the defaults, with where each value came from.

Every fault is found and listed at once, in words that say what to do. The environment is an argument.
"""

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError

from schemas.documents import MAX_CHARACTERS, Place, cut, has_half, load_document
from stagewatch.mistakes import Mistake
from stagewatch.settings import secrets
from stagewatch.settings.fields import BY_HAND
from stagewatch.settings.model import Settings
from stagewatch.texts import text_in

PREFIX = "STAGEWATCH_"
FILE_VARIABLE = "STAGEWATCH_SETTINGS"
DEFAULT = "default"
LONGEST = 150
"""Characters of a name or a value that a fault quotes."""

# Kubernetes puts variables like these beside every container that runs near a Service called stagewatch.
_SERVICE_LINK = re.compile(r"_SERVICE_HOST$|_SERVICE_PORT(_\w+)?$|_PORT_\d+_(TCP|UDP)")
_LINK_VALUE = re.compile(r"^(tcp|udp)://")

_PLAINLY = {
    "missing": "is missing",
    "string_pattern_mismatch": "is not written as it must be",
    "path_not_file": "there is no such file",
    "model_type": "must hold settings by name, such as `name: value`",
    "too_short": "names nothing",
}

Leaf = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the settings: where the value came from, the setting, and what to do."""

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


class SettingsError(Mistake):
    """The settings cannot be used. `faults` lists everything that is wrong with them."""

    exit_code = 2

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Loaded:
    """The effective settings, and for each leaf where its value came from."""

    settings: Settings
    origins: Mapping[Leaf, str]

    def origin(self, leaf: Leaf) -> str:
        """`default`, the file's path, or the environment variable."""
        return self.origins.get(leaf, DEFAULT)


def leaves(model: type[BaseModel] = Settings, path: Leaf = ()) -> Iterator[tuple[Leaf, Any]]:
    """Every setting's path with its pydantic field, in the order of the model; a section is not a setting."""
    for name, info in model.model_fields.items():
        section = info.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            yield from leaves(section, (*path, name))
        else:
            yield (*path, name), info


def secret_leaves() -> list[Leaf]:
    """The settings that are secrets, each of which has a twin that names a file (`secrets`)."""
    return [leaf for leaf, info in leaves() if secrets.is_secret(info.annotation)]


def variable(leaf: Leaf) -> str:
    """The environment variable of a setting: `clock.idle_after` is STAGEWATCH_CLOCK_IDLE_AFTER."""
    return PREFIX + "_".join(leaf).upper()


def load(environment: Mapping[str, str], file: str | None = None) -> Loaded:
    """The settings of an environment and a file: `file`, else what STAGEWATCH_SETTINGS names, else none.

    Raises:
        SettingsError: with every fault.
    """
    name = file or environment.get(FILE_VARIABLE)
    found = _read(name) if name else _File()
    given = _Given(dict(found.values))
    given.take_file(found)
    given.take(environment)
    given.read_secrets()
    settings, wrong = _validated(given.values, given.origins, found)
    if settings is None or given.faults:
        raise SettingsError(given.faults + wrong)
    return Loaded(settings, given.origins)


@dataclass(slots=True)
class _Given:
    """What was given so far: values, where each came from, and the files that secrets are yet to be read from."""

    values: dict[str, Any]
    origins: dict[Leaf, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    files: dict[Leaf, tuple[str, object]] = field(default_factory=dict)

    def take_file(self, found: "_File") -> None:
        """Where the file's values stand; a secret's path is taken out of them."""
        self.origins = {leaf: found.place(leaf) for leaf, _ in leaves() if _present(self.values, leaf)}
        for leaf in secret_leaves():
            path = secrets.taken(self.values, secrets.twin(leaf))
            if path is not None:
                self._file_of(leaf, found.place(secrets.twin(leaf)), path, twice=leaf in self.origins)

    def take(self, environment: Mapping[str, str]) -> None:
        """The environment goes over what there is."""
        known = {variable(leaf): leaf for leaf, _ in leaves()}
        paths = {variable(secrets.twin(leaf)): leaf for leaf in secret_leaves()}
        for name, value in sorted(environment.items()):
            # An empty variable is one that is not set: so a compose file can pass on what may be missing.
            if not value or not name.startswith(PREFIX) or name == FILE_VARIABLE or _is_service_link(name, value):
                continue
            if has_half(name + value):
                where = cut(name.encode(errors="backslashreplace").decode(), LONGEST)
                self.faults.append(Fault(where, "is no UTF-8 text"))
            elif name in known:
                _place(self.values, known[name], value)
                self.origins[known[name]] = name
                self.files.pop(known[name], None)
            elif name in paths:
                leaf = paths[name]
                self._file_of(leaf, name, value, twice=bool(environment.get(variable(leaf))))
            else:
                self.faults.append(Fault(cut(name, LONGEST), f"no such setting{_nearest(name, known | paths)}"))

    def read_secrets(self) -> None:
        """The secrets that stand in files of their own."""
        for leaf, (where, path) in self.files.items():
            secret, fault = secrets.read(path)
            if secret is None:
                self.faults.append(Fault(where, f"{'.'.join(secrets.twin(leaf))}: {fault}"))
            # Where it cannot be read something stands there all the same: that it is missing would be said as well.
            _place(self.values, leaf, secret or "?" * 16)
            self.origins[leaf] = where

    def _file_of(self, leaf: Leaf, where: str, path: object, *, twice: bool) -> None:
        if twice:
            name = ".".join(leaf)
            self.faults.append(Fault(where, f"{name} and {name}_file are both given: take one of them out"))
        self.files[leaf] = where, path


def _is_service_link(name: str, value: str) -> bool:
    return bool(_SERVICE_LINK.search(name) or _LINK_VALUE.match(value))


def _nearest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name[:LONGEST], known, 1, 0.6)
    return f"; did you mean {close[0]}?" if close else "; take it out"


def _present(values: Mapping[str, Any], leaf: Leaf) -> bool:
    here: Any = values
    for name in leaf:
        if not isinstance(here, Mapping) or name not in here:
            return False
        here = here[name]
    return True


def _place(values: dict[str, Any], leaf: Leaf, value: str) -> None:
    here = values
    for name in leaf[:-1]:
        inner = here.get(name)
        here[name] = here = dict(inner) if isinstance(inner, Mapping) else {}
    here[leaf[-1]] = value


@dataclass(frozen=True, slots=True)
class _File:
    """A settings file's values, and the line of each where the format tells it."""

    name: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    places: Mapping[Place, tuple[int, int]] = field(default_factory=dict)

    def place(self, value: Place) -> str:
        """The file, with the line of the value."""
        return f"{self.name}:{self.places[value][0]}" if value in self.places else self.name


def _read(name: str) -> _File:
    try:
        text = text_in(name)
    except OSError as error:
        raise SettingsError([Fault(name, f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError:
        raise SettingsError([Fault(name, "is no UTF-8 text")]) from None
    if len(text) > MAX_CHARACTERS:
        raise SettingsError([Fault(name, f"has {len(text):,} characters; at most {MAX_CHARACTERS:,} are read")])
    if name.endswith(".toml"):
        try:
            return _File(name, tomllib.loads(text))
        except (ValueError, RecursionError) as error:  # numbers of more digits than Python reads, lists in lists
            raise SettingsError([Fault(name, f"is not TOML: {cut(str(error))}")]) from None
    document = load_document(text, name)
    if document.faults:
        raise SettingsError([Fault(f"{name}:{each.line}", each.message) for each in document.faults])
    if not isinstance(document.data, dict | None):
        raise SettingsError([Fault(name, "must hold settings by name, such as `broker: 127.0.0.1:9092`")])
    return _File(name, document.data or {}, document.places)


def _validated(
    values: Mapping[str, Any], origins: Mapping[Leaf, str], file: _File
) -> tuple[Settings | None, list[Fault]]:
    try:
        return Settings.model_validate(values, context=BY_HAND), []
    except ValidationError as error:
        return None, [_fault(each, origins, file) for each in error.errors(include_url=False)]


def _fault(error: Mapping[str, Any], origins: Mapping[Leaf, str], file: _File) -> Fault:
    place: Place = error["loc"]
    name = cut(".".join(map(str, place)), LONGEST)
    where = _where(place, origins, file)
    if error["type"] == "extra_forbidden":
        known = {".".join(leaf) for leaf, _ in leaves()} | {".".join(secrets.twin(leaf)) for leaf in secret_leaves()}
        return Fault(where or file.name, f"{name}: no such setting{_nearest(name, known)}")
    message = cut(_PLAINLY.get(error["type"], error["msg"]).removeprefix("Value error, ").removeprefix("Input "))
    leaf, meaning = next(((leaf, info) for leaf, info in leaves() if place[: len(leaf)] == leaf), ((), None))
    if meaning is None:
        told = f"{name}: {message}" if where else message  # what a section's own check says names its settings
        return Fault(where or name or file.name or "settings", told)
    given = error["input"]
    secret = secrets.is_secret(meaning.annotation)
    if secret and error["type"] == "too_short":
        message = "is too short"
    # Nothing of `security` is quoted, since a password may stand beside its place; nor an address with a login in it.
    hidden = secret or leaf[0] == "security" or not isinstance(given, str | int | float)
    quoted = "" if hidden or (isinstance(given, str) and "@" in given) else f" is {_shown(given)}"
    return Fault(where or "settings", f"{name}{quoted}: {message}. {meaning.description}")


def _where(place: Place, origins: Mapping[Leaf, str], file: _File) -> str:
    """Where a value came from, in a file with its line; empty where nobody gave it."""
    leaf = next((leaf for leaf in origins if place[: len(leaf)] == leaf), None)
    if leaf is None or origins[leaf] == file.place(leaf):
        return file.place(place) if place in file.places else ""
    return origins[leaf]


def _shown(given: float | str) -> str:
    if isinstance(given, int) and given.bit_length() > LONGEST:  # Python writes no number of more than 4,300 digits
        return "a number beyond measure"
    return cut(repr(given), LONGEST)


def revealed(secret: SecretStr | None) -> str | None:
    """The secret's text, for the one place that hands it to the Kafka client."""
    return None if secret is None else secret.get_secret_value()
