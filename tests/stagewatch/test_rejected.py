"""Dead letters: which are meant, what would become of each, and how that is told."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from schemas.deadletters import DeadLetter
from schemas.dialects import shipped_dialects
from schemas.parts import Part
from schemas.reading import Reader
from schemas.rejections import Rejection
from schemas.signals import Origin
from stagewatch.cli import main
from stagewatch.deadletters import Chosen, Fate, Found, Judge
from stagewatch.letters import as_json, as_line, in_full, plain
from stagewatch.retrying import part_in
from stream.topics import TopicState

AT = 1_710_325_274_000
READERS = {name: Reader(shipped_dialects(), name) for name in ("segment", "ga4")}
SOURCES = {name: TopicState(4, "delete", 1_048_588) for name in READERS}
JUDGE = Judge(READERS, SOURCES, "customer-commands", latest=AT)
EVENT = {
    "type": "track",
    "event": "Product Viewed",
    "userId": "u-1",
    "messageId": "m-1",
    "timestamp": "2024-03-13T10:21:14Z",
}


def letter(value: object, topic: str = "segment", partition: int = 3, **changed: Any) -> DeadLetter:  # noqa: ANN401  of its fields
    raw = value if isinstance(value, bytes | None) else orjson.dumps(value)
    rejection = Rejection(
        "no time", "nothing stands there", Origin(topic, partition, 991), b"u-1", raw, (("trace", b"7"),)
    )
    found = DeadLetter.of(*rejection.record())
    assert found is not None
    return replace(found, **changed)


def found(value: object = EVENT, at: int = AT, **changed: Any) -> Found:  # noqa: ANN401  of the letter's
    return Found(3, 1042, at, letter(value, **changed))


def ga4(*names: object) -> dict[str, object]:
    return {
        "client_id": "c-1",
        "timestamp_micros": AT * 1000,
        "events": [{"name": name} if isinstance(name, str) else name for name in names],
    }


@pytest.mark.parametrize(
    ("given", "fate"),
    [
        (letter(EVENT), Fate.SIGNALS),
        (letter({**EVENT, "timestamp": None}), Fate.REFUSED),
        (letter({**EVENT, "timestamp": "2024-03-13T10:21:15Z"}), Fate.REFUSED),
        (letter({**EVENT, "event": "Danced"}), Fate.PASSED),
        (letter(None), Fate.REFUSED),
        (letter(None, digest="ab"), Fate.UNKEPT),
        (letter(EVENT, "orders"), Fate.FOREIGN),
        (letter(EVENT, "customer-commands"), Fate.COMMAND),
        (letter(EVENT, partition=4), Fate.FOREIGN),
        (letter(EVENT, says_part=False), Fate.SIGNALS),
        (letter(ga4("view_item", "purchase"), "ga4", says_part=False), Fate.UNSURE),
        (letter(ga4("view_item", "purchase"), "ga4"), Fate.SIGNALS),
        (letter({**EVENT, "note": "x" * 1_048_000}), Fate.TOO_LARGE),
        (letter(EVENT, headers=(("a header may be null", None),)), Fate.SIGNALS),
        (letter(EVENT, headers=(("trace", b"x" * 1_048_000),)), Fate.TOO_LARGE),
        (letter(EVENT, headers=(("ü" * 524_000, b""),)), Fate.TOO_LARGE),
    ],
)
def test_what_would_become_of_a_dead_letter(given: DeadLetter, fate: Fate) -> None:
    assert JUDGE.judge(given).fate is fate


def test_one_that_is_understood_in_part_says_what_would_be_refused_again() -> None:
    verdict = JUDGE.judge(letter(ga4("view_item", 5), "ga4"))
    assert verdict.fate is Fate.SIGNALS
    assert [signal.kind for signal in verdict.signals] == ["product_viewed"]
    assert verdict.rejection is not None
    assert str(verdict.rejection.part) == "1 of 2"


@pytest.mark.parametrize(
    ("chosen", "meant"),
    [
        (Chosen(), True),
        (Chosen(reasons=frozenset({"no time", "future"})), True),
        (Chosen(reasons=frozenset({"future"})), False),
        (Chosen(topics=frozenset({"segment"})), True),
        (Chosen(topics=frozenset({"ga4"})), False),
        (Chosen(since=AT), True),
        (Chosen(since=AT + 1), False),
        (Chosen(until=AT + 1), True),
        (Chosen(until=AT), False),
    ],
)
def test_a_dead_letter_is_meant_if_every_filter_lets_it_in(chosen: Chosen, meant: bool) -> None:
    assert chosen.has(found()) is meant


def test_the_list_has_a_line_for_people_and_one_for_programs() -> None:
    one = found(b"{}")
    assert as_line(one) == (
        "3@1042  2024-03-13T10:21:14.000Z  no time  segment/3@991  2 B  nothing stands there"
    )  # fmt: skip
    assert orjson.loads(as_json(one)) == {
        "address": "3@1042",
        "at": "2024-03-13T10:21:14.000Z",
        "reason": "no time",
        "detail": "nothing stands there",
        "topic": "segment",
        "partition": 3,
        "offset": 991,
        "events": "all",
        "bytes": 2,
        "kept": True,
        "retried": None,
    }


def shown(one: Found) -> list[str]:
    return list(in_full(one, JUDGE.judge(one.letter)))


def test_shown_in_full_it_has_its_headers_its_bytes_and_what_would_become_of_it() -> None:
    assert shown(found(retried="segment/3@17")) == [
        "3@1042, rejected 2024-03-13T10:21:14.000Z: no time: nothing stands there",
        "  stood at   segment/3@991, first at segment/3@17",
        "  key        u-1",
        "  header     trace: 7",
        f"  value      {orjson.dumps(EVENT).decode()}",
        "  sent again it would be understood",
        "    product_viewed of u-1 at 2024-03-13T10:21:14.000Z, id m-1",
    ]


def test_of_one_that_holds_several_events_it_says_which_were_refused_and_what_is_in_them() -> None:
    value = orjson.dumps(ga4("view_item", {"name": "purchase", "params": {"value": 3}}, 5))
    (refused,) = [it for it in READERS["ga4"].read(value, Origin("ga4", 0, 5)) if isinstance(it, Rejection)]
    one = DeadLetter.of(*refused.record())
    assert one is not None
    lines = shown(Found(0, 1, AT, one))
    assert "  its part   events 2 of 3; the others had been understood" in lines
    assert "  sent again it would be rejected again" in lines
    assert "    not an object: event 2 is a number" in lines
    whole = shown(Found(0, 1, AT, replace(one, part=None)))
    assert "  sent again it would be understood in part" in whole
    assert any('"revenue":3' in line for line in whole)


def test_bytes_that_are_no_text_are_shown_in_hexadecimal_digits() -> None:
    lines = shown(found(bytes(range(128, 168)), key=None))
    assert "  key        none" in lines
    (value,) = [line for line in lines if "value" in line]
    first, *rows = value.splitlines()
    assert first == "  value      40 bytes, no text:"
    assert [row.split() for row in rows] == [
        [f"{byte:02x}" for byte in range(128, 160)],
        [f"{byte:02x}" for byte in range(160, 168)],
    ]


def test_one_that_was_not_kept_says_by_what_to_find_it() -> None:
    lines = shown(found(None, digest="abc", size=9_000_000))
    assert "  value      9,000,000 bytes, not kept; SHA-256 abc" in lines
    assert any("told by their digest only" in line for line in lines)


def test_nothing_that_a_sender_wrote_is_a_command_to_the_terminal() -> None:
    evil = "\x1b]0;owned\x07\r\n\u202e\x7f"
    one = found(orjson.dumps({**EVENT, "userId": "u"}) + evil.encode(), detail=evil)
    text = "".join([as_line(one), as_json(one), *shown(one)])
    assert all(letter.isprintable() for letter in text)
    assert plain("Käthe 顧客") == "Käthe 顧客"


@pytest.mark.parametrize(
    ("entry", "part"),
    [
        (b'{"events": "1,4-7 of 10"}', Part(frozenset({1, 4, 5, 6, 7}), 10)),
        (b'{"events": "all"}', None),
        (b'{"retried_at": "2024-03-13T10:21:14.000Z"}', None),
        (b'{"events": 7}', None),
        (b"[]", None),
        (b"{", None),
        (None, None),
    ],
)
def test_an_entry_of_the_ledger_that_names_no_events_is_of_all_of_them(entry: bytes | None, part: Part | None) -> None:
    assert part_in(entry) == part


def run(*arguments: str, **environment: str) -> Result:
    named = {f"STAGEWATCH_{name}": value for name, value in environment.items()}
    return CliRunner().invoke(main, ["rejected", *arguments], env=named)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("list", "--reason", "no tiem"), "There is no reason 'no tiem'; there are tombstone, "),
        (("list", "--dialect", "ga4"), "is in the dialect ga4"),
        (("retry", "--topic", "orders", "--dialect", "auto"), "is in the dialect auto"),
        (("show", "3:1042"), "'3:1042' is no address: write partition@offset"),
    ],
)
def test_what_cannot_be_meant_is_told(arguments: tuple[str, ...], told: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 1
    assert told in result.stderr
    assert "Traceback" not in result.output


def test_a_time_may_be_an_instant_or_so_long_ago() -> None:
    result = run("list", "--since", "yesterday")
    assert result.exit_code == 2
    assert "or a time ago, such as -30d" in result.stderr


COMMANDS = [("list",), ("list", "--count"), ("show", "0@0"), ("retry",), ("retry", "--dry-run")]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_without_a_broker_each_says_so(arguments: tuple[str, ...]) -> None:
    result = run(*arguments, BROKER="127.0.0.1:1")
    assert result.exit_code == 1
    assert "127.0.0.1:1" in result.stderr
    assert "start it, or correct `broker`" in result.stderr
