"""docker-compose.yml names what exists, starts it in order, and shows nothing to other machines."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from stagewatch.cli import COMMANDS, main
from stagewatch.settings import load
from tests.brokers import create_topic, fresh
from tests.deploy.tools import COMPOSE_FILE, ROOT, compose, read_yaml
from tests.kafka.broker import KafkaBroker, version

FILE = read_yaml(COMPOSE_FILE)
SERVICES: dict[str, Any] = FILE["services"]
OURS = ("topics", "worker", "shoppers")
KAFKA = {
    name.removeprefix("KAFKA_").replace("_", ".").lower(): value
    for name, value in SERVICES["kafka"]["environment"].items()
}
# Where Kafka listens and stores differs between a container and a test; the heap is no setting of the broker's.
PLACES = ("listeners", "advertised.listeners", "log.dirs", "controller.quorum.voters", "heap.opts")
NAMES = ("listener.security.protocol.map", "inter.broker.listener.name", "controller.listener.names")


def plain(value: str) -> str:
    """A value with compose's `${NAME:-default}` filled in as if no variable were set."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)


def volumes() -> Iterator[str]:
    """What is mounted from the repository."""
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            if source.startswith("."):
                yield source


def test_kafka_is_of_the_version_that_the_tests_run() -> None:
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{version()}"


def test_every_image_has_an_exact_version() -> None:
    images = {name: service["image"] for name, service in SERVICES.items() if name not in OURS}
    assert [name for name, image in images.items() if not re.search(r":v?\d+\.\d+\.\d+$", image)] == []


def test_nothing_listens_beyond_this_machine() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports != []
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_what_is_mounted_exists() -> None:
    assert [source for source in volumes() if not (ROOT / source).exists()] == []


def test_the_worker_starts_when_the_topics_are_made() -> None:
    worker, topics = SERVICES["worker"], SERVICES["topics"]
    assert worker["depends_on"]["topics"]["condition"] == "service_completed_successfully"
    assert topics["depends_on"]["kafka"]["condition"] == "service_healthy"
    assert "healthcheck" in SERVICES["kafka"]


@pytest.mark.parametrize("name", OURS)
def test_commands_and_their_options_exist(name: str) -> None:
    command, *arguments = SERVICES[name]["command"]
    assert command in COMMANDS
    with main.make_context("stagewatch", [command, *arguments]) as above:
        found = main.get_command(above, command)
        assert found is not None
        found.make_context(command, list(arguments), parent=above).close()


@pytest.mark.parametrize("name", OURS)
def test_what_we_are_told_is_a_setting(name: str) -> None:
    settings = load({key: plain(value) for key, value in SERVICES[name]["environment"].items()}).settings
    assert settings.broker == "kafka:9092"
    assert settings.partitions == 8


@pytest.mark.parametrize("name", SERVICES)
def test_nobody_has_privileges_nor_can_get_any(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert [
        each for each in ("privileged", "cap_add", "pid", "network_mode", "devices", "user") if each in service
    ] == []
    assert [each for each in service.get("volumes", []) if each.startswith(("/", "/var/run/docker.sock"))] == []


@pytest.mark.parametrize("name", OURS)
def test_ours_write_nothing_but_into_their_volume(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    written = [each for each in service["volumes"] if not each.endswith(":ro")]
    assert written == (["customers:/var/lib/stagewatch"] if name == "worker" else [])
    (tmp,) = service["tmpfs"]
    assert set(tmp.partition(":")[2].split(",")) >= {"noexec", "nosuid", "nodev"}


@pytest.mark.parametrize("name", OURS)
def test_no_secret_stands_in_the_file(name: str) -> None:
    assert [each for each in SERVICES[name]["environment"] if re.search("PASSWORD|TOKEN|SECRET", each)] == []


def test_each_worker_of_as_many_as_there_are_partitions_has_a_port() -> None:
    ((low, high),) = re.findall(r":(\d+)-(\d+):8000$", SERVICES["worker"]["ports"][0])
    assert int(high) - int(low) + 1 == int(plain(SERVICES["worker"]["environment"]["STAGEWATCH_PARTITIONS"]))


def test_kafkas_listeners_are_named_alike_everywhere() -> None:
    listeners = re.findall(r"(\w+)://", KAFKA["listeners"])
    assert sorted(listeners) == sorted(re.findall(r"(\w+):", KAFKA["listener.security.protocol.map"]))
    assert set(re.findall(r"(\w+)://", KAFKA["advertised.listeners"])) == set(listeners) - {"CONTROLLER"}
    assert KAFKA["controller.listener.names"] == "CONTROLLER"
    assert KAFKA["inter.broker.listener.name"] in listeners
    assert f":{KAFKA['listeners'].rpartition(':')[2]}" in SERVICES["kafka"]["ports"][0]


async def test_kafka_starts_with_the_settings_it_is_given_and_creates_no_topic_unasked(kafka: KafkaBroker) -> None:
    del kafka  # skips where Apache Kafka cannot be run
    with KafkaBroker({name: value for name, value in KAFKA.items() if name not in PLACES + NAMES}) as broker:
        await create_topic(broker.address, fresh(), partitions=8)


def test_docker_compose_understands_it() -> None:
    found = json.loads(compose("--profile", "*", "config", "--format", "json"))
    assert set(found["services"]) == set(SERVICES)
    assert found["services"]["worker"]["environment"]["STAGEWATCH_SOURCES"] == ""


def test_shoppers_come_only_when_asked_for() -> None:
    assert sorted(compose("config", "--services").split()) == sorted(set(SERVICES) - {"shoppers"})
