"""`stagewatch rejected`: what could not be understood, listed, shown, and sent to its source again."""

import asyncio
import os
import re
from collections.abc import Callable, Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import click

from schemas.rejections import REASONS
from stagewatch.commands.moments import Moment
from stagewatch.commands.watching import watching
from stagewatch.deadletters import Chosen, Fate, Found
from stagewatch.letters import as_json as in_json
from stagewatch.letters import as_line, in_full, json_line, plain
from stagewatch.mistakes import Mistake
from stagewatch.settings import Settings, load

if TYPE_CHECKING:
    from stagewatch.retrying import Tally

_ADDRESS = re.compile(r"(\d{1,9})@(\d{1,19})", re.ASCII)
Command = Callable[..., None]

_SETTINGS = click.option(
    "--settings", "file", metavar="FILE", help="A YAML or TOML file of settings. The environment goes first."
)


def _choosing(command: Command) -> Command:
    """The options that say which dead letters are meant."""
    for option in (
        click.option("--until", type=Moment(), metavar="TIME", help="Rejected before then."),
        click.option("--since", type=Moment(), metavar="TIME|-2h", help="Rejected since then."),
        click.option("--dialect", "dialects", multiple=True, help="Of sources in this dialect. Can be repeated."),
        click.option("--topic", "topics", multiple=True, help="Of this source topic. Can be repeated."),
        click.option("--reason", "reasons", multiple=True, help="Rejected for this reason. Can be repeated."),
    ):
        command = option(command)
    return command


@click.group()
def rejected() -> None:
    """Works on the dead letters: records that could not be understood, on the topic rejected-events.

    Mend the dialect (or the sender), restart the workers with it, and send again what it understands now:

    \b
    stagewatch rejected list --count
    stagewatch rejected show 3@1042
    stagewatch rejected retry --reason "no time" --dry-run
    stagewatch rejected retry --reason "no time"
    """  # noqa: D301  click's mark for lines that stay as they are


@rejected.command("list")
@_SETTINGS
@_choosing
@click.option("--limit", type=click.IntRange(1), help="At most so many.")
@click.option("--count", is_flag=True, help="Only how many there are, by reason and source.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_(file: str | None, limit: int | None, count: bool, as_json: bool, **options: Any) -> None:  # noqa: ANN401  click's
    """Lists dead letters: their address, when and why they were rejected, where they stood, their size."""
    from stagewatch.rejected import counted, listed  # noqa: PLC0415  Faust takes half a second to import

    settings = load(os.environ, file).settings
    chosen = _chosen(settings, **options)
    if not count:
        tell = in_json if as_json else as_line

        def say(found: Found) -> None:
            click.echo(tell(found))

        asyncio.run(listed(settings, chosen, limit, say))
        return
    for (reason, topic), number in asyncio.run(counted(settings, chosen)).most_common(limit):
        told = {"records": number, "reason": reason, "topic": topic}
        click.echo(json_line(told) if as_json else f"{number:>10,}  {plain(reason)}  {plain(topic)}")


@rejected.command()
@_SETTINGS
@click.argument("addresses", nargs=-1, required=True, metavar="ADDRESS...")
def show(file: str | None, addresses: tuple[str, ...]) -> None:
    """Shows dead letters in full, and what today's dialects make of them. ADDRESS is as in the list, such as 3@1042."""
    from stagewatch.rejected import judged  # noqa: PLC0415  Faust takes half a second to import

    places = [_place(address) for address in addresses]
    settings = load(os.environ, file).settings

    async def tell() -> None:
        async with aclosing(judged(settings, places)) as some:
            async for found, verdict in some:
                for line in in_full(found, verdict):
                    click.echo(line)

    asyncio.run(tell())


@rejected.command()
@_SETTINGS
@_choosing
@click.option("--dry-run", is_flag=True, help="Only say what would be sent.")
def retry(file: str | None, dry_run: bool, **options: Any) -> None:  # noqa: ANN401  click's
    """Sends dead letters to their source again, as they came, if the dialects of these settings understand them now.

    Each is sent once, however often this is run, and if it is killed amid its work: what was sent is kept in the
    topic <app_id>-retried. Of a record of which some events had been understood, only the others count. Restart the
    workers with the mended dialect before.
    """
    from stagewatch.rejected import retried  # noqa: PLC0415  Faust takes half a second to import

    settings = load(os.environ, file).settings
    chosen = _chosen(settings, **options)
    with watching("looking" if dry_run else "sending", None) as advance:
        tally = asyncio.run(retried(settings, chosen, dry=dry_run, advance=advance))
    for line in _told(tally, dry=dry_run):
        click.echo(line)


def _chosen(
    settings: Settings,
    *,
    reasons: tuple[str, ...],
    topics: tuple[str, ...],
    dialects: tuple[str, ...],
    since: int | None,
    until: int | None,
) -> Chosen:
    if unknown := [reason for reason in reasons if reason not in REASONS]:
        raise Mistake(f"There is no reason {unknown[0]!r}; there are {', '.join(REASONS)}")
    meant = set(topics)
    if dialects:
        spoken = {source.topic for source in settings.sources if source.dialect in dialects}
        meant = meant & spoken if meant else spoken
        if not meant:
            raise Mistake(
                f"None of the sources of these settings that are meant is in the dialect {', '.join(dialects)}"
            )
    return Chosen(frozenset(reasons), frozenset(meant), since, until)


def _told(tally: "Tally", *, dry: bool) -> Iterator[str]:
    """What was done, and what was not and why."""
    yield f"{tally.sent:,} {'would be sent' if dry else 'were sent'} to their source again"
    if tally.in_part:
        yield f"{tally.in_part:,} of them will be rejected again in part"
    if tally.before:
        yield f"{tally.before:,} left alone: they were sent again before"
    for fate, number in tally.left.most_common():
        why = ", ".join(f"{reason} {count:,}" for reason, count in tally.refused.most_common())
        yield f"{number:,} left alone: they {fate}{f' ({why})' if fate is Fate.REFUSED else ''}"


def _place(address: str) -> tuple[int, int]:
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise Mistake(f"{address!r} is no address: write partition@offset as the list does, such as 3@1042")
    return int(match[1]), int(match[2])
