"""The pages that are made of measurements say what was measured, and not in a hurry."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks import front
from benchmarks.figures import RESULTS, kept
from benchmarks.measure import MEASURES, page
from benchmarks.plot import DOCS, PICTURES
from benchmarks.sections import SECTIONS
from benchmarks.sizing import BUSY, PAGE, SESSION, Figures, Shop, back, disk, memory, partitions, with_tables, workers
from benchmarks.sizing import page as sizing

EACH = Figures(cpu=50e-6, process=1_000, empty=100e6, changelog=800, reading=50_000, traffic={"source": 340.0})


@pytest.mark.parametrize("name", SECTIONS)
def test_what_is_cited_was_measured_at_full_size(name: str) -> None:
    found = kept(name)
    assert found is not None, "run `make measure`"
    assert not found["quick"], "figures of a quick run say nothing: run `make measure` on a quiet machine"


def test_the_page_of_measurements_is_made_of_the_figures() -> None:
    assert MEASURES.read_text(encoding="utf-8") == page(RESULTS), "run `python -m benchmarks.measure --no-runs`"


def test_the_tables_of_sizing_are_made_of_the_figures() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == sizing(text), "run `python -m benchmarks.sizing`"


@pytest.mark.parametrize("name", [name for name in PICTURES if kept(name) is not None])
def test_a_picture_is_made_of_the_figures(name: str) -> None:
    found = kept(name)
    assert found is not None
    file, picture_of = PICTURES[name]
    assert (DOCS / file).read_text(encoding="utf-8") == picture_of(found), "run `python -m benchmarks.plot`"


def test_the_readme_s_table_of_engines_is_made_of_the_figures() -> None:
    text = front.PAGE.read_text(encoding="utf-8")
    assert text == front.page(text), "run `python -m benchmarks.front`"


def test_an_engine_is_compared_with_ours_round_by_round() -> None:
    def engine(name: str, *runs: tuple[float, float]) -> dict[str, Any]:
        told = [{"whole": {"rate": rate, "cpu": cpu}, "memory": 100.0} for rate, cpu in runs]
        return {"name": name, "title": name.title(), "note": "", "runs": told}

    ours, other = engine("stagewatch", (300, 10), (100, 30), (200, 20)), engine("other", (100, 20), (50, 60), (50, 80))
    first, second = front.lines({"engines": [ours, other]})[2:]
    assert first == "| Stagewatch | 200 | 20.0 | 100 |  |  |"
    assert second == "| Other | 50 | 60.0 | 100 | 3.0 | 2.00 |"


def test_the_page_on_sizing_names_what_is_reckoned_with() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert f"x CPU of an event / {BUSY}, rounded up" in text
    assert f"{SESSION:.0f} s (client.session_timeout)" in text


def test_a_shop_is_sized_by_the_formulae() -> None:
    shop = Shop("one", customers=10_000_000, events_a_day=86_400 * 10_000, peak=4)
    assert shop.rate == 40_000
    assert workers(shop, EACH) == 4  # 40,000 x 50 us is two cores, half busy
    assert partitions(shop, EACH) == 16
    assert memory(shop, EACH) == pytest.approx(100e6 + 10_000_000 / 3 * 1_000)
    assert disk(shop, EACH) == 10_000_000 * 800 * 3 * 2
    assert back(shop, EACH) == 20 + 2_500_000 / 50_000


def test_a_shop_of_any_size_has_a_second_worker_and_room_to_grow() -> None:
    shop = Shop("corner", customers=10, events_a_day=10, peak=1)
    assert (workers(shop, EACH), partitions(shop, EACH)) == (2, 8)


def test_a_page_without_its_markers_is_refused() -> None:
    found: dict[str, Any] = {"costs": ["| a |"]}
    assert with_tables("<!-- costs -->\nold\n<!-- /costs -->\n", found) == "<!-- costs -->\n| a |\n<!-- /costs -->\n"
    with pytest.raises(ValueError, match="missing"):
        with_tables("no markers", found)


def test_without_figures_there_is_no_page(tmp_path: Path) -> None:
    assert sizing("text", tmp_path) is None
