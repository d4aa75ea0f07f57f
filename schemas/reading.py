"""Reading: a record's bytes into what its events say, or why they cannot be understood.

Owns the way of one record through decoding, detection, envelopes and lists of events to its outcomes, and the
promise that nothing is raised and nothing lost: every event gives a Signal or a Passed, and a record with events
that cannot be understood gives one Rejection for all of these. Knows no Kafka: a record is a value, a key, headers.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from orjson import JSONDecodeError, dumps, loads

from schemas.compiling import Understand, compile_dialect
from schemas.decoding import MAX_RECORD_BYTES, explained, texts
from schemas.detecting import Detector
from schemas.dialects import Dialect
from schemas.faults import SenderError, kind_of
from schemas.naming import is_named
from schemas.parts import HEADER, Part
from schemas.rejections import Rejection
from schemas.signals import Origin, Passed, Signal
from schemas.times import LATEST
from schemas.wrapping import enveloped, inside, split, wrapped

__all__ = ["AUTO", "Outcome", "Passed", "Reader"]

AUTO: Final = "auto"
"""The dialect's name that stands for: detect it, for each event."""

Outcome = Signal | Passed | Rejection
_Numbered = tuple[int, Signal | Passed]
"""An event's number within its record, and what it says."""

_NOTHING: Final[dict[str, Any]] = {}
_HALVES: Final = re.compile(r"[\ud800-\udfff]")
"""Half surrogates, as which Python keeps bytes that are no UTF-8."""


class Reader:
    """One source's way of reading: which dialect it speaks, or which ones it may."""

    def __init__(
        self,
        dialects: Mapping[str, Dialect],
        dialect: str,
        wanted: frozenset[str] | None = None,
        most: int = MAX_RECORD_BYTES,
    ) -> None:
        """A reader of records.

        Args:
            dialects: those known, in the order in which they are tried.
            dialect: the name of the one that the source speaks, or AUTO.
            wanted: the attributes that anybody uses; None for all. The fewer, the faster.
            most: bytes that a record may have, MAX_RECORD_BYTES or less; one that is longer is refused unread.

        Raises:
            ValueError: there is no such dialect.
        """
        if dialect != AUTO and dialect not in dialects:
            raise ValueError(f"there is no dialect {dialect!r}; there are {', '.join([AUTO, *dialects])}")
        self._wanted = wanted
        self._most = most
        self._compiled: dict[tuple[str, str], Understand] = {}
        self._dialects = dialects
        self._fixed = dialects.get(dialect)
        spoken = dialects if self._fixed is None else {dialect: self._fixed}
        self._envelopes = {name: one for name, one in spoken.items() if one.wraps is not None}
        self._letters = {name: one for name, one in dialects.items() if one.wraps is None}
        self._detector = Detector(dialects)
        self._inner = Detector(self._letters)
        self._direct = self._understanding(self._fixed) if self._fixed and self._fixed.is_plain() else None

    def read(
        self,
        value: bytes | None,
        origin: Origin,
        *,
        key: bytes | None = None,
        headers: Sequence[tuple[str, bytes]] = (),
        latest: int | None = None,
    ) -> list[Outcome]:
        """What the events of one record say. Never raises.

        Args:
            value: the record's value.
            origin: where it stood.
            key: the record's key; only kept with a rejection.
            headers: the record's headers.
            latest: ms; an event whose time lies beyond it is refused as from the future. None: none is.
        """
        bound = LATEST if latest is None else latest
        total = None
        try:
            if value is None or len(value) > self._most:
                raise _unfit(value, self._most)  # noqa: TRY301  caught with the rest
            try:
                event = loads(value)
            except JSONDecodeError as error:
                event = explained(value, error)
            if type(event) is not dict:
                raise SenderError("not an object", f"the value is {kind_of(event)}")  # noqa: TRY301  caught with the rest
            if self._direct is not None and not (headers and _tells_of_a_part(headers)):
                return [self._direct(event, _NOTHING, _NOTHING, origin, bound)]
            outcomes, faults, total = self._events(event, texts(headers), origin, bound)
        except SenderError as fault:
            outcomes, faults = [], {0: fault}
        except Exception as slip:  # noqa: BLE001  a record that nobody foresaw may not stop its partition
            outcomes, faults = [], {0: SenderError("fault of ours", f"{type(slip).__name__}: {slip}")}
        given: list[Outcome] = [outcome for _, outcome in outcomes]
        if faults:
            part = Part(frozenset(faults), total) if total is not None and total > 1 else None
            given.append(_rejection([*faults.values()], origin, key, value, headers, part=part))
        return given

    def part_of(
        self, value: bytes, signals: Iterable[Signal], *, headers: Sequence[tuple[str, bytes]] = ()
    ) -> Part | None:
        """Which events of a record, understood before, these signals are; None where it holds but one."""
        meant = {(signal.customer, signal.id) for signal in signals}
        try:
            record = loads(value)
        except JSONDecodeError as error:
            record = explained(value, error)
        outcomes, _, total = self._events(record, texts(headers), Origin("", 0, 0), LATEST)
        numbers = [number for number, it in outcomes if isinstance(it, Signal) and (it.customer, it.id) in meant]
        return Part(frozenset(numbers), total) if numbers and total > 1 else None

    def read_row(self, row: Mapping[str, str | None], origin: Origin, *, latest: int | None = None) -> list[Outcome]:
        """What a flat row says, column by column: the same as the same fields sent as a JSON object."""
        try:
            value = dumps(row)
        except TypeError as error:
            return [_not_a_row(row, error, origin)]
        return self.read(value, origin, latest=latest)

    def _events(
        self, record: dict[str, Any], headers: Mapping[str, str], origin: Origin, bound: int
    ) -> tuple[list[_Numbered], dict[int, SenderError], int]:
        """What each event of a record says, the faults of those that cannot be understood, and how many there are.

        Where the headers name some of the events, only these are told of.
        """
        events, envelope, understand = self._recognise(record, headers)
        named = Part.of(headers) if headers else None
        if named is not None and named.total != len(events):
            raise SenderError("other events", f"its headers say {named}, and it holds {len(events)}")
        outcomes: list[_Numbered] = []
        faults: dict[int, SenderError] = {}
        for number, event in enumerate(events):
            try:
                if type(event) is not dict:
                    raise SenderError("not an object", f"event {number} is {kind_of(event)}")  # noqa: TRY301  see below
                outcomes.append((number, understand(event, headers, envelope, origin, bound)))
            except SenderError as fault:
                faults[number] = fault
        if len(events) > 1:
            _tell_apart(outcomes, events, named)
        if named is not None:
            outcomes = [each for each in outcomes if each[0] in named.numbers]
            faults = {place: its for place, its in faults.items() if place in named.numbers}
        return outcomes, faults, len(events)

    def _recognise(
        self, record: dict[str, Any], headers: Mapping[str, str]
    ) -> tuple[list[Any], Mapping[str, Any], Understand]:
        """The events of a record (out of their envelope), the envelope, and the function to understand them."""
        for name, envelope in self._envelopes.items() if headers else ():
            whole = enveloped(envelope, record, headers)
            if self._fixed or self._detector.detect(whole, _NOTHING) == name:
                record = whole
        dialect = self._fixed or self._dialects.get(self._detector.detect(record, headers) or "")
        if dialect is None:
            raise SenderError("unknown dialect", f"its keys are {', '.join(list(record)[:12])}")
        event = inside(dialect, record)
        inner = self._letters.get(self._inner.detect(event, headers) or "") if event is not None else None
        if event is not None and inner is not None:
            events = split(inner, event)
            if is_named(inner, events[0], headers):
                return events, record, self._understanding(inner, dialect)
        return split(dialect, record), _NOTHING, self._understanding(dialect)

    def _understanding(self, dialect: Dialect, envelope: Dialect | None = None) -> Understand:
        """The compiled dialect, as it is spoken inside `envelope` if one is given; compiled when first met."""
        spoken = (dialect.dialect, envelope.dialect if envelope else "")
        if spoken not in self._compiled:
            whole = wrapped(dialect, envelope) if envelope else dialect
            self._compiled[spoken] = compile_dialect(whole, self._wanted)
        return self._compiled[spoken]


def _tells_of_a_part(headers: Sequence[tuple[str, bytes]]) -> bool:
    return any(name.lower() == HEADER for name, _ in headers)


def _tell_apart(outcomes: list[_Numbered], events: list[Any], named: Part | None) -> None:
    """Give ids of their own to events that have the record's, in place: all but the first of them.

    The first as well, if it was refused before and others were not: then the first of those was given the record's id.
    """
    firsts: dict[str, tuple[int, Signal]] = {}
    for number, outcome in outcomes:
        if not isinstance(outcome, Signal):
            continue
        id_ = outcome.id
        first, signal = firsts.setdefault(id_, (number, outcome))
        if _equal(events[first], events[number]):
            continue
        outcome.id = f"{id_}#{number}"
        if named is not None and first in named.numbers and number not in named.numbers:
            signal.id = f"{id_}#{first}"


def _equal(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two events say the same; not if they are nested deeper than Python compares."""
    try:
        return one == other
    except RecursionError:
        return False


def _unfit(value: bytes | None, most: int) -> SenderError:
    if value is None:
        return SenderError("tombstone", "the record has no value")
    return SenderError("too large", f"{len(value)} bytes; at most {most} are read")


def _not_a_row(row: Mapping[Any, Any], error: TypeError, origin: Origin) -> Rejection:
    """A row that is no JSON object. Bytes that are no UTF-8 are given back."""
    written = ",".join(str(part) for pair in row.items() for part in pair)
    reason = "not UTF-8" if _HALVES.search(written) else "not a row"
    cells = ",".join("" if cell is None else str(cell) for cell in row.values())
    try:
        value = cells.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        value = cells.encode(errors="backslashreplace")
    return Rejection(reason, str(error), origin, None, value, ())


def _rejection(
    faults: Sequence[SenderError],
    origin: Origin,
    key: bytes | None,
    value: bytes | None,
    headers: Sequence[tuple[str, bytes]],
    *,
    part: Part | None,
) -> Rejection:
    first = faults[0]
    detail = first.detail if len(faults) == 1 else f"{first.detail} (the first of {len(faults)} events refused)"
    return Rejection(first.reason, detail, origin, key, value, tuple(headers), len(faults), part)
