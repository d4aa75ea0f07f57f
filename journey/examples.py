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
        if each.arrives is not None:
            transitions += machine.wait(memory, BEGINNING + each.arrives)
        origin, id_ = Origin("example", 0, number), str(number) if each.id is None else each.id
        signal = Signal(CUSTOMER, each.kind, BEGINNING + each.at, id_, dict(each.attributes), origin)
        transitions += machine.hear(memory, signal)
    transitions += machine.wait(memory, BEGINNING + example.until)
    return [transition for transition in transitions if transition.track in example.tracks]


def _agree(expected: Sequence[Expected], transitions: Sequence[Transition]) -> bool:
    return len(expected) == len(transitions) and all(map(_fits, expected, transitions))


def _fits(expected: Expected, transition: Transition) -> bool:
    return (
        (expected.name, expected.kind) == (transition.name, transition.kind)
        and expected.at in {None, transition.at - BEGINNING}
        and expected.cart in {None, transition.instance}
        and expected.late in {None, transition.late}
        and all(name in transition.facts and transition.facts[name] == fact for name, fact in expected.facts.items())
    )


def _expected(expected: Sequence[Expected]) -> str:
    return ", ".join(map(_said, expected)) or "nothing"


def _given(transitions: Sequence[Transition]) -> str:
    given = (
        Expected(each.name, each.at - BEGINNING, each.facts, each.kind, each.instance, each.late)
        for each in transitions
    )
    return ", ".join(map(_said, given)) or "nothing"


def _said(transition: Expected) -> str:
    """The transition in one line, much as it can be written; what is ordinary (made, in time) is left out."""
    kind = "" if transition.kind == "made" else f"{transition.kind} "
    at = "" if transition.at is None else f" at {written(transition.at)}"
    cart = "" if transition.cart is None else f" of cart {transition.cart}"
    late = " too late" if transition.late else ""
    facts = f" with {dict(transition.facts)}" if transition.facts else ""
    return f"{kind}{transition.name}{cart}{at}{late}{facts}"
