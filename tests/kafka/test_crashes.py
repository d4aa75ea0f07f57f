"""A worker that dies without a word, at any moment, and is started again: nothing is lost, nothing is invented."""

from random import Random

from tests.kafka.conftest import Corner
from tests.kafka.polling import until
from tests.kafka.shop import ECOM, Row, keyed
from tests.kafka.stand import ByCustomer, Stand, assert_no_gaps, assert_same, once, only

SEED = 20240313
KILLS = 6


async def kill_in_the_middle(stand: Stand, name: str, after: int) -> bool:
    """Run a worker, kill it as soon as `after` more transitions are on the topic; whether it left anything undone."""
    before = await stand.published()
    async with stand.worker(name) as worker, stand.watching("stage-transitions") as published:
        await worker.ready()

        async def far_enough() -> bool:
            return await published() >= before + after

        await until(far_enough, 60, f"{after} more transitions")
        await worker.kill()
    return not await stand.caught_up()


async def test_a_worker_killed_and_started_again_says_what_one_that_lives_says(
    corner: Corner, rows: list[Row], told_by_replay: ByCustomer
) -> None:
    # Small batches and rare commits, so that a kill falls into the middle of many batches and takes many with it.
    settings = {"client.batch_records": "100", "client.commit_interval": "2s", "clock.idle_after": "never"}
    stand = corner(sources={"events": "ecom"}, settings={"dialect_files": ECOM, **settings})
    await stand.create_topics()
    dice, total = Random(SEED), sum(map(len, told_by_replay.values()))  # noqa: S311  for tests
    share = -(-len(rows) // (KILLS + 1))
    undone = 0
    for number in range(KILLS):
        await stand.send(keyed(rows[number * share : (number + 1) * share]))
        undone += await kill_in_the_middle(stand, f"killed-{number}", dice.randrange(total // (KILLS + 1) // 2))
    assert undone >= KILLS - 1, "the kills came too late to prove anything"
    await stand.send(keyed(rows[KILLS * share :]))
    async with stand.worker("last") as worker:
        await worker.ready()
        await until(stand.caught_up, 60, "the last worker to commit everything")
        await worker.stop()
    found = once(await stand.transitions())
    assert_no_gaps(found)
    assert_same(found, told_by_replay)
    assert_same(once(await stand.transitions("cart-abandoned")), only(told_by_replay, "cart_abandoned"))
