"""YAML text to plain data that remembers on which line and column each key and value stood.

Owns which YAML is understood: YAML 1.2's plain values (so the key `on` stays a word and a date stays text), no
duplicate keys, no tags, no nesting without end, no text without end. Knows nothing about journeys.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import yaml

from journey.faults import Fault
from schemas.documents import BoundedLoader, TooMuchError, cut, has_half

Path = tuple[str | int, ...]

MOST_NODES: Final = 20_000
"""The largest shipped journey has some 1,500; far more can only come of anchors that multiply each other."""
MOST_FAULTS: Final = 200
"""Nobody reads more at once, and what each of them might have meant takes a millisecond to find."""
DEEPEST: Final = 20
"""A journey's own nesting ends at five."""


class EnoughFaultsError(Exception):
    """There are so many faults in a document that looking for more is no use."""


class _Loader(BoundedLoader):
    """Safe, and with YAML 1.2's idea of what is not text: `on`, `yes` and 2024-01-01 are text."""

    deepest = DEEPEST
    too_deep = "this is nested too deeply for a journey"
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  PyYAML's own name


_TAG: Final = "tag:yaml.org,2002:"
_PLAIN: Final = {
    "null": re.compile(r"(~|null|)\Z"),
    "bool": re.compile(r"(true|false)\Z"),
    "int": re.compile(r"[-+]?[0-9]+\Z"),
    "float": re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\Z"),
    "str": re.compile(r"(?s:.*)\Z"),
}
_FIRST: Final = {
    "null": ["~", "n", ""],
    "bool": ["t", "f"],
    "int": list("-+0123456789"),
    "float": list("-+.0123456789"),
}
for _name, _letters in _FIRST.items():
    _Loader.add_implicit_resolver(_TAG + _name, _PLAIN[_name], _letters)


@dataclass(slots=True)
class Document:
    """A text's data, the faults found while reading it, and where each path of it stands."""

    where: str
    data: object = None
    faults: list[Fault] = field(default_factory=list)
    marks: dict[Path, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def refuse(self, path: Path, message: str, *, key: bool = False) -> None:
        """Note a fault at `path`, or at its key; what has no place of its own is noted where its parent stands.

        Raises:
            EnoughFaultsError: there are MOST_FAULTS of them now.
        """
        place: Path = path
        marks = self.keys if key and path in self.keys else self.marks
        while place not in marks and place:
            place = place[:-1]
        line, column = marks.get(place, (1, 1))
        self.faults.append(Fault(self.where, line, column, cut(".".join(map(str, path))), cut(message)))
        if len(self.faults) == MOST_FAULTS:
            self.faults.append(
                Fault(self.where, line, column, "", f"these are {MOST_FAULTS} faults; there may be more")
            )
            raise EnoughFaultsError


def read(text: str, where: str) -> Document:
    """The document that `text` is; with faults in it, whatever could be read all the same."""
    document = Document(where)
    try:
        node = yaml.compose(text, Loader=_Loader)
    except TooMuchError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        document.faults.append(Fault(where, line, column, "", str(error.problem)))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        said = ", ".join(filter(None, (error.context, error.problem)))
        document.faults.append(Fault(where, line, column, "", cut(f"this is not YAML: {said}")))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        column = error.position - text.rfind("\n", 0, error.position)
        message = "this is not YAML: there is a character that may not stand in text"
        document.faults.append(Fault(where, line, column, "", message))
    except ValueError as error:  # an escape or a version beyond what there is
        document.refuse((), f"this is not YAML: {error}")
    else:
        if node is not None:
            with suppress(EnoughFaultsError):
                document.data = _Reading(document).value(node, ())
    return document


class _Reading:
    """One walk over the nodes of a document."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.nodes = 0
        self.stopped = False

    def value(self, node: yaml.Node, path: Path) -> object:
        """The node's data; None once the document has turned out to be without measure."""
        self.document.marks[path] = _mark(node)
        self.nodes += 1
        if self.nodes > MOST_NODES or len(path) > DEEPEST:
            self._stop(path)
        if self.stopped:
            return None
        if isinstance(node, yaml.MappingNode) and node.tag == _TAG + "map":
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _stop(self, path: Path) -> None:
        if not self.stopped:
            self.document.refuse(
                path, "this is too long or nested too deeply for a journey; do anchors repeat each other?"
            )
        self.stopped = True

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        result: dict[str, object] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or has_half(key.value):
                self.document.marks[(*path, "?")] = _mark(key)
                self.document.refuse((*path, "?"), "a key must be a word")
            elif key.value in result:
                here = (*path, key.value)
                line, _ = self.document.keys[here]
                self.document.keys[here] = _mark(key)
                self.document.refuse(here, f"'{key.value}' stands here twice, first on line {line}: keep one", key=True)
            else:
                here = (*path, key.value)
                self.document.keys[here] = _mark(key)
                result[key.value] = self.value(value, here)
        return result

    def _scalar(self, node: yaml.Node, path: Path) -> object:
        text = node.value if isinstance(node, yaml.ScalarNode) else None
        pattern = _PLAIN.get(node.tag.removeprefix(_TAG))
        if text is None or pattern is None or not pattern.fullmatch(text):
            self.document.refuse(path, f"'{node.tag}' in front of a value means nothing here: leave it out")
        elif has_half(text):
            self.document.refuse(path, "there is half a character in this text: take it out")
        else:
            value = _SCALARS[node.tag.removeprefix(_TAG)](text)
            if value not in _INFINITE:
                return value
            self.document.refuse(path, "this number is too large")
        return text


_INFINITE: Final = (float("inf"), float("-inf"))


def _number(text: str) -> int | float:
    # 18 digits fit 64 bits, which is what every reader of JSON can hold.
    return int(text) if len(text) <= 18 else float(text)  # noqa: PLR2004  the comment says why


_SCALARS: Final[dict[str, Callable[[str], object]]] = {
    "null": lambda _: None,
    "bool": lambda text: text == "true",
    "int": _number,
    "float": float,
    "str": str,
}


def _mark(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
