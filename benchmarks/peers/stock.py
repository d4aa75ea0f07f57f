"""The job on stock Faust: an agent, a table, a send per transition.

Written as its documentation shows agents and tables
(https://faust-streaming.github.io/faust/userguide/agents.html, .../userguide/tables.html): one event at a time, the
memory written to a table with a changelog, each transition sent with `topic.send`. Settings are the defaults, but for
those without which it would keep files or need the web.

    python -m benchmarks.peers.stock BROKER SOURCE OUTPUT PARTITIONS APP_ID
"""

from __future__ import annotations

import sys
import tempfile
from typing import Any

import faust

from benchmarks.work import Work


def stock_app(app_id: str, address: str, source: str, output: str, partitions: int) -> faust.App:
    """The app."""
    app = faust.App(
        app_id,
        broker=f"kafka://{address}",
        store="memory://",
        topic_partitions=partitions,
        topic_disable_leader=True,
        web_enabled=False,
        datadir=tempfile.mkdtemp(),  # Faust wants a folder even where it keeps nothing
        producer_linger=0.02,  # so that sends share a request; without it stock Faust is slower still
    )
    work = Work()
    events = app.topic(source, value_type=bytes, value_serializer="raw")
    transitions = app.topic(output, value_type=bytes, value_serializer="raw")
    memories = app.Table("memories", value_type=bytes, partitions=partitions)

    @app.agent(events)
    async def classify(stream: Any) -> None:  # noqa: ANN401  Faust's stream
        async for event in stream.events():
            message = event.message
            for signal in work.read(message.value, message.topic, message.partition, message.offset):
                memory = work.load(signal.customer, memories.get(signal.customer))
                memory, made = work.step(memory, signal)
                memories[signal.customer] = work.save(memory)
                for transition in made:
                    await transitions.send(key=signal.customer.encode(), value=transition)

    return app


if __name__ == "__main__":
    address, source, output, partitions, app_id = sys.argv[1:]
    worker = faust.Worker(stock_app(app_id, address, source, output, int(partitions)), loglevel="WARNING")
    worker.execute_from_commandline()
