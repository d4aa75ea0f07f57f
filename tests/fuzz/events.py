"""Records: bytes, keys and headers of every dialect, damaged, to the reader; rows; and what was read, to the machine.

The seeds are what the shipped dialects and those to copy from write themselves, of every kind that they have a name
for, and the records of others under ../shared/data where that folder is. What must hold: nothing is raised; whatever
was read is within the vocabulary and stands where it stood; each event of a record is accounted for exactly once; what
is refused keeps its bytes, key and headers, and can be published.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, Final

import orjson

from journey.machine import Machine, Tick, apply, step
from journey.memory import Memory
from journey.saving import decode, encode
from journey.tally import Tally
from schemas.decoding import MAX_RECORD_BYTES
from schemas.dialects import Dialect
from schemas.naming import MAX_NAME_LENGTH
from schemas.reading import Outcome, Passed, Reader
from schemas.rejections import REASONS, Rejection
from schemas.rendering import render
from schemas.signals import ATTRIBUTES, KINDS, Origin, Signal, carries
from schemas.times import EARLIEST, LATEST, rfc3339
from schemas.transitions import record
from schemas.values import MAX_ID_LENGTH, MAX_NUMBER, MAX_TEXT_LENGTH, customer
from schemas.wrapping import MAX_EVENTS
from stagewatch.library import dialects_with, machine_of_journeys
from stream.publishing import ROOM, Topics, rejection_record
from tests.fuzz import hostile

ROOT: Final = Path(__file__).parents[2]
SHARED: Final = ROOT.parent / "shared" / "data"
TAKES: Final = 1_048_576
AT: Final = 1_710_325_274_000

Headers = Sequence[tuple[str, Any]]
Record = tuple[str, bytes | None, bytes | None, Headers, int | None]
"""The reader's dialect, value, key, headers, and the latest time believed."""


def _dialects() -> dict[str, Dialect]:
    return dialects_with(sorted((ROOT / "examples" / "dialects").glob("*.yaml")))


def _attributes(kind: str) -> dict[str, float | int | str]:
    known = {name: each for name, each in ATTRIBUTES.items() if carries(kind, name)}
    return {name: "added" if each.type == "text" else 2 for name, each in known.items()}


def spoken(dialects: Mapping[str, Dialect]) -> list[tuple[str, bytes]]:
    """An event of every kind in every dialect that has a name for it, with all of its attributes and with none."""
    found = []
    for name, dialect in dialects.items():
        for kind in KINDS:
            for attributes in (_attributes(kind), {}):
                event = render(dialect, Signal("u-1", kind, AT, "m-1", attributes, Origin("", 0, 0)))
                if event is not None:
                    found.append((name, orjson.dumps(event)))
    return found


def _of_others() -> Iterator[tuple[str, bytes]]:
    """Records that nobody on the project wrote, where they are at hand."""
    files = {"segment": "segment_spec_examples/*.jsonl", "otto": "otto/*.jsonl", "google_retail": "google_retail/user*"}
    for dialect, pattern in files.items():
        for path in sorted(SHARED.glob(pattern)):
            lines = path.read_bytes().splitlines()
            yield from ((dialect, line) for line in lines if len(line) < 4_000)
    for path in sorted(SHARED.glob("google_retail/dataflow_*[!a].json")):
        whole = path.read_bytes()
        values = whole.splitlines() if whole.count(b'"event"') > 1 else [whole]
        yield from (("ga4", value) for value in values if value.strip())
    for path in SHARED.glob("retentioneering/*.gz"):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            yield from (("ecom", orjson.dumps(row)) for row in islice(csv.DictReader(file), 200))


class Records:
    """Hostile records, and what is wrong with what came of them."""

    def __init__(self) -> None:
        self.dialects = _dialects()
        self.readers = {name: Reader(self.dialects, name) for name in ("auto", *self.dialects)}
        self.seeds = [*spoken(self.dialects), *_of_others()]
        self.lists = [one.each for one in self.dialects.values() if one.each is not None]

    def make(self, random: Random) -> Record:
        """A record."""
        dialect, seed = random.choice(self.seeds)
        read_as = random.choice((dialect, dialect, "auto", "auto", random.choice(list(self.readers))))
        headers = self.headers(random) if random.random() < 0.2 else ()
        key = random.choice((None, b"", b"u-1", b"\xff\x00"))
        latest = random.choice((None, None, AT + 300_000, AT - 1, LATEST))
        return read_as, self.value(random, seed), key, headers, latest

    def value(self, random: Random, seed: bytes) -> bytes | None:
        """A record's value made of a good one."""
        lot = random.random()
        if lot < 0.02:
            return random.choice((None, b"", b" \n", b"[]", b"null", random.randbytes(random.randrange(200))))
        if lot < 0.05:
            return self.several(random, seed)
        if lot < 0.052:
            return _large(random, seed)
        if lot > 0.75:
            return hostile.bytes_changed(random, seed)
        event = orjson.loads(seed)
        hostile.mutate(random, event)
        if lot < 0.1:
            event = self.inside(random, event)
        return hostile.written(random, event)

    def several(self, random: Random, seed: bytes) -> bytes:
        """Several events in one record, of which some are none."""
        events: list[Any] = []
        for _ in range(random.choice((1, 2, 5, 40))):
            event = orjson.loads(random.choice((seed, random.choice(self.seeds)[1])))
            if random.random() < 0.4:
                hostile.mutate(random, event)
            events.append(event if random.random() < 0.9 else hostile.value(random))
        around = {"client_id": "1.2", "timestamp_micros": AT * 1000, "session": "s-1"}
        if random.random() < 0.3:
            hostile.mutate(random, around)
        return hostile.written(random, {**around, "events": events})

    def inside(self, random: Random, event: Any) -> Any:
        """The event in an envelope, or in several."""
        for _ in range(random.choice((1, 1, 2))):
            data = random.choice((event, hostile.written(random, event).decode(errors="replace")))
            event = {"specversion": "1.0", "id": "e-1", "source": "/s", "type": "t", "subject": "u-1", "data": data}
        if random.random() < 0.4:
            hostile.mutate(random, event)
        return event

    def headers(self, random: Random) -> Headers:
        """Headers of a record; null values among them, which Kafka has."""
        names = ("ce_id", "ce_type", "ce_source", "ce_specversion", "ce_time", "ce_subject", "X-Shopify-Topic",
                 "x-shopify-webhook-id", "stagewatch-reason", "stagewatch-events", "content-type", "", "\u0130", "x" * 70_000)  # fmt: skip
        values = (
            b"1.0",
            b"u-1",
            b"orders/paid",
            b"2024-03-13T10:21:14Z",
            b"",
            None,
            b"\xff\xfe",
            b"x" * 70_000,
            b"0 of 1",
            b"1-2 of 3",
            b"0-9999 of 10000",
            b"0-9999," * 9_999 + b"0 of 10000",
            b"2,1 of 3",
        )
        return [(random.choice(names), random.choice(values)) for _ in range(random.choice((1, 3, 6)))]

    def check(self, case: Record) -> str | None:
        """What is wrong with what comes of a record."""
        dialect, value, key, headers, latest = case
        origin = Origin("events", 3, 17)
        outcomes = self.readers[dialect].read(value, origin, key=key, headers=headers, latest=latest)
        found = wrong(outcomes, (value, key, headers), origin, latest)
        parts = any(name == "stagewatch-events" for name, _ in headers)
        return found if found or parts else self._uncounted(value, outcomes)

    def _uncounted(self, value: bytes | None, outcomes: Sequence[Outcome]) -> str | None:
        """What is wrong with the number of events accounted for: one, or as many as a list of events holds."""
        number = sum(outcome.events if type(outcome) is Rejection else 1 for outcome in outcomes)
        if number == 1:
            return None
        event = _json(value)
        wrapped = event.get("data")
        if isinstance(wrapped, str):
            wrapped = _json(wrapped)
        found = [each.look(one, {}, None) for each in self.lists for one in (event, wrapped)]
        lengths = {len(one) for one in found if isinstance(one, list) and len(one) <= MAX_EVENTS}
        return None if number in lengths else f"{number} events are accounted for, of {lengths or 1}"


def _json(content: bytes | str | None) -> Any:
    """What is in there, if it is JSON."""
    try:
        return orjson.loads(content.removeprefix(b"\xef\xbb\xbf") if isinstance(content, bytes) else content or "")
    except orjson.JSONDecodeError:
        return None


def _large(random: Random, seed: bytes) -> bytes:
    """A record near the limits of length and of events."""
    size = random.choice((100_000, MAX_RECORD_BYTES - len(seed) - 20, MAX_RECORD_BYTES))
    event = random.choice((b"{}", b"0", seed))
    ways = (
        lambda: seed[:-1] + b',"x":"' + b"x" * size + b'"}',
        lambda: seed[:-1] + b"," + b",".join(b'"k%d":%d' % (n, n) for n in range(size // 15)) + b"}",
        lambda: b'{"client_id":"1.2","events":[' + b",".join([event] * min(12_000, size // len(event))) + b"]}",
        lambda: _repeating(event, size),
    )
    return random.choice(ways)()


def _repeating(event: bytes, size: int) -> bytes:
    """Many fields round many events, each of which would have them all."""
    events = b",".join([event] * min(10_000, size // 2 // len(event)))
    fields = b",".join(b'"k%d":%d' % (n, n) for n in range(size // 30))
    return b'{"client_id":"1.2","timestamp_micros":1710325274000000,' + fields + b',"events":[' + events + b"]}"


def wrong(
    outcomes: Sequence[Outcome],
    came: tuple[bytes | None, bytes | None, Headers],
    origin: Origin,
    latest: int | None,
) -> str | None:
    """What is wrong with the outcomes of a record that came as (value, key, headers); None if nothing is."""
    if not outcomes and all(name != "stagewatch-events" for name, _ in came[2]):
        return "nothing came of it"
    for outcome in outcomes:
        if outcome.origin != origin:
            return f"{outcome} stands elsewhere"
        if type(outcome) is Signal:
            found = _wrong_signal(outcome, latest)
        elif type(outcome) is Rejection:
            found = _wrong_rejection(outcome, came) if outcome is outcomes[-1] else "a rejection is not the last"
        elif type(outcome) is Passed:
            found = _wrong_passed(outcome)
        else:
            found = "it is no outcome"
        if found:
            return found
    return None


def _wrong_signal(signal: Signal, latest: int | None) -> str | None:
    if signal.kind not in KINDS or type(signal.at) is not int or not EARLIEST <= signal.at < LATEST:
        return f"kind or time of {signal}"
    if latest is not None and signal.at > latest:
        return f"from the future: {signal}"
    if not signal.id or len(signal.id) > MAX_ID_LENGTH + 6 or signal.late:
        return f"id of {signal}"
    if signal.customer not in {"0", "-1"} and customer(signal.customer) != signal.customer:
        return f"customer of {signal}"
    for name, value in signal.attributes.items():
        if not carries(signal.kind, name):
            return f"{signal} does not carry {name}"
        if ATTRIBUTES[name].type == "text":
            if type(value) is not str or not 0 < len(value) <= MAX_TEXT_LENGTH:
                return f"{name} of {signal}"
        elif type(value) not in {int, float} or not -MAX_NUMBER <= value <= MAX_NUMBER:  # type: ignore[operator]
            return f"{name} of {signal}"
    return None


def _wrong_passed(passed: Passed) -> str | None:
    return None if len(passed.name) <= MAX_NAME_LENGTH else f"the name of {passed}"


def _wrong_rejection(rejection: Rejection, came: tuple[bytes | None, bytes | None, Headers]) -> str | None:
    value, key, headers = came
    if rejection.reason not in REASONS or rejection.reason == "fault of ours":
        return f"{rejection.reason}: {rejection.detail[:300]}"
    if rejection.value != value or rejection.key != key or list(rejection.headers) != list(headers):
        return "the record is not as it came"
    if rejection.events < 1:
        return "it stands for no event"
    out = rejection_record(Topics(), rejection, TAKES)
    beside = sum(len(name.encode()) + len(text or b"") for name, text in out.headers)
    if len(out.value or b"") + len(out.key or b"") + beside + ROOM // 2 > TAKES:
        return "it is too large to be published"
    return None


class Rows(Records):
    """Hostile rows of a file: they read as the same fields sent as JSON."""

    def make(self, random: Random) -> Any:
        """A reader's dialect, and a row."""
        dialect, seed = random.choice(self.seeds)
        flat: dict[Any, Any] = {str(name): _cell(value) for name, value in orjson.loads(seed).items()}
        for _ in range(random.choice((0, 1, 2, 4))):
            name = random.choice((*flat, random.choice(hostile.TEXTS), hostile.text(random)))
            lot = random.random()
            if lot < 0.7:
                flat[name] = random.choice((random.choice(hostile.TEXTS), hostile.text(random), None))
            elif lot < 0.95:
                flat.pop(name, None)
            else:
                flat[None if lot < 0.97 else name] = random.choice(([], ["x", "y"], 5, b"x"))
        return random.choice((dialect, "auto", random.choice(list(self.readers)))), flat

    def check(self, case: Any) -> str | None:
        """What is wrong with what comes of a row."""
        dialect, row = case
        reader, origin = self.readers[dialect], Origin("events.csv", 0, 2)
        outcomes = reader.read_row(row, origin)
        try:
            value = orjson.dumps(row)
        except TypeError:
            (outcome,) = outcomes
            if type(outcome) is not Rejection or outcome.reason not in {"not a row", "not UTF-8"}:
                return f"no row became {outcome}"
            return _wrong_rejection(outcome, (outcome.value, None, ()))
        if outcomes != reader.read(value, origin):
            return "it reads otherwise as JSON"
        return wrong(outcomes, (value, None, ()), origin, None)


def _cell(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


class Stream(Records):
    """Hostile records, and what was read of them applied, saved and read back: a customer's whole way in."""

    def __init__(self) -> None:
        super().__init__()
        self.machine: Machine = machine_of_journeys(["five-stage", "six-cs"])
        self.seeds = [seed for seed in self.seeds if seed[0] != "otto"]

    def make(self, random: Random) -> Any:
        """Records of one reader, in any order."""
        dialect = random.choice(list(self.readers))
        seeds = [seed for name, seed in self.seeds if dialect in {name, "auto"}] or [b"{}"]
        values = []
        for _ in range(6):
            value = random.choice(seeds).replace(b"m-1", b"m-%d" % random.randrange(9))
            later = AT + random.choice((0, 1, 60_000, 3_600_000, 40 * 86_400_000))
            value = value.replace(b"1710325274000", b"%d" % later).replace(b"2024-03-13T10:21:14", _iso(later))
            if random.random() < 0.5:
                event = orjson.loads(value)
                hostile.mutate(random, event)
                value = hostile.written(random, event)
            values.append(value)
        return dialect, values, AT + random.choice((0, 10**9, 10**11))

    def check(self, case: Any) -> str | None:
        """What is wrong with where these records take their customers."""
        dialect, values, until = case
        reader = self.readers[dialect]
        memories: dict[str, Memory] = {}
        for offset, value in enumerate(values):
            origin = Origin("events", 0, offset)
            signals: dict[str, list[Signal]] = {}
            for outcome in reader.read(value, origin):
                if type(outcome) is Signal:
                    signals.setdefault(outcome.customer, []).append(outcome)
            for who, heard in signals.items():
                memories[who], made = apply(self.machine, memories.get(who), who, "events", heard, tally=Tally())
                orjson.dumps([record(transition, until) for transition in made])
        for who, memory in memories.items():
            found = self._wrong_memory(who, memory, until)
            if found:
                return found
        return None

    def _wrong_memory(self, who: str, memory: Memory, until: int) -> str | None:
        saved = encode(self.machine, memory.copy())
        again = decode(self.machine, who, saved)
        if encode(self.machine, again.copy()) != saved:
            return "a memory read back is another"
        after, made = step(self.machine, memory, Tick(until))
        other, same = step(self.machine, again, Tick(until))
        if made != same or encode(self.machine, after) != encode(self.machine, other):
            return "a memory read back goes another way"
        return None


def _iso(at: int) -> bytes:
    return rfc3339(at)[:19].encode()
