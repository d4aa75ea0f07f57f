"""`stagewatch generate`: life-like shoppers, their events to a file or to Kafka."""

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from time import monotonic, sleep

import click

from stagewatch.commands.moments import Moment
from stagewatch.commands.watching import watching
from stagewatch.files import STANDARD, stem_suffix, writing
from stagewatch.library import dialect_of
from stagewatch.mischief import IN_LINES, IN_ROWS, ON_A_TOPIC, Item, Shares, mischief
from stagewatch.mistakes import Mistake
from stagewatch.pace import Pace
from stagewatch.shoppers import Plan, shoppers
from stagewatch.shoppers.crowd import DEFAULT_START
from stagewatch.speaking import in_json, in_rows

KAFKA = "kafka"
PROBED = 1_000
"""Signals of which at least one must be sayable: an endless stream of nothing would never end."""
SHARE = click.FloatRange(0, 1)


@click.command()
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same shoppers.")
@click.option("--shoppers", "number", default=1_000, show_default=True, type=click.IntRange(1), help="How many.")
@click.option("--days", type=click.FloatRange(0, min_open=True), help="For how long.  [default: 30, unless --events]")
@click.option("--events", type=click.IntRange(1), help="Stop after so many events.")
@click.option(
    "--start",
    type=Moment(),
    default=DEFAULT_START,
    metavar="TIME|now|-30d",
    help="When the shoppers' life begins.  [default: 2024-06-01]",
)
@click.option(
    "-d",
    "--dialect",
    default="stagewatch",
    show_default=True,
    metavar="NAME|FILE",
    help="How events are written: a shipped dialect or a dialect file. What it has no word for is left out.",
)
@click.option(
    "--to",
    "target",
    default=STANDARD,
    metavar="FILE|kafka",
    help="Where to: a file (.jsonl, or .csv in a flat dialect; .gz and .zst are compressed), or kafka, with the"
    " broker of the settings.  [default: standard output]",
)
@click.option("--topic", help="The topic, with --to kafka.  [default: the first source of the settings]")
@click.option("--settings", "settings_file", metavar="FILE", help="A settings file, for the broker.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="At most so many events a second.")
@click.option(
    "--speed",
    type=click.FloatRange(0, min_open=True),
    help="How many times faster than in life: 1 is life, 3600 an hour a second.  [default: as fast as it goes]",
)
@click.option("--carts", type=SHARE, default=0.0, help="Share of carts begun while the shopper has another (0 to 1).")
@click.option("--copies", type=SHARE, default=0.0, help="Share of orders told twice, under other ids, seconds apart.")
@click.option("--duplicates", type=SHARE, default=0.0, help="Share of events that come twice (0 to 1).")
@click.option("--late", type=SHARE, default=0.0, help="Share of events that come late, by seconds to hours.")
@click.option("--malformed", type=SHARE, default=0.0, help="So many spoilt events besides, for each good one.")
def generate(  # noqa: PLR0917  one for each option
    seed: int,
    number: int,
    days: float | None,
    events: int | None,
    start: int,
    dialect: str,
    target: str,
    topic: str | None,
    settings_file: str | None,
    rate: float | None,
    speed: float | None,
    carts: float,
    copies: float,
    duplicates: float,
    late: float,
    malformed: float,
) -> None:
    """Makes up shoppers who browse, fill carts, abandon them, order, send back, review and recommend.

    The same options give the same events, byte for byte. Every cart and every order has an id. --carts gives shoppers
    several carts at once; --copies tells an order twice, as a pixel and a webhook do, with one order id and two event
    ids; --duplicates, --late and --malformed make the stream as unruly as real ones are.

    \b
    stagewatch generate --shoppers 200 --days 7 --to events.jsonl.gz
    stagewatch generate --carts 0.3 --copies 0.5 --late 0.05 --duplicates 0.02 --to unruly.jsonl.zst
    stagewatch generate --dialect segment --to kafka --start now --speed 60 --events 1000000
    """  # noqa: D301  click's mark for lines that stay as they are
    spoken = dialect_of(dialect)
    flat = stem_suffix(target) == ".csv"
    header, write = in_rows(spoken) if flat else (None, in_json(spoken))
    plan = Plan(seed, number, start, days if days or events else 30.0, carts, copies)
    if not any(write(signal) for signal in islice(shoppers(plan), PROBED)):
        raise Mistake(f"the dialect {spoken.dialect} has no word for anything that shoppers do")
    spoilers = IN_ROWS if flat else ON_A_TOPIC if target == KAFKA else IN_LINES
    items = mischief(shoppers(plan), write, Shares(duplicates, late, malformed), seed, spoilers)
    pace = Pace(rate, speed, first=start)
    with watching("events", events) as advance:
        if target == KAFKA:
            to_kafka(islice(items, events), pace, advance, topic, settings_file)
        else:
            with writing(target) as file:
                if header:
                    file.write(header + b"\n")
                for item in paced(islice(items, events), pace, file.flush):
                    file.write(item.value + b"\n")
                    advance(1)


def paced(items: Iterable[Item], pace: Pace, before_waiting: Callable[[], None]) -> Iterator[Item]:
    """The items, each when it is due."""
    began = monotonic()
    for item in items:
        if not pace.free and (wait := pace.wait(item.at, monotonic() - began)):
            before_waiting()
            sleep(wait)
        yield item


def to_kafka(
    items: Iterable[Item], pace: Pace, advance: Callable[[int], None], topic: str | None, settings_file: str | None
) -> None:
    """Writes the items to a topic of the broker that the settings name."""
    from stagewatch.app import connection_of  # noqa: PLC0415  Faust takes half a second to import
    from stagewatch.producing import produce  # noqa: PLC0415  the same
    from stagewatch.settings import load  # noqa: PLC0415  the same
    from stream.reaching import reach  # noqa: PLC0415  the same
    from stream.reasons import UnusableError  # noqa: PLC0415  the same

    settings = load(os.environ, settings_file).settings
    connection = connection_of(settings)

    async def send() -> None:
        await reach(connection)
        await produce(connection.client(), topic or settings.sources[0].topic, items, pace, advance)

    try:
        asyncio.run(send())
    except UnusableError as error:
        raise Mistake(str(error)) from error
