"""A journey is bounded in whatever could make reading it, or compiling it, take for ever."""

import pytest

from journey.faults import Fault, JourneyError, suggest
from journey.loading import load
from journey.loading.forms import MOST_FACTS, MOST_MOVES, MOST_NAMED, MOST_STAGES
from journey.loading.yaml import MOST_FAULTS
from schemas.documents import MAX_CHARACTERS, MAX_MESSAGE
from tests.journey.faulty import RIGHT


def faults(text: str) -> list[Fault]:
    with pytest.raises(JourneyError) as caught:
        load(text, "big.yaml")
    return caught.value.faults


def listed(many: int) -> str:
    return ", ".join(f"n{number}" for number in range(many))


def test_a_text_longer_than_any_journey_is_not_read() -> None:
    (fault,) = faults("#" * (MAX_CHARACTERS + 1))
    assert fault.message == "262,145 characters; at most 262,144 are read"
    assert (fault.line, fault.column) == (1, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('title: "\\U00110000"', "this is not YAML: chr() arg not in range(0x110000)"),
        ("%YAML " + "9" * 5_000 + ".1\n---\na: 1", "this is not YAML: Exceeds the limit (4300 digits)"),
        ("a: !!map [1]", "'tag:yaml.org,2002:map' in front of a value means nothing here: leave it out"),
        ("a: !!set {b}", "'tag:yaml.org,2002:set' in front of a value means nothing here: leave it out"),
        ("a: !!bool maybe", "'tag:yaml.org,2002:bool' in front of a value means nothing here: leave it out"),
        ('a: "\\ud800"', "there is half a character in this text: take it out"),
        ('"\\ud800": a', "a key must be a word"),
        ("a: 1.0e999", "this number is too large"),
        ("a: -" + "9" * 400, "this number is too large"),
        ("\n".join("  " * level + "a:" for level in range(40)), "this is nested too deeply for a journey"),
    ],
)
def test_yaml_that_no_journey_needs_is_a_fault_with_a_place(text: str, message: str) -> None:
    (fault, *_) = faults(text)
    assert fault.message.startswith(message)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[cart_updated, checkout_started]", f"[{listed(301)}]", f"301 stand here, at most {MOST_NAMED} may"),
        ("[empty, filled, abandoned]", f"[{listed(101)}]", f"there is too much here: at most {MOST_STAGES} may be"),
        (
            "  orders:",
            "".join(f"  n{number}: {{count: any}}\n" for number in range(200)) + "  orders:",
            f"there is too much here: at most {MOST_FACTS} may be",
        ),
        (
            "    moves:\n",
            "    moves:\n" + "      - {name: n, from: any, to: filled, on: searched, if: orders > 1}\n" * 198,
            f"there is too much here: at most {MOST_MOVES} may be",
        ),
    ],
)
def test_more_than_a_journey_may_hold_is_a_fault(old: str, new: str, message: str) -> None:
    assert old in RIGHT
    assert faults(RIGHT.replace(old, new, 1))[0].message == message


def test_a_journey_that_comes_to_more_code_than_anybody_waits_for_is_a_fault() -> None:
    rows = "      - {name: n, from: any, to: filled, on: any, if: orders > 1}\n" * 190
    tracks = "".join(
        f"  t{number}:\n    stages: [empty, filled]\n    moves:\n{rows.replace('name: n', f'name: n{number}')}"
        for number in range(8)
    )
    text = RIGHT.replace("examples:", tracks + "examples:", 1)
    (fault,) = faults(text)
    assert fault.message.startswith("this comes to some ")
    assert fault.path == "tracks"


def test_after_two_hundred_faults_no_more_are_looked_for() -> None:
    many = "".join(f"      - {{name: m{number}, from: x, to: y, on: z}}\n" for number in range(180))
    found = faults(RIGHT.replace("    moves:\n", "    moves:\n" + many, 1))
    assert len(found) == MOST_FAULTS + 1
    assert "these are 200 faults; there may be more" in [fault.message for fault in found]
    assert len(faults("\n".join(f"a: {number}" for number in range(300)))) == MOST_FAULTS + 1


def test_a_fault_quotes_no_more_than_can_be_read() -> None:
    (fault, *_) = faults(RIGHT.replace("to: filled", "to: " + "x" * 9_000))
    assert len(fault.message) <= MAX_MESSAGE
    assert fault.message.endswith("There are: abandoned, empty, filled.")


def test_a_word_too_long_to_be_a_slip_of_the_pen_is_near_to_nothing() -> None:
    assert suggest("a" * 65, ["a" * 64, "b" * 65]) == f"There are: {'a' * 64}."
