"""Whether the broker lets us in, asked before anything depends on it.

aiokafka tries for ever, or says no more than that it could not; here each address is knocked at once, and what is in
the way is told. It knows connections, and neither topics nor rights.
"""

from __future__ import annotations

import asyncio
from typing import Final

from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError, KafkaError
from aiokafka.protocol.metadata import MetadataRequest

from stream.connection import Connection
from stream.reasons import UnusableError, why

WITHIN: Final = 10.0
"""Seconds that a broker has to answer."""

CLOSED_WITHIN: Final = 1.0
"""Seconds that it may take to hang up on a broker."""

Address = tuple[str, int]


async def reach(connection: Connection, within: float = WITHIN) -> None:
    """Return when some broker has let us in, and one of those that it names as well.

    Raises:
        UnusableError: none has; says of each address why not, and what to do.
    """
    found: dict[str, str] = {}
    for address in connection.addresses():
        try:
            named = await _knock(connection, address, within)
        except UnusableError as error:
            found[_written(address)] = str(error)
        else:
            return await _reach_named(connection, address, [each for each in named if each != address], within)
    said = "\n".join(f"The broker at {address}: {reason}." for address, reason in found.items())
    raise UnusableError(said)


async def _reach_named(connection: Connection, through: Address, named: list[Address], within: float) -> None:
    """Clients go on to the addresses that a broker names; whether one of them can be had, unless there are none."""
    for each in named:
        try:
            await _knock(connection, each, within)
        except UnusableError as error:
            reason = str(error)
        else:
            return
    if named:
        raise UnusableError(
            f"The broker at {_written(through)} answers, and sends us on to {', '.join(map(_written, named))}"
            f" (its advertised.listeners); there, {reason}."
        )


async def _knock(connection: Connection, address: Address, within: float) -> list[Address]:
    """The addresses that the broker names, its own among them.

    Raises:
        UnusableError: it does not let us in.
    """
    host, port = address
    options = {name: value for name, value in connection.client().items() if name != "bootstrap_servers"}
    answered = False
    opened = AIOKafkaConnection(host, port, request_timeout_ms=int(within * 1000), **options)
    try:
        await opened.connect()
        answered = True  # but who may come in shows when something is asked: aiokafka does not look at a token's answer
        metadata = await opened.send(MetadataRequest([]))
        if not metadata.brokers:  # so Apache Kafka answers whoever goes on after a token that it has refused
            raise KafkaConnectionError("it names no brokers")
    except (KafkaError, OSError, TimeoutError, UnusableError) as error:
        raise UnusableError(why(error, connection, host, answered=answered)) from error
    finally:
        await _closed(opened)
    return [(name, number) for _, name, number, *_ in metadata.brokers]


async def _closed(opened: AIOKafkaConnection) -> None:
    """Hang up, and return when that is done, or takes too long."""
    closing = opened.close()
    if opened._protocol is not None:  # noqa: SLF001  else there never was a connection, and nothing would come
        await asyncio.wait({closing}, timeout=CLOSED_WITHIN)


def _written(address: Address) -> str:
    return f"{address[0]}:{address[1]}"
