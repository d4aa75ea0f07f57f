"""What the demo shows: transitions as they are heard, and where the customers stand.

On a terminal the picture is drawn anew; elsewhere each transition is a line. What was corrected or suppressed says so
and why, and is counted apart. It reads no clock and no topic.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from rich.columns import Columns
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from schemas.erasures import ERASED
from schemas.times import rfc3339

LATEST = 18
# The track whose stages are shown as a funnel, and the names that the demo is about.
FUNNEL = "stage"
STRIKING = {
    "cart_abandoned": "yellow",
    "cart_recovered": "green",
    "converted": "green",
    "became_advocate": "magenta",
    "lapsed": "red",
}

_STYLES = {"corrected": "strike red", "suppressed": "dim"}


class View:
    """A picture of the transitions; in a `with`, for the length of the block."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._latest: deque[Mapping[str, Any]] = deque(maxlen=LATEST)
        self._names: Counter[str] = Counter()
        self._kinds: Counter[str] = Counter()
        self._stages: dict[str, str] = {}
        self._web = ""
        self._broker = ""
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def at(self, web: str, broker: str) -> None:
        """Where the worker's web pages and the broker are."""
        self._web, self._broker = web, broker
        self._console.out(f"Broker on {broker}. Metrics on {web}/metrics, health on {web}/live and {web}/ready.")
        self._console.out("Shoppers are on their way; an hour goes by in a second. Ctrl-C ends it.")

    def heard(self, transition: Mapping[str, Any]) -> None:
        """A transition has come, in its published form; that somebody was erased is no transition."""
        if transition["kind"] == ERASED:
            self._stages.pop(transition["customer"], None)
            return
        self._latest.append(transition)
        self._kinds[transition["kind"]] += 1
        if transition["kind"] == "made":
            self._names[transition["name"]] += 1
        if self._live is None:
            self._console.out(_line(transition))

    def stands(self, stages: Mapping[str, Any]) -> None:
        """Where a customer stands now, as published."""
        for journey in stages["journeys"].values():
            if FUNNEL in journey["tracks"]:
                self._stages[stages["customer"]] = journey["tracks"][FUNNEL]["stage"]

    def draw(self, now: int) -> None:
        """Draw the picture; `now` is the demo's clock in ms."""
        if self._live is not None:
            self._live.update(self._picture(now), refresh=True)

    def _picture(self, now: int) -> Group:
        head = Text.assemble(
            ("Stagewatch demo  ", "bold"),
            f"{rfc3339(now)[:16].replace('T', ' ')}   {self._kinds.total():,} transitions   ",
            (f"{self._web}/metrics   {self._web}/ready", "dim"),
            "   Ctrl-C ends it",
        )
        return Group(head, Columns([self._transitions(), Group(self._funnel(), self._counts())], padding=(0, 4)))

    def _transitions(self) -> Table:
        columns = ("when", "customer", "transition", "from", "to", "")
        table = Table(*columns, box=None, header_style="dim", min_width=80)
        for it in self._latest:
            style = _STYLES.get(it["kind"], STRIKING.get(it["name"], ""))
            when = it["at"][5:16].replace("T", " ")
            table.add_row(when, it["customer"], Text(it["name"], style), it["from"], it["to"], Text(_mark(it), "dim"))
        return table

    def _funnel(self) -> Table:
        table = Table("stage", "customers", box=None, header_style="dim")
        for stage, number in Counter(self._stages.values()).most_common():
            table.add_row(stage, f"{number:,}")
        return table

    def _counts(self) -> Table:
        table = Table("transition", "so far", box=None, header_style="dim")
        for name, number in self._names.most_common(10):
            table.add_row(Text(name, STRIKING.get(name, "")), f"{number:,}")
        for kind, style in _STYLES.items():
            if self._kinds[kind]:
                table.add_row(Text(f"({kind})", style), f"{self._kinds[kind]:,}")
        return table


def _mark(transition: Mapping[str, Any]) -> str:
    """What sets a transition apart: that it is a correction or was suppressed, and why; or that it came too late."""
    if transition["kind"] != "made":
        return f"{transition['kind']}: {transition['reason'].replace('_', ' ')}"
    return "too late for its place" if transition["late"] else ""


def _line(transition: Mapping[str, Any]) -> str:
    line = (
        f"{transition['at']}  {transition['customer']:<14} {transition['name']:<20} "
        f"{transition['from']} -> {transition['to']}"
    )
    return f"{line:<92} {mark}" if (mark := _mark(transition)) else line
