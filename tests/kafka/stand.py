"""One test's corner of the broker: topics, group and settings that no other test shares.

Owns the names, the settings of its workers and what is asked of its topics. Transitions are compared in their
`told` form: all that a subscriber is promised to see again, whoever processed the signal.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

import orjson
from aiokafka.admin import NewTopic

from stagewatch.app import connection_of, topics_of
from stagewatch.library import machine_of
from stagewatch.settings import load
from stream.topics import create
from tests.kafka import traffic
from tests.kafka.traffic import Count, Found, Sent
from tests.kafka.worker import PROGRAM, Worker, command, environment

# A killed member's partitions are given to others after its session timeout: as short as two busy cores allow.
QUICK = {
    "client.session_timeout": "3s",
    "client.heartbeat_interval": "500ms",
    "client.rebalance_timeout": "10s",
    "client.commit_interval": "500ms",
    "replication": "1",
    "log.level": "INFO",
}
NOT_TOLD = ("recorded_at",)
NOT_TOLD_OF_CAUSE = ("topic", "partition", "offset")

Told = dict[str, Any]
ByCustomer = dict[str, list[Told]]


@dataclass
class Stand:
    """Settings of one test on one broker; `sources` maps a topic's local name to its dialect."""

    broker: str
    name: str
    folder: Path
    partitions: int = 4
    sources: Mapping[str, str] = field(default_factory=lambda: {"events": "stagewatch"})
    settings: Mapping[str, str] = field(default_factory=dict)

    def all_settings(self, **further: str) -> dict[str, str]:
        """Every setting of a worker here; `further` ones are written `clock__idle_after='1s'`."""
        named = {name.replace("__", "."): value for name, value in further.items()}
        return {
            "broker": self.broker,
            "app_id": self.group,
            "sources": ",".join(f"{self.topic(local)}={dialect}" for local, dialect in self.sources.items()),
            "topics.prefix": f"{self.name}.",
            "partitions": str(self.partitions),
            **QUICK,
            **self.settings,
            **named,
        }

    @property
    def group(self) -> str:
        """The consumer group, and prefix of the changelog."""
        return f"{self.name}-app"

    @property
    def changelog(self) -> str:
        """The topic of the customers' memories."""
        return f"{self.group}-customers-changelog"

    def topic(self, local: str) -> str:
        """The full name of a topic, sources and published ones alike."""
        return f"{self.name}.{local}"

    def worker(self, name: str = "a", program: Sequence[str] = PROGRAM, **further: str) -> Worker:
        """A worker, not started yet."""
        return Worker(self.all_settings(**further), self.folder, name, program)

    async def create_topics(self) -> None:
        """Every topic, sources too, as `stagewatch topics --create --sources-too` makes them."""
        settings = load(environment(self.all_settings())).settings
        specs = topics_of(settings, machine_of(settings))
        counts = {"partitions": settings.partitions, "replication": settings.replication}
        await create(connection_of(settings), specs, **counts, sources_too=True)

    async def make(self, *topics: str, partitions: int | None = None, **config: str) -> None:
        """Topics as somebody else makes them; config as `cleanup_policy='compact'`."""
        named = {name.replace("_", "."): value for name, value in config.items()}
        new = [NewTopic(topic, partitions or self.partitions, 1, topic_configs=named) for topic in topics]
        async with traffic.admin(self.broker) as client:
            answer = await client.create_topics(new)
        assert not any(error for _, error, _ in answer.topic_errors), answer

    async def send(
        self, events: Iterable[tuple[str, object]], local: str = "events", pace: float | None = None
    ) -> None:
        """Produce (customer, event) pairs in order, keyed by customer; `pace` in records a second."""
        records = [Sent(self.topic(local), customer.encode(), orjson.dumps(event)) for customer, event in events]
        await traffic.produce(self.broker, records, per_second=pace)

    async def read(self, local: str) -> list[Found]:
        """Every record of a topic."""
        return await traffic.read(self.broker, self.topic(local))

    async def transitions(self, local: str = "stage-transitions") -> ByCustomer:
        """Per customer, all that was published, in order; each record's key is its customer."""
        found: ByCustomer = defaultdict(list)
        for record in await self.read(local):
            published = record.json
            assert record.key == published["customer"].encode()
            found[published["customer"]].append(told(published))
        return dict(found)

    def replay(self, events: Iterable[tuple[str, object]], *, until: str = "never") -> ByCustomer:
        """What `stagewatch replay` makes of these events, in the first source's dialect and by the same journeys."""
        file = self.folder / "replayed.jsonl"
        file.write_bytes(b"".join(orjson.dumps(event) + b"\n" for _, event in events))
        journeys = self.settings.get("journeys", "five-stage").split(",")
        return replayed([file], next(iter(self.sources.values())), until=until, journeys=journeys)

    async def published(self, local: str = "stage-transitions") -> int:
        """How many records the topic has got so far."""
        return sum((await traffic.ends(self.broker, self.topic(local))).values())

    @asynccontextmanager
    async def watching(self, local: str) -> AsyncIterator[Count]:
        """Gives what says quickly, whenever it is asked, how many records the topic has got so far."""
        async with traffic.watching(self.broker, self.topic(local)) as look:

            async def count() -> int:
                return sum((await look()).values())

            yield count

    async def left_to_commit(self) -> int:
        """How many records of the sources the group has not committed yet."""
        topics = [self.topic(local) for local in self.sources]
        done = await traffic.committed(self.broker, self.group, topics)
        ends = [(topic, await traffic.ends(self.broker, topic)) for topic in topics]
        return sum(end - done.get((topic, number), 0) for topic, each in ends for number, end in each.items())

    async def caught_up(self) -> bool:
        """Whether the group has committed every record of the sources."""
        return await self.left_to_commit() == 0


def told(published: Mapping[str, Any]) -> Told:
    """A published transition without what depends on who processed it and when."""
    cause = {name: value for name, value in published["cause"].items() if name not in NOT_TOLD_OF_CAUSE}
    return {name: value for name, value in published.items() if name not in NOT_TOLD} | {"cause": cause}


def once(found: ByCustomer) -> ByCustomer:
    """What a subscriber keeps who drops every id seen before."""
    kept: ByCustomer = {}
    for customer, published in found.items():
        first: dict[str, Told] = {}
        for each in published:
            assert first.setdefault(each["id"], each) == each, "the same id twice, but not the same transition"
        kept[customer] = list(first.values())
    return kept


def only(found: ByCustomer, name: str) -> ByCustomer:
    """The transitions of that name, and the customers who have any."""
    named = {who: [each for each in published if each["name"] == name] for who, published in found.items()}
    return {who: published for who, published in named.items() if published}


def by_customer(lines: Iterable[str | bytes]) -> ByCustomer:
    """The lines of a replay, per customer."""
    found: ByCustomer = defaultdict(list)
    for line in lines:
        published = orjson.loads(line)
        found[published["customer"]].append(told(published))
    return dict(found)


def assert_no_gaps(found: ByCustomer) -> None:
    """Each customer's sequence numbers are 1, 2, 3 and so on."""
    for customer, published in found.items():
        numbers = [each["sequence"] for each in published]
        ids = [f"{each['sequence']} {each['name']} {each['id'][:6]}" for each in published]
        assert numbers == list(range(1, len(numbers) + 1)), f"of {customer}: {', '.join(ids)}"


def assert_same(found: ByCustomer, wanted: ByCustomer) -> None:
    """The same transitions for the same customers, in the same order; says of whom the first difference is."""
    assert sorted(found) == sorted(wanted), "not the same customers"
    for customer, published in wanted.items():
        for told, awaited in zip_longest(found[customer], published):
            assert told == awaited, f"of {customer}: {told} instead of {awaited}"


def replayed(
    files: Sequence[Path],
    dialect: str,
    *,
    until: str,
    journeys: Sequence[str] = ("five-stage",),
    into: Path | None = None,
) -> ByCustomer:
    """What `stagewatch replay` makes of files, sorted by time first; written beside the first, or `into` a folder."""
    out = (into or files[0].parent) / f"{files[0].name}-{until.replace(':', '')}.transitions.jsonl"
    followed = [word for name in journeys for word in ("--journey", name)]
    told_to = ["--until", until, "--dialect", dialect, "--sort", "--output", str(out), *followed]
    code, _, err = command({}, "replay", *map(str, files), *told_to)
    assert code == 0, f"`stagewatch replay` ended with {code}:\n{err}"
    return by_customer(out.read_bytes().splitlines())
