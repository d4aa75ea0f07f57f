"""`stagewatch worker`: the job itself."""

import os

import click

from stagewatch.settings import Loaded, load, shown


@click.command()
@click.option("--settings", "file", metavar="FILE", help="A YAML or TOML file of settings. The environment goes first.")
@click.option("--show-settings", is_flag=True, help="Print every setting, its value and where that came from, and end.")
def worker(file: str | None, show_settings: bool) -> None:
    """Reads events from the source topics, and publishes every change of stage, until it is stopped (SIGTERM, Ctrl-C).

    Settings come from the environment (STAGEWATCH_BROKER and so on) over a file over the defaults. The topics must
    be there: `stagewatch topics --create` makes those that are ours.

    \b
    STAGEWATCH_BROKER=kafka:9092 STAGEWATCH_SOURCES=shop-events=segment stagewatch worker
    stagewatch worker --settings stagewatch.yaml --show-settings
    """  # noqa: D301  click's mark for lines that stay as they are
    loaded = load(os.environ, file)
    if show_settings:
        click.echo(aligned(loaded))
        return
    from stagewatch.logs import configure  # noqa: PLC0415  settings are shown without it
    from stagewatch.worker import run  # noqa: PLC0415  Faust takes half a second to import

    configure(loaded.settings.log)
    run(loaded.settings)


def aligned(loaded: Loaded) -> str:
    """The settings in three columns: name, value, where it came from."""
    rows = shown(loaded)
    name, value = (max(len(row[column]) for row in rows) for column in (0, 1))
    return "\n".join(f"{row[0]:{name}}  {row[1]:{value}}  {row[2]}" for row in rows)
