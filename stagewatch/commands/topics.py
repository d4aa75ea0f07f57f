"""`stagewatch topics`: what a worker needs on the broker."""

import asyncio
import os

import click

from stagewatch.library import machine_of
from stagewatch.mistakes import Mistake
from stagewatch.settings import Settings, load


@click.command()
@click.option("--settings", "file", metavar="FILE", help="A YAML or TOML file of settings. The environment goes first.")
@click.option("--create", is_flag=True, help="Make the topics that are missing and are ours.")
@click.option("--sources-too", is_flag=True, help="With --create: make missing source topics as well.")
def topics(file: str | None, create: bool, sources_too: bool) -> None:
    """Checks the topics that a worker with these settings needs: that they are there, their partitions, their policy.

    Says what is wrong with which, and what to do, and ends with 1 if anything is.

    \b
    stagewatch topics
    stagewatch topics --create
    """  # noqa: D301  click's mark for lines that stay as they are
    asyncio.run(_topics(load(os.environ, file).settings, create=create, sources_too=sources_too))


async def _topics(settings: Settings, *, create: bool, sources_too: bool) -> None:
    from aiokafka.errors import KafkaError  # noqa: PLC0415  Faust and aiokafka take half a second to import

    from stagewatch.app import connection_of, topics_of  # noqa: PLC0415  the same
    from stagewatch.retrying import ledger_of  # noqa: PLC0415  the same
    from stream import topics as broker  # noqa: PLC0415  the same
    from stream.reasons import UnusableError  # noqa: PLC0415  the same

    specs = [*topics_of(settings, machine_of(settings)), ledger_of(settings.app_id)]
    connection = connection_of(settings)
    try:
        if create:
            numbers = {"partitions": settings.partitions, "replication": settings.replication}
            for name in await broker.create(connection, specs, **numbers, sources_too=sources_too):
                click.echo(f"made {name}")
        states = await broker.look(connection, [spec.name for spec in specs])
    except UnusableError as error:
        raise Mistake(str(error)) from error
    except (KafkaError, OSError) as error:
        raise Mistake(f"The broker at {settings.broker} does not do what was asked: {error}") from error
    faults = broker.faults(specs, states)
    for spec in specs:
        if spec.name in states and not any(fault.topic == spec.name for fault in faults):
            click.echo(f"well {spec.name}: {states[spec.name].partitions} partitions, {spec.purpose}")
    if faults:
        raise Mistake("\n".join(map(str, faults)))
