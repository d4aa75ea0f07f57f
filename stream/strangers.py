"""Customers whose memories another machine saved, while a changelog is read: kept as they are, then brought over.

Owns when that can be: once the changelog has been read to its end, since only then all layouts are known, and how far
time had come. Who may be brought over, and what becomes of them, `journey.migrating` says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping
from typing import Final

from aiokafka import ConsumerRecord
from orjson import JSONEncodeError

from journey.machine import Machine
from journey.migrating import Refusal
from journey.saving import SavedMemoryError, decode, encode, head, lasts, layout, layout_of, left_out, why_not
from schemas.documents import cut
from stream.changelog import OWN, DamagedError
from stream.resting import Packed

# Before the name of a layout in which memories were saved; the value is what another machine needs to read them.
LAYOUT: Final = OWN + b"layout:"
# After so many customers, some 50 ms, whoever brings them over may do something else.
SLICE: Final = 1_000
# Characters that are quoted of a journey's name; no journey's is longer, but a damaged record's may be.
LONGEST_NAME: Final = 200
# Reasons that are told, and characters of one: journeys of the greatest size need fewer, damaged records do not.
MOST_REASONS: Final = 20
LONGEST_REASON: Final = 1_000


class JourneysChangedError(Exception):
    """Customers were saved in journeys that are others now; says which, and what to do."""


class Strangers:
    """The memories of one partition that another machine saved.

    Args:
        machine: which is to have them.
        own: what the partition keeps for itself, layouts among it; it may grow.
        forgets: journeys of which it is said that they may be forgotten.
    """

    def __init__(self, machine: Machine, own: dict[bytes, bytes], forgets: Container[str] = ()) -> None:
        self._machine = machine
        self._own = own
        self._forgets = forgets
        self._kept = Packed()
        #: of each customer the record's offset and the layout
        self._places: dict[str, tuple[int, str]] = {}
        self._names: dict[str, str] = {}
        self._topic, self._partition = "", 0

    def __contains__(self, customer: object) -> bool:
        return customer in self._places

    def take(self, customer: str, written: bytes, row: ConsumerRecord[bytes, bytes]) -> None:
        """Keep a memory as it was saved, which stands in this record."""
        name = layout_of(written)
        self._kept.restore({customer: written})
        self._places[customer] = row.offset, self._names.setdefault(name, name)
        self._topic, self._partition = row.topic, row.partition

    def written(self, customer: str) -> bytes:
        """A memory as it was saved."""
        return self._kept.read(customer)

    def forget(self, customer: str) -> None:
        """The customer is gone, or has a memory of this machine."""
        self._kept.forget(customer)
        del self._places[customer]

    def refusals(self) -> Counter[Refusal]:
        """Why any of them cannot be brought over, each with how many customers it concerns."""
        described = self._described()
        found: Counter[Refusal] = Counter()
        known: dict[str, list[Refusal]] = {}
        for customer, (_, name) in self._places.items():
            if name not in known:
                known[name] = self._why_not(customer, described)
            stages = head(self.written(customer)).stages if known[name] else ()
            for refusal in known[name]:
                found[refusal] += _concerns(refusal, stages)
        return found

    def _why_not(self, customer: str, described: dict[str, bytes]) -> list[Refusal]:
        written = self.written(customer)
        try:
            lost = [name for name in left_out(self._machine, written) if name not in self._forgets]
            return [*map(_forgotten, lost), *why_not(self._machine, written, described)]
        except SavedMemoryError as error:
            raise self.damaged(customer, error) from None

    def damaged(self, customer: str, error: Exception) -> DamagedError:
        """What is said of a customer whose last record is damaged."""
        offset, _ = self._places[customer]
        return DamagedError((self._topic, self._partition, offset), error)

    def brought_over(self, now: int | None) -> Iterator[dict[str, tuple[bytes, bool]]]:
        """Their memories as this machine writes them, SLICE at a time, and whether each is to be written down at once.

        Args:
            now: how far time has come, in ms, or None.

        Raises:
            DamagedError: one is damaged.
        """
        described = self._described()
        found: dict[str, tuple[bytes, bool]] = {}
        for customer in self._places:
            written = self.written(customer)
            try:
                memory = decode(self._machine, customer, written, described, now)
                found[customer] = encode(self._machine, memory), lasts(self._machine, written, described)
            except (JSONEncodeError, SavedMemoryError) as error:
                raise self.damaged(customer, error) from None
            if len(found) == SLICE:
                yield found
                found = {}
        yield found
        self._places.clear()
        self._kept.discard()

    def _described(self) -> dict[str, bytes]:
        return {key.removeprefix(LAYOUT).decode(): each for key, each in self._own.items() if key.startswith(LAYOUT)}


def layout_record(machine: Machine) -> tuple[bytes, bytes]:
    """What a partition keeps for itself, by key, so that another machine can read the memories of this one."""
    name, description = layout(machine)
    return LAYOUT + name.encode(), description


def refuse(partitions: Mapping[int, Strangers]) -> None:
    """Bring nobody over where not all can be.

    Raises:
        JourneysChangedError: with every reason, and how many customers it concerns.
        DamagedError: one is damaged.
    """
    each = {number: strangers.refusals() for number, strangers in sorted(partitions.items())}
    found: Counter[str] = Counter()
    for refusals in each.values():
        for refusal, count in refusals.items():
            found[cut(refusal.message, LONGEST_REASON)] += count
    if found:
        numbers = ", ".join(str(number) for number, refusals in each.items() if refusals)
        said = [f"- {message} (of these customers: {count:,})" for message, count in found.most_common(MOST_REASONS)]
        if len(found) > MOST_REASONS:
            said.append(f"- and for {len(found) - MOST_REASONS:,} further reasons")
        raise JourneysChangedError(
            f"Customers of partitions {numbers} were saved in journeys that are others now:\n" + "\n".join(said) + "\n"
            "Nothing has been written: the former version can go on. `stagewatch check --from OLD NEW` tells what a new"
            " version does to customers; docs/changing-a-journey.md has the rules."
        )


def _forgotten(journey: str) -> Refusal:
    return Refusal(
        f"the journey '{cut(journey, LONGEST_NAME)}' is followed no longer: put it back into `journeys`; if it has but"
        " another name now, give it the former one; or name it in `forget_journeys`, and what customers went through on"
        " it is forgotten"
    )


def _concerns(refusal: Refusal, stages: tuple[int, ...]) -> int:
    """Whether it concerns somebody who stands in these stages, as 1 or 0."""
    if refusal.stands is None:
        return 1
    track, stage = refusal.stands
    return int(track < len(stages) and stages[track] == stage)
