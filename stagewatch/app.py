"""The one place where settings, journeys, dialects, topics, table and agents become a worker.

Nothing happens at import, and nothing here talks to the broker: the app that comes out is started by `worker`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from faust.types import StreamT

from agents.classify import Classifier, classify
from agents.command import Obedience
from journey.clock import Clock, Time
from journey.machine import Machine
from schemas.reading import Reader
from stagewatch.mistakes import Mistake
from stagewatch.settings import Security, Settings
from stagewatch.settings.loading import revealed
from stream.app import Client, StreamApp
from stream.batches import Batch
from stream.connection import Connection
from stream.memories import READY
from stream.metrics import Metrics
from stream.partition import Partition, Setting
from stream.publishing import Topics
from stream.resting import InMemory, Stores
from stream.steps import Reached, nothing
from stream.table import CustomerTable
from stream.topics import TopicSpec, wanted
from stream.transactions import ExactlyOnce
from stream.ways import Way

TABLE = "customers"


def create_app(
    settings: Settings,
    machine: Machine,
    readers: Mapping[str, Reader],
    wall: Callable[[], int],
    *,
    idempotent: bool = True,
    reached: Reached = nothing,
) -> StreamApp:
    """A worker, not started yet.

    Args:
        settings: as an operator gave them.
        machine: the compiled journeys.
        readers: for each source topic, how its records are read.
        wall: the wall clock, in milliseconds since the epoch.
        idempotent: whether the broker offers idempotent producers; Apache Kafka does.
        reached: told of each step by which a batch becomes durable (stream/steps.py).

    Raises:
        Mistake: the settings want what the broker, or what is installed, does not offer.
    """
    if settings.exactly_once and not idempotent:
        raise Mistake("exactly_once needs a broker with transactions, and this one has none: set it to false here")
    app = StreamApp(
        settings.app_id,
        connection_of(settings),
        sources=[source.topic for source in settings.sources],
        commands=commands_of(settings),
        publish_to=publish_to(settings),
        metrics=Metrics(),
        client=_client(settings, idempotent=idempotent),
        wall=wall,
        reached=reached,
    )
    setting = Setting(
        machine=machine,
        topics=app.publish_to,
        changelog=changelog_of(settings),
        outlet=app.outlet,
        sources=app.sources,
        new_clock=partial(_clock, machine.patience, settings.clock.idle_after),
        stores=stores_of(settings),
        ready=max(1, READY // settings.partitions),
        forgets=frozenset(settings.forget_journeys),
        reached=reached,
        at_once=_at_once(app, reached),
    )
    new_partition: Callable[[int], Partition] = partial(Partition, setting=setting)
    app.table = CustomerTable(app, name=TABLE, partitions=settings.partitions, new_partition=new_partition)
    app.tables.add(app.table)
    obedience = Obedience(commands_of(settings), keys_of(settings), os.urandom)
    classifier = Classifier(app, machine, readers, settings.clock.future_skew, settings.partitions, obedience)

    async def classify_batches(batches: StreamT[Batch]) -> None:
        await classify(classifier, batches)

    app.agent(app.batches, name="classify")(classify_batches)
    return app


def _at_once(app: StreamApp, reached: Reached) -> Callable[[int], Way] | None:
    transactions = app.transactions
    return None if transactions is None else partial(ExactlyOnce, transactions=transactions, reached=reached)


# Where silence never follows the wall clock, a source that has been quiet for so long (ms) no longer holds back the
# partition's other sources. Longer than a broker takes to find another leader, or a worker to be given the partition.
QUIET = 30_000


def _clock(patience: int, idle_after: int | None, start: Time | None) -> Clock:
    return Clock(patience, idle_after or QUIET, follow_wall=idle_after is not None, start=start)


def topics_of(settings: Settings, machine: Machine) -> list[TopicSpec]:
    """Every topic that a worker with these settings needs."""
    publish = publish_to(settings)
    return wanted(
        sources=[source.topic for source in settings.sources],
        commands=commands_of(settings),
        changelog=changelog_of(settings),
        stages=publish.stages,
        rejected=publish.rejected,
        others=[publish.transitions, *map(publish.routed, sorted(machine.routes))],
        partitions=settings.partitions,
        max_record_bytes=settings.max_record_bytes,
    )


def commands_of(settings: Settings) -> str:
    """The topic of commands, with its prefix."""
    return settings.topics.named(settings.topics.commands)


def keys_of(settings: Settings) -> list[str]:
    """What commands are signed with, in the clear."""
    return [key.get_secret_value() for key in settings.commands.keys]


def changelog_of(settings: Settings) -> str:
    """The changelog's topic, as Faust names it."""
    return f"{settings.app_id}-{TABLE}-changelog"


def stores_of(settings: Settings) -> Stores:
    """Where the partitions' customers lie.

    Raises:
        Mistake: the files that are asked for need a package that is not installed, or cannot be written.
    """
    store = settings.store
    if store.kind == "memory" or store.path is None:
        return InMemory()
    try:
        from stream.files import InFiles  # noqa: PLC0415  an optional dependency
    except ModuleNotFoundError as error:
        raise Mistake(f"store.kind rocksdb needs a package: pip install 'stagewatch[rocksdb]' ({error})") from error
    files = InFiles(store.path, changelog_of(settings))
    try:
        files.check()
    except OSError as error:
        raise Mistake(
            f"store.path {store.path}: no files can be written there ({error.strerror}). Give a folder in which this"
            " user may write, and see to it that there is room"
        ) from error
    return files


def publish_to(settings: Settings) -> Topics:
    """The topics that are published to, with their prefix."""
    names = settings.topics
    return Topics(names.named(names.transitions), names.named(names.stages), names.named(names.rejected), names.prefix)


def connection_of(settings: Settings) -> Connection:
    """How to reach the broker."""
    security: Security = settings.security
    return Connection(
        settings.broker,
        security.protocol,
        security.mechanism,
        username=security.username,
        password=revealed(security.password),
        ca_file=_text(security.ca_file),
        cert_file=_text(security.cert_file),
        key_file=_text(security.key_file),
        key_password=revealed(security.key_password),
        token_file=_text(security.token_file),
    )


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _client(settings: Settings, *, idempotent: bool) -> Client:
    client = settings.client
    return Client(
        session_timeout=client.session_timeout / 1000,
        heartbeat_interval=client.heartbeat_interval / 1000,
        rebalance_timeout=client.rebalance_timeout / 1000,
        request_timeout=client.request_timeout / 1000,
        commit_interval=client.commit_interval / 1000,
        fetch_wait=client.fetch_wait / 1000,
        batch_records=client.batch_records,
        idempotent=idempotent,
        exactly_once=settings.exactly_once,
    )
