"""What the README shows is what there is."""

import re
from pathlib import Path

from journey.drawing import svg
from journey.examples import check_examples
from journey.loading import load

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_journey_in_the_readme_is_one_and_its_examples_hold() -> None:
    (shown,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert check_examples(load(shown, "README.md")) == []


def test_the_picture_in_the_readme_is_the_one_that_draw_makes() -> None:
    journey = load((ROOT / "journeys/five-stage.yaml").read_text(encoding="utf-8"), "five-stage.yaml")
    assert (ROOT / "docs/five-stage.svg").read_text(encoding="utf-8").strip() == svg(journey).strip(), (
        "run `stagewatch draw five-stage -o docs/five-stage.svg`"
    )


def test_every_link_in_the_readme_leads_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
