"""What subscribers are left with: transitions read back from their topics, and what they come to, net of corrections.

Owns the way from records to the words of tests/journey/oracle.py, and the model subscriber's belief. What should be
believed is the caller's to know, or the oracle's.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import datetime
from itertools import pairwise
from typing import Any

from examples.subscriber import Reminders
from journey.machine import Machine
from schemas.dialects import shipped_dialects
from schemas.reading import Reader
from schemas.signals import Origin, Signal
from schemas.times import parse_rfc3339
from schemas.transitions import Cause, Transition
from stagewatch.library import machine_of_journeys
from tests.journey.oracle import Told, net_of, oracle
from tests.kafka.stand import Stand, once
from tests.kafka.traffic import Found


def machine_of(stand: Stand) -> Machine:
    """The machine that the stand's workers follow."""
    return machine_of_journeys(stand.settings.get("journeys", "five-stage").split(","))


async def published(stand: Stand) -> list[Transition]:
    """All of `stage-transitions`, in order for each customer; `route` is where each was found besides.

    Raises:
        AssertionError: a copy on a routed topic is not the same to the byte, stands in another order, or is one of a
            move that is not routed there.
    """
    records = [each for each in await stand.read("stage-transitions") if each.value is not None]
    values = {each.json["id"]: each.value for each in records}
    routes: defaultdict[str, list[str]] = defaultdict(list)
    machine = machine_of(stand)
    for route in sorted(machine.routes):
        for copy in _first_of_each(await stand.read(route)):
            assert values[copy.json["id"]] == copy.value, f"{copy} is not what stands on stage-transitions"
            routes[copy.json["id"]].append(route)
        for told in once(await stand.transitions(route)).values():
            assert all(one["sequence"] < next_["sequence"] for one, next_ in pairwise(told)), "out of order"
    found = [transition(each.json, tuple(routes[each.json["id"]])) for each in records]
    _check_routes(machine, found)
    return found


def _first_of_each(records: Iterable[Found]) -> list[Found]:
    return list({each.json["id"]: each for each in records}.values())


def _check_routes(machine: Machine, found: Iterable[Transition]) -> None:
    """What is made goes where its move says, what is suppressed nowhere; of corrections see `oracle.withdraw`."""
    wanted = {
        (definition.journey, track.name, move.name): tuple(sorted(move.route))
        for definition in machine.definitions
        for track in definition.tracks
        for move in track.moves
    }
    for each in found:
        if each.kind != "corrected":
            goes = wanted.get((each.journey, each.track, each.name), ()) if each.kind == "made" else ()
            assert each.route == goes, f"{each} was found on {each.route} and not on {goes}"


def transition(record: Mapping[str, Any], route: tuple[str, ...]) -> Transition:
    """A published transition, as it was before it was published."""
    named = {name: value for name, value in record.items() if name not in {"from", "recorded_at"}}
    before = record["previous_at"]
    return Transition(
        **named
        | {
            "from_": record["from"],
            "at": parse_rfc3339(record["at"]),
            "previous_at": None if before is None else parse_rfc3339(before),
            "cause": Cause(**record["cause"]),
            "route": route,
        }
    )


async def signals_of(stand: Stand) -> dict[str, list[Signal]]:
    """What the stand's sources hold, understood, per customer; of one topic in order of offset."""
    found: defaultdict[str, list[Signal]] = defaultdict(list)
    attributes = machine_of(stand).attributes
    for local, dialect in stand.sources.items():
        reader = Reader(shipped_dialects(), dialect, attributes)
        for record in await stand.read(local):
            origin = Origin(record.topic, record.partition, record.offset)
            for each in reader.read(record.value, origin, key=record.key, headers=record.headers):
                if isinstance(each, Signal):
                    found[each.customer].append(each)
    return dict(found)


async def foretold(stand: Stand, until: datetime) -> Counter[Told]:
    """What the oracle says of all that the sources hold, each customer's told with silence as far as `until`."""
    definitions, end = machine_of(stand).definitions, round(until.timestamp() * 1000)
    wanted: Counter[Told] = Counter()
    for each in (await signals_of(stand)).values():
        wanted += net_of(oracle(definitions, each, end))
    return wanted


class Memo:
    """A shop that notes of whom it heard, and crosses out of whom it should not have."""

    def __init__(self) -> None:
        self.believed: dict[str, str] = {}

    def remind(self, transition: Mapping[str, Any]) -> None:
        """Note who it is, by the transition's id."""
        assert transition["id"] not in self.believed, f"acted on twice: {transition}"
        self.believed[transition["id"]] = transition["customer"]

    def regret(self, transition: Mapping[str, Any]) -> None:
        """Cross it out."""
        del self.believed[transition["id"]]


async def believed(stand: Stand, local: str, name: str) -> set[str]:
    """Of whom the model subscriber of a topic, acting at once, believes in the end that they made this move."""
    memo = Memo()
    with closing(Reminders(":memory:", memo, wait=0)) as reminders:
        for now, record in enumerate(await stand.read(local)):
            told = record.json
            if told["name"] == name:
                reminders.heard(told, now)
                reminders.send(now)
    return set(memo.believed.values())
