"""Settings from the environment over a file over the defaults, with where each value came from.

Every fault is found and listed at once, in words that say what to do. The environment is an argument.
"""

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, SecretStr, ValidationError

from stagewatch.settings.fields import BY_HAND
from stagewatch.settings.model import Settings

PREFIX = "STAGEWATCH_"
FILE_VARIABLE = "STAGEWATCH_SETTINGS"
DEFAULT = "default"

# Kubernetes puts variables like these beside every container that runs near a Service called stagewatch.
_SERVICE_LINK = re.compile(r"_SERVICE_HOST$|_SERVICE_PORT(_\w+)?$|_PORT_\d+_(TCP|UDP)")
_LINK_VALUE = re.compile(r"^(tcp|udp)://")

Leaf = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the settings: where the value came from, the setting, and what to do."""

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


class SettingsError(Exception):
    """The settings cannot be used. `faults` lists everything that is wrong with them."""

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
    for name, field in model.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            yield from leaves(section, (*path, name))
        else:
            yield (*path, name), field


def variable(leaf: Leaf) -> str:
    """The environment variable of a setting: `clock.idle_after` is STAGEWATCH_CLOCK_IDLE_AFTER."""
    return PREFIX + "_".join(leaf).upper()


def load(environment: Mapping[str, str], file: str | None = None) -> Loaded:
    """The settings of an environment and a file: `file`, else what STAGEWATCH_SETTINGS names, else none.

    Raises:
        SettingsError: with every fault.
    """
    path = file or environment.get(FILE_VARIABLE)
    values: dict[str, Any] = _file_values(Path(path)) if path else {}
    origins = {leaf: str(path) for leaf, _ in leaves() if _present(values, leaf)}
    faults: list[Fault] = []
    known = {variable(leaf): leaf for leaf, _ in leaves()}
    for name, value in sorted(environment.items()):
        if not name.startswith(PREFIX) or name == FILE_VARIABLE or _is_service_link(name, value):
            continue
        if name in known:
            _place(values, known[name], value)
            origins[known[name]] = name
        else:
            faults.append(Fault(name, f"no such setting{_nearest(name, known)}"))
    settings, wrong = _validated(values, origins, path)
    if settings is None or faults:
        raise SettingsError(faults + wrong)
    return Loaded(settings, origins)


def _is_service_link(name: str, value: str) -> bool:
    return bool(_SERVICE_LINK.search(name) or _LINK_VALUE.match(value))


def _nearest(name: str, known: Mapping[str, object]) -> str:
    close = difflib.get_close_matches(name, known, 1, 0.6)
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


def _file_values(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text) if path.suffix == ".toml" else yaml.safe_load(text)
    except OSError as error:
        raise SettingsError([Fault(str(path), f"cannot be read: {error.strerror}")]) from None
    except yaml.MarkedYAMLError as error:
        # The position alone: the text around it could hold a password.
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SettingsError([Fault(f"{path}:{line}", f"is not YAML: {error.problem}")]) from None
    except (tomllib.TOMLDecodeError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError([Fault(str(path), f"cannot be understood: {error}")]) from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise SettingsError(
            [Fault(str(path), "must be a table of settings, such as `broker: 127.0.0.1:9092`")]
        )
    return values


def _validated(
    values: Mapping[str, Any], origins: Mapping[Leaf, str], file: str | None
) -> tuple[Settings | None, list[Fault]]:
    try:
        return Settings.model_validate(values, context=BY_HAND), []
    except ValidationError as error:
        return None, [_fault(each, origins, file) for each in error.errors(include_url=False)]


def _fault(error: Mapping[str, Any], origins: Mapping[Leaf, str], file: str | None) -> Fault:
    fields = dict(leaves())
    path = tuple(map(str, error["loc"]))
    leaf = next((path[:size] for size in range(len(path), 0, -1) if path[:size] in fields), None)
    message = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    name = ".".join(path)
    if error["type"] == "extra_forbidden":
        known = {".".join(leaf): leaf for leaf in fields}
        return Fault(
            file or "settings",
            f"{name}: no such setting{_nearest(name, known)}",
        )
    if leaf is None:
        return Fault(name or file or "settings", message)
    given = "" if "SecretStr" in str(fields[leaf].annotation) else f" {error['input']!r}"
    return Fault(origins.get(leaf, "settings"), f"{name}{given}: {message}. {fields[leaf].description}")


def revealed(secret: SecretStr | None) -> str | None:
    """The secret's text, for the one place that hands it to the Kafka client."""
    return None if secret is None else secret.get_secret_value()
