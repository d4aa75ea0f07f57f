"""Where journeys and dialects are found, and what a worker's settings make of them; and the form of its log."""

import logging
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from schemas.rejections import Rejection
from schemas.signals import Origin
from stagewatch.library import LibraryError, dialects_with, machine_of, readers_of, shipped_journeys
from stagewatch.logs import configure
from stagewatch.settings import Log, load

EXAMPLES = Path(__file__).parents[2] / "examples" / "dialects"


def test_the_journeys_that_ship_are_known_by_name() -> None:
    assert {"five-stage", "four-stage", "six-cs"} <= shipped_journeys().keys()


def test_a_worker_reads_each_source_in_its_dialect() -> None:
    settings = load(
        {"STAGEWATCH_SOURCES": "shop=segment,till=ecom,rest", "STAGEWATCH_DIALECT_FILES": str(EXAMPLES / "ecom.yaml")}
    ).settings
    assert readers_of(settings, machine_of(settings)).keys() == {"shop", "till", "rest"}


def test_a_worker_can_be_told_to_read_no_longer_records_than_so_many_bytes() -> None:
    settings = load({"STAGEWATCH_SOURCES": "shop=segment", "STAGEWATCH_MAX_RECORD_BYTES": "2000"}).settings
    reader = readers_of(settings, machine_of(settings))["shop"]
    outcomes = [reader.read(b" " * length, Origin("shop", 0, 7), key=b"ann") for length in (2_000, 2_001)]
    assert [each.reason for (each,) in outcomes if isinstance(each, Rejection)] == ["empty", "too large"]
    assert isinstance(outcomes[1][0], Rejection)
    assert (outcomes[1][0].key, outcomes[1][0].value) == (b"ann", b" " * 2_001)


def test_a_file_s_dialect_goes_before_a_shipped_one_of_the_same_name(tmp_path: Path) -> None:
    text = (EXAMPLES / "ecom.yaml").read_text(encoding="utf-8").replace("dialect: ecom", "dialect: segment")
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    dialects = dialects_with([tmp_path / "mine.yaml"])
    assert next(iter(dialects)) == "segment"
    assert dialects["segment"].title.startswith("Rows of a shop")


def test_everything_wrong_with_a_worker_s_journeys_and_dialects_is_listed(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("journey: broken\n", encoding="utf-8")
    settings = load({"STAGEWATCH_JOURNEYS": f"odyssey,{broken}", "STAGEWATCH_SOURCES": "a=morse,b=runes"}).settings
    with pytest.raises(LibraryError) as journeys:
        machine_of(settings)
    assert any(fault.startswith("odyssey: no journey") for fault in journeys.value.faults)
    assert any(fault.startswith(f"{broken}:") for fault in journeys.value.faults)
    with pytest.raises(LibraryError) as sources:
        readers_of(settings, machine_of(load({}).settings))
    assert [fault.split(" in the dialect ")[1].split(",")[0] for fault in sources.value.faults] == ["morse", "runes"]


def test_faults_in_dialect_files_are_listed_together(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("dialect: 1\n", encoding="utf-8")
    (tmp_path / "c.yaml").write_bytes(b"\xff")
    with pytest.raises(LibraryError) as caught:
        dialects_with(tmp_path / f"{name}.yaml" for name in "abc")
    assert {Path(fault.split(":")[0]).name for fault in caught.value.faults} == {"a.yaml", "b.yaml", "c.yaml"}


@pytest.fixture
def restored() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before


@pytest.mark.usefixtures("restored")
def test_the_log_can_be_lines_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    configure(Log(format="json", level="WARNING"))
    logging.getLogger("shop").info("not worth a line")
    try:
        dict[str, int]()["cart"]
    except KeyError:
        logging.getLogger("shop").exception("lost %d", 3)
    (line,) = capsys.readouterr().err.splitlines()
    said = orjson.loads(line)
    assert (said["level"], said["logger"], said["message"]) == ("ERROR", "shop", "lost 3")
    assert "KeyError: " in said["traceback"]


@pytest.mark.usefixtures("restored")
def test_the_log_is_text_unless_asked(capsys: pytest.CaptureFixture[str]) -> None:
    configure(Log())
    logging.getLogger("shop").info("open")
    assert capsys.readouterr().err.endswith("INFO    shop: open\n")
