"""What a text is refused for before it says anything about a journey."""

import pytest

from journey.durations import milliseconds, written
from journey.faults import JourneyError, suggest
from journey.loading import load
from tests.journey.faulty import NOT_A_MAPPING, RIGHT


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("", 1, 1, NOT_A_MAPPING),
        ("- a\n- b\n", 1, 1, NOT_A_MAPPING),
        ("journey: [a\n", 2, 1, "this is not YAML: while parsing a flow sequence, expected ',' or ']'"),
        ("journey: a\n---\njourney: b\n", 2, 1, "this is not YAML: expected a single document"),
        ("a: @\n", 1, 4, "this is not YAML: while scanning for the next token, found character '@'"),
        ("journey: \x07\n", 1, 10, "this is not YAML: there is a character that may not stand in text"),
        ("a: 1\n? [b]\n: 3\n", 2, 3, "a key must be a word"),
        ("journey: !thing x\n", 1, 10, "'!thing' in front of a value means nothing here: leave it out"),
        ("journey: !!int x\n", 1, 10, "'tag:yaml.org,2002:int' in front of a value means nothing here"),
        ("a: &a [*a]\n", 1, 4, "this is too long or nested too deeply for a journey; do anchors repeat each other?"),
        ("a: " + "[" * 3000 + "]" * 3000, 1, 25, "this is nested too deeply for a journey"),
    ],
)
def test_what_is_no_yaml_for_a_journey_is_a_fault_with_its_place(
    text: str, line: int, column: int, message: str
) -> None:
    with pytest.raises(JourneyError) as caught:
        load(text, "f.yaml")
    (fault,) = caught.value.faults
    assert (fault.line, fault.column) == (line, column)
    assert fault.message.startswith(message)


def test_anchors_that_multiply_each_other_are_refused_before_they_fill_the_memory() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 19))
    with pytest.raises(JourneyError, match="too long or nested too deeply"):
        load(bomb, "f.yaml")


def test_yaml_1_1_has_no_say_in_what_words_mean() -> None:
    text = RIGHT.replace("title: small but right", "title: 2024-01-01").replace("[empty,", "[off,")
    definition = load(text.replace("initial: empty", "initial: off").replace("to: empty", "to: off"), "small.yaml")
    assert definition.title == "2024-01-01"
    assert definition.tracks[0].initial == "off"


def test_numbers_of_any_size_and_nothings_are_read_as_such() -> None:
    text = RIGHT.replace("value: 3", "value: 12345678901234567890").replace("initial: empty", "initial: ~")
    example = load(text.replace("at 30m", "at 30m").replace("until: 1h", "until: "), "small.yaml").examples[0]
    assert example.signals[0].attributes == {"value": 1.2345678901234567e19}
    assert load(RIGHT.replace("value: 3", "value: -2.5"), "f").examples[0].signals[0].attributes == {"value": -2.5}


def test_a_suggestion_names_what_there_is() -> None:
    assert suggest("x", []) == "There are none here."
    assert suggest("zzz", map(str, range(100, 120))).endswith("110, 111 and more.")


@pytest.mark.parametrize("text", ["0s", "30s", "30m", "2h", "7d", "1d12h", "365d"])
def test_a_duration_is_written_as_it_is_read(text: str) -> None:
    assert written(milliseconds(text)) == text


def test_a_week_is_seven_days() -> None:
    assert written(milliseconds("2w1h")) == "14d1h"
