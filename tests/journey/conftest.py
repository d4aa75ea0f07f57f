from pathlib import Path

import pytest

from journey.definition import Definition
from journey.loading import load
from journey.machine import Machine, compile_journeys

JOURNEYS = Path(__file__).parents[2] / "journeys"
SHIPPED = sorted([*JOURNEYS.glob("*.yaml"), *JOURNEYS.parent.glob("examples/journeys/*.yaml")])


@pytest.fixture(params=SHIPPED, ids=lambda path: path.stem, scope="session")
def shipped(request: pytest.FixtureRequest) -> Definition:
    """Each of the journeys that come with Stagewatch."""
    path: Path = request.param
    return load(path.read_text(), str(path))


@pytest.fixture(scope="session")
def five_stage() -> Machine:
    path = JOURNEYS / "five-stage.yaml"
    return compile_journeys([load(path.read_text(), str(path))])
