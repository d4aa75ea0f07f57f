"""`stagewatch check`: what is wrong with journeys and dialects, and where; what a changed journey does to customers."""

import re

import click

from journey.changing import changes
from journey.definition import Definition
from journey.examples import check_examples
from journey.faults import JourneyError
from journey.loading import load
from schemas.dialects import Dialect, DialectError, load_dialect
from stagewatch.library import LibraryError, journey_of, shipped_journeys, text_of

_DIALECT = re.compile(r"^dialect\s*:", re.MULTILINE)


@click.command(context_settings={"ignore_unknown_options": False})
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--from", "former", metavar="OLD", help="Tells what FILE would do to customers who are on the journey OLD."
)
def check(files: tuple[str, ...], former: str | None) -> None:
    """Says what is wrong with each FILE, a journey or a dialect, as file:line:column: message.

    A journey's examples are played, and what came out differently is shown. FILE may also be the name of a
    shipped journey. Ends with 1 if anything is wrong.

    \b
    stagewatch check my-journey.yaml my-dialect.yaml
    stagewatch check five-stage
    stagewatch check --from my-journey.yaml my-journey-2.yaml
    """  # noqa: D301  click's mark for lines that stay as they are
    faults = [fault for file in files for fault in _faults(file)]
    if former is not None and not faults:
        faults = _refusals(former, files)
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


def _refusals(former: str, files: tuple[str, ...]) -> list[str]:
    """Tell what becomes of the customers; why the file cannot follow on the former one."""
    if len(files) > 1:
        return [f"--from {former} goes with one FILE, which is to take its place"]
    try:
        found = changes(journey_of(former), journey_of(files[0]))
    except LibraryError as error:
        return error.faults
    for change in found:
        if change.fate != "refused":
            click.echo(f"{change.fate:8}{change.what}")
    return [f"{files[0]}: {change.what}" for change in found if change.fate == "refused"]


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
