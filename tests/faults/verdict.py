"""The checking subscriber: what is on the topics in the end, held against what must come of the history.

Owns what counts as lost, as invented and as a duplicate. It reads what is committed, from the beginning, drops an id
that it knows, and takes back what corrections name. Knows nothing of faults.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import orjson

from journey.machine import Machine
from tests.faults.history import Expected, Said, said
from tests.kafka.stand import Stand
from tests.kafka.traffic import Found, reading

SHOWN = 5  # examples of each kind of wrong


@dataclass
class Verdict:
    """What a subscriber found.

    Attributes:
        compared: transitions of the replay.
        published: records on `stage-transitions`.
        corrections: those of them that withdraw another.
        duplicates: records whose id was known, on `stage-transitions` and on routed topics.
        wrongs: by kind, what must not be; with the first few examples.
    """

    compared: int = 0
    published: int = 0
    corrections: int = 0
    duplicates: int = 0
    wrongs: Counter[str] = field(default_factory=Counter)
    examples: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def wrong(self, kind: str, example: object, count: int = 1) -> None:
        """Note that something is not as it must be."""
        self.wrongs[kind] += count
        if len(self.examples[kind]) < SHOWN:
            self.examples[kind].append(str(example))

    @property
    def lost(self) -> int:
        """Transitions of the replay that do not stand."""
        return self.wrongs["lost"]

    @property
    def invented(self) -> int:
        """Transitions that stand and are none of the replay's."""
        return self.wrongs["invented"]

    def __str__(self) -> str:
        told = f"{self.published} published, {self.corrections} of them corrections, {self.duplicates} known duplicates"
        lines = [f"{self.compared} transitions compared; {told}; lost {self.lost}, invented {self.invented}"]
        for kind, count in sorted((+self.wrongs).items()):
            lines += [f"{kind}: {count}", *(f"    {example}" for example in self.examples[kind])]
        return "\n".join(lines)


class Subscriber:
    """Reads `stage-transitions` record by record; `standing` is what it believes."""

    def __init__(self, verdict: Verdict) -> None:
        self.standing: dict[str, Said] = {}
        #: ids, each with what its bytes are known by
        self.known: dict[str, bytes] = {}
        self.corrects: dict[str, str] = {}
        self.made: set[str] = set()
        self._verdict = verdict
        self._last: defaultdict[str, int] = defaultdict(int)
        self._said: dict[str, Said] = {}

    def heard(self, record: Found) -> None:
        """Take a record."""
        told, verdict = record.json, self._verdict
        verdict.published += 1
        if not self._new(told["id"], record):
            return
        customer, sequence = told["customer"], told["sequence"]
        if record.key != customer.encode():
            verdict.wrong("of another key", record)
        if sequence != self._last[customer] + 1:
            verdict.wrong("gaps", f"{customer}: {sequence} after {self._last[customer]}")
        self._last[customer] = sequence
        self._believe(told)

    def _new(self, known: str, record: Found) -> bool:
        digest = _digest(record)
        before = self.known.setdefault(known, digest)
        if before is digest:
            return True
        if before == digest:
            self._verdict.duplicates += 1
        else:
            self._verdict.wrong("of a known id, but saying something else", record)
        return False

    def _believe(self, told: Any) -> None:  # noqa: ANN401  JSON
        if told["kind"] != "corrected":
            self.standing[told["id"]] = self._said[told["id"]] = said(told)
            if told["kind"] == "made":
                self.made.add(told["id"])
            return
        self._verdict.corrections += 1
        self.corrects[told["id"]] = told["corrects"]
        if self.standing.pop(told["corrects"], None) is None:
            self._verdict.wrong("withdrawn without standing", told)

    def believes(self) -> Counter[Said]:
        """What stands."""
        return Counter(self.standing.values())

    def goes_to(self, machine: Machine) -> dict[str, set[str]]:
        """The ids that must be on each routed topic."""
        moves = {
            (definition.journey, track.name, move.name): move.route
            for definition in machine.definitions
            for track in definition.tracks
            for move in track.moves
        }
        found: dict[str, set[str]] = {route: set() for route in machine.routes}
        for each in self.known:
            what = self.corrects.get(each, each)
            told = self._said.get(what)
            if told is None or what not in self.made:
                continue
            for route in moves.get((told.journey, told.track, told.name), ()):
                found[route].add(each)
        return found


def compare(verdict: Verdict, believed: Counter[Said], wanted: Counter[Said]) -> None:
    """What is lost and what is invented."""
    verdict.compared = wanted.total()
    for kind, wrong in (("lost", wanted - believed), ("invented", believed - wanted)):
        for each, count in wrong.items():
            verdict.wrong(kind, each, count)


def compare_stages(verdict: Verdict, found: Mapping[str, Any], expected: Expected) -> None:
    """Each customer must stand where the replay says; one who never moved need not be told of."""
    for customer, stands in expected.stages.items():
        if found.get(customer, expected.beginning) != stands:
            verdict.wrong("standing elsewhere", f"{customer}: {found.get(customer)} instead of {stands}")
    for customer in found.keys() - expected.stages.keys():
        verdict.wrong("standing though unheard of", customer)


async def judged(stand: Stand, expected: Expected) -> Verdict:
    """Read every topic from its beginning."""
    verdict = Verdict()
    subscriber = Subscriber(verdict)
    async for record in reading(stand.broker, stand.topic("stage-transitions")):
        subscriber.heard(record)
    compare(verdict, subscriber.believes(), expected.transitions)
    for route, wanted in subscriber.goes_to(expected.machine).items():
        records = [each async for each in reading(stand.broker, stand.topic(route))]
        _check_route(verdict, subscriber.known, records, wanted)
    stages: dict[str, Any] = {}
    async for record in reading(stand.broker, stand.topic("customer-stages")):
        stages[record.json["customer"]] = record.json["journeys"]
    compare_stages(verdict, stages, expected)
    rejected = {each.value async for each in reading(stand.broker, stand.topic("rejected-events"))}
    for kind, wrong in (
        ("rejections lost", expected.rejected.keys() - rejected),
        ("rejections invented", rejected - expected.rejected.keys()),
    ):
        for value in wrong:
            verdict.wrong(kind, value)
    return verdict


def _check_route(verdict: Verdict, known: Mapping[str, bytes], records: Iterable[Found], wanted: set[str]) -> None:
    """The copies on a routed topic are those that must be there, the same to the byte, in the customer's order."""
    seen: set[str] = set()
    last: defaultdict[str, int] = defaultdict(int)
    for record in records:
        told = record.json
        if known.get(told["id"]) != _digest(record):
            verdict.wrong("routed, but not as on stage-transitions", record)
        if told["id"] in seen:
            verdict.duplicates += 1
            continue
        seen.add(told["id"])
        if told["sequence"] <= last[told["customer"]]:
            verdict.wrong("routed out of order", record)
        last[told["customer"]] = told["sequence"]
    for each in wanted - seen:
        verdict.wrong("not routed", each)
    for each in seen - wanted:
        verdict.wrong("routed in error", each)


def _digest(record: Found) -> bytes:
    """What a transition is known by, but for when it was recorded: a sleeper and his successor work out the same."""
    told = record.json
    del told["recorded_at"]
    return blake2b(orjson.dumps(told), digest_size=16).digest()
