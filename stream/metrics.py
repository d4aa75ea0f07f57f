"""Every metric: kind, unit, meaning, and what to do when it is bad, in one place.

Units are seconds and records; labels are bounded and never name a customer. Counters only grow; what a worker
holds (customers, clocks, deadlines, lag) is read from its partitions when Prometheus asks, so that nothing of a
revoked partition stays behind.
"""

from __future__ import annotations

import re
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from schemas.transitions import DEADLINE, Transition

if TYPE_CHECKING:
    from stream.partition import Partition
    from stream.table import Recovered

# Names of events that pass without meaning come from senders; after so many, the rest count as "other".
MOST_NAMES = 200
# And so does one that may speak of somebody, since anybody may read a label: a mail address, or a long number.
SPEAKS_OF_SOMEBODY = re.compile(r"@|\d{5}|(\d.*){8}", re.DOTALL)
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
STEP_SECONDS = (1e-6, 2.5e-6, 5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 1e-3, 1e-2)
LATE_SECONDS = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 600.0, 3600.0, 86400.0)


@dataclass(frozen=True, slots=True)
class Definition:
    """One metric: its name without the prefix, its labels, what it says, what to do when it is bad."""

    name: str
    labels: tuple[str, ...]
    meaning: str
    when_bad: str = ""

    def help(self) -> str:
        """The line that Prometheus shows."""
        return f"{self.meaning} {self.when_bad}".strip()


COUNTERS = {
    "signals": Definition(
        "signals", ("source", "kind"), "Signals that reached a customer's memory, copies among them.",
        "Falling to nothing while lag grows: see /live and the log.",
    ),
    "passed": Definition(
        "events_passed", ("source", "name"), "Events that carry no signal, by their name.",
        "A name you care about: map it in the source's dialect.",
    ),
    "rejections": Definition(
        "rejections", ("source", "reason"), "Records that could not be understood; they are in rejected-events.",
        "Growing: read a few of that topic, mend the sender or the dialect.",
    ),
    "skipped": Definition(
        "signals_skipped", ("source",), "Signals or whole records delivered again that had been applied already.",
        "Normal after a restart; steady growth means that offsets are not committed.",
    ),
    "suppressed": Definition(
        "signals_suppressed", ("source",), "Signals dropped, as their customer is suppressed.",
    ),
    "commands": Definition(
        "commands", ("command",), "Commands done; those refused are among the rejections of their topic.",
        "More than the shop gives: see who may write to customer-commands, and who has the keys.",
    ),
    "duplicates": Definition(
        "signals_duplicate", ("source",), "Signals that were heard before, by their id or their order's, and left out.",
        "Growing with all signals: a source is sent twice.",
    ),
    "rewound": Definition(
        "signals_late", ("source",), "Signals that came out of order and were put in their place.",
        "Growing: sources run apart, or a sender holds events back.",
    ),
    "too_late": Definition(
        "signals_too_late", ("source",), "Signals that came later than the journeys' lateness and change little.",
        "Growing: raise `lateness`, or have the sender deliver sooner.",
    ),
    "signals_settled": Definition(
        "signals_settled", (), "Recent signals that can no longer be overtaken, as their customer has too many.",
        "Growing: a robot, or many people under one customer's id.",
    ),
    "ids_forgotten": Definition(
        "ids_forgotten", (), "Ids forgotten within the window of duplicates, as their customer has too many.",
        "Growing: a robot, or many people under one customer's id.",
    ),
    "carts_forgotten": Definition(
        "carts_forgotten", (), "Open carts forgotten, as their customer has too many.",
        "Growing: a robot, many people under one customer's id, or cart ids that are made anew with each event.",
    ),
    "misplaced": Definition(
        "customers_misplaced",
        ("source",),
        "Customers first met on a partition where a record keyed by customer would not be.",
        "Above nought: the source is not keyed by customer, or by another partitioner, and its customers are split "
        "between partitions. Key it by customer with Kafka's default partitioner.",
    ),
    "transitions": Definition(
        "transitions", ("journey", "track", "name", "kind"), "Transitions published.",
        "A name that stops while signals flow: the journey or a dialect has changed.",
    ),
    "deadlines": Definition("deadlines_fired", ("journey", "track"), "Transitions that silence made."),
    "failed": Definition(
        "deadlines_failed", (), "Deadlines on which the journey failed; their customers stay where they are.",
        "Above nought: a fault of ours, the log tells where; please report it.",
    ),
    "republished": Definition(
        "transitions_republished", (), "Transitions published again after a crash, with the same ids."
    ),
    "recovered": Definition("customers_recovered", (), "Customers read back, from the changelog or from local files."),
    "from_files": Definition(
        "customers_recovered_from_files", (), "Of the customers read back, those whom local files knew.",
        "Nought after a restart with the rocksdb store: the log says why files were thrown away.",
    ),
    "rebalances": Definition(
        "assignments", (), "Times that partitions were assigned to this worker.",
        "Growing steadily: workers come and go, or a session times out.",
    ),
}  # fmt: skip

HISTOGRAMS = {
    "batch": (
        Definition("batch_seconds", (), "Time to work out one batch, nothing written yet.",
                   "Above a second: fewer partitions a worker, or a lighter journey."),
        SECONDS,
    ),
    "flush": (
        Definition("flush_seconds", (), "Time from a batch worked out to all of it acknowledged.",
                   "Growing: the broker is slow or out of reach."),
        SECONDS,
    ),
    "step": (
        Definition("step_seconds", (), "Time for one signal, reading and step, as the mean over its batch."),
        STEP_SECONDS,
    ),
    "lateness": (
        Definition("deadline_lateness_seconds", (), "How far the clock was past a deadline when it fired.",
                   "Above a few seconds in live traffic: the worker does not keep up."),
        LATE_SECONDS,
    ),
    "recovery": (
        Definition("recovery_seconds", (), "Time to fill the partitions after an assignment."),
        (*SECONDS, 30.0, 60.0, 300.0),
    ),
}  # fmt: skip

GAUGES = {
    "customers": Definition(
        "customers", ("journey", "track", "stage"), "Customers in each stage, among the partitions held."
    ),
    "clock": Definition(
        "clock_seconds", ("partition",), "The partition's clock: event time up to which silence counts, as Unix time.",
        "Standing still while others move: a source of it lags, or its senders' clocks are behind.",
    ),
    "pending": Definition("deadlines_pending", ("partition",), "Deadlines ahead in the partition's index."),
    "lag": Definition(
        "lag_records", ("source", "partition"), "Records in the source that are not durable here yet.",
        "Growing: add workers (up to the number of partitions), or look at flush_seconds.",
    ),
    "heard": Definition(
        "broker_heard_seconds", ("partition",), "When the broker last answered for the partition, as Unix time.",
        "Standing still: its broker is away, or has no leader for it. The worker waits, and /live says no after 3 min.",
    ),
    "files": Definition(
        "files_bytes", (), "Bytes that customers at rest take on disk, with the rocksdb store.",
        "Growing without new customers: see to the disk that `store.path` is on.",
    ),
    "held": Definition(
        "partitions_held", (), "Partitions assigned to this worker.",
        "Nought for long: more workers than partitions, or the group does not settle.",
    ),
}  # fmt: skip


class Metrics:
    """The metrics of one worker, on a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._counters = {
            key: Counter(f"stagewatch_{it.name}", it.help(), it.labels, registry=self.registry)
            for key, it in COUNTERS.items()
        }
        self._histograms = {
            key: Histogram(f"stagewatch_{it.name}", it.help(), it.labels, buckets=buckets, registry=self.registry)
            for key, (it, buckets) in HISTOGRAMS.items()
        }
        # Kept, since to find one by its labels takes the library ten times as long, and a batch asks for some twenty.
        self._children: dict[str, dict[Any, Counter]] = {key: {} for key in COUNTERS}
        self._names: set[tuple[str, ...]] = set()

    def watch(self, partitions: Callable[[], Iterable[Partition]]) -> None:
        """Read the gauges from these partitions, whenever they are asked for."""
        self.registry.register(_Gauges(partitions))

    def count(self, metric: str, tally: Mapping[Any, int]) -> None:
        """Add a tally of label values to a counter."""
        children = self._children[metric]
        for labels, number in tally.items():
            child = children.get(labels)
            if child is None:
                counter = self._counters[metric]
                child = children[labels] = counter.labels(*labels) if labels else counter
            if number:
                child.inc(number)

    def count_passed(self, tally: Tally[tuple[str, str]]) -> None:
        """Add events passed over by (source, name); names beyond MOST_NAMES, or of somebody, count as "other"."""
        for (source, name), number in tally.items():
            known = (source, name) in self._names
            if not known and len(self._names) < MOST_NAMES and not SPEAKS_OF_SOMEBODY.search(name):
                self._names.add((source, name))
                known = True
            self.count("passed", {(source, name if known else "other"): number})

    def observe(self, metric: str, value: float) -> None:
        """Put a value (seconds) into a histogram."""
        self._histograms[metric].observe(value)

    def flushed(self, moves: Iterable[Transition], seconds: float) -> None:
        """A batch is durable and its transitions are out."""
        moves = list(moves)
        self._histograms["flush"].observe(seconds)
        self.count("transitions", Tally((it.journey, it.track, it.name, it.kind) for it in moves))
        fired = (it for it in moves if it.cause.kind == DEADLINE)
        self.count("deadlines", Tally((it.journey, it.track) for it in fired))

    def recovered(self, recovery: Recovered) -> None:
        """An assignment has been filled."""
        self._counters["rebalances"].inc()
        self._counters["recovered"].inc(recovery.customers)
        self._counters["from_files"].inc(recovery.from_files)
        self._counters["republished"].inc(recovery.republished)
        self._histograms["recovery"].observe(recovery.seconds)


class _Gauges(Collector):
    """What the partitions hold at the moment of asking."""

    def __init__(self, partitions: Callable[[], Iterable[Partition]]) -> None:
        self._partitions = partitions

    def collect(self) -> Iterable[Metric]:
        held = list(self._partitions())
        families = {
            key: GaugeMetricFamily(f"stagewatch_{it.name}", it.help(), labels=it.labels) for key, it in GAUGES.items()
        }
        customers: Tally[tuple[str, str, str]] = Tally()
        for partition in held:
            number = str(partition.number)
            # A list first: this runs on the web server's thread, and copying is one step under the GIL.
            for labels, count in list(partition.census.items()):
                customers[labels] += count
            if partition.now is not None:
                families["clock"].add_metric([number], partition.now / 1000)
            if (heard := partition.progress.heard()) is not None:
                families["heard"].add_metric([number], heard / 1000)
            families["pending"].add_metric([number], partition.pending())
            for source, lag in partition.progress.lag().items():
                families["lag"].add_metric([source, number], lag)
        for labels, count in sorted(customers.items()):
            families["customers"].add_metric(list(labels), count)
        families["files"].add_metric([], sum(partition.resting.size() for partition in held))
        families["held"].add_metric([], len(held))
        return families.values()
