"""Customers in local files, with a worker and a broker: killed, moved, of another changelog, in use by another."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from tests.kafka.conftest import Corner
from tests.kafka.crowd import shopping
from tests.kafka.polling import until
from tests.kafka.stand import Stand, assert_no_gaps, assert_same, once
from tests.kafka.worker import Worker

SEGMENT = {"events": "segment"}
NEVER = {"clock.idle_after": "never"}


def in_files(folder: Path, **further: str) -> dict[str, str]:
    """Settings with which customers at rest lie in files."""
    return NEVER | {"store.kind": "rocksdb", "store.path": str(folder / "store")} | further


async def caught_up(stand: Stand) -> None:
    await until(stand.caught_up, 60, "everything to be committed")


async def read_back(worker: Worker) -> tuple[float, float]:
    """How many customers were read back, and how many of them from files."""
    metrics = await worker.metrics()
    names = "stagewatch_customers_recovered_total", "stagewatch_customers_recovered_from_files_total"
    everybody, from_files = (metrics[name][0][1] for name in names)
    return everybody, from_files


async def as_replayed(stand: Stand, events: Sequence[tuple[str, object]]) -> None:
    found = once(await stand.transitions())
    assert_no_gaps(found)
    assert_same(found, await asyncio.to_thread(stand.replay, events))


async def test_a_killed_worker_finds_its_customers_in_files_and_says_what_the_replay_says(
    corner: Corner, tmp_path: Path
) -> None:
    # Few are ready to use, so that most are read from files; small batches, so that a kill falls into the midst of one.
    stand = corner(sources=SEGMENT, settings=in_files(tmp_path) | {"client.batch_records": "50"})
    await stand.create_topics()
    events = shopping(300, 12_000)
    third = len(events) // 3
    for number in range(2):
        async with stand.worker(f"killed-{number}") as worker:
            await worker.ready()
            if number:
                everybody, from_files = await read_back(worker)
                assert everybody >= from_files > 100
            before = await stand.published()
            sending = asyncio.create_task(stand.send(events[number * third : (number + 1) * third], pace=3_000))
            async with stand.watching("stage-transitions") as published:

                async def under_way(count: int = before + 500) -> bool:
                    return await published() > count

                await until(under_way, 30, "it to be at work")
            await worker.kill()
            await sending
    await stand.send(events[2 * third :])
    async with stand.worker("last") as worker:
        await worker.ready()
        everybody, from_files = await read_back(worker)
        assert everybody >= from_files > 100
        await caught_up(stand)
        await worker.stop()
    async with stand.worker("after") as worker:
        await worker.ready()
        everybody, from_files = await read_back(worker)
        assert everybody == from_files >= 300, "after a proper end everybody is in the files"
        await worker.stop()
    await as_replayed(stand, events)


async def test_partitions_go_to_another_worker_of_the_same_folder_and_come_back(corner: Corner, tmp_path: Path) -> None:
    stand = corner(sources=SEGMENT, settings=in_files(tmp_path))
    await stand.create_topics()
    events = shopping(200, 8_000)
    quarter = len(events) // 4
    async with stand.worker("a") as first:
        await first.ready()
        await stand.send(events[:quarter])
        await caught_up(stand)
        async with stand.worker("b") as second:
            await second.ready()
            assert (await read_back(second))[1] > 0, "it finds what the other one has closed"
            await stand.send(events[quarter : 2 * quarter])
            await caught_up(stand)
            await second.stop()

        async def all_here() -> bool:
            return (await first.metrics())["stagewatch_partitions_held"][0][1] == stand.partitions

        await until(all_here, 30, "the first to hold everything again")
        await stand.send(events[2 * quarter :])
        await caught_up(stand)
        assert "these files open" not in first.log + second.log
        await first.stop()
    await as_replayed(stand, events)


async def test_partitions_that_went_on_elsewhere_are_read_from_where_the_files_end(
    corner: Corner, tmp_path: Path
) -> None:
    stand = corner(partitions=1, sources=SEGMENT, settings=in_files(tmp_path))
    await stand.create_topics()
    events = shopping(100, 3_000, partitions=1)
    third = len(events) // 3
    for number, folder in enumerate(["here", "elsewhere", "here"]):
        last = len(events) if number == 2 else (number + 1) * third
        await stand.send(events[number * third : last])
        async with stand.worker(f"{number}-{folder}", store__path=str(tmp_path / folder)) as worker:
            await worker.ready()
            if number == 2:
                assert (await read_back(worker))[1] > 0
                assert "thrown away" not in worker.log
            await caught_up(stand)
            await worker.stop()
    await as_replayed(stand, events)


async def test_the_files_of_another_changelog_are_not_believed(corner: Corner, tmp_path: Path) -> None:
    old = corner(partitions=1, sources=SEGMENT, settings=in_files(tmp_path))
    await old.create_topics()
    await old.send(shopping(50, 500, partitions=1))
    async with old.worker("old") as worker:
        await worker.ready()
        await caught_up(old)
        await worker.stop()
    new = corner(partitions=1, sources=SEGMENT, settings=in_files(tmp_path))
    await new.create_topics()
    events = shopping(60, 2_000, partitions=1)
    await new.send(events[:1_000])
    async with new.worker("elsewhere", store__path=str(tmp_path / "elsewhere")) as worker:
        await worker.ready()
        await caught_up(new)
        await worker.stop()
    # As if the topic had been made anew under its name, and gone on farther than the files do.
    (tmp_path / "store" / old.changelog).rename(tmp_path / "store" / new.changelog)
    await new.send(events[1_000:])
    async with new.worker("new") as worker:
        await worker.ready()
        assert "thrown away" in worker.log
        assert "made anew" in worker.log
        assert (await read_back(worker))[1] == 0
        await caught_up(new)
        await worker.stop()
    await as_replayed(new, events)


async def test_files_that_a_frozen_worker_keeps_open_do_not_hold_up_its_successor(
    corner: Corner, tmp_path: Path
) -> None:
    stand = corner(partitions=1, sources=SEGMENT, settings=in_files(tmp_path))
    await stand.create_topics()
    events = shopping(50, 1_000, partitions=1)
    async with stand.worker("frozen") as frozen:
        await frozen.ready()
        await stand.send(events[:500])
        await caught_up(stand)
        frozen.freeze()
        async with stand.worker("next") as following:
            await following.ready()
            assert "another process has these files open" in following.log
            await stand.send(events[500:])
            await caught_up(stand)
            frozen.thaw()
            await following.stop()
    await as_replayed(stand, events)


async def test_a_worker_that_cannot_write_its_files_says_what_to_do(corner: Corner, tmp_path: Path) -> None:
    (tmp_path / "store").write_text("no folder")
    stand = corner(partitions=1, sources=SEGMENT, settings=in_files(tmp_path))
    await stand.create_topics()
    async with stand.worker("a") as worker:
        assert await worker.ended(45) == 1
        assert "Give a folder in which this user may write" in worker.log
