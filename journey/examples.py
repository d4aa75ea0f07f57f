"""A journey's own examples: played, and held against what they say must come out.

Owns when an example begins and how a difference is said. Knows nothing about how examples are written down.
"""

from collections.abc import Sequence
from typing import Final

from journey.definition import Definition, Example, Expected
from journey.durations import written
from journey.faults import Fault
from journey.machine import Machine, compile_journeys
from schemas.signals import Origin, Signal
from schemas.transitions import Transition

BEGINNING: Final = 1_704_067_200_000
"""Every example begins on 2024-01-01 at 00:00 UTC, so that days count from its beginning."""
CUSTOMER: Final = "example"


def play(definition: Definition, example: Example) -> list[Transition]:
    """The transitions that the example gives, on its tracks."""
    return _play(compile_journeys([definition]), example)


def check_examples(definition: Definition) -> list[Fault]:
    """A fault for every example that gives something else than it says; none means that all is well."""
    machine = compile_journeys([definition])
    faults = []
    for example in definition.examples:
        transitions = _play(machine, example)
        if not _agree(example.transitions, transitions):
            message = (
                f"the example '{example.name}' gives something else. Expected: {_expected(example.transitions)}. "
                f"Given: {_given(transitions)}."
            )
            faults.append(Fault(definition.where, example.line, example.column, "examples", message))
    return faults


def _play(machine: Machine, example: Example) -> list[Transition]:
    memory = machine.start(CUSTOMER)
    transitions: list[Transition] = []
    for number, each in enumerate(example.signals):
        origin = Origin("example", 0, number)
        at = BEGINNING + each.at
        transitions += machine.hear(memory, Signal(CUSTOMER, each.kind, at, str(number), dict(each.attributes), origin))
    transitions += machine.wait(memory, BEGINNING + example.until)
    return [transition for transition in transitions if transition.track in example.tracks]


def _agree(expected: Sequence[Expected], transitions: Sequence[Transition]) -> bool:
    return len(expected) == len(transitions) and all(map(_fits, expected, transitions))


def _fits(expected: Expected, transition: Transition) -> bool:
    if expected.name != transition.name or expected.at not in {None, transition.at - BEGINNING}:
        return False
    return all(name in transition.facts and transition.facts[name] == value for name, value in expected.facts.items())


def _expected(expected: Sequence[Expected]) -> str:
    said = (each.name if each.at is None else f"{each.name} at {written(each.at)}" for each in expected)
    return (
        ", ".join(
            f"{text} with {dict(each.facts)}" if each.facts else text for text, each in zip(said, expected, strict=True)
        )
        or "nothing"
    )


def _given(transitions: Sequence[Transition]) -> str:
    said = (f"{each.name} at {written(each.at - BEGINNING)} with {dict(each.facts)}" for each in transitions)
    return ", ".join(said) or "nothing"
