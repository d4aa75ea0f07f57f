"""What the README and the pages in docs/ show is what there is."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, get_args

import orjson
import pytest
import yaml
from click.testing import CliRunner, Result

from journey import carts, duplicates, rewinding
from journey.changing import Fate
from journey.definition import GONE
from journey.drawing import svg
from journey.durations import milliseconds
from journey.examples import check_examples
from journey.loading import load
from journey.machine import compile_journeys, where
from journey.replay import fold
from schemas.published import StagesRecord, TransitionRecord
from schemas.signals import Origin, Signal
from schemas.stages import stages_record
from schemas.times import iso
from schemas.transitions import REASONS
from stagewatch.cli import main
from stagewatch.settings.model import Settings
from stagewatch.tables import TOLD
from stream.metrics import COUNTERS, GAUGES, HISTOGRAMS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
RUNBOOK = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
ROOMS = ("schemas", "journey", "stream", "agents", "stagewatch")
TIME = (ROOT / "docs/time.md").read_text(encoding="utf-8")
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))

JOURNEYS: Final = (*ROOT.glob("journeys/*.yaml"), *ROOT.glob("examples/journeys/*.yaml"))
SHORTENED: Final = "jq -c '[.customer, .kind, .name, .at, .late, .id[:6], (.corrects // \"\")[:6]]'"
"""What the page pipes the replay into; `shortened` does the same."""


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def files_pasted() -> dict[str, str]:
    (pasted,) = blocks(TIME, "bash")
    return dict(re.findall(r"cat > (\S+) <<'END'\n(.*?)END\n", pasted, re.DOTALL))


def paste(folder: Path) -> None:
    for name, text in files_pasted().items():
        (folder / name).write_text(text, encoding="utf-8")


def stagewatch(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def shortened(transition: dict[str, Any]) -> list[object]:
    given = [transition[name] for name in ("customer", "kind", "name", "at", "late")]
    return [*given, transition["id"][:6], (transition["corrects"] or "")[:6]]


def lines_of(texts: Iterable[str]) -> set[str]:
    return {line.split(" #")[0].strip() for text in texts for line in text.splitlines()} - {""}


def test_the_journey_in_the_readme_is_one_and_its_examples_hold() -> None:
    (shown,) = blocks(README, "yaml")
    assert check_examples(load(shown, "README.md")) == []


def test_the_picture_in_the_readme_is_the_one_that_draw_makes() -> None:
    journey = load((ROOT / "journeys/five-stage.yaml").read_text(encoding="utf-8"), "five-stage.yaml")
    assert (ROOT / "docs/five-stage.svg").read_text(encoding="utf-8").strip() == svg(journey).strip(), (
        "run `stagewatch draw five-stage -o docs/five-stage.svg`"
    )


def test_the_transition_in_the_readme_is_of_the_published_form() -> None:
    (shown,) = blocks(README, "json")
    TransitionRecord.model_validate_json(shown.replace("0c6ad1…", "0c6ad1" + 26 * "0"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_replay_to_paste_prints_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    paste(tmp_path)
    assert f"stagewatch replay events.jsonl -j cart.yaml |\n  {SHORTENED}\n" in TIME
    result = stagewatch("replay", "events.jsonl", "-j", "cart.yaml")
    assert result.stderr.startswith("1 signal")
    printed = [orjson.dumps(shortened(orjson.loads(line))).decode() for line in result.stdout.splitlines()]
    assert printed == blocks(TIME, "json")[0].splitlines()


def test_sorted_by_time_the_replay_to_paste_corrects_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    paste(tmp_path)
    result = stagewatch("replay", "events.jsonl", "-j", "cart.yaml", "--sort")
    transitions = [orjson.loads(line) for line in result.stdout.splitlines()]
    assert {(each["kind"], each["late"]) for each in transitions} == {("made", False)}
    assert result.stderr == ""


def test_the_picture_of_time_tells_of_the_events_to_paste() -> None:
    picture = (ROOT / "docs/time.svg").read_text(encoding="utf-8")
    events = [orjson.loads(line) for line in files_pasted()["events.jsonl"].splitlines()]
    told = [f"{each['customer']}: {each['kind']} of {each['at'][11:16]}" for each in events]
    published = [orjson.loads(line) for line in blocks(TIME, "json")[0].splitlines()]
    told += [f"{customer}: {name}, {at[11:16]}" for customer, _, name, at, *_ in published]
    assert [words for words in told if words not in picture] == []


def test_check_says_of_the_journey_without_lateness_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    paste(tmp_path)
    assert stagewatch("check", "cart.yaml").exit_code == 0
    journey = tmp_path / "cart.yaml"
    journey.write_text(journey.read_text(encoding="utf-8").replace("lateness: 1h", "lateness: 0"), encoding="utf-8")
    result = stagewatch("check", "cart.yaml")
    assert result.exit_code == 1
    assert [result.stdout] == blocks(TIME, "text")


def test_what_the_page_calls_defaults_holds_for_a_journey_that_says_nothing() -> None:
    said = yaml.safe_load(blocks(TIME, "yaml")[0])
    silent = "\n".join(
        line for line in files_pasted()["cart.yaml"].splitlines() if line.split(":")[0] not in {"patience", "lateness"}
    )
    journey = load(silent.split("examples:", maxsplit=1)[0], "cart.yaml")
    assert {name: milliseconds(length) for name, length in said.items()} == {
        "patience": journey.patience,
        "lateness": journey.lateness,
        "dedup_window": journey.dedup_window,
    }


def test_what_the_page_calls_the_clocks_defaults_are() -> None:
    clock = Settings().clock
    assert "`clock.idle_after` (1 second)" in TIME
    assert "`clock.future_skew` (5 minutes)" in TIME
    assert (clock.idle_after, clock.future_skew) == (1_000, 300_000)


def test_what_the_page_shows_of_journeys_is_taken_from_them() -> None:
    known = lines_of(path.read_text(encoding="utf-8") for path in JOURNEYS)
    shown = lines_of(blocks(TIME, "yaml")[1:]) | set(re.findall(r"`(consideration: .*?)`", TIME))
    assert shown
    assert shown - known == set()


def test_where_the_page_says_that_a_customer_stands_is_where_one_stands() -> None:
    happened: list[tuple[str, str, dict[str, float | int | str]]] = [
        ("product_viewed", "2024-03-13T10:00:00Z", {}),
        ("cart_updated", "2024-03-13T10:01:00Z", {"cart": "A"}),
        ("cart_updated", "2024-03-13T10:20:00Z", {"cart": "B"}),
        ("order_completed", "2024-03-13T10:25:00Z", {"order": "O1", "revenue": 20}),
        ("order_refunded", "2024-03-14T09:00:00Z", {"order": "O1", "revenue": 20, "refund": 20}),
    ]
    signals = [
        Signal("ada", kind, iso(at) or 0, str(number), attributes, Origin("events", 0, number))
        for number, (kind, at, attributes) in enumerate(happened)
    ]
    machine = compile_journeys([load((ROOT / "journeys/five-stage.yaml").read_text(encoding="utf-8"), "five-stage")])
    memory = machine.start("ada")
    memories = {"ada": memory}
    assert list(fold(machine, signals, iso("2024-04-15T00:00:00Z"), memories))
    record = stages_record("ada", memory.sequence, memory.at, where(machine, memory))
    StagesRecord.model_validate_json(orjson.dumps(record))
    tracks = record["journeys"]["five-stage"]["tracks"]
    assert orjson.loads(blocks(TIME, "json")[1]) == {name: tracks[name] for name in ("stage", "cart")}


def test_the_bounds_that_the_page_names_are_the_codes() -> None:
    named = dict(
        re.findall(
            r"^\| (recent signals|ids remembered|withdrawn transitions|open carts)[^|]*\| (\d+)", TIME, re.MULTILINE
        )
    )
    assert {name: int(number) for name, number in named.items()} == {
        "recent signals": rewinding.MOST,
        "ids remembered": duplicates.MOST,
        "withdrawn transitions": rewinding.WITHDRAWN,
        "open carts": carts.MOST_OPEN,
    }
    assert f"the last {rewinding.KEPT} can still be overtaken" in TIME
    assert f"{duplicates.ENTRY} bytes each" in TIME


def test_the_metrics_that_the_page_names_are_counted() -> None:
    named = set(re.findall(r"`stagewatch_(\w+)_total`", TIME))
    assert len(named) == len(TOLD)
    assert named - {definition.name for definition in COUNTERS.values()} == set()


def test_the_page_names_every_reason_why_something_is_not_simply_made() -> None:
    assert [reason for reason in REASONS if f"`{reason}`" not in TIME and f'"{reason}"' not in TIME] == []


def test_the_metrics_that_the_runbook_names_are_a_workers() -> None:
    histograms = [definition.name for definition, _ in HISTOGRAMS.values()]
    known = {f"{definition.name}_total" for definition in COUNTERS.values()} | {it.name for it in GAUGES.values()}
    assert set(re.findall(r"`stagewatch_(\w+)`", RUNBOOK)) - known - set(histograms) == set()


def test_what_the_runbook_says_that_a_worker_says_is_in_the_code() -> None:
    said = re.findall(r"^\| `([^`]+)` \|", RUNBOOK, re.MULTILINE)
    code = "\n".join(path.read_text(encoding="utf-8") for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    assert len(said) > 15
    assert [words for words in said if words not in code] == ["file.yaml:12:3: ..."]


def test_every_place_on_a_page_that_is_linked_to_is_there() -> None:
    for page in PAGES:
        for file, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", page.read_text(encoding="utf-8")):
            target = (page.parent / file if file else page).read_text(encoding="utf-8")
            headings = {
                re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-")
                for heading in re.findall(r"^#+ (.+)$", target, re.MULTILINE)
            }
            assert anchor in headings, f"{page.name} links to {file}#{anchor}"


def test_what_the_page_of_guarantees_says_is_shown_is_a_test() -> None:
    page = ROOT / "docs/guarantees.md"
    named = re.findall(r"\[([^\]]+)\]\((\.\./tests/[^)]+)\)", page.read_text(encoding="utf-8"))
    assert named
    missing = [
        (sentence, file)
        for sentence, file in named
        if f"def test_{sentence.replace(' ', '_')}(" not in (page.parent / file).read_text(encoding="utf-8")
    ]
    assert missing == []


def test_the_page_on_changing_a_journey_names_all_that_check_says_of_customers() -> None:
    page = (ROOT / "docs/changing-a-journey.md").read_text(encoding="utf-8")
    assert [fate for fate in get_args(Fate) if f"`{fate}`" not in page] == []
    (shown,) = blocks(page, "yaml")
    assert yaml.safe_load(shown)["migrates"]["wishlist"] == GONE
