"""Whether a Kafka-protocol broker answers, asked over a plain socket.

Owns free ports and the one request, Metadata version 1, that tells a broker which listens from one which
serves. Plain sockets, so that a broker can be waited for from any thread and before any event loop exists.
May not know which broker.
"""

import random
import socket
import struct
import time
from collections.abc import Callable

HOST = "127.0.0.1"
# Below the range from which Linux (32768 and up) and macOS (49152 and up) take ports for outgoing
# connections, so that nobody is given a broker's port in the moment between its kill and its restart.
PORTS = range(20_000, 32_000)
LOOK_EVERY = 0.02  # seconds between two attempts while a broker starts

# Metadata is request 3; version 1, correlation id 1, no client id, an empty list of topics.
_METADATA_OF_NO_TOPIC = struct.pack(">hhihi", 3, 1, 1, -1, 0)
_FRAME = struct.Struct(">i")
_CORRELATION_AND_BROKERS = struct.Struct(">ii")


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 on which nobody listens just now, all different."""
    found: list[int] = []
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((HOST, port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise OSError(f"only {len(found)} of {count} ports between {PORTS.start} and {PORTS.stop} are free")


def answers(port: int, patience: float = 1.0) -> bool:
    """Whether, within `patience` seconds, a broker on that port of 127.0.0.1 says that there is a broker."""
    try:
        with socket.create_connection((HOST, port), patience) as connection:
            connection.settimeout(patience)
            connection.sendall(_FRAME.pack(len(_METADATA_OF_NO_TOPIC)) + _METADATA_OF_NO_TOPIC)
            answer = connection.makefile("rb")
            (size,) = _FRAME.unpack(answer.read(_FRAME.size))
            _, brokers = _CORRELATION_AND_BROKERS.unpack(answer.read(size)[: _CORRELATION_AND_BROKERS.size])
    except (OSError, struct.error):
        return False
    return bool(brokers > 0)


def wait_until_answering(port: int, ended: Callable[[], int | None], patience: float) -> bool:
    """Wait until a broker answers on `port`; False if its process `ended` or `patience` seconds went by."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and ended() is None:
        if answers(port):
            return True
        time.sleep(LOOK_EVERY)
    return False
