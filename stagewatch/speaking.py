"""Signals into the bytes of some dialect: JSON lines of any, rows of a table of those that are flat.

Rendering itself is the dialects' affair; this is about lines and columns.
"""

import csv
import io
from collections.abc import Callable, Iterator

import orjson

from schemas.dialects import Dialect
from schemas.paths import Path
from schemas.rendering import render
from schemas.signals import Signal
from stagewatch.mistakes import Mistake

Write = Callable[[Signal], bytes | None]
"""The bytes of a signal, with no line break; None where the dialect has no word for it."""


class NotFlatError(Mistake):
    """A dialect whose events have objects inside, which a table has no place for."""


def in_json(dialect: Dialect) -> Write:
    """Signals as JSON."""

    def write(signal: Signal) -> bytes | None:
        event = render(dialect, signal)
        return None if event is None else orjson.dumps(event)

    return write


def in_rows(dialect: Dialect) -> tuple[bytes, Write]:
    """The row of column names, and signals as rows under it. NotFlatError if the dialect is not flat."""
    columns = columns_of(dialect)

    def write(signal: Signal) -> bytes | None:
        event = render(dialect, signal)
        return None if event is None else _row([event.get(column, "") for column in columns])

    return _row(columns), write


def columns_of(dialect: Dialect) -> list[str]:
    """The columns of a flat dialect, in the order in which it names them. NotFlatError if it is not flat."""
    columns: dict[str, None] = {}
    for path in _paths(dialect):
        if dialect.each is not None or path.root != "event" or len(path.steps) != 1:
            raise NotFlatError(
                f"the dialect {dialect.dialect} keeps things inside one another ({path}), which a table cannot:"
                " write JSON lines instead, to a file that ends in .jsonl"
            )
        columns[str(path.steps[0])] = None
    return list(columns)


def _paths(dialect: Dialect) -> Iterator[Path]:
    yield dialect.customer[0].at
    yield dialect.time[0].at
    yield dialect.name[0].at
    yield from (path for place in dialect.id[:1] for path in place.fields())
    yield from (places[0].at for places in dialect.attributes.values())


def _row(cells: list[object] | list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue().encode()
