"""The command line as its users meet it: what it says, where, and with which exit code."""

import subprocess
import sys
from pathlib import Path
from time import process_time
from xml.etree import ElementTree  # noqa: ICN001  its name says what it is

import pytest
from click.testing import CliRunner, Result

from stagewatch import __version__
from stagewatch.cli import COMMANDS, main
from stream.broker import EmbeddedBroker
from tests.brokers import fresh

SEGMENT = Path(__file__).parents[2] / "schemas" / "dialects" / "segment.yaml"

JOURNEY = """
journey: tiny
version: 1
title: One order makes a customer
tracks:
  stage:
    initial: stranger
    stages: [stranger, customer]
    moves:
      - {name: bought, from: stranger, to: customer, on: order_completed}
examples:
  - name: an order makes a customer
    tracks: stage
    signals:
      - {at: 0s, kind: order_completed}
    transitions: [bought]
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def in_file(folder: Path, text: str) -> str:
    path = folder / "tiny.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_help_lists_every_command_and_each_has_its_own() -> None:
    listed = run("--help").output
    for name in COMMANDS:
        assert f"  {name} " in listed
        assert run(name, "--help").exit_code == 0


def test_the_version_is_told() -> None:
    assert run("--version").output == f"stagewatch, version {__version__}\n"


def test_help_loads_no_command() -> None:
    code = (
        "import sys\nfrom stagewatch.cli import main\ntry:\n    main(['--help'])\nfinally:\n"
        "    print([name for name in ('faust', 'pydantic', 'rich', 'orjson', 'yaml') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.endswith("[]\n")


def test_an_unknown_command_is_answered_without_a_traceback() -> None:
    result = run("reply")
    assert result.exit_code == 2
    assert "No such command" in result.output


def test_check_says_that_all_is_well(tmp_path: Path) -> None:
    result = run("check", in_file(tmp_path, JOURNEY), "five-stage", str(SEGMENT))
    assert (result.exit_code, result.stdout) == (0, "")
    assert "1 examples played" in result.stderr
    assert "the dialect segment" in result.stderr


def test_check_lists_every_fault_with_its_place(tmp_path: Path) -> None:
    file = in_file(tmp_path, JOURNEY.replace("to: customer", "to: costumer").replace("order_completed}", "odrer}"))
    result = run("check", file, "/nowhere.yaml")
    lines = result.stdout.splitlines()
    assert result.exit_code == 1
    assert all(line.startswith((f"{file}:10:", "/nowhere.yaml: cannot be read")) for line in lines)
    assert any("costumer" in line for line in lines)
    assert any("odrer" in line for line in lines)


def test_check_plays_the_examples_and_shows_what_differed(tmp_path: Path) -> None:
    result = run("check", in_file(tmp_path, JOURNEY.replace("transitions: [bought]", "transitions: []")))
    assert result.exit_code == 1
    assert "bought" in result.stdout
    assert "an order makes a customer" in result.stdout


def test_check_finds_faults_in_a_dialect(tmp_path: Path) -> None:
    text = SEGMENT.read_text(encoding="utf-8")
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace("product_viewed:", "product_veiwed:"), encoding="utf-8")
    result = run("check", str(path))
    assert result.exit_code == 1
    assert "did you mean 'product_viewed'?" in result.stdout


def test_draw_gives_mermaid_or_a_picture(tmp_path: Path) -> None:
    assert "stateDiagram" in run("draw", "five-stage").stdout
    picture = tmp_path / "five.svg"
    assert run("draw", "five-stage", "-o", str(picture)).exit_code == 0
    assert ElementTree.parse(picture).getroot().tag.endswith("svg")  # noqa: S314  our own picture
    assert "<svg" in run("draw", in_file(tmp_path, JOURNEY), "--format", "svg").stdout


def test_draw_of_nothing_names_what_there_is() -> None:
    result = run("draw", "six-sigma")
    assert result.exit_code == 1
    assert "shipped are" in result.stderr
    assert "six-cs" in result.stderr


def test_show_settings_prints_values_with_their_origin_and_hides_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGEWATCH_SECURITY_PASSWORD", "open sesame")
    result = run("worker", "--show-settings")
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["security.password", "**********", "STAGEWATCH_SECURITY_PASSWORD"] in rows
    assert ["broker", "127.0.0.1:9092", "default"] in rows
    assert "sesame" not in result.output


@pytest.mark.parametrize("command", ["worker", "topics"])
def test_faults_of_settings_are_listed_and_end_with_2(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGEWATCH_HTTP_PORT", "many")
    monkeypatch.setenv("STAGEWATCH_PARTITIONS", "0")
    result = run(command)
    assert result.exit_code == 2
    assert "http.port is 'many'" in result.stderr
    assert "partitions is '0'" in result.stderr
    assert "Traceback" not in result.output


def test_help_answers_at_once() -> None:
    began = process_time()
    subprocess.run([sys.executable, "-m", "stagewatch", "--help"], capture_output=True, check=True)
    assert process_time() - began < 1


def test_topics_are_missed_made_and_then_found_well(embedded: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGEWATCH_BROKER", embedded.address)
    monkeypatch.setenv("STAGEWATCH_APP_ID", fresh("shop"))
    monkeypatch.setenv("STAGEWATCH_TOPICS_PREFIX", fresh("shop") + ".")
    monkeypatch.setenv("STAGEWATCH_SOURCES", source := fresh("events"))
    missing = run("topics")
    assert missing.exit_code == 1
    assert f"{source}: does not exist" in missing.stderr
    assert "Run `stagewatch topics --create`" in missing.stderr
    ours = run("topics", "--create")
    assert ours.exit_code == 1
    assert [line.split(":")[0] for line in ours.stderr.splitlines()] == [source]
    made = run("topics", "--create", "--sources-too")
    assert made.exit_code == 0
    assert f"made {source}" in made.stdout
    assert f"well {source}: 8 partitions" in run("topics").stdout


def test_a_broker_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGEWATCH_BROKER", "127.0.0.1:1")
    result = run("topics")
    assert result.exit_code == 1
    assert "The broker at 127.0.0.1:1: nobody listens there" in result.stderr


NEXT = JOURNEY.replace("version: 1", "version: 2").replace("stranger", "visitor")


def test_what_a_changed_journey_does_to_customers_is_told_before_it_is_used(tmp_path: Path) -> None:
    old, new = in_file(tmp_path, JOURNEY), str(tmp_path / "next.yaml")
    Path(new).write_text(NEXT)
    refused = run("check", "--from", old, new)
    assert refused.exit_code == 1
    assert "version 1 of the journey 'tiny' has a stage 'stranger' on the track 'stage'" in refused.output
    Path(new).write_text(NEXT + "migrates: {stage: {stranger: visitor}}\n")
    told = run("check", "--from", old, new)
    assert told.exit_code == 0
    assert told.output.splitlines()[-3:] == [
        "kept    track stage: who stands in customer stays there",
        "mapped  track stage: stranger -> visitor",
        "begins  track stage: the stage visitor is new",
    ]


def test_only_a_journey_that_is_right_can_take_another_s_place(tmp_path: Path) -> None:
    old = in_file(tmp_path, JOURNEY)
    assert "goes with one FILE" in run("check", "--from", old, old, "five-stage").output
    assert "no such file" in run("check", "--from", "nowhere.yaml", old).output
    assert run("check", "--from", old, str(SEGMENT)).exit_code == 1
