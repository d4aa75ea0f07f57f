"""Where journeys and dialects are found: the shipped ones by name, anybody's own by path.

It reads files and hands their text to the rooms that understand it; what is wrong comes back as one error that
lists every fault with its place.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from journey.faults import JourneyError
from journey.loading import load
from journey.machine import compile_journeys
from schemas.dialects import SHIPPED, DialectError, load_dialect, shipped_dialects
from schemas.documents import cut
from schemas.reading import AUTO, Reader
from stagewatch.mistakes import Mistake
from stagewatch.texts import text_in

if TYPE_CHECKING:
    from journey.definition import Definition
    from journey.machine import Machine
    from schemas.dialects import Dialect
    from stagewatch.settings import Settings

JOURNEYS = Path(__file__).resolve().parent.parent / "journeys"
"""Beside this package, in a checkout as in a wheel; not looked up on the path, where a folder could shadow it."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


class LibraryError(Mistake):
    """Journeys or dialects that cannot be used; `faults` has a line for each thing that is wrong."""

    def __init__(self, faults: Iterable[object]) -> None:
        self.faults = [str(fault) for fault in faults]
        super().__init__("\n".join(self.faults))


def shipped_journeys() -> dict[str, Path]:
    """The files of the journeys that ship, by name."""
    return {path.stem: path for path in sorted(JOURNEYS.glob("*.yaml"))}


def text_of(path: str | Path) -> str:
    """The text of a file. LibraryError where it cannot be read."""
    try:
        return text_in(path)
    except OSError as error:
        raise LibraryError([f"{path}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise LibraryError([f"{path}: is no UTF-8 text"]) from None


def journey_of(name: str) -> "Definition":
    """The journey that is shipped under a name, or stands in a file. LibraryError with every fault."""
    path = _found("journey", name, shipped_journeys())
    try:
        return load(text_of(path), str(path) if path == Path(name) else path.name)
    except JourneyError as error:
        raise LibraryError(error.faults) from None


def dialect_of(name: str) -> "Dialect":
    """The dialect that is shipped under a name, or stands in a file. LibraryError with every fault."""
    if name in SHIPPED:
        return shipped_dialects()[name]
    path = _found("dialect", name, dict.fromkeys(SHIPPED, Path()))
    try:
        return load_dialect(text_of(path), str(path))
    except DialectError as error:
        raise LibraryError(error.faults) from None


def machine_of_journeys(names: Sequence[str]) -> "Machine":
    """The machine that follows these journeys. LibraryError with every fault of any of them."""
    definitions, faults = [], []
    for name in names:
        try:
            definitions.append(journey_of(name))
        except LibraryError as error:
            faults += error.faults
    if faults:
        raise LibraryError(faults)
    try:
        return compile_journeys(definitions)
    except ValueError as clash:
        raise LibraryError([clash]) from None


def dialects_with(files: Iterable[str | Path]) -> dict[str, "Dialect"]:
    """The shipped dialects and those of the files, each by its own name; a file's goes before a shipped one."""
    own, faults = {}, []
    for file in files:
        try:
            dialect = dialect_of(str(file))
            own[dialect.dialect] = dialect
        except LibraryError as error:
            faults += error.faults
    if faults:
        raise LibraryError(faults)
    return own | {name: each for name, each in shipped_dialects().items() if name not in own}


def machine_of(settings: "Settings") -> "Machine":
    """The machine that a worker with these settings follows. LibraryError with every fault."""
    return machine_of_journeys(settings.journeys)


def readers_of(settings: "Settings", machine: "Machine") -> dict[str, Reader]:
    """For each source topic, how its records are read. LibraryError with every fault."""
    dialects = dialects_with(settings.dialect_files)
    unknown = [
        f"sources: {each.topic} is said to be in the dialect {each.dialect}, which is not known;"
        f" known are {AUTO}, {', '.join(dialects)}; name files of others in dialect_files"
        for each in settings.sources
        if each.dialect != AUTO and each.dialect not in dialects
    ]
    if unknown:
        raise LibraryError(unknown)
    return {
        each.topic: Reader(dialects, each.dialect, machine.attributes, settings.max_record_bytes)
        for each in settings.sources
    }


def _found(what: str, name: str, shipped: Mapping[str, Path]) -> Path:
    path = Path(name)
    if _NAME.fullmatch(name) and name in shipped:
        return shipped[name]
    if os.path.isfile(path):  # noqa: PTH113  Path.is_file raises where a name is too long to be one
        return path
    known = ", ".join(shipped)
    raise LibraryError(
        [f"{cut(name, 200)}: no {what} is shipped under this name and there is no such file; shipped are {known}"]
    )
