"""`stagewatch customer`: what is to be done with one customer, or with many."""

import asyncio
import os
import sys
from collections.abc import Sequence
from time import time

import click

from schemas.commands import COMMANDS
from stagewatch.mistakes import Mistake
from stagewatch.settings import load

FROM_INPUT = "-"
# What Windows programs put before a text; it is no part of the first id.
BYTE_ORDER_MARK = "\ufeff"


@click.command()
@click.argument("command", type=click.Choice(list(COMMANDS)))
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.option("--settings", "file", metavar="FILE", help="A YAML or TOML file of settings. The environment goes first.")
def customer(command: str, ids: tuple[str, ...], file: str | None) -> None:
    """Erases customers, or suppresses them: their events are dropped from then on. `unsuppress` ends that.

    Writes commands to the topic customer-commands, signed where `commands.keys` is set, and returns when the broker has
    acknowledged them. The worker that holds the customer does it within a second, and tells of it on stage-transitions.
    With `-` the ids come from standard input, one a line, so that they stand in no shell's history.

    \b
    stagewatch customer erase 4711
    stagewatch customer suppress - < ids.txt
    """  # noqa: D301  click's mark for lines that stay as they are
    from stagewatch.asking import ask  # noqa: PLC0415  Faust takes half a second to import

    settings = load(os.environ, file).settings
    for asked in asyncio.run(ask(settings, command, _customers(ids), int(time() * 1000))):
        click.echo(f"{asked.topic}[{asked.partition}]@{asked.offset}: {command}, as {asked.id}")


def _customers(ids: Sequence[str]) -> list[str]:
    if list(ids) != [FROM_INPUT]:
        return list(ids)
    # Not `splitlines`, to which more ends a line: what an id may not hold would make two others of it.
    lines = sys.stdin.read().removeprefix(BYTE_ORDER_MARK).split("\n")
    found = [line.strip() for line in lines if line.strip()]
    if not found:
        raise Mistake("Standard input holds no id: give one a line")
    return found
