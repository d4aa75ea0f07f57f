"""YAML that people write keeps its meaning and its places."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.documents import MAX_CHARACTERS, MAX_MESSAGE, Fault, load_document


def data(text: str) -> object:
    document = load_document(text, "a.yaml")
    assert not document.faults
    return document.data


def faults(text: str) -> list[tuple[int, int, str]]:
    return [(fault.line, fault.column, fault.message) for fault in load_document(text, "a.yaml").faults]


def test_words_of_yaml_1_1_are_text() -> None:
    assert data("on: yes\nno: off\ny: n") == {"on": "yes", "no": "off", "y": "n"}


def test_dates_and_clock_times_are_text() -> None:
    assert data("[2024-03-13, 12:30, 2024-03-13T10:21:14Z, 0o17, 1_000]") == [
        "2024-03-13",
        "12:30",
        "2024-03-13T10:21:14Z",
        "0o17",
        "1_000",
    ]


def test_what_is_no_text_is_told_by_its_form() -> None:
    written = "[1, -2, 010, 1.5, .5, 1e3, true, FALSE, null, ~, , '1', \"true\"]"
    assert data(written.replace(", ,", ",")) == [1, -2, 10, 1.5, 0.5, 1000.0, True, False, None, None, "1", "true"]


def test_keys_are_text_as_they_are_written() -> None:
    assert data("1: a\ntrue: b\n~: c\n<<: d") == {"1": "a", "true": "b", "~": "c", "<<": "d"}


def test_every_value_knows_its_line_and_column() -> None:
    document = load_document("a: 1\nb:\n  - x\n  - c: 2\n", "a.yaml")
    assert document.places == {
        (): (1, 1),
        ("a",): (1, 4),
        ("b",): (3, 3),
        ("b", 0): (3, 5),
        ("b", 1): (4, 5),
        ("b", 1, "c"): (4, 8),
    }


def test_a_fault_in_something_missing_points_at_what_is_around_it() -> None:
    document = load_document("a:\n  b: 1\n", "a.yaml")
    assert document.fault(("a", "z", 3), "missing") == Fault("a.yaml", 2, 3, "a.z.3", "missing")


def test_a_fault_reads_like_a_compilers() -> None:
    assert str(Fault("a.yaml", 2, 3, "a.b", "wrong")) == "a.yaml:2:3: wrong (a.b)"
    assert str(Fault("a.yaml", 1, 1, "", "wrong")) == "a.yaml:1:1: wrong"


def test_repeated_keys_are_faults_at_the_second() -> None:
    assert faults("a: 1\nb:\n  c: 1\n  c: 2\na: 3") == [
        (4, 3, "'c' stands here twice"),
        (5, 1, "'a' stands here twice"),
    ]


def test_aliases_tags_and_keys_that_are_no_text_are_faults() -> None:
    aliases = "anchors and aliases (&, *) are not allowed; write it out, or put the text in quotes"
    tags = "tags (!) are not allowed; leave this one out, or put the text in quotes"
    assert faults("a: &x [1]\nb: *x") == [(1, 4, aliases)]
    assert faults("a: *x") == [(1, 4, aliases)]
    assert faults("a: !!python/none x") == [(1, 4, tags)]
    assert faults("a: !!set {b}") == [(1, 4, tags)]
    assert faults("a: !!bool maybe") == [(1, 4, tags)]
    assert faults("a: !x!y z") == [(1, 4, "not YAML: found undefined tag handle")]
    assert faults("[1]: a") == [(1, 1, "a key must be text")]


def test_half_characters_are_faults() -> None:
    assert faults('a: "\\ud800"') == [(1, 4, "there is half a character in this text")]
    assert faults('"\\ud800": a') == [(1, 1, "a key must be text")]
    assert data('a: "\\U0001F600"') == {"a": "\U0001f600"}


def test_a_number_of_more_digits_than_python_reads_is_a_fault_where_it_stands() -> None:
    assert faults("a:\n  b: " + "9" * 5_000) == [(2, 6, "this number is too long")]


def test_a_text_longer_than_any_document_is_not_read() -> None:
    assert faults("#" * (MAX_CHARACTERS + 1)) == [(1, 1, "262,145 characters; at most 262,144 are read")]
    assert data("#" * MAX_CHARACTERS) is None


def test_a_fault_quotes_no_more_than_can_be_read() -> None:
    (fault,) = load_document(f"{'k' * 9_000}: !{'t' * 9_000} 1", "a.yaml").faults
    assert len(fault.message) <= MAX_MESSAGE
    assert len(fault.path) <= MAX_MESSAGE


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1", "not YAML"),
        ("a: 1\n b: 2", "not YAML"),
        ("--- 1\n--- 2", "not YAML"),
        ("a: \0", "not YAML"),
        ('"\\U99999999"', "not YAML"),
        ("[" * 60 + "]" * 60, "nested too deep"),
        ("[" * 3_000, "nested too deep"),
        ("- " * 100, "nested too deep"),
        ("- " * 30 + "[" * 30 + "]" * 30, "nested too deep"),
    ],
)
def test_what_is_no_yaml_is_a_fault(text: str, message: str) -> None:
    (first, *_) = load_document(text, "a.yaml").faults
    assert first.message.startswith(message)
    assert first.line >= 1


def test_an_empty_document_holds_nothing() -> None:
    assert data("") is None
    assert data("# nothing\n") is None


@given(st.text(alphabet=st.sampled_from("ab:-[]{}#&*!|>'\"%@`,? \n\t0\0\ud800")) | st.text())
def test_no_text_raises(text: str) -> None:
    load_document(text, "a.yaml")
