"""What the broker lets us do, asked for in Kafka's words: operations on topics, and whether we may have our group.

aiokafka has no way to ask that, so the one request that answers it is written out here (Metadata, version 8). A broker
that does not tell is not held to anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, TopicAuthorizationFailedError
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Int16, Int32, Schema, String

from stream.connection import Connection

# Kafka's numbers for them, which are also their places in its answer.
OPERATIONS: Final = {"Read": 3, "Write": 4, "Describe": 8, "DescribeConfigs": 10}
# A broker that was not asked, or knows no rights, answers this; and none at all would be a contradiction.
UNTOLD: Final = (-(2**31), 0)

_TEXT = String("utf-8")
_PARTITIONS = Array(
    ("error_code", Int16),
    ("partition", Int32),
    ("leader", Int32),
    ("leader_epoch", Int32),
    ("replicas", Array(Int32)),
    ("isr", Array(Int32)),
    ("offline_replicas", Array(Int32)),
)


class _Answer(Response):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = 3
    API_VERSION = 8
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", Array(("node_id", Int32), ("host", _TEXT), ("port", Int32), ("rack", _TEXT))),
        ("cluster_id", _TEXT),
        ("controller_id", Int32),
        (
            "topics",
            Array(
                ("error_code", Int16),
                ("topic", _TEXT),
                ("is_internal", Boolean),
                ("partitions", _PARTITIONS),
                ("operations", Int32),
            ),
        ),
        ("cluster_operations", Int32),
    )


class _Question(RequestStruct):  # type: ignore[misc]  # the same
    API_KEY = 3
    API_VERSION = 8
    RESPONSE_TYPE = _Answer
    SCHEMA = Schema(
        ("topics", Array(_TEXT)),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_operations", Boolean),
        ("include_topic_operations", Boolean),
    )


class _Asking(Request[_Question]):  # type: ignore[misc]  # the same
    API_KEY = 3

    def __init__(self, topics: list[str]) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[_Question]) -> _Question:
        return request_struct_class(self._topics, False, False, True)


@dataclass(frozen=True, slots=True)
class Known:
    """A topic that exists, or of which we may not know whether it does (`allowed` is empty then).

    Attributes:
        partitions: how many it has.
        allowed: what we may do with it; None where the broker does not tell.
    """

    partitions: int
    allowed: frozenset[str] | None


async def known(admin: AIOKafkaAdminClient, names: Iterable[str]) -> dict[str, Known]:
    """Those of the topics that exist, or that we may not see. None is made by asking.

    Raises:
        KafkaError: the broker did not answer.
    """
    answer: Any = await admin._send_request(_Asking(sorted(set(names))))  # noqa: SLF001  see above
    found: dict[str, Known] = {}
    for code, name, _, partitions, operations in answer.topics:
        if code == 0:
            found[name] = Known(len(partitions), _allowed(operations))
        elif code == TopicAuthorizationFailedError.errno:
            found[name] = Known(0, frozenset())
    return found


def _allowed(operations: int) -> frozenset[str] | None:
    if operations in UNTOLD:
        return None
    return frozenset(name for name, number in OPERATIONS.items() if operations >> number & 1)


async def may_have(connection: Connection, group: str) -> bool:
    """Whether we may have this consumer group; True where the broker does not tell.

    Raises:
        KafkaError: no broker answered.
    """
    admin = AIOKafkaAdminClient(**connection.client())
    await admin.start()
    try:
        await admin.find_coordinator(group)
    except GroupAuthorizationFailedError:
        return False
    except KafkaError:
        return True  # it has just been started, say; whoever joins hears of it
    finally:
        await admin.close()
    return True
