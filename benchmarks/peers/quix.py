"""The job on Quix Streams: a StreamingDataFrame with a stateful `apply` that expands into transitions.

Written as its documentation shows stateful processing
(https://quix.io/docs/quix-streams/advanced/stateful-processing.html) and `apply` with `expand`
(https://quix.io/docs/quix-streams/processing.html): state in RocksDB, changelog topics on, at least once, all of them
the defaults. Where a record stood comes from `message_context()`
(https://quix.io/docs/quix-streams/api-reference/context.html).

    python -m benchmarks.peers.quix BROKER SOURCE OUTPUT PARTITIONS APP_ID
"""

from __future__ import annotations

import os
import sys

from quixstreams import Application, State, message_context  # type: ignore[import-not-found]
from quixstreams.models import TopicConfig  # type: ignore[import-not-found]

from benchmarks.work import Work


def run(address: str, source: str, output: str, partitions: int, app_id: str) -> None:
    """Work until stopped."""
    app = Application(
        broker_address=address,
        consumer_group=app_id,
        auto_offset_reset="earliest",
        state_dir=os.environ["BENCH_STATE"],
        loglevel="WARNING",
    )
    config = TopicConfig(num_partitions=partitions, replication_factor=1)
    events = app.topic(source, key_deserializer="str", value_deserializer="bytes", config=config)
    transitions = app.topic(output, key_serializer="str", value_serializer="bytes", config=config)
    work = Work()

    def classify(value: bytes, state: State) -> list[bytes]:
        context = message_context()
        published: list[bytes] = []
        for signal in work.read(value, context.topic, context.partition, context.offset):
            memory = work.load(signal.customer, state.get_bytes("memory"))
            memory, made = work.step(memory, signal)
            state.set_bytes("memory", work.save(memory))
            published += made
        return published

    app.dataframe(events).apply(classify, stateful=True, expand=True).to_topic(transitions)
    app.run()


if __name__ == "__main__":
    address, source, output, partitions, app_id = sys.argv[1:]
    run(address, source, output, int(partitions), app_id)
