"""Workers that come and go in good order while events flow: nothing is processed twice, nothing is left out."""

import asyncio

from tests.kafka.conftest import Corner
from tests.kafka.polling import until
from tests.kafka.shop import ECOM, Row, keyed
from tests.kafka.stand import ByCustomer, Stand, assert_no_gaps, assert_same
from tests.kafka.worker import Worker

PACE = 2_000  # records a second: some fifteen seconds of traffic, for two changes of the group


async def _customers(*workers: Worker) -> dict[str, float]:
    """How many customers the workers hold together, by track."""
    found: dict[str, float] = {}
    for worker in workers:
        for labels, value in (await worker.metrics()).get("stagewatch_customers", []):
            found[labels["track"]] = found.get(labels["track"], 0) + value
    return found


async def _some(stand: Stand, count: int) -> None:
    async def look() -> bool:
        return await stand.published() >= count

    await until(look, 60, f"{count} transitions")


async def test_workers_that_join_and_leave_while_events_flow_process_each_event_once(
    corner: Corner, rows: list[Row], told_by_replay: ByCustomer
) -> None:
    stand = corner(sources={"events": "ecom"}, settings={"dialect_files": ECOM, "clock.idle_after": "never"})
    await stand.create_topics()
    total = sum(map(len, told_by_replay.values()))
    async with stand.worker("first") as first:
        await first.ready()
        sending = asyncio.create_task(stand.send(keyed(rows), pace=PACE))
        await _some(stand, total // 4)
        async with stand.worker("second") as second:
            await second.ready()
            await _some(stand, total // 2)
            assert not sending.done(), "everything was sent before the second worker had joined"
            await first.stop()
            assert not sending.done(), "everything was sent before the first worker had left"
            await sending
            await until(stand.caught_up, 60, "the worker that is left to commit everything")
            await second.stop()
    found = await stand.transitions()
    assert_no_gaps(found)
    assert_same(found, told_by_replay)


async def test_after_a_rebalance_each_customer_is_held_by_one_worker(
    corner: Corner, rows: list[Row], told_by_replay: ByCustomer
) -> None:
    stand = corner(sources={"events": "ecom"}, settings={"dialect_files": ECOM, "clock.idle_after": "never"})
    await stand.create_topics()
    half = len(rows) // 2
    await stand.send(keyed(rows[:half]))
    async with stand.worker("first") as first:
        await first.ready()
        await until(stand.caught_up, 60, "the first worker to commit the first half")
        alone = await _customers(first)
        async with stand.worker("second") as second:
            await asyncio.gather(first.ready(), second.ready())

            async def settled() -> bool:
                return await _customers(first, second) == alone and all(map(any, await _halves(first, second)))

            await until(settled, 30, f"both to hold {alone} between them")
            assert await _read_back(first) == 0, "what stayed where it was is not read anew"
            held = (await _customers(second))["stage"]
            assert await _read_back(second) == held
            await stand.send(keyed(rows[half:]))
            await until(stand.caught_up, 60, "both to commit the second half")
            together = await _customers(first, second)
            lent = (await _customers(second))["stage"]
            await second.stop()

            async def whole() -> bool:
                return await _customers(first) == together

            await until(whole, 30, f"the first to hold {together} again")
            assert await _read_back(first) == lent
            await first.stop()
    assert set(together.values()) == {len(told_by_replay)}
    assert_same(await stand.transitions(), told_by_replay)


async def _halves(*workers: Worker) -> list[list[float]]:
    return [list((await _customers(each)).values()) for each in workers]


async def _read_back(worker: Worker) -> float:
    """How many customers it has read from the changelog so far."""
    ((_, count),) = (await worker.metrics())["stagewatch_customers_recovered_total"]
    return count
