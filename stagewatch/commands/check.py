"""`stagewatch check`: what is wrong with journeys and dialects, and where."""

import re

import click

from journey.definition import Definition
from journey.examples import check_examples
from journey.faults import JourneyError
from journey.loading import load
from schemas.dialects import Dialect, DialectError, load_dialect
from stagewatch.library import LibraryError, shipped_journeys, text_of

_DIALECT = re.compile(r"^dialect\s*:", re.MULTILINE)


@click.command(context_settings={"ignore_unknown_options": False})
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
def check(files: tuple[str, ...]) -> None:
    """Says what is wrong with each FILE, a journey or a dialect, as file:line:column: message.

    A journey's examples are played, and what came out differently is shown. FILE may also be the name of a
    shipped journey. Ends with 1 if anything is wrong.

    \b
    stagewatch check my-journey.yaml my-dialect.yaml
    stagewatch check five-stage
    """  # noqa: D301  click's mark for lines that stay as they are
    faults = [fault for file in files for fault in _faults(file)]
    for fault in faults:
        click.echo(fault)
    if faults:
        click.echo(f"{len(faults)} {'fault' if len(faults) == 1 else 'faults'}", err=True)
        raise SystemExit(1)


def _faults(file: str) -> list[str]:
    shipped = shipped_journeys().get(file)
    try:
        text = text_of(shipped or file)
    except LibraryError as error:
        return error.faults
    where = str(shipped or file)
    try:
        checked = load_dialect(text, where) if _DIALECT.search(text) else load(text, where)
    except (DialectError, JourneyError) as error:
        return [str(fault) for fault in error.faults]
    if isinstance(checked, Dialect):
        click.echo(_about_dialect(file, checked), err=True)
        return []
    faults = [str(fault) for fault in check_examples(checked)]
    if not faults:
        click.echo(_about_journey(file, checked), err=True)
    return faults


def _about_journey(file: str, journey: Definition) -> str:
    moves = sum(len(track.moves) for track in journey.tracks)
    counts = f"{len(journey.tracks)} tracks, {moves} moves, {len(journey.facts)} facts"
    return (
        f"{file}: all is well with the journey {journey.journey}, version {journey.version}: {counts},"
        f" {len(journey.examples)} examples played"
    )


def _about_dialect(file: str, dialect: Dialect) -> str:
    kinds = {kind for kind, _, _ in dialect.meanings()}
    names = sum(1 for _ in dialect.meanings())
    return f"{file}: all is well with the dialect {dialect.dialect}: {names} names of {len(kinds)} kinds of signal"
