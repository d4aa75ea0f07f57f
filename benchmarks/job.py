"""The one job that is measured: Segment events of seeded shoppers, the five-stage journey."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from journey.loading import load
from journey.machine import Machine, compile_journeys
from schemas.dialects import shipped_dialects
from schemas.reading import Reader
from stagewatch.mischief import Shares, mischief
from stagewatch.shoppers import Plan, shoppers
from stagewatch.speaking import in_json

JOURNEY = Path(__file__).parent.parent / "journeys" / "five-stage.yaml"
DIALECT = "segment"


def reader_and_machine() -> tuple[Reader, Machine]:
    """A reader of Segment events and the compiled five-stage journey."""
    machine = compile_journeys([load(JOURNEY.read_text(encoding="utf-8"), JOURNEY.name)])
    return Reader(shipped_dialects(), DIALECT, machine.attributes), machine


def events(number: int, *, customers: int, seed: int = 1) -> Iterator[tuple[bytes, bytes]]:
    """(customer, Segment event as JSON) in order of event time, the same for the same arguments."""
    life = shoppers(Plan(seed=seed, shoppers=customers))
    for item in islice(mischief(life, in_json(shipped_dialects()[DIALECT]), Shares(), seed), number):
        yield item.customer.encode(), item.value
