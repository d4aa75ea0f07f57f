"""The commands on dead letters, wired: settings in, what stands on the broker out.

Owns which topics, group of transactions and readers the settings mean. What is printed is the commands' business.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing
from time import time

from stagewatch.app import commands_of, connection_of, publish_to
from stagewatch.deadletters import Chosen, Found, Judge, Verdict
from stagewatch.library import machine_of, readers_of
from stagewatch.mistakes import Mistake
from stagewatch.retrying import Retry, Tally, ledger_of
from stagewatch.searching import allowed, found_on, in_words
from stagewatch.settings import Settings
from stream.topics import create, faults, look


async def letters(settings: Settings, chosen: Chosen, starts: Mapping[int, int] | None = None) -> AsyncGenerator[Found]:
    """The chosen dead letters; with `starts`, of these partitions from these offsets on. Mistake where it fails."""
    async with in_words(settings.broker):
        found = found_on(connection_of(settings), publish_to(settings).rejected, chosen, starts)
        async with aclosing(found):
            async for each in found:
                yield each


async def counted(settings: Settings, chosen: Chosen) -> Counter[tuple[str, str]]:
    """How many of the chosen there are, by reason and source."""
    async with aclosing(letters(settings, chosen)) as found:
        return Counter([(each.letter.reason, each.letter.origin.topic) async for each in found])


async def listed(settings: Settings, chosen: Chosen, limit: int | None, tell: Callable[[Found], None]) -> None:
    """Tell of each of the chosen, of `limit` at most."""
    number = 0
    async with aclosing(letters(settings, chosen)) as found:
        async for each in found:
            tell(each)
            number += 1
            if number == limit:
                return


async def judged(settings: Settings, places: Iterable[tuple[int, int]]) -> AsyncGenerator[tuple[Found, Verdict]]:
    """The dead letters at these partitions and offsets, with what would become of them. Mistake where none stands."""
    judge = await _judge(settings)
    for partition, offset in places:
        async with aclosing(letters(settings, Chosen(), {partition: offset})) as some:
            found = await anext(some, None)
        if found is None or found.offset != offset:
            raise Mistake(f"{partition}@{offset}: no dead letter stands there, or none any more")
        yield found, judge.judge(found.letter)


async def retried(settings: Settings, chosen: Chosen, *, dry: bool, advance: Callable[[int], None]) -> Tally:
    """Send the chosen again that would be understood; `dry`: only count. Mistake where it fails."""
    connection, ledger = connection_of(settings), ledger_of(settings.app_id)
    retry = Retry(
        connection,
        publish_to(settings).rejected,
        ledger.name,
        f"{settings.app_id}-rejected",
        await _judge(settings),
        _wall,
    )
    async with in_words(settings.broker):
        if not dry:
            await create(connection, [ledger], partitions=settings.partitions, replication=settings.replication)
            sources = {source.topic: ["Write"] for source in settings.sources}
            states = await allowed(connection, {**sources, ledger.name: ["Read", "Write"]})
            if found := faults([ledger], states):
                raise Mistake("\n".join(map(str, found)))
        return await retry.run(chosen, dry=dry, advance=advance)


async def _judge(settings: Settings) -> Judge:
    readers = readers_of(settings, machine_of(settings))
    async with in_words(settings.broker):
        sources = await look(connection_of(settings), readers)
    return Judge(readers, sources, commands_of(settings), _wall() + settings.clock.future_skew)


def _wall() -> int:
    return int(time() * 1_000)
