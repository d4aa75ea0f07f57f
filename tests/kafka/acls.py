"""Rights on Apache Kafka: those that docs/security.md lists, and giving them.

Knows the page's words for what a worker needs, and aiokafka's for giving it, which its admin client does not use.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from aiokafka.errors import for_code
from aiokafka.protocol.admin import CreateAclsRequest_v1
from aiokafka.protocol.api import Request

from journey.machine import Machine
from stagewatch.app import changelog_of
from stagewatch.settings import Settings
from tests.kafka import traffic
from tests.kafka.worker import ROOT

PAGE = ROOT / "docs" / "security.md"
KINDS = {"Topic": 2, "Group": 3, "TransactionalId": 5}
OPERATIONS = {"Read": 3, "Write": 4, "Describe": 8, "DescribeConfigs": 10}
LITERAL, PREFIXED, ALLOW = 3, 4, 3


@dataclass(frozen=True, slots=True)
class Right:
    """An operation on what has this name, or, where the name ends with a star, on what begins so."""

    kind: str
    name: str
    operation: str

    def fields(self, who: str) -> tuple[Any, ...]:
        pattern = PREFIXED if self.name.endswith("*") else LITERAL
        allowed = (f"User:{who}", "*", OPERATIONS[self.operation], ALLOW)
        return (KINDS[self.kind], self.name.rstrip("*"), pattern, *allowed)


class _Creating(Request[CreateAclsRequest_v1]):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = 30

    def __init__(self, creations: list[tuple[Any, ...]]) -> None:
        self._creations = creations

    def build(self, request_struct_class: type[CreateAclsRequest_v1]) -> CreateAclsRequest_v1:
        return request_struct_class(self._creations)


async def grant(broker: str, rights: Iterable[Right], who: str) -> None:
    """Give somebody these rights; `broker` is where an administrator comes in. Brokers hear of it a moment later."""
    async with traffic.admin(broker) as admin:
        creating = _Creating([right.fields(who) for right in rights])
        answer = await admin._send_to_controller(creating)  # noqa: SLF001  there is no other way in aiokafka
    for code, message in answer.creation_responses:
        if code:
            raise for_code(code)(message)


def listed(settings: Settings, machine: Machine) -> list[Right]:
    """What docs/security.md says that a worker with these settings needs."""
    return list(_listed(settings, machine))


def _listed(settings: Settings, machine: Machine) -> Iterator[Right]:
    topics = settings.topics
    meant = {
        "each of `sources`": [source.topic for source in settings.sources],
        "`<app_id>-customers-changelog`": [changelog_of(settings)],
        "each route of the journeys": [topics.named(name) for name in machine.routes],
        "`<app_id>`": [settings.app_id],
        "`<app_id>-`, prefixed": [f"{settings.app_id}-*"],
    }
    table = PAGE.read_text().partition("<!-- rights -->")[2].partition("<!-- /rights -->")[0]
    for line in table.strip().splitlines()[2:]:
        kind, called, operations, why = (cell.strip() for cell in line.strip("|").split("|"))
        if "exactly_once" in why and not settings.exactly_once:
            continue
        local = called.strip("`").removeprefix("topics.")
        names = meant[called] if called in meant else [topics.named(getattr(topics, local))]
        for name in names:
            for operation in operations.split(", "):
                yield Right(kind, name, operation)
