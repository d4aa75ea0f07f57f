"""YAML that people write: read so that every value keeps its place, and nothing means what it does not say.

Owns the reading of YAML text into plain data with the line of each value, and the fault that points at a line.
Knows nothing of what the documents are about. YAML 1.1, as PyYAML reads it by default, turns `on`, `yes` and
`no` into booleans, `2024-03-13` into a date and `12:30` into 750; here a plain scalar is null, true, false, a
number or text, as in YAML 1.2. Aliases are refused (a few lines of them can stand for gigabytes), and so are
repeated keys, tags and half characters; length and depth are bounded before anything is made of the text.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

Place = tuple[str | int, ...]
"""The way to a value inside a document: keys and list positions."""

MAX_NESTING: Final = 40
"""Deeper than any document of ours by a factor of five, and far from Python's recursion limit."""

MAX_CHARACTERS: Final = 262_144
"""Ten times the longest journey that ships; half a second of PyYAML's time."""

MAX_MESSAGE: Final = 500
"""Characters of what is said of one fault: it quotes what stands in the document, however long that is."""

_HALVES: Final = re.compile("[\ud800-\udfff]")

_NO_ALIAS: Final = "anchors and aliases (&, *) are not allowed; write it out, or put the text in quotes"
_NO_TAG: Final = "tags (!) are not allowed; leave this one out, or put the text in quotes"
# How PyYAML names a tag that nobody declared, which may be a password that begins with !.
_HANDLE: Final = re.compile(r"(?<=handle) .*", re.DOTALL)


def cut(message: str, most: int = MAX_MESSAGE) -> str:
    """The message, its middle left out where it is too long to be read."""
    return message if len(message) <= most else f"{message[: most - 100]} ... {message[-90:]}"


def has_half(text: str) -> bool:
    """Whether there is half a surrogate pair in the text, which no file, topic or terminal takes."""
    return not text.isascii() and _HALVES.search(text) is not None


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a document. Line and column count from 1; `path` is the dotted way to the value."""

    where: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        at = f" ({self.path})" if self.path else ""
        return f"{self.where}:{self.line}:{self.column}: {self.message}{at}"


@dataclass(slots=True)
class Document:
    """What was read: plain data, the place of every value, and what was wrong with the text itself."""

    where: str
    data: Any = None
    places: dict[Place, tuple[int, int]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, place: Place, message: str) -> Fault:
        """A fault located at `place`, or at the nearest value around it that stands in the text."""
        known = place
        while known and known not in self.places:
            known = known[:-1]
        line, column = self.places.get(known, (1, 1))
        return Fault(self.where, line, column, cut(".".join(map(str, place))), cut(message))


class RefusedError(yaml.MarkedYAMLError):
    """The text is YAML, and is not read all the same."""


class TooMuchError(RefusedError):
    """It is out of measure: too long, or nested too deep."""


class BoundedLoader(yaml.SafeLoader):
    """PyYAML's parser for texts that anybody may have written. Where plain scalars mean something is for others to say.

    Depth is bounded while words are read: PyYAML goes over all open brackets for each word, and builds by recursion.
    """

    deepest = MAX_NESTING
    too_deep = "nested too deep"

    def __init__(self, text: str) -> None:
        if len(text) > MAX_CHARACTERS:
            place = yaml.Mark("", 0, 0, 0, None, 0)
            said = f"{len(text):,} characters; at most {MAX_CHARACTERS:,} are read"
            raise TooMuchError(problem=said, problem_mark=place)
        super().__init__(text)

    def fetch_flow_collection_start(self, token: Any) -> None:  # noqa: ANN401  PyYAML is untyped
        """A bracket opens."""
        self._bound(self.flow_level)
        super().fetch_flow_collection_start(token)

    def add_indent(self, column: int) -> bool:
        """A line stands further in than those before it, perhaps."""
        self._bound(len(self.indents))
        return bool(super().add_indent(column))

    def _bound(self, depth: int) -> None:
        if depth > self.deepest:
            raise TooMuchError(problem=self.too_deep, problem_mark=self.get_mark())


class _Loader(BoundedLoader):
    """With the core schema of YAML 1.2 for plain scalars, and none of the 1.1 surprises."""

    yaml_implicit_resolvers: Mapping[str, list[Any]] = {}  # type: ignore[assignment]

    def fetch_alias(self) -> None:
        """A word begins with *."""
        raise RefusedError(problem=_NO_ALIAS, problem_mark=self.get_mark())

    def fetch_anchor(self) -> None:
        """A word begins with &, and would be dropped."""
        raise RefusedError(problem=_NO_ALIAS, problem_mark=self.get_mark())


_TAG: Final = "tag:yaml.org,2002:"
_CORE: Final = (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""], lambda _: None),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF"), lambda text: text.lower() == "true"),
    ("int", r"[-+]?[0-9]+", list("-+0123456789"), int),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789"), float),
)
_PLAIN: Final = {_TAG + name: re.compile(pattern) for name, pattern, _, _ in _CORE}
for _name, _pattern, _first, _ in _CORE:
    _Loader.add_implicit_resolver(_TAG + _name, re.compile(f"^(?:{_pattern})$"), _first)

_SCALARS: Final[Mapping[str, Callable[[str], Any]]] = {
    _TAG + "str": str,
    **{_TAG + name: convert for name, _, _, convert in _CORE},
}


def load_document(text: str, where: str) -> Document:
    """Reads one YAML document. Never raises: what is no YAML gives a document with that fault and no data."""
    document = Document(where)
    try:
        node = _Loader(text).get_single_node()
        if node is not None:
            document.data = _Builder(document).value(node, ())
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        problem = _HANDLE.sub("", str(error.problem))
        said = problem if isinstance(error, RefusedError) else f"not YAML: {problem}"
        document.faults.append(Fault(where, mark.line + 1, mark.column + 1, "", cut(said)))
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # characters or escapes that YAML does not allow
        document.faults.append(document.fault((), f"not YAML: {error}"))
    return document


class _Builder:
    """Turns PyYAML's nodes into plain data, noting places and faults on the way."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def value(self, node: Any, place: Place) -> Any:  # noqa: ANN401  PyYAML is untyped; a document may hold anything
        """The plain data of a node that stands at `place`."""
        self._document.places[place] = (node.start_mark.line + 1, node.start_mark.column + 1)
        if len(place) > MAX_NESTING:
            return self._refuse(place, "nested too deep")
        if node.tag == _TAG + "map":
            return dict(self._entries(node, place))
        if node.tag == _TAG + "seq":
            return [self.value(item, (*place, index)) for index, item in enumerate(node.value)]
        if node.tag not in _SCALARS or not isinstance(node, yaml.ScalarNode):
            return self._refuse(place, _NO_TAG)
        return self._scalar(node, place)

    def _scalar(self, node: Any, place: Place) -> Any:  # noqa: ANN401
        text: str = node.value
        if has_half(text):
            return self._refuse(place, "there is half a character in this text")
        if node.tag in _PLAIN and not _PLAIN[node.tag].fullmatch(text):
            return self._refuse(place, _NO_TAG)
        try:
            return _SCALARS[node.tag](text)
        except ValueError:  # Python reads no integer of more than 4,300 digits
            return self._refuse(place, "this number is too long")

    def _entries(self, node: Any, place: Place) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
        keys: set[str] = set()
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is None or has_half(key):
                self._refuse(place, "a key must be text")
                continue
            here = (*place, key)
            if key in keys:
                self._document.places[here] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
                self._refuse(here, f"{key!r} stands here twice")
            keys.add(key)
            yield key, self.value(value_node, here)

    def _refuse(self, place: Place, message: str) -> None:
        self._document.faults.append(self._document.fault(place, message))
