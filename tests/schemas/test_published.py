"""What we publish is what its schemas say, and the schemas are those in the repository."""

from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import erasures
from schemas.commands import COMMANDS, Command
from schemas.commands import encode as encode_command
from schemas.published import FOLDER, PUBLISHED, json_schema, text, write
from schemas.rejections import REASONS, Rejection
from schemas.rendering import render
from schemas.signals import KINDS, Origin, Signal
from schemas.stages import Standing, encode_stages
from schemas.times import EARLIEST, LATEST
from schemas.transitions import DEADLINE, EVENT_TYPE, Cause, Transition, encode, headers, record, transition_id
from schemas.transitions import REASONS as REASONS_OF_TRANSITIONS
from tests.schemas.speaking import SHIPPED, shared, signal

words = st.text(min_size=1, max_size=12)
moments = st.integers(EARLIEST, LATEST)
counts = st.integers(0, 2**53)
digests = st.binary(min_size=16, max_size=16).map(bytes.hex)
causes = st.builds(Cause, st.just(DEADLINE)) | st.builds(
    Cause, st.sampled_from(sorted(KINDS)), words, words, st.integers(0, 99), st.integers(0, 2**63 - 1)
)
facts = st.dictionaries(
    words, st.none() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | words
)
transitions = st.builds(
    Transition,
    id=digests, sequence=st.integers(1, 2**53), customer=words, journey=words, version=st.integers(1, 99), track=words,
    instance=st.none() | words, name=words, from_=words, to=words, at=moments, previous_at=st.none() | moments,
    cause=causes, facts=facts, kind=st.sampled_from(["made", "corrected", "suppressed"]), corrects=st.none() | digests,
    reason=st.none() | st.sampled_from(sorted(REASONS_OF_TRANSITIONS)), late=st.booleans(),
)  # fmt: skip


def validator(name: str) -> jsonschema.Draft202012Validator:
    schema = json_schema(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


VALIDATORS = {name: validator(name) for name in PUBLISHED}


def validate(value: object, name: str) -> None:
    VALIDATORS[name].validate(value)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_schemas_in_the_repository_are_those_of_the_models(name: str) -> None:
    assert (FOLDER / f"{name}.json").read_text(encoding="utf-8") == text(name), "run `python -m schemas.published`"


def test_writing_the_schemas_writes_all_of_them_and_nothing_else(tmp_path: Path) -> None:
    files = write(tmp_path / "new")
    assert {file.name for file in files} == {file.name for file in FOLDER.iterdir()}
    assert all(file.read_bytes() == (FOLDER / file.name).read_bytes() for file in files)


@given(transitions, moments)
def test_every_encoded_transition_is_what_its_schema_says(transition: Transition, recorded_at: int) -> None:
    value = orjson.loads(encode(transition, recorded_at))
    validate(value, "transition")
    assert value == record(transition, recorded_at)


commands = st.builds(
    Command, st.sampled_from(["erase", "suppress"]), words, words, moments, st.builds(Origin, words, counts, counts)
)


@given(commands, moments)
def test_every_erasure_is_what_its_schema_says_and_says_it_in_its_headers(command: Command, recorded_at: int) -> None:
    form = erasures.record(command, recorded_at)
    validate(form, "erasure")
    told = dict(erasures.headers(form))
    assert told["ce_id"] == form["id"].encode()
    assert told["ce_subject"] == command.customer.encode()
    assert told["kind"] == b"erased"


@given(commands, commands)
def test_an_erasure_has_the_id_of_its_customer_and_of_where_its_command_stood(one: Command, other: Command) -> None:
    same = (one.customer, one.origin) == (other.customer, other.origin)
    assert (erasures.erasure_id(one) == erasures.erasure_id(other)) == same


@given(st.sampled_from(sorted(COMMANDS)), words, words, moments)
def test_every_command_that_we_send_is_what_its_schema_says(command: str, customer: str, id_: str, at: int) -> None:
    validate(orjson.loads(encode_command(command, customer, id_, at)), "command")


standings = st.builds(
    Standing,
    words,
    st.none() | moments,
    st.none() | words,
    st.none() | st.booleans(),
    st.none() | st.dictionaries(st.none() | words, st.tuples(words, st.none() | moments), max_size=3),
)


@given(
    words,
    st.integers(0, 2**53),
    moments,
    st.dictionaries(words, st.dictionaries(words, standings)),
)
def test_every_encoded_standing_is_what_its_schema_says(customer: str, sequence: int, at: int, standing: Any) -> None:  # noqa: ANN401
    versions = dict.fromkeys(standing, 1)
    validate(orjson.loads(encode_stages(customer, sequence, at, standing, versions)), "customer-stages")
    validate(orjson.loads(encode_stages(customer, sequence, at, standing)), "customer-stages")


@pytest.mark.parametrize("reason", REASONS)
def test_the_headers_of_a_rejection_are_what_their_schema_says(reason: str) -> None:
    _, _, fields = Rejection(reason, "because " * 99, Origin("t", 0, 9), None, b"", ()).record()
    validate({name: value.decode() for name, value in fields}, "rejection-headers")


@pytest.mark.parametrize("kind", KINDS)
def test_our_own_format_is_what_its_schema_says(kind: str) -> None:
    event = render(SHIPPED["stagewatch"], Signal("u", kind, EARLIEST, "i", {"channel": "email"}, Origin("t", 0, 0)))
    validate(event, "signal")
    assert signal(event, "stagewatch").kind == kind


def test_a_transition_id_follows_from_its_parts_and_from_all_of_them() -> None:
    parts: list[Any] = ["u", "five-stage", 1, "cart", None, "cart_abandoned", EARLIEST, DEADLINE]
    others = ["v", "six-cs", 2, "stage", "c-1", "cart_expired", EARLIEST + 1, "m-1"]
    ids = {transition_id(*parts)}
    for index, other in enumerate(others):
        changed = [*parts[:index], other, *parts[index + 1 :]]
        ids.add(transition_id(*changed))
    assert len(ids) == 9
    assert transition_id(*parts) == "efb5e50e8a45660550e81417038ec0d4"  # it may never change


def test_parts_that_run_into_each_other_are_told_apart() -> None:
    assert transition_id("ab", "c", 1, "t", None, "n", 0, "x") != transition_id("a", "bc", 1, "t", None, "n", 0, "x")
    assert transition_id("a", "b", 1, "t", None, "n", 0, "x") != transition_id("a", "b", 1, "t", "null", "n", 0, "x")


@given(transitions)
def test_headers_follow_cloudevents_binary_mode_and_let_subscribers_filter(transition: Transition) -> None:
    published = record(transition, EARLIEST)
    fields = dict(headers(published))
    assert fields["ce_specversion"] == b"1.0"
    assert fields["ce_type"].decode() == EVENT_TYPE
    assert fields["ce_id"].decode() == transition.id
    assert fields["ce_subject"].decode() == transition.customer
    assert fields["ce_time"].decode() == published["at"]
    assert [fields[name].decode() for name in ("journey", "track", "name", "kind")] == [
        transition.journey,
        transition.track,
        transition.name,
        transition.kind,
    ]


def test_data_made_by_others_may_be_missing_but_not_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception):
        shared("nothing/of/the/kind")
    monkeypatch.setenv("CI", "1")
    with pytest.raises(pytest.fail.Exception, match="CI must not skip"):
        shared("nothing/of/the/kind")
