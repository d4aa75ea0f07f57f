"""The topics Stagewatch needs: what each must be like, making the missing ones, checking the others.

A worker with a source of another number of partitions than the customer table would mix up customers, and a
changelog that is deleted by age loses them; so both are refused at start, with what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import for_code

from schemas.decoding import MAX_RECORD_BYTES
from stream.connection import Connection
from stream.outlet import BATCH_BYTES
from stream.reaching import reach
from stream.rights import Known, known

# A rejected record is published with its bytes whole and headers of ours; the source's limit plus room for them.
REJECTED_MAX_BYTES = 8 * 1024 * 1024
# A memory is a few hundred bytes, but the transitions of one batch travel with it: some 650 bytes each, and a
# single record can hold 10,000 events.
CHANGELOG_MAX_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic as it must be.

    Attributes:
        name: of the topic.
        purpose: in a few words, for the operator.
        partitions: the number it must have; None where any number will do.
        compacted: whether its cleanup policy must be `compact` alone.
        takes: the size in bytes of a record that it must take; None where any limit will do.
        ours: whether we make it when it is missing; sources belong to somebody else.
        operations: what a worker must be allowed to do with it, in Kafka's words.
        config: further settings with which it is made.
    """

    name: str
    purpose: str
    partitions: int | None
    compacted: bool = False
    takes: int | None = None
    ours: bool = True
    operations: tuple[str, ...] = ("Write",)
    config: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TopicFault:
    """What is wrong with a topic, and what to do."""

    topic: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.topic}: {self.problem}. {self.remedy}"


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic as the broker has it."""

    partitions: int
    cleanup: str | None
    takes: int | None = None
    #: what we may do with it; None where the broker does not tell, and nothing where we may not even see it
    allowed: frozenset[str] | None = None


def wanted(
    *,
    sources: Iterable[str],
    commands: str,
    changelog: str,
    stages: str,
    rejected: str,
    others: Iterable[str],
    partitions: int,
    max_record_bytes: int = MAX_RECORD_BYTES,
) -> list[TopicSpec]:
    """Every topic of a worker: its sources, its commands, its changelog, and what it publishes to.

    A record of up to `max_record_bytes` that is refused must find room in the topic of those, and so must as many of
    them as are sent at once.
    """
    return [
        *(TopicSpec(name, "a source of events", partitions, ours=False, operations=("Read",)) for name in sources),
        TopicSpec(commands, "what is to be done with customers", partitions, operations=("Read",)),
        TopicSpec(
            changelog,
            "the customers' memories",
            partitions,
            compacted=True,
            operations=("Read", "Write", "DescribeConfigs"),
            config={"max.message.bytes": str(CHANGELOG_MAX_BYTES)},
        ),
        TopicSpec(
            stages, "where each customer stands now", None, compacted=True, operations=("Write", "DescribeConfigs")
        ),
        TopicSpec(
            rejected,
            "what could not be understood",
            None,
            takes=max(max_record_bytes, BATCH_BYTES),
            operations=("Write", "DescribeConfigs"),
            config={"max.message.bytes": str(REJECTED_MAX_BYTES)},
        ),
        *(TopicSpec(name, "transitions", None) for name in others),
    ]


def faults(specs: Sequence[TopicSpec], states: Mapping[str, TopicState]) -> list[TopicFault]:
    """What is wrong with topics as they are; none where `states` is as `specs` say."""
    return [fault for spec in specs for fault in _faults(spec, states.get(spec.name))]


def _faults(spec: TopicSpec, state: TopicState | None) -> Iterator[TopicFault]:
    if state is None:
        remedy = "Run `stagewatch topics --create`" if spec.ours else "Create it, or correct `sources`"
        yield TopicFault(spec.name, f"does not exist ({spec.purpose})", remedy)
    elif state.allowed == frozenset():
        yield TopicFault(
            spec.name,
            f"may not be seen by this login, if it is there ({spec.purpose})",
            f"Give the login {_operations(spec.operations)} on this topic",
        )
    else:
        yield from _misshapen(spec, state)


def _misshapen(spec: TopicSpec, state: TopicState) -> Iterator[TopicFault]:
    """What is wrong with a topic that can be seen."""
    if spec.partitions is not None and state.partitions != spec.partitions:
        yield TopicFault(
            spec.name,
            f"has {state.partitions} partitions where `partitions` says {spec.partitions}",
            "Sources, commands and the changelog all need the same number, or customers would be mixed up: set "
            "`partitions` to the sources' number, and where they differ among themselves make them alike",
        )
    if spec.compacted and state.cleanup not in {None, "compact"}:
        yield TopicFault(
            spec.name,
            f"has cleanup.policy={state.cleanup} where it must be compact ({spec.purpose})",
            "Set cleanup.policy=compact, or records that are still needed will be deleted by age",
        )
    if spec.takes is not None and state.takes is not None and state.takes < spec.takes:
        yield TopicFault(
            spec.name,
            f"has max.message.bytes={state.takes} where it must be {spec.takes} or more ({spec.purpose})",
            "Raise it, or what is refused would not find room there and stop its partition",
        )


def denied(specs: Sequence[TopicSpec], states: Mapping[str, TopicState]) -> list[TopicFault]:
    """What a worker may not do with topics that it can see, and would have to."""
    return [
        TopicFault(
            spec.name,
            f"this login may not do {_operations(lacking)} there ({spec.purpose})",
            "Give the login these operations on this topic",
        )
        for spec in specs
        if (state := states.get(spec.name)) is not None
        and state.allowed
        and (lacking := [each for each in spec.operations if each not in state.allowed])
    ]


def _operations(names: Sequence[str]) -> str:
    return " and ".join(names)


async def look(connection: Connection, names: Iterable[str]) -> dict[str, TopicState]:
    """The topics among `names` that exist, as the broker has them, or that we may not see.

    Raises:
        UnusableError: the broker does not let us in; says why, and what to do.
        KafkaError: it does not answer what it is asked.
    """
    await reach(connection)
    admin = AIOKafkaAdminClient(**connection.client())
    await admin.start()
    try:
        found = await known(admin, names)
        configs = await _configs(admin, sorted(name for name, it in found.items() if it.partitions))
        return {name: _state(it, configs.get(name, {})) for name, it in found.items()}
    finally:
        await admin.close()


def _state(topic: Known, config: dict[str, str]) -> TopicState:
    takes = config.get("max.message.bytes")
    size = None if takes is None else int(takes)
    return TopicState(topic.partitions, config.get("cleanup.policy"), size, topic.allowed)


async def _configs(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    """Each topic's settings; nothing for those of which the broker tells none (embedded ones do not)."""
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    found: dict[str, dict[str, str]] = {}
    for response in await admin.describe_configs(resources) if resources else []:
        for code, _, _, name, entries, *_ in response.resources:
            if code == 0:
                found[name] = {entry[0]: entry[1] for entry in entries}
    return found


async def create(
    connection: Connection,
    specs: Iterable[TopicSpec],
    *,
    partitions: int,
    replication: int,
    sources_too: bool = False,
) -> list[str]:
    """Make the missing topics; the names of those made. Sources are made only where `sources_too` says so.

    Raises:
        KafkaError: no broker answered, or it refused; those made before remain.
    """
    specs = list(specs)
    there = await look(connection, [spec.name for spec in specs])
    missing = [spec for spec in specs if spec.name not in there and (spec.ours or sources_too)]
    if not missing:
        return []
    admin = AIOKafkaAdminClient(**connection.client())
    await admin.start()
    try:
        response = await admin.create_topics([_new(spec, partitions, replication) for spec in missing])
    finally:
        await admin.close()
    for name, code, *message in response.topic_errors:
        if code != 0:
            raise for_code(code)(f"{name}: {' '.join(map(str, message))}")
    return [spec.name for spec in missing]


def _new(spec: TopicSpec, partitions: int, replication: int) -> NewTopic:
    config = dict(spec.config)
    if spec.compacted:
        config["cleanup.policy"] = "compact"
    return NewTopic(spec.name, spec.partitions or partitions, replication, topic_configs=config)
