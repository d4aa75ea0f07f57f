"""`stagewatch replay`: files of events in, transitions out."""

import base64
import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

import click
import orjson
from rich.console import Console

from journey.durations import written
from journey.machine import Machine
from journey.replay import fold
from journey.rewinding import rank
from journey.tally import Tally
from schemas.reading import AUTO, Reader
from schemas.rejections import Rejection
from schemas.signals import Signal
from schemas.transitions import Transition, record
from stagewatch.commands.watching import watching
from stagewatch.durations import instant
from stagewatch.feed import Feed, Format
from stagewatch.files import STANDARD, keep_apart, writing
from stagewatch.library import dialect_of, dialects_with, machine_of_journeys
from stagewatch.summary import Summary
from stagewatch.tables import show

FOR_EVER = 2**53
"""A time later than any deadline."""

_SLICE = 20_000


class Until(click.ParamType):
    """`never`, `end`, or an instant."""

    name = "time"

    def convert(self, value: str | int | None, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        """None, FOR_EVER, or the instant in ms."""
        if not isinstance(value, str) or value == "never":
            return None
        if value == "end":
            return FOR_EVER
        try:
            return instant(value)
        except ValueError as error:
            self.fail(f"{error}, or never, or end", param, ctx)


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "-d",
    "--dialect",
    default=AUTO,
    show_default=True,
    metavar="NAME|FILE|auto",
    help="How the events are written: a shipped dialect, a dialect file, or auto to detect it event by event.",
)
@click.option(
    "-j",
    "--journey",
    "journeys",
    multiple=True,
    default=["five-stage"],
    show_default=True,
    metavar="NAME|FILE",
    help="A journey to follow. Can be given more than once.",
)
@click.option(
    "--until",
    type=Until(),
    default="never",
    show_default=True,
    metavar="TIME|never|end",
    help="What the silence after the last event means. A TIME (2024-06-30T00:00:00Z): nothing more happened until"
    " then. end: nothing ever happens again, so every deadline comes. never: nothing is known, and no more is said.",
)
@click.option(
    "--sort",
    is_flag=True,
    help="Sort all events by their time first. Needed where a customer's events are out of order by more than the"
    " journey's lateness. Takes memory for all of them.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="Where to write the transitions; .gz and .zst are compressed.  [default: standard output; nowhere with"
    " --summary]",
)
@click.option("--rejected", metavar="FILE", help="Where to write what could not be understood, with the reason.")
@click.option("--summary", is_flag=True, help="Print what was read, where customers stand and how long they stay.")
@click.option(
    "--format", "form", type=click.Choice(["auto", "jsonl", "csv", "tsv"]), default="auto", show_default=True,
    help="JSON lines, or a table with the columns' names in its first row; auto goes by the file's ending.",
)  # fmt: skip
def replay(  # noqa: PLR0917  one for each option
    files: tuple[str, ...],
    dialect: str,
    journeys: tuple[str, ...],
    until: int | None,
    sort: bool,
    output: str | None,
    rejected: str | None,
    summary: bool,
    form: Format,
) -> None:
    """Plays each FILE of events, in the order given, and writes the transitions, one JSON object a line.

    They are those that a worker would publish: the same ids, the same sequence. Events drive time, no clock is
    read, and the same files always give the same bytes. FILE is JSON lines or CSV, plain, .gz or .zst, or - for
    standard input.

    \b
    stagewatch replay events.jsonl.gz --summary
    stagewatch replay orders.csv --dialect my-dialect.yaml --sort --until end -o transitions.jsonl
    """  # noqa: D301  click's mark for lines that stay as they are
    keep_apart((name for name in files if name != STANDARD), filter(None, (output, rejected)))
    machine = machine_of_journeys(journeys)
    reader = reader_of(dialect, machine)
    told = Summary(machine) if summary else None
    tally = told.tally if told else Tally()
    with seldom_collecting(), ExitStack() as stack:
        out = stack.enter_context(writing(output or STANDARD)) if output or not summary else None
        reject = stack.enter_context(rejecting(rejected)) if rejected else None
        watch = stack.enter_context(watching("reading", size_of(files), in_bytes=True))
        feed = Feed(files, reader, form=form, watch=watch, reject=reject)
        transitions = fold(machine, in_order(feed) if sort else feed, until, told.memories if told else None, tally)
        write(told.counted(transitions) if told else transitions, out)
    if told:
        show(told, feed.counts, Console(stderr=output == STANDARD))
    if (unread := feed.counts.rejected.total()) and not (rejected or summary):
        click.echo(
            f"{unread:,} of {feed.counts.events:,} events could not be understood: --rejected FILE writes them down"
            " with the reason, --summary counts them",
            err=True,
        )
    if tally.too_late and not sort:
        click.echo(
            f"{tally.too_late:,} signals came more than {written(machine.lateness)} (the journey's lateness) after"
            " later ones of the same customer, too late to be put in their place; play these files with --sort, or"
            " give the journey a longer `lateness`",
            err=True,
        )


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Lets the garbage collector come round seldom: memories hold no cycles, and looking for some took a tenth."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def reader_of(dialect: str, machine: Machine | None = None) -> Reader:
    """A reader of one dialect, or of any; of the attributes only those that the machine looks at."""
    wanted = machine.attributes if machine else None
    if dialect == AUTO:
        return Reader(dialects_with([]), AUTO, wanted)
    spoken = dialect_of(dialect)
    return Reader({spoken.dialect: spoken}, spoken.dialect, wanted)


def size_of(files: Iterable[str]) -> int | None:
    """The bytes of all files as they lie on disk; None where that cannot be known."""
    paths = [Path(file) for file in files]
    return sum(path.stat().st_size for path in paths) if all(path.is_file() for path in paths) else None


def in_order(signals: Iterable[Signal]) -> Iterator[Signal]:
    """The signals in the order in which they count: by time, and at one moment by file and line."""
    ordered = sorted(signals, key=rank)
    with watching("playing", len(ordered)) as advance:
        for start in range(0, len(ordered), _SLICE):
            yield from ordered[start : start + _SLICE]
            advance(_SLICE)


def write(transitions: Iterable[Transition], out: BinaryIO | None) -> None:
    """The transitions as published, a line each; with no wall clock, each is recorded at its own time."""
    if out is None:
        for _ in transitions:
            pass
        return
    for transition in transitions:
        out.write(orjson.dumps(record(transition, transition.at), option=orjson.OPT_APPEND_NEWLINE))


@contextmanager
def rejecting(name: str) -> Iterator[Callable[[Rejection], None]]:
    """Writes each rejection into a file, as JSON: why, where it stood, and what stood there."""
    with writing(name) as file:

        def reject(rejection: Rejection) -> None:
            origin, value = rejection.origin, (rejection.value or b"").rstrip(b"\r\n")
            said = {
                "reason": rejection.reason,
                "detail": rejection.detail,
                "file": origin.topic,
                "row": origin.offset,
            }
            try:
                said["value"] = value.decode()
            except UnicodeDecodeError:
                said["value_base64"] = base64.b64encode(value).decode()
            file.write(orjson.dumps(said) + b"\n")

        yield reject
