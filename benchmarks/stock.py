"""The same job written as Faust's own documentation shows it: an agent, a table, a send per transition.

One event at a time: decoded and stepped by the same `Reader` and `Machine` as the worker's, the memory written to
a Faust table, each transition sent with `topic.send`. What differs is delivery, and that is what is compared.
Run by `benchmarks.delivery`; the broker's address, the source and the output topic are its arguments.
"""

from __future__ import annotations

import sys
import tempfile
from typing import Any

import faust
import orjson

from benchmarks.job import reader_and_machine
from journey.machine import apply
from journey.saving import decode, encode
from schemas.signals import Origin, Signal
from schemas.transitions import encode as published


def stock_app(app_id: str, address: str, source: str, output: str, partitions: int) -> faust.App:
    """The app; settings as they come, but for those without which it would keep files or need the web."""
    app = faust.App(
        app_id,
        broker=f"kafka://{address}",
        store="memory://",
        topic_partitions=partitions,
        topic_disable_leader=True,
        web_enabled=False,
        datadir=tempfile.mkdtemp(),  # Faust wants a folder even where it keeps nothing
        producer_linger=0.02,
    )
    reader, machine = reader_and_machine()
    events = app.topic(source, value_type=bytes, value_serializer="raw")
    transitions = app.topic(output, value_type=bytes, value_serializer="raw")
    memories = app.Table("memories", value_type=bytes, partitions=partitions)

    @app.agent(events)
    async def classify(stream: Any) -> None:  # noqa: ANN401  Faust's stream
        async for event in stream.events():
            message = event.message
            origin = Origin(message.topic, message.partition, message.offset)
            for signal in reader.read(message.value, origin):
                if type(signal) is not Signal:
                    continue
                kept = memories.get(signal.customer)
                memory = decode(machine, signal.customer, orjson.loads(kept)) if kept else None
                memory, made = apply(machine, memory, signal.customer, source, [signal])
                memories[signal.customer] = orjson.dumps(encode(machine, memory))
                for transition in made:
                    await transitions.send(key=signal.customer.encode(), value=published(transition, 0))

    return app


if __name__ == "__main__":
    address, source, output, partitions, app_id = sys.argv[1:]
    worker = faust.Worker(stock_app(app_id, address, source, output, int(partitions)), loglevel="WARNING")
    worker.execute_from_commandline()
