"""Three brokers, one of which is lost: the worker goes on, and nothing is lost with it."""

import asyncio
from pathlib import Path

from tests.faults.cluster import Cluster
from tests.kafka.crowd import shopping
from tests.kafka.polling import until
from tests.kafka.stand import Stand, assert_no_gaps, assert_same, once

SETTINGS = {"clock.idle_after": "never", "client.batch_records": "200", "replication": "3"}


async def test_one_broker_of_three_can_be_lost_amid_the_work(tmp_path: Path) -> None:
    async with Cluster() as cluster:
        stand = Stand(cluster.address, "three", tmp_path, sources={"events": "segment"}, settings=SETTINGS)
        await stand.create_topics()
        events = shopping(200, 6_000)
        async with stand.worker() as worker:
            await worker.ready()
            sending = asyncio.create_task(stand.send(events, pace=1_000))
            async with stand.watching("stage-transitions") as published:

                async def under_way() -> bool:
                    return await published() > 200

                await until(under_way, 30, "the worker to be at work")
            await asyncio.to_thread(cluster.brokers[0].kill)
            assert not sending.done(), "the broker was to be lost amid the work"
            await sending
            await until(stand.caught_up, 90, "the worker to commit everything on the two that are left")
            assert worker.code is None
            await worker.stop()
        found = once(await stand.transitions())
        assert_no_gaps(found)
        assert_same(found, await asyncio.to_thread(stand.replay, events))
