"""Tallies are added up whole."""

from dataclasses import fields

from journey.tally import Tally


def test_everything_that_another_counted_is_added() -> None:
    names = [each.name for each in fields(Tally)]
    tally = Tally(**dict.fromkeys(names, 100))
    tally.add(Tally(**{name: number for number, name in enumerate(names)}))
    assert tally == Tally(**{name: 100 + number for number, name in enumerate(names)})
