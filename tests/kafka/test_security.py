"""TLS, logins and rights, on Apache Kafka: what is set up well works, and what is not is told in words.

One broker with a listener for each way in (tests/kafka/secured.py), and workers as an operator runs them.
"""

import asyncio
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from stagewatch.app import connection_of, topics_of
from stagewatch.cli import main
from stagewatch.library import machine_of
from stagewatch.settings import Settings, load
from stagewatch.worker import WorkerError, check_topics, check_transactions
from stream.probe import HOST
from stream.topics import look
from tests.brokers import fresh, need_kafka
from tests.kafka import secured, traffic
from tests.kafka.acls import Right, grant, listed
from tests.kafka.certificates import PASSPHRASE
from tests.kafka.crowd import BEGAN, event
from tests.kafka.polling import until
from tests.kafka.secured import BRIEFLY, MECHANISMS, PASSWORD, Secured
from tests.kafka.stand import Stand
from tests.kafka.traffic import Sent
from tests.kafka.worker import environment

TOKEN = "nobody-may-read-this-token"  # noqa: S105  of this test alone
SECRETS = (PASSWORD, PASSPHRASE, TOKEN)
CUSTOMER = "nobody-8151230815"

Plain = dict[str, str]
Way = Callable[[Secured, Path], Plain]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    need_kafka()
    with secured.secured(tmp_path_factory.mktemp("certificates")) as there:
        yield there


@pytest.fixture
def stand(broker: Secured, tmp_path: Path) -> Stand:
    """Names of its own. Topics are made, and events sent, by the administrator, who comes in the clear."""
    return Stand(broker.kafka.address, fresh("secured"), tmp_path, partitions=2)


def by(broker: Secured, listener: str, **further: str) -> Plain:
    """The settings of whoever comes in by a listener; further ones as `username='alice'`."""
    protocol = secured.LISTENERS[listener]
    trust = {"ca_file": str(broker.authority.cert)} if protocol.endswith("SSL") else {}
    security = {"protocol": protocol, **trust, **further}
    return {
        "broker": broker.kafka.address_of(listener),
        **{f"security.{name}": value for name, value in security.items()},
    }


def login(broker: Secured, listener: str, mechanism: str, name: str, folder: Path) -> Plain:
    """The same, with a login."""
    if mechanism == "OAUTHBEARER":
        return by(broker, listener, mechanism=mechanism, token_file=str(token_file(folder, name)))
    return by(broker, listener, mechanism=mechanism, username=name, password=PASSWORD)


def token_file(folder: Path, name: str, seconds: float = 3600) -> Path:
    file = folder / f"{name}.token"
    file.write_text(secured.token(name, seconds) + "\n")
    return file


def ours(broker: Secured, _: Path) -> Plain:
    """The settings of the certificate that the broker knows."""
    pair = broker.client
    return by(broker, "MUTUAL", cert_file=str(pair.cert), key_file=str(pair.key), key_password=PASSPHRASE)


def named(settings: Plain) -> dict[str, str]:
    """The same as a stand takes them."""
    return {name.replace(".", "__"): value for name, value in settings.items()}


def read(settings: Plain) -> Settings:
    return load(environment(settings)).settings


# -- every way in


@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_each_kind_of_login_lets_us_in(broker: Secured, stand: Stand, mechanism: str, tmp_path: Path) -> None:
    await lets_in(stand, login(broker, "LOGIN", mechanism, "alice", tmp_path))


async def test_a_certificate_of_ours_lets_us_in(broker: Secured, stand: Stand, tmp_path: Path) -> None:
    await lets_in(stand, ours(broker, tmp_path))


async def lets_in(stand: Stand, settings: Plain) -> None:
    topic = stand.topic("events")
    await stand.make(topic)
    assert set(await look(connection_of(read(settings)), [topic, "no-such-topic"])) == {topic}


# -- and what is in the way

MISTAKES: Mapping[str, tuple[Way, str]] = {
    "wrong password": (
        lambda it, folder: login(it, "LOGIN", "SCRAM-SHA-512", "alice", folder) | {"security.password": TOKEN},
        "does not let in alice with this password by SCRAM-SHA-512",
    ),
    "unknown user": (lambda it, folder: login(it, "LOGIN", "PLAIN", "bob", folder), "does not let in bob"),
    "login that is not taken": (
        lambda it, folder: login(it, "CLEAR", "SCRAM-SHA-256", "alice", folder),
        "takes no login by SCRAM-SHA-256: say in security.mechanism one that it takes",
    ),
    "old token": (
        lambda it, folder: by(
            it, "LOGIN", mechanism="OAUTHBEARER", token_file=str(token_file(folder, "alice", seconds=-60))
        ),
        "does not take the token in",
    ),
    "no token": (
        lambda it, _: by(it, "LOGIN", mechanism="OAUTHBEARER", token_file=str(it.client.cert)),
        "holds no token",
    ),
    "wrong authority": (
        lambda it, _: by(it, "TLS", ca_file=str(it.stranger.cert)),
        "name in security.ca_file the PEM file of the authority that signed it",
    ),
    "no authority": (lambda it, _: by(it, "TLS", ca_file=str(it.client.key)), "holds no certificates in PEM"),
    "expired": (lambda it, _: by(it, "EXPIRED"), "its certificate has expired"),
    "another host's certificate": (lambda it, _: by(it, "ELSEWHERE"), f"its certificate is not for {HOST}"),
    "no certificate of ours": (lambda it, _: by(it, "MUTUAL"), "wants a certificate of ours: give security.cert_file"),
    "certificate of ours that is not trusted": (
        lambda it, _: by(it, "MUTUAL", cert_file=str(it.unknown.cert), key_file=str(it.unknown.key)),
        "refuses our certificate",
    ),
    "key that does not open": (
        lambda it, folder: ours(it, folder) | {"security.key_password": TOKEN},
        "security.key_password does not open the key",
    ),
    "key without a password": (
        lambda it, folder: {name: value for name, value in ours(it, folder).items() if "password" not in name},
        "security.key_password does not open the key",
    ),
    "in the clear, to TLS": (
        lambda it, _: {"broker": it.kafka.address_of("TLS")},
        "it speaks TLS there: correct the port, or security.protocol, which is PLAINTEXT",
    ),
    "TLS, to one in the clear": (
        lambda it, _: by(it, "TLS") | {"broker": it.kafka.address},
        "correct the port, or security.protocol, which is SSL",
    ),
    "without a login": (lambda it, _: {"broker": it.kafka.address_of("CLEAR")}, "hangs up on whoever does not log in"),
    "with one that is not wanted": (
        lambda it, folder: login(it, "CLEAR", "PLAIN", "alice", folder) | {"broker": it.kafka.address},
        "wants no login there",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_told_in_one_line_that_says_what_to_do(broker: Secured, mistake: str, tmp_path: Path) -> None:
    way, words = MISTAKES[mistake]
    settings = way(broker, tmp_path)
    done = CliRunner().invoke(main, ["topics"], env=environment(settings))
    assert done.exit_code == 1
    assert settings["broker"] in done.output
    assert words in done.output
    assert len(done.output.splitlines()) == 1
    assert [each for each in (*SECRETS, ".py") if each in done.output] == []


@pytest.mark.parametrize("mistake", ["wrong password", "in the clear, to TLS"])
async def test_a_worker_ends_with_that_line_and_no_traceback(
    broker: Secured, stand: Stand, mistake: str, tmp_path: Path
) -> None:
    way, words = MISTAKES[mistake]
    async with stand.worker(**named(way(broker, tmp_path))) as worker:
        assert await worker.ended(within=40) == 1
    assert words in worker.log
    assert [each for each in (*SECRETS, "Traceback") if each in worker.log] == []


# -- rights


def rights_of(settings: Settings) -> list[Right]:
    return listed(settings, machine_of(settings))


async def refusal(settings: Settings) -> str:
    """What a worker with these settings would say before it starts; empty where it would start."""
    try:
        await check_topics(settings, topics_of(settings, machine_of(settings)))
        await check_transactions(settings)
    except WorkerError as error:
        return str(error)
    return ""


async def test_whoever_lacks_a_right_that_the_page_lists_is_told_which(
    broker: Secured, stand: Stand, tmp_path: Path
) -> None:
    await stand.create_topics()
    rights = rights_of(read(stand.all_settings(exactly_once="true")))
    await asyncio.gather(*(lacks(broker, stand, each, tmp_path) for each in rights))


async def lacks(broker: Secured, stand: Stand, lacking: Right, folder: Path) -> None:
    """Whoever has all rights but this one is told so, and nothing else."""
    plain = stand.all_settings(exactly_once="true")
    who = fresh("lacking")
    settings = read(plain | login(broker, "LOGIN", "OAUTHBEARER", who, folder))
    await grant(stand.broker, [each for each in rights_of(settings) if each != lacking], who)

    async def told() -> bool:
        said = await refusal(settings)
        assert said != "", f"without {lacking} it would start"
        return len(said.splitlines()) == 1 and lacking.name.rstrip("*") in said and lacking.operation in said

    await until(told, 20, f"one line about {lacking}")


def events(customers: int, first: int = 0) -> list[tuple[str, object]]:
    """One event of each of so many customers, in Segment's words."""
    who = [f"{CUSTOMER}-{number}" for number in range(first, first + customers)]
    return [(each, event(each, "Order Completed", BEGAN, first + number)) for number, each in enumerate(who)]


def strange(topic: str) -> list[Sent]:
    """What cannot be understood, or does not belong there, each with a customer in it."""
    who = CUSTOMER.encode()
    misplaced = [orjson.dumps(each) for _, each in events(4, first=100)]
    return [
        Sent(topic, who, b'{"userId": "%b", ' % who),
        Sent(topic, who, orjson.dumps({"userId": CUSTOMER + "\0", "type": "track", "event": CUSTOMER})),
        Sent(topic, who, orjson.dumps({"userId": CUSTOMER, "type": "track", "event": CUSTOMER, "timestamp": CUSTOMER})),
        Sent(topic, who, who * 1_000),
        Sent(topic, who, None),
        *(Sent(topic, who, value, partition=place) for value in misplaced for place in (0, 1)),
    ]


def command_lines() -> bytes:
    """Of all processes, as anybody on the machine can read them."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has just ended
            found.append(each.read_bytes())
    return b"\n".join(found)


async def metrics(port: int, token: str) -> tuple[int, str]:
    """Status and body of /metrics for whoever sends the token."""
    request = urllib.request.Request(f"http://{HOST}:{port}/metrics", headers={"Authorization": f"Bearer {token}"})

    def ask() -> tuple[int, str]:
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310  a worker of ours
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    return await asyncio.to_thread(ask)


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is all that processes know of for what they would leave behind."""
    folder = tmp_path / "nowhere"
    folder.mkdir()
    for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return folder


@pytest.mark.parametrize("exactly_once", ["false", "true"])
async def test_a_worker_with_just_these_rights_does_its_job_and_tells_nobody_a_secret_or_a_customer(
    broker: Secured, stand: Stand, tmp_path: Path, nowhere: Path, exactly_once: str
) -> None:
    stand = replace(stand, sources={"events": "segment"})
    await stand.create_topics()
    further = {"http.token": TOKEN, "log.level": "DEBUG", "exactly_once": exactly_once}
    further |= login(broker, "LOGIN", "SCRAM-SHA-512", "worker", tmp_path)
    plain = named(further)
    await grant(stand.broker, rights_of(read(stand.all_settings(**plain))), "worker")
    async with stand.worker(**plain) as worker:
        await worker.ready()
        await stand.send(events(20))
        await traffic.produce(stand.broker, strange(stand.topic("events")))
        await until(stand.caught_up, 30, "everything to be committed")
        assert (await metrics(worker.port, "somebody else's"))[0] == 401
        status, told = await metrics(worker.port, TOKEN)
        assert (status, "stagewatch_rejections_total" in told) == (200, True)
        for path in ("/live", "/ready", "/nothing"):
            told += (await worker.get(path))[1]
        arguments = await asyncio.to_thread(command_lines)
        await worker.stop()
    assert len(await stand.transitions()) >= 20
    assert len(await stand.read("rejected-events")) >= 3
    heard = worker.log + told
    assert [each for each in (*SECRETS, CUSTOMER, "Traceback") if each in heard] == []
    assert [each for each in SECRETS if each.encode() in arguments] == []
    assert [*nowhere.iterdir()] == []  # noqa: ASYNC240  the worker has ended


async def test_a_worker_shows_its_token_again_whenever_the_broker_wants_it(
    broker: Secured, stand: Stand, tmp_path: Path
) -> None:
    stand = replace(stand, sources={"events": "segment"})
    await stand.create_topics()
    further = named(login(broker, "BRIEF", "OAUTHBEARER", "alice", tmp_path))
    async with stand.worker(**further) as worker:
        await worker.ready()
        for number in range(3):
            await stand.send(events(5, first=5 * number))
            await until(stand.caught_up, 30, "everything to be committed")
            await asyncio.sleep(BRIEFLY / 1000)  # so that the broker closes what has been open for so long
        await worker.stop()
    assert len(await stand.transitions()) == 15
