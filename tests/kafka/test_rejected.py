"""Dead letters, when the dialect was mended: each counts once, however often it is sent again, whoever is killed."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable

import orjson
import pytest
from click.testing import CliRunner

from schemas.parts import Part
from schemas.rejections import Rejection
from schemas.signals import Origin
from stagewatch.cli import main
from stagewatch.deadletters import Chosen
from stagewatch.mistakes import Mistake
from stagewatch.rejected import retried
from stagewatch.retrying import AT_ONCE
from stagewatch.settings import load
from tests.kafka import traffic
from tests.kafka.conftest import Corner
from tests.kafka.polling import until
from tests.kafka.stand import ByCustomer, Stand, once, replayed
from tests.kafka.tills import BEGAN, JOURNEY, Event, closing, dialect, receipts
from tests.kafka.traffic import Found, Sent
from tests.kafka.worker import ROOT, command, environment

RECORDS = 5_000
CUSTOMERS = 200
NONSENSE = [b"{", b'{"what": "seen"}', b"\xff\xfe"]
KEPT = ("till", b"\x00\xff7")


async def stagewatch(stand: Stand, *words: str, **settings: str) -> str:
    """What a command says that ends well; in this process, since starting one takes longer than most of them do."""
    result = await asyncio.to_thread(CliRunner().invoke, main, words, env=environment(stand.all_settings(**settings)))
    assert result.exit_code == 0, result.output
    return result.stdout


async def counted(stand: Stand) -> dict[str, int]:
    """How many dead letters there are, by reason."""
    lines = (await stagewatch(stand, "rejected", "list", "--count", "--json")).splitlines()
    return {each["reason"]: each["records"] for each in map(json.loads, lines)}


async def worked_off(stand: Stand, last: Iterable[tuple[str, object]], **settings: str) -> float:
    """Run a worker over all there is, and then over the `last` events; how many copies it met."""
    async with stand.worker(**settings) as worker:
        await worker.ready()
        await stand.send(last)
        await until(stand.caught_up, 60, "the worker to commit everything")
        metrics = await worker.metrics()
        await worker.stop()
    return sum(value for _, value in metrics.get("stagewatch_signals_duplicate_total", []))


async def killed_amid_its_work(stand: Stand, **settings: str) -> None:
    """Begin to send dead letters again, and SIGKILL whoever does it once some are sent, and before all are."""
    ledger = f"{stand.group}-retried"
    await stand.make(ledger, cleanup_policy="compact")
    here = environment(stand.all_settings(**settings)) | {"PYTHONPATH": str(ROOT)}
    async with traffic.watching(stand.broker, ledger) as look:
        retry = subprocess.Popen([sys.executable, "-m", "stagewatch", "rejected", "retry"], env=here)  # noqa: ASYNC220

        async def begun() -> bool:
            return sum((await look()).values()) > AT_ONCE + 100

        await until(begun, 30, "one transaction to be done and the next to be begun")
        retry.kill()
        assert await asyncio.to_thread(retry.wait) == -9, "it had ended before it was killed: too few to send"


def standing(found: ByCustomer) -> set[tuple[object, ...]]:
    """The transitions that were not withdrawn, by what made them."""
    kept: dict[str, tuple[object, ...]] = {}
    for published in found.values():
        for each in published:
            if each["kind"] == "corrected":
                del kept[each["corrects"]]
            else:
                kept[each["id"]] = (each["customer"], each["name"], each["at"], each["cause"]["id"])
    assert len(set(kept.values())) == len(kept), "the same move, twice"
    return set(kept.values())


def last_facts(found: ByCustomer) -> dict[str, object]:
    """Per customer, what the last transition tells of all that was counted."""
    return {who: published[-1]["facts"] for who, published in found.items()}


def address(record: Found) -> str:
    return f"{record.topic}/{record.partition}@{record.offset}"


async def test_what_a_mended_dialect_understands_counts_once_whoever_is_killed_and_however_often_it_is_sent_again(
    corner: Corner,
) -> None:
    stand = corner(
        partitions=2,
        sources={"events": "tills"},
        settings={"clock.idle_after": "never", "journeys": str(JOURNEY)},
    )
    wrong = {"dialect_files": str(dialect(stand.folder, "wrong"))}
    mended = {"dialect_files": str(dialect(stand.folder, "mended"))}
    await stand.create_topics()
    events = list(receipts(CUSTOMERS, RECORDS))
    await traffic.produce(
        stand.broker,
        [Sent(stand.topic("events"), who.encode(), orjson.dumps(it), headers=(KEPT,)) for who, it in events]
        + [Sent(stand.topic("events"), b"card-1", value) for value in NONSENSE],
    )
    await worked_off(stand, [], **wrong)
    refused = await stand.read("rejected-events")
    reasons = Counter(each.header("stagewatch-reason") for each in refused)
    assert await counted(stand) == reasons
    assert reasons["no time"] > RECORDS / 4
    said = await stagewatch(stand, "rejected", "retry", "--dry-run", **wrong)
    assert said.startswith("0 would be sent")

    in_part = next(each for each in refused if " of 5" in each.header("stagewatch-events"))
    shown = await stagewatch(stand, "rejected", "show", f"{in_part.partition}@{in_part.offset}", **mended)
    assert "would be understood" in shown
    assert f"events {in_part.header('stagewatch-events')}" in shown

    await killed_amid_its_work(stand, **mended)
    said = await stagewatch(stand, "rejected", "retry", **mended)
    again = int(said.split()[0].replace(",", ""))
    assert 0 < again < reasons["no time"], "those that were sent before the kill were not sent again"
    assert "left alone: they would be rejected again" in said
    said = await stagewatch(stand, "rejected", "retry", **mended)
    assert said.startswith("0 were sent")
    assert f"{reasons['no time']:,} left alone: they were sent again before" in said

    last = closing(CUSTOMERS, RECORDS, 2)
    assert await worked_off(stand, last, **mended) == 0, "nothing came twice, so that no copy had to be known"
    found = once(await stand.transitions())
    file = stand.folder / "all.jsonl"
    file.write_bytes(b"".join(orjson.dumps(event) + b"\n" for _, event in [*events, *last]))
    wanted = await asyncio.to_thread(replayed, [file], mended["dialect_files"], until="never", journeys=[str(JOURNEY)])
    assert standing(found) == standing(wanted)
    assert last_facts(found) == last_facts(wanted)
    assert await counted(stand) == reasons, "none of those sent again was refused again"
    await every_record_went_back_as_it_came(stand, refused)


async def every_record_went_back_as_it_came(stand: Stand, refused: list[Found]) -> None:
    source = await stand.read("events")
    there = {address(each): each for each in source}
    sent = [each for each in source if any(name == "stagewatch-retried" for name, _ in each.headers)]
    for each in sent:
        first = there[each.header("stagewatch-retried")]
        ours = [header for header in each.headers if header[0].startswith("stagewatch-")]
        assert (each.key, each.value, each.partition) == (first.key, first.value, first.partition)
        assert [header for header in each.headers if header not in ours] == list(first.headers)
    back = {each.header("stagewatch-retried") for each in sent}
    assert back == {
        f"{each.header('stagewatch-topic')}/{each.header('stagewatch-partition')}@{each.header('stagewatch-offset')}"
        for each in refused
        if each.header("stagewatch-reason") == "no time" and each.value not in NONSENSE
    }


def forged(stand: Stand, number: int, lines: int = 0, part: Part | None = None) -> Sent:
    """A dead letter as a worker would have written it; with `lines`, of a record of so many events."""
    event: Event = {"card": f"card-{number}", "what": "seen", "when": BEGAN + number}
    if lines:
        event["lines"] = [{"when": BEGAN + each} for each in range(lines)]
    origin = Origin(stand.topic("events"), number % 2, number)
    key, value, headers = Rejection("no time", "", origin, b"k", orjson.dumps(event), (), part=part).record()
    return Sent(stand.topic("rejected-events"), key, value, 0, tuple(headers))


async def test_of_two_who_send_again_at_once_one_is_put_out_and_every_record_is_sent_once(corner: Corner) -> None:
    stand = corner(partitions=2, sources={"events": "tills"}, settings={"journeys": str(JOURNEY)})
    await stand.create_topics()
    letters = [forged(stand, number) for number in range(2 * AT_ONCE)]
    # The second of them is there twice, as it is when a worker is killed between rejecting and committing.
    await traffic.produce(stand.broker, [*letters, letters[1]])
    settings = stand.all_settings(dialect_files=str(dialect(stand.folder, "mended")))
    said: list[tuple[int, str, str]] = []

    def another(_sent: int) -> None:
        """Another retry, from beginning to end, while the first one is amid its work."""
        if not said:
            said.append(command(settings, "rejected", "retry"))

    with pytest.raises(Mistake, match="Another `stagewatch rejected retry` has begun"):
        await retried(load(environment(settings)).settings, Chosen(), dry=False, advance=another)
    code, out, err = said[0]
    assert code == 0, err
    assert out.startswith(f"{AT_ONCE} were sent")
    assert f"{AT_ONCE + 1} left alone: they were sent again before" in out
    back = [each.header("stagewatch-retried") for each in await stand.read("events")]
    assert Counter(back) == Counter(f"{stand.topic('events')}/{n % 2}@{n}" for n in range(2 * AT_ONCE))


async def test_two_that_tell_of_different_events_of_one_record_are_both_sent_and_no_event_twice(corner: Corner) -> None:
    stand = corner(partitions=2, sources={"events": "tills"}, settings={"journeys": str(JOURNEY)})
    await stand.create_topics()
    mended = {"dialect_files": str(dialect(stand.folder, "mended"))}

    async def told(*numbers: int) -> list[str]:
        """Of these events of a record it is told that they were refused; which go back."""
        part = Part(frozenset(numbers), 5)
        await traffic.produce(stand.broker, [forged(stand, 0, 5, part)])
        await stagewatch(stand, "rejected", "retry", **mended)
        return [each.header("stagewatch-events") for each in await stand.read("events")]

    assert await told(0, 3) == ["0,3 of 5"]
    assert await told(1) == ["0,3 of 5", "1 of 5"]
    assert await told(0, 1, 2, 3) == ["0,3 of 5", "1 of 5", "2 of 5"]
    assert await told(0, 1, 3) == ["0,3 of 5", "1 of 5", "2 of 5"]


async def test_with_a_ledger_that_is_emptied_by_age_nothing_is_sent(corner: Corner) -> None:
    stand = corner(partitions=2, sources={"events": "tills"}, settings={"journeys": str(JOURNEY)})
    await stand.create_topics()
    await stand.make(f"{stand.group}-retried", cleanup_policy="delete")
    await traffic.produce(stand.broker, [forged(stand, 0)])
    settings = stand.all_settings(dialect_files=str(dialect(stand.folder, "mended")))
    with pytest.raises(Mistake, match=r"-retried: has cleanup\.policy=delete where it must be compact"):
        await retried(load(environment(settings)).settings, Chosen(), dry=False, advance=lambda _: None)
    assert await stand.published("events") == 0
