"""The events of the one job that is measured: Segment calls of seeded shoppers, about 330 bytes each.

Owns the stream: in order of event time, the same for the same arguments, customers as uneven as Zipf has it (the
shopper of rank r comes in proportion to r ** -0.9), no copies and nothing late. What is done with an event stands in
`benchmarks.work`.
"""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from zlib import crc32

import orjson

from benchmarks.work import DIALECT, reader_and_machine
from schemas.dialects import shipped_dialects
from schemas.rendering import render
from stagewatch.shoppers import Plan, shoppers

__all__ = ["DIALECT", "Job", "Row", "events", "reader_and_machine"]

Row = tuple[bytes, bytes]
"""(customer, event as JSON)."""
FORM = 1
"""Raised when the events change, so that kept ones are made anew."""

AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Safari/605.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126.0.0.0",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/126.0.0.0 Mobile",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Firefox/127.0",
)
LOCALES = ("en-GB", "de-DE", "fr-FR", "en-US", "es-ES", "nl-NL")


@dataclass(frozen=True, slots=True)
class Job:
    """So many events of so many shoppers."""

    events: int = 1_000_000
    customers: int = 100_000
    seed: int = 1

    def rows(self) -> list[Row]:
        """All of them; made once, then kept in the temporary folder (130 CPU seconds a million)."""
        name = f"events-{FORM}-{self.seed}-{self.events}-{self.customers}.pickle"
        kept = Path(tempfile.gettempdir(), "stagewatch-bench", name)
        if kept.exists():
            rows: list[Row] = pickle.loads(kept.read_bytes())  # noqa: S301  our own file
            return rows
        rows = list(events(self.events, customers=self.customers, seed=self.seed))
        kept.parent.mkdir(exist_ok=True)
        partial = kept.with_suffix(".partial")
        partial.write_bytes(pickle.dumps(rows))
        partial.rename(kept)
        return rows


def events(number: int, *, customers: int, seed: int = 1) -> Iterator[Row]:
    """(customer, Segment event as JSON) in order of event time, the same for the same arguments."""
    dialect = shipped_dialects()[DIALECT]
    said = ((signal, render(dialect, signal)) for signal in shoppers(Plan(seed=seed, shoppers=customers)))
    heard = ((signal.customer.encode(), event) for signal, event in said if event is not None)
    for customer, event in islice(heard, number):
        yield customer, orjson.dumps(_with_context(customer, event))


def _with_context(customer: bytes, event: dict[str, Any]) -> dict[str, Any]:
    """The event with what a browser's library adds to each: itself, the visitor's agent and locale."""
    mark = crc32(customer)
    event["context"] = {
        **event.get("context", {}),
        "library": {"name": "analytics.js", "version": "2.11.1"},
        "locale": LOCALES[mark % len(LOCALES)],
        "userAgent": AGENTS[mark % len(AGENTS)],
    }
    return event
