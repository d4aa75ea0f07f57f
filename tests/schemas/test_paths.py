"""Paths lead where they say, and what is put at a path is found there."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.paths import Path, PathError, Pick, parse_path, put

EVENT: dict[str, Any] = {
    "userId": "u",
    "properties": {"order_id": "o", "a.b": 1},
    "products": [{"sku": "s"}, {"sku": "t"}],
    "event_params": [
        "odd",
        {"key": "other", "value": 1},
        {"key": "transaction_id", "value": {"string_value": None, "int_value": 7}},
        {"name": "note", "value": "n"},
        {"key": "nothing", "value": {"string_value": None}},
    ],
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("userId", "u"),
        ("properties.order_id", "o"),
        ('properties."a.b"', 1),
        ("products[1].sku", "t"),
        ("products[]", 2),
        ("event_params[transaction_id]", 7),
        ("event_params[note]", "n"),
        ("event_params[nothing]", None),
        ("event_params[missing]", None),
        ("header:X-Topic", "t"),
        ("envelope:subject.id", "s"),
        ("nothing", None),
        ("userId.x", None),
        ("userId[0]", None),
        ("userId[x]", None),
        ("userId[]", None),
        ("products[2].sku", None),
    ],
)
def test_a_path_leads_to_its_value_or_to_nothing(path: str, value: object) -> None:
    assert parse_path(path).look(EVENT, {"x-topic": "t"}, {"subject": {"id": "s"}}) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "a.",
        ".a",
        "a..b",
        "a[",
        "a]",
        "a[0",
        "[0]",
        "a[]b",
        "a[0]b",
        "a[].b",
        "a[b].c",
        'a."b',
        '""',
        "header:",
        "envelope:",
    ],
)
def test_what_is_no_path_says_where_it_goes_wrong(text: str) -> None:
    with pytest.raises(PathError, match=r"is no path|name must follow"):
        parse_path(text)


def test_brackets_hold_a_position_or_a_key() -> None:
    assert parse_path("a[7].b[1][99999]").steps == ("a", 7, "b", 1, Pick("99999"))


keys = st.text(st.characters(exclude_characters='."[]:', codec="utf-8"), min_size=1, max_size=5)
middles = keys | st.integers(0, 3)
lasts = keys | st.builds(Pick, st.sampled_from(["k", "l"]))


ways = st.tuples(keys) | st.tuples(keys, lasts) | st.tuples(keys, middles, keys)


@given(st.builds(Path, st.sampled_from(["event", "envelope"]), ways))
def test_a_path_is_written_as_it_is_parsed(path: Path) -> None:
    assert parse_path(str(path)) == path


@pytest.mark.parametrize("text", ["a.b[0].c", "l[]", "p[k]", 'a."b.c"', '"header:x"', "header:x-topic", "envelope:a.b"])
def test_a_path_is_written_as_people_write_it(text: str) -> None:
    assert str(parse_path(text)) == text


@given(st.lists(st.builds(Path, st.just("event"), ways)))
def test_what_was_put_is_found(paths: list[Path]) -> None:
    event: dict[str, Any] = {}
    stored = {path: number for number, path in enumerate(paths) if put(event, path, number)}
    for path, number in stored.items():
        assert path.look(event, {}, None) == number


def test_nothing_is_put_over_something_else() -> None:
    event: dict[str, Any] = {"a": 1, "l": [{}, {}]}
    assert not put(event, parse_path("a"), 2)
    assert not put(event, parse_path("a.b"), 2)
    assert not put(event, parse_path("l.b"), 2)
    assert put(event, parse_path("a"), 1)
    assert not put(event, parse_path("l[]"), 1)
    assert not put(event, parse_path("l[]"), 2.5)
    assert put(event, parse_path("l[]"), 3)
    assert event == {"a": 1, "l": [{}, {}, {}]}


def test_a_list_of_objects_can_hold_both_an_entrys_field_and_its_count() -> None:
    event: dict[str, Any] = {}
    assert put(event, parse_path("l[0].sku"), "s")
    assert put(event, parse_path("l[]"), 2)
    assert event == {"l": [{"sku": "s"}, {}]}
