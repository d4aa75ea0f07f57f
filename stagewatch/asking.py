"""Commands about customers on their way to the workers: signed where keys are configured, and acknowledged.

Nothing here shows a customer's id, nor a key: whoever asks knows whom he asks about.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import uuid4

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.commands import SIGNATURE, encode, read, sign
from schemas.rejections import Rejection
from schemas.signals import Origin
from stagewatch.app import commands_of, connection_of, keys_of
from stagewatch.mistakes import Mistake
from stagewatch.settings import Settings
from stream.reaching import reach
from stream.reasons import UnusableError


class AskError(Mistake):
    """A command that no worker would obey, or that could not be written."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A command that the broker has: its own id, and where its record stands."""

    id: str
    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class _Record:
    id: str
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


async def ask(settings: Settings, command: str, customers: Iterable[str], at: int) -> list[Asked]:
    """Write one command a customer, in their order; returns when all of them are acknowledged.

    Args:
        settings: with the broker, the topic and the keys.
        command: one of `schemas.commands.COMMANDS`.
        customers: their ids.
        at: the wall clock, in milliseconds.

    Raises:
        AskError: an id can be nobody's, before anything is written; or the broker did not take all of them.
    """
    records = [_record(settings, command, customer, at, number) for number, customer in enumerate(customers, 1)]
    topic, written = commands_of(settings), 0
    try:
        await reach(connection_of(settings))
    except UnusableError as error:
        raise AskError(str(error)) from error
    try:
        async with AIOKafkaProducer(**connection_of(settings).client(), acks="all") as producer:
            await _exists(producer, topic, settings.broker)
            asked = []
            for each in records:
                stands = await producer.send_and_wait(topic, each.value, key=each.key, headers=each.headers)
                asked.append(Asked(each.id, topic, stands.partition, stands.offset))
                written += 1
            return asked
    except (KafkaError, OSError) as error:
        raise AskError(
            f"{settings.broker} has taken {written} of {len(records)} commands on {topic}, and then: {error}. To send"
            " all of them again does no harm"
        ) from error


def _record(settings: Settings, command: str, customer: str, at: int, number: int) -> _Record:
    id_, keys = str(uuid4()), keys_of(settings)
    try:
        key = customer.encode()
    except UnicodeEncodeError:
        raise AskError(f"Id number {number} is no UTF-8 text. Nothing has been sent") from None
    value = encode(command, customer, id_, at)
    headers = [(SIGNATURE, sign(value, keys[0]).encode())] if keys else []
    found = read(value, Origin(commands_of(settings), 0, 0), key=key, headers=tuple(headers), keys=keys)
    if isinstance(found, Rejection):
        raise AskError(f"Id number {number}: no worker would obey, since {found.detail}. Nothing has been sent")
    return _Record(id_, key, value, headers)


async def _exists(producer: AIOKafkaProducer, topic: str, broker: str) -> None:
    known = await producer.client.fetch_all_metadata()
    if not known.partitions_for_topic(topic):
        raise AskError(f"{topic} does not exist at {broker}. Run `stagewatch topics --create`")
