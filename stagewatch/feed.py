"""Files of events, read into signals: JSON lines and CSV, in any dialect, each record's origin its file and row.

It counts what it reads and hands rejections on; it knows no journey. The inner loops are written out, since at
a quarter of a million events a second a call for each is what there is to save.
"""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, repeat
from typing import Any, Final, Literal

from schemas.reading import Outcome, Reader
from schemas.rejections import Rejection
from schemas.signals import Origin, Passed, Signal
from stagewatch.files import FileError, Watch, reading, stem_suffix

Format = Literal["auto", "jsonl", "csv", "tsv"]

MOST_NAMES: Final = 1_000
"""Names of events that are passed over come from senders; after so many, the rest count under OTHER."""
OTHER: Final = "(other names)"

DELIMITERS: Final = {".csv": ",", ".tsv": "\t"}

csv.field_size_limit(1 << 20)


@dataclass(slots=True)
class Read:
    """What was read: events, and what they turned out to be."""

    signals: Counter[str] = field(default_factory=Counter)
    passed: Counter[tuple[str, str]] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)

    @property
    def events(self) -> int:
        """Events read, whatever they were."""
        return self.signals.total() + self.passed.total() + self.rejected.total()


class Feed:
    """The signals of some files, one after the other, with a count of all that was read."""

    def __init__(
        self,
        files: Sequence[str],
        reader: Reader,
        *,
        form: Format = "auto",
        watch: Watch | None = None,
        reject: Callable[[Rejection], None] | None = None,
    ) -> None:
        """A feed of `files`, which says `watch` how far it is and hands `reject` what cannot be understood."""
        self.counts = Read()
        self._files = files
        self._reader = reader
        self._form = form
        self._watch = watch
        self._reject = reject

    def __iter__(self) -> Iterator[Signal]:
        """The signals in the order of the files. FileError where one cannot be read."""
        for name in self._files:
            delimiter = DELIMITERS.get(f".{self._form}" if self._form != "auto" else stem_suffix(name))
            with reading(name, self._watch, "\n" if delimiter is None else "\r\n") as file:
                if delimiter is None:
                    # One C loop over lines and their origins; a Python one took 0.2 of the 3 us that reading takes.
                    records = map(self._reader.read, file, map(Origin, repeat(name), repeat(0), count(1)))
                    yield from self._signals(records)
                else:
                    yield from self._signals(self._rows(name, file, delimiter))

    def _signals(self, records: Iterable[list[Outcome]]) -> Iterator[Signal]:
        counts = self.counts.signals
        for outcomes in records:
            for outcome in outcomes:
                if type(outcome) is Signal:
                    counts[outcome.kind] += 1
                    yield outcome
                else:
                    self._other(outcome)

    def _rows(self, name: str, file: io.BufferedReader, delimiter: str) -> Iterator[list[Outcome]]:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
        rows = csv.reader(text, delimiter=delimiter)
        try:
            columns = next(rows, [])
        except csv.Error as error:
            raise FileError(f"{name}: its first line holds no names of columns: {error}") from error
        read_row, width = self._reader.read_row, len(columns)
        for number in count(1):
            origin = Origin(name, 0, number)
            try:
                cells = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                yield [Rejection("not a row", str(error), origin, None, None, ())]
                continue
            if len(cells) == width:
                yield read_row(dict(zip(columns, cells, strict=True)), origin)
            elif cells:
                yield read_row(_uneven(columns, cells), origin)

    def _other(self, outcome: Passed | Rejection) -> None:
        if isinstance(outcome, Passed):
            passed = self.counts.passed
            name = (outcome.dialect, outcome.name)
            passed[name if name in passed or len(passed) < MOST_NAMES else (outcome.dialect, OTHER)] += 1
        elif outcome.reason != "empty":  # a blank line of a file is no event
            self.counts.rejected[outcome.reason] += outcome.events
            if self._reject:
                self._reject(outcome)


def _uneven(columns: Sequence[str], cells: Sequence[str]) -> dict[Any, str | None]:
    """A row with cells missing, which are then nothing, or too many, which the reader refuses."""
    row: dict[Any, str | None] = dict.fromkeys(columns)
    row.update(zip(columns, cells, strict=False))
    if len(cells) > len(columns):
        row[None] = ",".join(cells[len(columns) :])
    return row
