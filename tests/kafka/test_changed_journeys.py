"""A journey changed while customers are in it: the worker is stopped, the next version started."""

import re
from collections.abc import Iterable
from pathlib import Path

from stagewatch.library import JOURNEYS
from tests.kafka.conftest import Corner
from tests.kafka.crowd import shopping
from tests.kafka.polling import until
from tests.kafka.stand import ByCustomer, Stand, Told, assert_no_gaps

FIRST = (JOURNEYS / "five-stage.yaml").read_text(encoding="utf-8")
NEWS = """
  news:
    stages: [here, away]
    moves:
      - {name: news_due, from: here, to: away, after: 1d}
      - {name: news_read, from: away, to: here, on: order_completed}

examples:
"""


def next_version(migrates: str) -> str:
    """A stage has another name, there is a fact more, and a track on which everybody has long been silent."""
    text = re.sub(r"\bconsideration\b", "comparison", FIRST).replace("version: 2\n", f"version: 3\n{migrates}", 1)
    text = text.replace("facts:\n", "facts:\n  ratings: {count: review_posted}\n", 1)
    return text.replace("publish: [first_channel]}", "publish: [first_channel, ratings]}", 1).replace(
        "\nexamples:\n", NEWS, 1
    )


async def test_customers_stand_where_they_stood_and_nobody_is_mailed(corner: Corner, tmp_path: Path) -> None:
    first, unmapped, mapped = (tmp_path / f"{name}.yaml" for name in ("first", "unmapped", "mapped"))
    first.write_text(FIRST)
    unmapped.write_text(next_version(""))
    mapped.write_text(next_version("migrates: {stage: {consideration: comparison}}\n"))
    in_files = {"store.kind": "rocksdb", "store.path": str(tmp_path / "store"), "clock.idle_after": "never"}
    stand = corner(sources={"events": "segment"}, settings={"journeys": str(first)} | in_files, partitions=2)
    await stand.create_topics()
    events = shopping(120, 2_000, partitions=2)
    await stand.send(events[:1_850])
    async with stand.worker("first") as worker:
        await worker.ready()
        await until(stand.caught_up, 60, "everything to be committed")
        await worker.stop()
    stood, told = await standing(stand), await stand.published()

    async with stand.worker("refused", journeys=str(unmapped)) as worker:
        assert await worker.ended(within=30) == 1
        (said,) = [line for line in worker.log.splitlines() if line.startswith("- version 2 of the journey")]
        assert "JourneysChangedError" not in worker.log, "it is told once, in words"
    assert "has a stage 'consideration' on the track 'stage', and version 3 has not" in said
    count = int(re.search(r"of these customers: ([\d,]+)", said)[1].replace(",", ""))  # type: ignore[index]
    assert count == sum(each["stage"] == "consideration" for each in stood.values()) > 0

    async with stand.worker("second", journeys=str(mapped)) as worker:
        await worker.ready()
        assert "have been brought over" in worker.log
        assert await stand.published() == told, "nothing is published by a change"
        now = await standing(stand)
        assert {customer: each["since"] for customer, each in now.items()} == {
            customer: each["since"] for customer, each in stood.items()
        }
        assert not any(each["stage"] == "consideration" for each in now.values())
        await stand.send(events[1_850:])
        await until(stand.caught_up, 60, "everything to be committed")
        await worker.stop()
    found = await stand.transitions()
    assert_no_gaps(found)
    assert moves(found) == moves(stand.replay(events))
    after = [each for published in found.values() for each in published if each["version"] == 3]
    assert {each["from"] for each in after} | {each["to"] for each in after} >= {"comparison"}
    assert not any("consideration" in {each["from"], each["to"]} for each in after)
    due = [each for each in after if each["name"] == "news_due"]
    assert all(each["at"] > events[1_849][1]["timestamp"] for each in due)
    assert len(due) < len(stood) // 2, "who has long been silent is not moved at once"

    async with stand.worker("again", journeys=str(mapped)) as worker:
        await worker.ready()
        assert "have been brought over" not in worker.log, "they are once and for all"
        await worker.stop()


async def standing(stand: Stand) -> dict[str, Told]:
    """Where customers stand on the track `stage`, and since when."""
    found = {each.key.decode(): each.json for each in await stand.read("customer-stages") if each.key}
    return {customer: each["journeys"]["five-stage"]["tracks"]["stage"] for customer, each in found.items()}


def moves(found: ByCustomer) -> dict[str, list[tuple[str, ...]]]:
    """What customers did, in the words of the first version."""
    return {customer: list(map(_move, _known(published))) for customer, published in found.items()}


def _known(published: Iterable[Told]) -> list[Told]:
    return [each for each in published if each["track"] != "news"]


def _move(each: Told) -> tuple[str, ...]:
    from_, to = (each[name].replace("comparison", "consideration") for name in ("from", "to"))
    return each["track"], each["name"], from_, to, each["at"], str(each["previous_at"]), each["kind"]
