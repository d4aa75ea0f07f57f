"""The two brokers that tests run on, as session-wide fixtures, and names that no other test has.

Where a broker cannot be run, its tests are skipped and the summary says so loudly (tests/suites.py); where CI is set
they fail instead, since there everything must run.
"""

import os
from collections.abc import Iterator, Mapping
from typing import NoReturn
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import for_code

from stream.broker import EmbeddedBroker, EmbeddedBrokerError, find_program
from tests.kafka.broker import KafkaBroker, KafkaMissing, jars
from tests.kafka.polling import until


@pytest.fixture(scope="session")
def kafka() -> Iterator[KafkaBroker]:
    """Apache Kafka's own broker, one for all tests. A test that kills its broker starts one of its own."""
    need_kafka()
    with KafkaBroker() as broker:
        yield broker


@pytest.fixture(scope="session")
def embedded() -> Iterator[EmbeddedBroker]:
    """The broker that `stagewatch demo` brings, one for all tests."""
    try:
        find_program()
    except EmbeddedBrokerError as missing:
        _not_here(str(missing))
    with EmbeddedBroker() as broker:
        yield broker


def need_kafka() -> None:
    """Go on only where Apache Kafka can be run."""
    try:
        jars()
    except KafkaMissing as missing:
        _not_here(str(missing))


def fresh(name: str = "topic") -> str:
    """A name for a topic or a group that nobody has had before."""
    return f"{name}-{uuid4().hex[:12]}"


async def create_topic(address: str, name: str, *, partitions: int = 1, config: Mapping[str, str] | None = None) -> str:
    """Create a topic and return its name once the broker knows it; raises the KafkaError with which it refuses.

    In KRaft the controller creates a topic, and the broker hears of it a moment later.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()

    async def known() -> bool:
        (found,) = await admin.describe_topics([name])
        return found["error_code"] == 0 and len(found["partitions"]) == partitions

    try:
        answer = await admin.create_topics([NewTopic(name, partitions, 1, topic_configs=dict(config or {}))])
        for topic, code, message in answer.topic_errors:
            if code:
                raise for_code(code)(f"{topic}: {message}")
        await until(known, within=10, what=f"{name} to be known")
    finally:
        await admin.close()
    return name


def _not_here(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(f"CI must run every suite, and here it cannot: {reason}", pytrace=False)
    pytest.skip(reason)
