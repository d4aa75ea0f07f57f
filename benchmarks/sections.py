"""What was measured, as sections of Markdown; each from the JSON of its measurement."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from benchmarks.figures import Result, spread
from benchmarks.plot import AXES, on_axis

Lines = list[str]
JOURNEYS = {"measured": "without looking back", "shipped": "as shipped"}
"""How the five-stage journey is followed."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Lines:
    """A table whose first column is text and whose others are figures."""
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    return [*lines, *("| " + " | ".join(row) + " |" for row in rows)]


def latency(found: Result) -> Lines:
    """From event to transition."""
    sizes, rows = found["sizes"], []
    for name, title in JOURNEYS.items():
        for load in found["journeys"].get(name, {}).get("loads", []):
            late = load["latency"]
            figures = [f"{late[key]:,.1f}" for key in ("p50", "p99", "p99.9", "max")]
            cells = [
                f"{load['share']:.0%}",
                f"{load['rate']:,.0f}",
                *figures,
                f"{late['count']:,}",
                f"{load['cpu']:.1f}",
            ]
            rows.append([title, *cells])
    highest = [
        f"{JOURNEYS[name]} {told['highest']['rate']:,.0f} events a second at {told['highest']['cpu']:.1f} CPU seconds a million"
        for name, told in found["journeys"].items()
    ]
    head = ["journey", "load", "events/s", "p50 ms", "p99", "p99.9", "max", "transitions", "CPU s per million"]
    return [
        "## From an event to its transition",
        "",
        (
            f"Milliseconds from handing an event to its producer to consuming the transition that it causes, over "
            f"{sizes['seconds']:.0f} s at each load, after {sizes['warmup']:.0f} s of warm-up; loads are shares of the highest "
            f"throughput, {sizes['events']:,} events worked off: {'; '.join(highest)}."
        ),
        "",
        *table(head, rows),
    ]


def pending(found: Result) -> Lines:
    """How late silence is told."""
    rows = []
    for each in found["phases"]:
        late = each["late"]
        beside = f"{each['load']:,.0f} events/s beside" if each["load"] else "nobody else shops"
        rows.append(
            [
                beside,
                *(f"{late[key]:,.0f}" for key in ("p50", "p99", "max")),
                f"{late['count']:,}",
                f"{each['busy']:.2f}",
            ]
        )
    many = "not measured" if found["many"] is None else f"{found['many']:.3f}"
    return [
        "## How late silence is told",
        "",
        (
            f"{found['pending']:,.0f} deadlines pending, {found['due']:,} of them due every second. Milliseconds from deadline and "
            "`patience` to the moment at which a subscriber holds the transition."
        ),
        "",
        *table(["", "p50 ms", "p99", "max", "transitions", "CPU s a second"], rows),
        "",
        (
            f"While nothing is due and nothing comes, a worker with {found['customers']:,} customers took {many} CPU seconds a "
            f"second, one with 1,000 took {found['few']:.3f}."
        ),
    ]


def recovery(found: Result) -> Lines:
    """Coming back, and what a customer takes."""
    rows, killed = [], []
    for name, title in JOURNEYS.items():
        for each in found["journeys"].get(name, []):
            cells = [f"{each['customers']:,.0f}", f"{each['rate']:,.0f}", f"{each['ready']:.1f}"]
            sizes = [
                f"{each['process']:,.0f}",
                f"{each['value']['p50']:,.0f}",
                f"{each['written']:,.0f}",
                f"{each.get('files', 0):,.0f}",
            ]
            rows.append([f"{title}, {each['kind']}", each["store"], *cells, *sizes, f"{each['megabytes']:,.0f}"])
            if again := each.get("killed"):
                killed.append(
                    f"{title}, {each['store']}: {again['classifies']:.1f} s until the first transition, "
                    f"of which {again['reading']:.1f} s reading {again['customers']:,.0f} customers"
                )
    head = [
        "customers",
        "store",
        "how many",
        "read/s",
        "ready after s",
        "B in the process",
        "B of a value",
        "B in the changelog",
        "B in files",
        "MB in all",
    ]
    empty = next(each["empty"]["megabytes"] for told in found["journeys"].values() for each in told)
    return [
        "## Coming back, and what a customer takes",
        "",
        (
            "Customers of three kinds: the mix of shoppers after ten events each, all like the one of median size, all like the "
            "one at 99 %. Read per second: from the changelog, all partitions, one worker. Bytes in the process: what it holds "
            f"(PSS) beyond a worker that knows nobody ({empty:,.0f} MB), for each customer. Bytes in the changelog: as they stand "
            "on the broker, key and framing with them."
        ),
        "",
        *table(head, rows),
        "",
        (
            f"Killed while it classified and started again at once ({'; '.join(killed)}). Before that the broker waits for the dead "
            "worker's session, `client.session_timeout`, 20 s as it comes."
        ),
    ]


def scale(found: Result) -> Lines:
    """How cost grows."""
    rows = []
    for axis, title in {**AXES, "shipped": "looking back"}.items():
        for case in on_axis(found["cases"], axis):
            value = ("as shipped" if case["shipped"] else "off") if axis == "shipped" else f"{case[axis]:,}"
            rows.append([f"{title}: {value}", *_case(case)])
    once = [case for case in found["cases"] if case["varies"] == "exactly_once"]
    rows += [["exactly once", *_case(case)] for case in once]
    elsewhere = [case for case in found["cases"] if case["varies"] == "store"]
    rows += [[f"customers: {case['customers']:,}, in {case['store']}", *_case(case)] for case in elsewhere]
    base = found["cases"][0]
    rounds = len(base["rounds"])
    return [
        "## How cost grows",
        "",
        (
            f"{rounds} round{'s' * (rounds > 1)} of {found['events']:,} events, all cases in turn. The base has {base['workers']} worker, "
            f"{base['partitions']} partitions, {base['customers']:,} customers and {base['journeys']} journey, and each case "
            "differs from it in one thing. All customers are known before. CPU seconds and memory are those of all workers."
        ),
        "",
        *table(["", "events/s", "CPU s per million", "peak MB", "transitions an event"], rows),
        "",
        *ratios(found),
        "",
        "Bytes that an event costs the broker, without compression and without copies:",
        "",
        *traffic(found),
    ]


def ratios(found: Result) -> Lines:
    """Throughput at the greatest of each axis over that at the least, round by round."""
    said = []
    for axis, title in AXES.items():
        along = on_axis(found["cases"], axis)
        if len(along) > 1:
            first, last = along[0], along[-1]
            pairs = zip(first["rounds"], last["rounds"], strict=True)
            ratio = spread([theirs["rate"] / ours["rate"] for ours, theirs in pairs], "{:.2f}".format)
            said.append(f"{title} {last[axis]:,} over {first[axis]:,}: {ratio}")
    return [f"Throughput, as ratios within a round: {'; '.join(said)}."]


def _case(case: Mapping[str, Any]) -> list[str]:
    shown: dict[str, Callable[[float], str]] = {
        "rate": "{:,.0f}".format,
        "cpu": "{:.1f}".format,
        "memory": "{:,.0f}".format,
        "transitions": "{:.2f}".format,
    }
    return [spread([each[name] for each in case["rounds"]], how) for name, how in shown.items()]


KINDS = {
    "source": "the event itself",
    "changelog": "changelog",
    "transitions": "stage-transitions",
    "stages": "customer-stages",
    "routed": "routed copies",
}


def traffic(found: Result) -> Lines:
    """Bytes an event, by topic."""
    chosen = {"without looking back": base_of(found), "as shipped": shipped_of(found)}
    named = {title: case for title, case in chosen.items() if case is not None}
    rows = [[what, *(f"{median_of(case, name):,.0f}" for case in named.values())] for name, what in KINDS.items()]
    return table(["bytes an event", *named], rows)


def base_of(found: Result) -> Result | None:
    """The case from which all others differ."""
    return next((case for case in found["cases"] if not case["varies"]), None)


def shipped_of(found: Result) -> Result | None:
    """The case that looks back."""
    return next((case for case in found["cases"] if case["shipped"]), None)


def median_of(case: Result, kind: str) -> float:
    """The median of the bytes of one kind that an event costs."""
    return float(statistics.median(each["traffic"][kind] for each in case["rounds"]))


SECTIONS: Mapping[str, Callable[[Result], Lines]] = {
    "latency": latency,
    "pending": pending,
    "recovery": recovery,
    "scale": scale,
}
