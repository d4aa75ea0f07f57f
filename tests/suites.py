"""How many tests of each suite ran, told at the end of every run, and loudly which did not.

A suite is a folder of tests/ (or a file, where one holds a suite of its own). Tests of folders not named here are told
under their folder's name.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pytest

SUITES: Mapping[str, str] = {
    "tests/schemas": "laws of the wire (schemas)",
    "tests/journey": "laws of the classifier (journey)",
    "tests/journey/test_examples.py": "examples of the shipped journeys",
    "tests/embedded": "embedded broker",
    "tests/kafka": "Apache Kafka",
    "tests/faults": "faults",
    "tests/fuzz": "bad input",
    "tests/deploy": "what is deployed",
}
# Suites that a machine may lack the tools for: a newcomer is told, and CI fails.
LOUD = ("tests/embedded", "tests/kafka", "tests/faults")
RAN = ("passed", "failed", "error", "xfailed", "xpassed")


@dataclass(slots=True)
class Tally:
    """What became of one suite's tests, by node id; `reasons` says why those skipped were."""

    ran: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    skipped: set[str] = field(default_factory=set)
    reasons: set[str] = field(default_factory=set)

    def __str__(self) -> str:
        failed = f", {len(self.failed)} failed" if self.failed else ""
        skipped = f", {len(self.skipped)} skipped" if self.skipped else ""
        return f"{len(self.ran):5} ran{failed}{skipped}"


def suite_of(nodeid: str) -> str:
    """The suite that a test belongs to: the longest entry of SUITES that holds it, else its folder."""
    path = nodeid.partition("::")[0]
    holders = [suite for suite in SUITES if path == suite or path.startswith(f"{suite}/")]
    return max(holders, key=len, default=path.rpartition("/")[0])


def tally(outcomes: Mapping[str, Iterable[object]]) -> dict[str, Tally]:
    """The tests of each suite, out of the reports that pytest's terminal reporter keeps by outcome."""
    suites: dict[str, Tally] = defaultdict(Tally)
    for outcome, reports in outcomes.items():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                _count(suites[suite_of(report.nodeid)], outcome, report)
    return suites


def _count(suite: Tally, outcome: str, report: pytest.TestReport) -> None:
    if outcome in RAN:
        suite.ran.add(report.nodeid)
    if outcome in {"failed", "error", "xpassed"}:
        suite.failed.add(report.nodeid)
    if outcome == "skipped":
        suite.skipped.add(report.nodeid)
        suite.reasons.add(str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print a line for each suite that was collected."""
    suites = tally(terminalreporter.stats)
    if not suites:
        return
    terminalreporter.section("suites")
    order = [*SUITES, *sorted(suites.keys() - SUITES.keys())]
    for suite in (name for name in order if name in suites):
        terminalreporter.write_line(f"{SUITES.get(suite, suite):36}{suites[suite]}")
    for suite in LOUD:
        if suite in suites and suites[suite].skipped and not suites[suite].ran:
            why = "; ".join(sorted(suites[suite].reasons))
            terminalreporter.write_sep("!", f"{SUITES[suite]}: NOT TESTED", red=True, bold=True)
            terminalreporter.write_line(why, red=True, bold=True)
