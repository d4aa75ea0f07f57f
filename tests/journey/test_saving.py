import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from journey.loading import load
from journey.machine import Machine, Tick, compile_journeys, step, where
from journey.memory import BEGINNING, NEVER, Memory
from journey.recent import read
from journey.saving import FORMAT, Head, SavedMemoryError, current, decode, encode, head, is_of
from schemas.signals import Origin, Signal
from schemas.stages import Standing

T = 1_704_067_200_000
TEXT = """
journey: NAME
version: 1
title: small
facts: {value: {last: value}}
tracks:
  cart:
    stages: [empty, filled, left]
    moves:
      - {name: filled, from: [empty, left], to: filled, on: cart_updated, publish: [value]}
      - {name: left, from: filled, to: left, after: 30m}
      - {name: gone, from: left, to: empty, after: 1h}
"""


def machine(*names: str, old: str = "", new: str = "") -> Machine:
    return compile_journeys([load(TEXT.replace("NAME", name).replace(old, new), name) for name in names])


def a_memory(machine: Machine) -> Memory:
    signal = Signal("ann", "cart_updated", T, "1", {"value": 3}, Origin("shop", 0, 4))
    return step(machine, machine.start("ann"), signal)[0]


def saved(machine: Machine) -> bytes:
    return encode(machine, a_memory(machine))


def test_a_memory_is_read_back_as_it_was() -> None:
    small = machine("a")
    memory = a_memory(small)
    assert decode(small, "ann", encode(small, memory)) == memory


def test_what_it_takes_to_put_a_late_signal_in_its_place_is_read_back_too() -> None:
    small = machine("a")
    memory = a_memory(small)
    before, signals = read(memory, memory.past) if memory.past else ([], [])
    restored = decode(small, "ann", encode(small, memory))
    assert restored.past is not None
    assert read(restored, restored.past) == (before, signals)
    assert before == list(small.layout.initial)
    assert [signal.attributes for signal in signals] == [{"value": 3}]


def test_signals_that_come_after_it_was_written_are_written_behind_the_others() -> None:
    small = machine("a")
    memory = a_memory(small)
    first = encode(small, memory)
    assert encode(small, memory) == first
    later = Signal("ann", "searched", T + 5, "2", {}, Origin("shop", 0, 5))
    assert encode(small, step(small, memory, later)[0]).splitlines()[3:-1] == first.splitlines()[3:]


def test_a_memory_that_has_seen_nothing_is_read_back() -> None:
    fresh = machine("a").start("ann")
    assert decode(machine("a"), "ann", encode(machine("a"), fresh)) == fresh


def test_what_is_saved_is_small_and_names_its_journey() -> None:
    first, told, rest, before, signal = map(orjson.loads, saved(machine("a")).splitlines())
    assert first == [FORMAT, machine("a").meaning, [["a", 1, machine("a").layout.journeys[0].fingerprint, 4]]]
    assert told == [T + 1_800_000, 1, {}, [1]]
    assert (rest[0], rest[2:]) == (T, [[BEGINNING, T, 1, {}, 0], 1, T, T + 1_800_000, 3])
    assert before == list(machine("a").layout.initial)
    assert signal == [T, "cart_updated", "1", "shop", 0, 4, {"value": 3}, 0]


def test_what_is_asked_most_is_told_without_reading_all_of_it() -> None:
    small = machine("a", "b")
    memory = step(small, a_memory(small), Signal("ann", "searched", T, "2", {}, Origin("shop", 0, 5)))[0]
    memory.offsets = {"shop": 5}
    assert head(encode(small, memory)) == Head(T + 1_800_000, 2, {"shop": 5}, (1, 1))
    assert head(encode(small, small.start("ann"))) == Head(None, 0, {}, (0, 0))


def test_only_a_machine_of_the_same_meaning_takes_it_as_its_own() -> None:
    small = machine("a")
    assert is_of(small, saved(machine("a")))
    assert not is_of(small, saved(machine("a", "b")))
    assert not is_of(small, saved(machine("a", old="after: 30m", new="after: 45m")))


def test_where_the_journey_was_changed_what_was_published_is_final() -> None:
    changed = machine("a", old="after: 30m", new="after: 45m")
    memory = decode(changed, "ann", saved(machine("a")))
    assert memory.past is not None
    assert (memory.past.began, memory.past.count) == (T, 0)
    late = Signal("ann", "cart_updated", T - 5, "2", {}, Origin("shop", 0, 5))
    made = step(changed, memory, late)[1]
    assert made == []


def test_a_deadline_that_never_comes_is_a_time_that_every_reader_of_json_has_exactly() -> None:
    memory, _ = step(machine("a"), a_memory(machine("a")), Tick(T + 10**9))
    told, rest = map(orjson.loads, encode(machine("a"), memory).splitlines()[1:3])
    assert (told[0], rest[3:6]) == (None, [0, T + 5_400_000, 2**53])


def test_a_journey_added_later_begins_at_the_memory_s_time() -> None:
    memory = decode(machine("b", "a"), "ann", saved(machine("a")))
    assert where(machine("b", "a"), memory) == {
        "b": {"cart": Standing("empty", None)},
        "a": {"cart": Standing("filled", T)},
    }
    assert memory.due == T + 1_800_000


def test_silence_in_its_first_stage_counts_from_then() -> None:
    waiting = TEXT.replace("NAME", "b").replace("from: left, to: empty", "from: empty, to: left")
    both = compile_journeys([load(waiting.replace("after: 1h", "after: 1m"), "b"), *machine("a").definitions])
    assert decode(both, "ann", saved(machine("a"))).due == T + 60_000


def test_a_journey_no_longer_followed_is_left_out() -> None:
    memory = decode(machine("b"), "ann", saved(machine("a", "b")))
    assert where(machine("b"), memory) == {"b": {"cart": Standing("filled", T)}}


def test_a_journey_without_deadlines_is_never_due() -> None:
    first_move_only = TEXT[: TEXT.index("      - {name: left")].replace(", left]", "]")
    small = compile_journeys([load(first_move_only.replace("NAME", "a"), "a")])
    assert decode(small, "ann", saved(small)).due is None


@pytest.mark.parametrize(
    "changes",
    [
        [("version: 1", "version: 2")],
        [("{last: value}", "{first: value}")],
        [("{last: value}", "{last: items}")],
        [("{value:", "{more: {count: searched}, value:"), ("[value]", "[value, more]")],
        [("after: 30m}", "after: 30m, since: any}\n      - {name: late, from: filled, to: left, after: 40m}")],
        [("[empty, filled, left]", "[empty, left, filled]")],
    ],
)
def test_a_memory_of_another_version_or_of_a_changed_journey_is_refused(changes: list[tuple[str, str]]) -> None:
    text = TEXT.replace("NAME", "a")
    for old, new in changes:
        text = text.replace(old, new)
    changed = compile_journeys([load(text, "a")])
    with pytest.raises(SavedMemoryError, match="of the journey 'a'"):
        decode(changed, "ann", saved(machine("a")))


@pytest.mark.parametrize("change", [("after: 30m", "after: 20m"), ("title: small", "title: other")])
def test_a_change_that_leaves_every_slot_its_meaning_is_not(change: tuple[str, str]) -> None:
    decode(machine("a", old=change[0], new=change[1]), "ann", saved(machine("a")))


@pytest.mark.parametrize(
    "value", [None, 3, [], "x", [4, 2, 3], [4, "m", []], [4, "m", [3]], [4, "m", [["a"]]], [[4], "m", []]]
)
def test_what_is_no_saved_memory_is_refused(value: object) -> None:
    for written in (orjson.dumps(value), b"", b"\xff"):
        with pytest.raises(SavedMemoryError, match="this is not a saved memory"):
            decode(machine("a"), "ann", written)


def test_a_memory_of_another_format_is_refused() -> None:
    with pytest.raises(SavedMemoryError, match="saved in format 5, which is not 4"):
        decode(machine("a"), "ann", saved(machine("a")).replace(b"[4,", b"[5,", 1))


def test_a_memory_with_slots_missing_is_refused() -> None:
    with pytest.raises(SavedMemoryError, match="has been changed since"):
        decode(machine("a"), "ann", saved(machine("a", "b")).replace(b",4]", b",3]", 1).replace(b",4]", b",5]", 1))


LIVES = json.loads((Path(__file__).parent / "saved/format-3.json").read_text())
"""What the release that wrote format 3 saved of five customers of the five-stage journey, and how they stood."""


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life["life"])
def test_what_a_former_release_wrote_in_format_3_is_read(five_stage: Machine, life: dict[str, Any]) -> None:
    written = life["saved"].encode()
    memory = decode(five_stage, "ann", written)
    told = memory.sequence, memory.due, memory.offsets
    assert told == (life["sequence"], life["due"], life["offsets"])
    assert memory.state == as_now(life["state"])
    assert memory.at == as_now(life["at"])
    again = encode(five_stage, memory)
    assert decode(five_stage, "ann", again) == memory
    assert head(current(five_stage, written)).offsets == life["offsets"]


def as_now(slot: Any) -> Any:  # noqa: ANN401  whatever a slot holds
    """The moments that stand for no moment were other ones then."""
    if isinstance(slot, list):
        return [as_now(each) for each in slot]
    if isinstance(slot, dict):
        return {key: as_now(each) for key, each in slot.items()}
    return {2**62: NEVER, -(2**62): BEGINNING}.get(slot, slot)


def test_of_format_3_what_was_published_is_final(five_stage: Machine) -> None:
    memory = decode(five_stage, "ann", LIVES[-1]["saved"].encode())
    assert memory.past is not None
    assert (memory.past.began, memory.past.count) == (memory.at, 0)


def test_a_journey_of_format_3_that_is_another_by_now_is_refused_or_left_out(five_stage: Machine) -> None:
    written = LIVES[-1]["saved"].encode()
    assert where(machine("a"), decode(machine("a"), "ann", written))["a"]["cart"].stage == "empty"
    with pytest.raises(SavedMemoryError, match="of the journey 'five-stage'"):
        decode(five_stage, "ann", written.replace(b'"fe63a57f"', b'"other"'))


@pytest.mark.parametrize("written", [b"[3]", b"[3,1,2,3,4,5,6]", b"[true]", b"[3.5]"])
def test_what_is_no_memory_of_a_former_format_is_refused(five_stage: Machine, written: bytes) -> None:
    with pytest.raises(SavedMemoryError, match="damaged"):
        decode(five_stage, "ann", written)


@pytest.mark.parametrize("value", [b"", b"[4]", b"[4]\n[]\n", b"[4]\n3\n[]"])
def test_the_head_of_what_is_no_memory_is_refused(value: bytes) -> None:
    with pytest.raises(SavedMemoryError, match="damaged"):
        head(value)


def test_damage_is_told_without_what_the_customer_did() -> None:
    with pytest.raises(SavedMemoryError) as caught:
        decode(machine("a"), "ann", b"\n".join(saved(machine("a")).splitlines()[:2]))
    assert str(caught.value) == "this is not a saved memory, or it is damaged"


@pytest.mark.parametrize("line", [b'[null,"1",{},[0]]', b"[null,1,[],[0]]", b'["soon",1,{},[0]]', b"[1.5,1,{},[0]]"])
def test_a_head_that_holds_something_else_is_refused(line: bytes) -> None:
    first, _, rest, *_ = saved(machine("a")).split(b"\n")
    with pytest.raises(SavedMemoryError, match="damaged"):
        head(b"\n".join([first, line, rest]))


@pytest.mark.parametrize("change", [lambda rest: [*rest, 0], lambda rest: rest[:-1], lambda rest: ["soon", *rest[1:]]])
def test_a_memory_with_other_slots_or_no_time_is_refused(change: Callable[[list[Any]], list[Any]]) -> None:
    first, told, rest, *_ = saved(machine("a")).split(b"\n")
    with pytest.raises(SavedMemoryError, match="damaged"):
        decode(machine("a"), "ann", b"\n".join([first, told, orjson.dumps(change(orjson.loads(rest)))]))
