"""A little of every target on every run; and that what goes wrong would be found, told and played again."""

from random import Random
from typing import Any

import pytest

from tests.fuzz.__main__ import table
from tests.fuzz.running import Tally, play, play_all, timed
from tests.fuzz.targets import TARGETS

SEED = 20_240_313
FEW = {"records": 4_000, "rows": 1_500, "stream": 200, "conditions": 3_000, "saved": 1_500}
"""Cases of the quick targets, and a hundred of the others: some ten seconds in all."""


@pytest.mark.parametrize("name", TARGETS)
def test_a_few_thousand_bad_inputs_do_no_harm(name: str) -> None:
    tally = play(TARGETS[name].make(), name, SEED, 0, FEW.get(name, 100), watched=False)
    assert not tally.found, "\n\n".join(f"{each.kind} ({each.number})\n{each.said}" for each in tally.found[:3])
    assert tally.cases == FEW.get(name, 100)


class Brittle:
    """Something that goes wrong with some numbers."""

    def make(self, random: Random) -> int:
        return random.randrange(10)

    def check(self, case: int) -> str | None:
        if case == 3:
            raise KeyError(case)
        while case == 4:
            pass
        return "five" if case == 5 else None


def found() -> Tally:
    whole, _ = timed(play_all("brittle", Brittle, 1, 20, processes=2, size=10))
    return whole


def test_what_raises_hangs_or_is_wrong_is_found_and_can_be_played_again() -> None:
    whole = found()
    assert whole.cases == 20
    kinds = {each.kind for each in whole.found}
    assert {"five", "hang", "KeyError"} == {kind.partition(" ")[0] for kind in kinds}
    for each in whole.found:
        if each.kind == "five":
            again = play(Brittle(), "brittle", 1, each.slice, each.number, watched=False)
            assert again.cases == each.number


def test_the_table_says_what_was_played_and_found() -> None:
    told = table({"a": Tally(5, 2.0, [], 3.0, (0, 1), 40.0), "b": Tally(1, 0.0)}, 7, 9.0)
    assert "| a | 5 | 2.0 | 2 | 0 | none | 3.0 | 40 |" in told
    assert "| all | 6 | 2.0 | 3 | 0 | none | 3.0 | 40 |" in told
    assert "Seed 7, 9 s by the clock" in told


def test_the_same_seed_makes_the_same_cases() -> None:
    for name, part in TARGETS.items():
        target: Any = part.make()
        first, second = ([repr(target.make(Random(5))) for _ in range(20)] for _ in range(2))
        assert first == second, name
