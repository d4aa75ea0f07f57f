"""Two sources tell of the same customers, late, out of order and twice: in the end all believe what happened.

The order system and the shop's pages run apart, workers die and share, and topics are sent again. Nobody who bought is
believed to have abandoned a cart, and nobody who abandoned one is missed.
"""

from collections.abc import Sequence

from tests.journey.oracle import check_stream, net, without_republished
from tests.kafka import traffic
from tests.kafka.conftest import Corner
from tests.kafka.late_orders import END, SOURCES, Arrival, Evening, evening, tell
from tests.kafka.net import believed, foretold, machine_of, published
from tests.kafka.polling import until
from tests.kafka.stand import Stand
from tests.kafka.traffic import Count, Sent
from tests.kafka.worker import Worker

# Small batches, so that a kill falls into the middle of many.
SETTINGS = {"clock.idle_after": "never", "client.batch_records": "100"}
# So rare that a worker which is killed has committed nothing, and the next one is given everything again.
NO_COMMITS = {"client.commit_interval": "1h"}
OUTPUTS = ("stage-transitions", "customer-stages", "rejected-events")


def stand_of(corner: Corner, **settings: str) -> Stand:
    return corner(sources=SOURCES, settings=SETTINGS | settings)


async def consumed(stand: Stand) -> None:
    await until(stand.caught_up, 60, "everything to be committed")


async def more(published: Count, count: int) -> None:
    async def look() -> bool:
        return await published() >= count

    await until(look, 60, f"{count} records")


async def taken(stand: Stand, arrivals: Sequence[Arrival]) -> None:
    """Send these, and wait until a worker has taken them all; the last of each source and partition after all others.

    Where a source has been quiet, another's last event lets time pass before what is sent along with it has been read,
    and of what is read in two parts then the second can come too late.
    """
    last = len(arrivals) - 4 * len(SOURCES)
    for part in (arrivals[:last], arrivals[last:]):
        await tell(stand, part)
        await consumed(stand)


async def first_abandonments(stand: Stand, told: Evening) -> None:
    """Every cart that fell silent is called abandoned, those of buyers of whom nobody knows yet among them."""
    named = told.of_fate("left", "came back") | told.slandered

    async def all_named() -> bool:
        return await believed(stand, "cart-abandoned", "cart_abandoned") == named

    await until(all_named, 30, f"{len(named)} carts to be called abandoned")


async def assert_as_it_happened(stand: Stand, told: Evening) -> None:
    """What is published comes to what the oracle says, and subscribers believe exactly of the right ones."""
    wanted = await foretold(stand, END)

    async def all_said() -> bool:
        kinds = [each.kind for each in without_republished(await published(stand))]
        return len(kinds) - 2 * kinds.count("corrected") == wanted.total()

    await until(all_said, 30, f"{wanted.total()} transitions to stand, net of corrections")
    found = await published(stand)
    check_stream(found)
    assert net(found) == wanted
    assert any(each.kind == "suppressed" and each.name == "left_without_cart" for each in found)
    corrected = {each.customer for each in found if each.kind == "corrected" and "cart-abandoned" in each.route}
    assert corrected == told.slandered
    for topic in ("cart-abandoned", "stage-transitions"):
        assert await believed(stand, topic, "cart_abandoned") == told.of_fate("left", "came back")
    for topic in ("cart-recovered", "stage-transitions"):
        assert await believed(stand, topic, "cart_recovered") == told.of_fate("came back")


async def test_no_buyer_is_left_believed_to_have_abandoned_however_late_the_order_system_is(corner: Corner) -> None:
    stand, told = stand_of(corner), evening()
    await stand.create_topics()
    async with stand.worker() as worker:
        await worker.ready()
        await taken(stand, told.before)
        await taken(stand, told.meanwhile)
        await first_abandonments(stand, told)
        await taken(stand, told.after)
        await assert_as_it_happened(stand, told)
        await worker.stop()


async def test_a_worker_killed_amid_carts_and_one_killed_amid_corrections_change_nothing(corner: Corner) -> None:
    stand, told = stand_of(corner, **NO_COMMITS), evening(seed=12)
    await stand.create_topics()
    await tell(stand, told.before + told.meanwhile)
    async with stand.worker("first") as first, stand.watching("stage-transitions") as published:
        await first.ready()
        await more(published, 150)
        await first.kill()
    async with stand.worker("second") as second, stand.watching("cart-abandoned") as published:
        await second.ready()
        await first_abandonments(stand, told)
        before = await published()
        await tell(stand, told.after)
        await more(published, before + 5)
        await second.kill()
    async with stand.worker("third") as third:
        await third.ready()
        await assert_as_it_happened(stand, told)
        await third.stop()


async def test_two_workers_of_whom_one_dies_amid_corrections_leave_everybody_believing_what_happened(
    corner: Corner,
) -> None:
    stand, told = stand_of(corner), evening(seed=13)
    await stand.create_topics()
    async with stand.worker("stays") as stays, stand.worker("dies") as dies:
        await stays.ready()
        await dies.ready()
        await taken(stand, told.before)
        await taken(stand, told.meanwhile)
        await first_abandonments(stand, told)
        assert await _heard(stays)
        assert await _heard(dies)
        async with stand.watching("cart-abandoned") as published:
            before = await published()
            await tell(stand, told.after)
            await more(published, before + 1)
            await dies.kill()
        await consumed(stand)
        await assert_as_it_happened(stand, told)
        await stays.stop()


async def _heard(worker: Worker) -> float:
    return sum(value for _, value in (await worker.metrics())["stagewatch_signals_total"])


async def test_topics_that_are_sent_again_in_full_lead_to_nothing_new_also_after_a_restart(corner: Corner) -> None:
    stand, told = stand_of(corner), evening(customers=100)
    await stand.create_topics()
    async with stand.worker("first") as worker:
        await worker.ready()
        await taken(stand, told.before + told.meanwhile)
        await taken(stand, told.after)
        await assert_as_it_happened(stand, told)
        sent = [each for local in SOURCES for each in await stand.read(local)]
        again = [Sent(each.topic, each.key, each.value, each.partition, each.headers) for each in sent]
        outputs = [*OUTPUTS, *machine_of(stand).routes]
        before = {local: await traffic.ends(stand.broker, stand.topic(local)) for local in outputs}
        known = await _copies(worker)
        await traffic.produce(stand.broker, again)
        await consumed(stand)
        assert await _copies(worker) == known + len(again)
        await worker.stop()
    async with stand.worker("second") as worker:
        await worker.ready()
        await traffic.produce(stand.broker, again)
        await consumed(stand)
        assert await _copies(worker) == len(again)
        await worker.stop()
    assert {local: await traffic.ends(stand.broker, stand.topic(local)) for local in outputs} == before
    assert not any(before["rejected-events"].values())


async def _copies(worker: Worker) -> float:
    return sum(value for _, value in (await worker.metrics()).get("stagewatch_signals_duplicate_total", []))
