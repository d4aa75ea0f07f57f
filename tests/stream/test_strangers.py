"""A changelog that another version of the journeys wrote, read back: who is brought over, and what is refused."""

from collections.abc import Container
from pathlib import Path

import orjson
import pytest

from journey.clock import Time
from journey.loading import load
from journey.machine import Machine, apply, compile_journeys, where
from journey.memory import Memory
from journey.saving import decode, encode
from schemas.signals import Origin, Signal
from stream.batches import Records
from stream.changelog import OWN, CustomerEntry, DamagedError, customer_record, own_record
from stream.databases import Databases
from stream.files import Files
from stream.outlet import Out
from stream.resting import Reached
from stream.restoring import Restored
from stream.strangers import LONGEST_REASON, SLICE, JourneysChangedError, layout_record, refuse
from tests.journey.shops import HOUR, MINUTE, OLD, T, shop, text
from tests.stream.shop import PATIENCE, PLACE, Broker, marker, partition, row

NEW = shop()
GONE = [("left]\n", "abandoned]\n"), ("empty, left]", "empty, abandoned]"), ("filled, left]", "filled, abandoned]"),
        ("to: left", "to: abandoned")]  # fmt: skip
RENAMED = shop(*GONE)
LAYOUT = own_record(PLACE, *layout_record(OLD))


def memory(customer: str, kind: str = "product_viewed", count: int = 1, machine: Machine = OLD) -> Memory:
    history = [
        Signal(customer, kind, T + number * MINUTE, f"{customer}-{number}", {}, Origin("shop", 0, number))
        for number in range(count)
    ]
    return apply(machine, None, customer, "shop", history)[0]


def entry(memory: Memory, machine: Machine = OLD, batch: int = 1, outbox: list[object] | None = None) -> Out:
    written = CustomerEntry(batch, encode(machine, memory.copy()), outbox or [])
    return customer_record(PLACE, memory.customer.encode(), written)


def read(machine: Machine, *records: Out, now: int | None = None, forgets: Container[str] = ()) -> Restored:
    restored = Restored(machine, forgets=forgets)
    restored.load(rows(*records))
    refuse({0: restored.strangers})
    for _ in restored.bring_over(now):
        pass
    return restored


def rows(*records: Out) -> Records:
    return [row(each, offset) for offset, each in enumerate(records)]


def test_customers_of_a_former_version_are_brought_over_and_written_down() -> None:
    ann, bob = memory("ann", "cart_updated"), memory("bob")
    restored = read(NEW, LAYOUT, entry(ann), entry(bob), now=T + 10 * HOUR)
    assert {name: where(NEW, each) for name, each in restored.memories.items()} == {
        "ann": where(OLD, ann), "bob": where(OLD, bob)
    }  # fmt: skip
    assert restored.customers() == 2
    assert restored.applied == {"shop": 0}
    assert "ann" not in restored.strangers
    assert list(restored.deadlines.passed(T + HOUR, restored.memories.due)) == ["ann"]
    ((first, second),) = restored.rewritten()
    assert [first[0], second[0]] == ["ann", "bob"]
    assert decode(NEW, "ann", first[1].memory) == restored.memories["ann"]
    again = read(NEW, LAYOUT, customer_record(PLACE, b"ann", first[1]))
    assert again.memories["ann"] == restored.memories["ann"]
    assert list(again.rewritten()) == []


def test_a_layout_may_stand_behind_the_memories_that_were_saved_in_it() -> None:
    assert len(read(NEW, entry(memory("ann")), LAYOUT).memories) == 1


def test_where_a_stage_is_gone_nobody_is_brought_over_and_it_is_said_how_many_stand_there() -> None:
    left = memory("ann", "cart_updated")
    left = apply(OLD, left, "ann", "shop", [Signal("ann", "searched", T + HOUR, "x", {}, Origin("shop", 0, 1))])[0]
    one, other = Restored(RENAMED), Restored(RENAMED)
    one.load(rows(LAYOUT, entry(left), entry(memory("bob"))))
    other.load(rows(LAYOUT, entry(memory("cyd"))))
    with pytest.raises(JourneysChangedError) as caught:
        refuse({2: one.strangers, 5: other.strangers, 7: Restored(RENAMED).strangers})
    said = str(caught.value).splitlines()
    assert said[0] == "Customers of partitions 2, 5 were saved in journeys that are others now:"
    assert said[1].startswith("- version 1 of the journey 'shop' has a stage 'left' on the track 'cart'")
    assert said[1].endswith("(of these customers: 1)")
    assert "stagewatch check --from" in said[2]
    assert "ann" not in str(caught.value)


def test_a_stage_in_which_nobody_stands_is_refused_all_the_same() -> None:
    with pytest.raises(JourneysChangedError, match="of these customers: 0"):
        read(RENAMED, LAYOUT, entry(memory("bob")))


OTHER = load(text(("journey: shop", "journey: other"), version=1), "other.yaml")
BOTH = compile_journeys([*OLD.definitions, OTHER])


@pytest.mark.parametrize("now", [OLD, NEW, compile_journeys([OTHER])])
def test_a_journey_that_is_followed_no_longer_is_forgotten_only_where_that_is_said(now: Machine) -> None:
    saved = own_record(PLACE, *layout_record(BOTH)), entry(memory("ann", "cart_updated", machine=BOTH), BOTH)
    (gone,) = {"shop", "other"} - {each.journey for each in now.definitions}
    for forgets in (), ("another",):
        with pytest.raises(
            JourneysChangedError, match=rf"- the journey '{gone}' is followed.*\(of these customers: 1\)"
        ):
            read(now, *saved, forgets=forgets)
    restored = read(now, *saved, forgets=[gone])
    assert where(now, restored.memories["ann"]).keys() == {each.journey for each in now.definitions}
    ((written,),) = restored.rewritten()
    assert read(now, customer_record(PLACE, b"ann", written[1])).customers() == 1, "once and for all"


def test_of_the_name_of_such_a_journey_no_more_is_quoted_than_can_be_read() -> None:
    written = encode(OLD, memory("ann")).replace(b'"shop"', b'"' + b"x" * 100_000 + b'"', 1)
    with pytest.raises(JourneysChangedError) as caught:
        read(NEW, customer_record(PLACE, b"ann", CustomerEntry(1, written, [])))
    assert len(str(caught.value)) < 2_000


def test_without_a_layout_it_is_said_what_to_do() -> None:
    with pytest.raises(JourneysChangedError, match=r"run version 1 once.*of these customers: 2"):
        read(NEW, entry(memory("ann")), entry(memory("bob")))


def test_the_newest_memory_counts_whichever_machine_saved_it() -> None:
    old, new = memory("ann"), memory("ann", count=3)
    both = read(NEW, LAYOUT, entry(old), entry(memory("ann", count=3, machine=NEW), NEW, 2))
    assert encode(NEW, both.memories["ann"].copy()) == encode(NEW, memory("ann", count=3, machine=NEW))
    assert both.customers() == 1
    assert list(both.rewritten()) == []
    # Under one version an edit may go back and forth between workers.
    edited = shop(("after: 30m", "after: 45m"), version=1)
    back = read(edited, entry(memory("ann", machine=edited), edited), LAYOUT, entry(new, batch=2))
    assert back.memories["ann"].sequence == new.sequence
    assert back.customers() == 1
    assert back.census.total() == 1
    assert list(back.rewritten()) == []
    fallen = read(NEW, LAYOUT, entry(new), entry(old))
    assert fallen.fallen == {"ann"}
    assert fallen.memories["ann"].sequence == new.sequence
    ((_, written),) = fallen.again()
    assert written is not None
    assert decode(NEW, "ann", written.memory) == fallen.memories["ann"]


def test_who_is_gone_is_not_brought_over() -> None:
    restored = read(NEW, LAYOUT, entry(memory("ann")), Out(PLACE[0], b"ann", None, partition=0))
    assert restored.customers() == 0
    assert list(restored.memories) == []


def test_transitions_that_may_not_have_reached_their_topics_are_published_by_the_new_version() -> None:
    restored = read(NEW, LAYOUT, entry(memory("ann"), batch=3, outbox=[["a transition"]]))
    assert list(restored.unpublished()) == [("ann", [["a transition"]])]
    ((_, written),), = restored.rewritten()  # fmt: skip
    assert (written.batch, written.outbox) == (3, [])


@pytest.mark.parametrize("machine", [OLD, NEW])
@pytest.mark.parametrize(
    "damage", [b"", b"no json", b"[1,[]]\nnothing", b"[1,[]]\n[4]\n[5", b"[1,[]]\n[2]\n[5", b"\xff"]
)
def test_a_damaged_record_is_told_by_its_place_and_not_by_what_is_in_it(machine: Machine, damage: bytes) -> None:
    broken = Out(PLACE[0], b"cleo", damage + b"secret", partition=0)
    with pytest.raises(DamagedError) as caught:
        read(machine, LAYOUT, broken)
    assert str(caught.value).startswith("The record at offset 1 of log[0] cannot be read (")
    assert "secret" not in str(caught.value)
    assert "cleo" not in str(caught.value)


def test_a_damaged_record_does_no_harm_where_another_stands_behind_it() -> None:
    broken, gone = Out(PLACE[0], b"ann", b"damaged", partition=0), Out(PLACE[0], b"ann", None, partition=0)
    assert read(NEW, LAYOUT, broken, gone).customers() == 0
    assert read(OLD, LAYOUT, broken, entry(memory("ann"))).customers() == 1
    with pytest.raises(DamagedError, match="offset 2"):
        read(OLD, LAYOUT, entry(memory("ann")), broken, entry(memory("bob")))


def test_a_damaged_memory_of_a_former_version_is_told_by_its_place() -> None:
    out = entry(memory("ann"))
    assert out.value is not None
    lines = out.value.split(b"\n")
    at, seen, recent, _, *slots = orjson.loads(lines[3])
    for damaged in (orjson.dumps([at, seen, recent, 99, *slots]), b"[1,2]"):
        broken = Out(out.topic, b"ann", b"\n".join([*lines[:3], damaged, *lines[4:]]), partition=0)
        with pytest.raises(DamagedError, match=r"offset 2 of log\[0\] cannot be read"):
            read(NEW, LAYOUT, entry(memory("bob")), broken)


def test_whatever_a_damaged_memory_holds_it_is_brought_over_or_told_by_its_place() -> None:
    out = entry(memory("ann"))
    assert out.value is not None
    lines = out.value.split(b"\n")
    at, seen, recent, *slots = orjson.loads(lines[3])
    told: list[str] = []
    for place in range(len(slots)):
        for odd in ({}, [], [[None]], {"": [[None]]}, "x", True, None, 1e300, -1, 99):
            line = orjson.dumps([at, seen, recent, *slots[:place], odd, *slots[place + 1 :]])
            broken = Out(out.topic, b"ann", b"\n".join([*lines[:3], line, *lines[4:]]), partition=0)
            try:
                found = read(NEW, LAYOUT, broken).customers()
            except DamagedError as error:
                told.append(str(error))
            else:
                assert found == 1
    assert told
    assert all("offset 1 of log[0] cannot be read" in each for each in told)


def test_what_keeps_a_damaged_layout_from_being_brought_over_is_told_short() -> None:
    name, description = layout_record(OLD)
    long = description.replace(b'"unknown"', b'"%b"' % (b"u" * 9_000))
    with pytest.raises(JourneysChangedError) as caught:
        read(NEW, Out(PLACE[0], name, long, partition=0), entry(memory("ann")))
    assert len(str(caught.value)) < LONGEST_REASON + 1_000


def test_many_are_brought_over_some_at_a_time() -> None:
    many = [entry(memory(f"customer-{number}")) for number in range(SLICE + 1)]
    restored = Restored(NEW)
    restored.load(rows(LAYOUT, *many))
    assert len(list(restored.bring_over(None))) == 2
    assert [len(some) for some in restored.rewritten()] == [SLICE, 1]
    assert restored.customers() == SLICE + 1


def test_files_have_whoever_was_brought_over_and_nobody_s_former_memory(tmp_path: Path) -> None:
    edited = shop(("after: 30m", "after: 45m"), version=1)
    files = Files(tmp_path / "0", Databases())
    files.keep({"ann": encode(OLD, memory("ann"))}, Reached(1, b"mark", 1, Time(T), T))
    restored = Restored(OLD, files)
    list(restored.begin())
    restored.load([row(entry(memory("ann", count=3, machine=edited), edited, 2), 1)])
    files.close()
    files = Files(tmp_path / "0", Databases())
    restored = Restored(OLD, files)
    list(restored.begin())
    assert restored.customers() == 0, "the changelog has the customer's newest memory, and is read from there"
    restored.load([row(entry(memory("ann", count=3, machine=edited), edited, 2), 1)])
    list(restored.bring_over(None))
    assert files.read("ann") == encode(OLD, restored.memories["ann"].copy())
    files.close()


def test_whoever_is_brought_over_is_so_at_the_time_that_silence_can_have_come_to() -> None:
    held, ahead = partition(NEW), Restored(NEW)
    ahead.load([marker(1, T + HOUR)])
    assert held.reaches(Restored(NEW), T) == T - PATIENCE
    assert held.reaches(ahead, T) == T + HOUR


async def test_where_customers_stand_is_said_in_the_words_of_the_new_version_before_they_are_written_down() -> None:
    renamed = shop(
        *[(old, new) for old, new in GONE], ("title: a shop", "title: a shop\nmigrates: {cart: {left: abandoned}}")
    )
    left = memory("ann", "cart_updated")
    left = apply(OLD, left, "ann", "shop", [Signal("ann", "searched", T + HOUR, "x", {}, Origin("shop", 0, 1))])[0]
    restored = read(renamed, LAYOUT, entry(left), entry(memory("bob", "searched")), now=T + HOUR)
    broker = Broker()
    held = partition(renamed, outlet=broker)
    held.fill(restored, T)
    assert await held.republish(restored) == 0
    told = [out for out in broker.taken if not (out.key or b"").startswith(OWN)]
    assert [(out.topic, out.key) for out in told] == [
        ("customer-stages", b"ann"), ("log", b"ann"), ("log", b"bob"),
    ]  # fmt: skip
    assert told[0].value is not None
    (shown,) = orjson.loads(told[0].value)["journeys"].values()
    assert (shown["version"], shown["tracks"]["cart"]["stage"]) == (2, "abandoned")
