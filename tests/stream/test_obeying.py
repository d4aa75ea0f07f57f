"""Commands worked out for one partition, without a broker: what is forgotten, kept, published and set aside."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest
from aiokafka import ConsumerRecord

from agents.classify import Classifier
from agents.command import SLICE, Obedience, obey
from schemas.commands import COMMANDS, encode
from stagewatch.app import create_app
from stagewatch.settings import Settings
from stream.batches import Batch
from stream.changelog import PENDING
from stream.outlet import partition_of
from stream.partition import Output, Partition
from stream.publishing import Topics, notice_of, notice_records
from stream.restoring import Restored
from stream.suppressing import SALT_KEY, SUPPRESSED
from tests.stream.shop import MACHINE, MINUTE, PATIENCE, SOURCE, T, after, entry, marker, partition, signal, tick

TOPIC = "customer-commands"


def salt(count: int) -> bytes:
    return bytes(count)


def told(*commands: tuple[str, str], offset: int = 0) -> Batch:
    """A batch of commands, each (command, customer)."""
    rows = [
        ConsumerRecord(TOPIC, 0, number, 0, 0, who.encode(), encode(command, who, f"c{number}", T), None, 0, 0, ())
        for number, (command, who) in enumerate(commands, offset)
    ]
    return Batch(TOPIC, 0, rows, caught_up=True, highwater=offset + len(rows), wall=T, heard=T)


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    app = create_app(Settings.model_validate({"partitions": 1}), MACHINE, {}, lambda: T)
    return Classifier(app, MACHINE, {}, 0, 1, Obedience(TOPIC, [], salt))


def held(*customers: str, floor: dict[str, int] | None = None) -> Partition:
    """A partition with these customers."""
    restored, found = Restored(MACHINE), partition()
    memories = [after(None, signal(customer, T, number)) for number, customer in enumerate(customers)]
    restored.load([*(entry(memory, 1) for memory in memories), marker(1, T, floor or {})])
    found.fill(restored, T)
    return found


def gone(outputs: Sequence[Output]) -> list[dict[str, Any]]:
    return [orjson.loads(each.value) for output in outputs for each in output.gone]


def test_who_is_erased_is_known_no_more_and_nobody_else_is_touched(classifier: Classifier) -> None:
    here = held("ann", "bob")
    before = here.census.total()
    (output,) = obey(classifier, here, told(("erase", "ann")))
    assert list(here.memories) == ["bob"]
    assert here.census.total() == before // 2
    assert [(it["customer"], it["cause"]["offset"]) for it in gone([output])] == [("ann", 0)]
    assert (output.source, output.taken, output.own) == ((TOPIC, 1), 1, {})


def test_erasing_somebody_unknown_is_told_all_the_same(classifier: Classifier) -> None:
    assert [it["customer"] for it in gone([*obey(classifier, held(), told(("erase", "ann")))])] == ["ann"]


def test_commands_do_not_let_time_pass(classifier: Classifier) -> None:
    here = held("ann")
    list(obey(classifier, here, told(("erase", "ann"))))
    assert here.now == T
    here.tell_time(tick(T), T + MINUTE)
    assert here.now == T + MINUTE - PATIENCE, "nor is it held back by them"


def test_a_suppressed_customer_is_a_hash_under_a_key_of_the_partitions_own(classifier: Classifier) -> None:
    here = held("ann")
    (output,) = obey(classifier, here, told(("suppress", "ann")))
    assert "ann" in here.suppressed
    assert list(here.memories) == []
    assert [it["cause"]["kind"] for it in gone([output])] == ["suppress"]
    assert sorted(key.split(b":")[0] + b":" for key in output.own) == [SALT_KEY + b":", SUPPRESSED]
    (again,) = obey(classifier, here, told(("unsuppress", "ann"), offset=1))
    assert "ann" not in here.suppressed
    assert (list(again.own.values()), again.gone) == ([None], [])
    assert here.own == {SALT_KEY: salt(16)}


def test_commands_that_were_done_before_are_not_done_again(classifier: Classifier) -> None:
    here = held("ann", floor={TOPIC: 2, SOURCE: 9})
    (output,) = obey(classifier, here, told(("erase", "ann"), ("erase", "bob"), ("erase", "cyd")))
    assert [it["customer"] for it in gone([output])] == ["cyd"]
    assert list(here.memories) == ["ann"], "somebody new, who came after the command"
    assert output.source == (TOPIC, 3)


def reasons(outputs: Sequence[Output]) -> list[bytes]:
    return [dict(out.headers)["stagewatch-reason"] for output in outputs for out in output.others]


def test_on_another_partition_than_his_own_nobody_is_said_to_be_gone(classifier: Classifier) -> None:
    two = replace(classifier, partitions=2)
    names = [f"customer-{number}" for number in range(9)]
    home, elsewhere = ([name for name in names if partition_of(name.encode(), 2) == place] for place in (0, 1))
    known, stranger = elsewhere[:2]
    here = held(known)
    outputs = list(obey(two, here, told(*((command, stranger) for command in COMMANDS), ("erase", home[0]))))
    assert reasons(outputs) == [b"other partition"] * len(COMMANDS)
    assert [it["customer"] for it in gone(outputs)] == [home[0]]
    # Who is here, though he should not be, goes all the same: of those who were split nothing else would be left.
    outputs = list(obey(two, here, told(("suppress", known), ("unsuppress", known), ("erase", known), offset=4)))
    assert [it["customer"] for it in gone(outputs)] == [known]
    assert reasons(outputs) == [b"other partition"]
    assert (list(here.memories), len(here.suppressed)) == ([], 0)


def test_of_many_commands_those_done_before_are_passed_over_also_beyond_the_first_part(classifier: Classifier) -> None:
    many = told(*[("erase", f"c{number}") for number in range(SLICE + 3)])
    outputs = list(obey(classifier, held(floor={TOPIC: SLICE + 1}), many))
    assert [it["customer"] for it in gone(outputs)] == [f"c{SLICE + 1}", f"c{SLICE + 2}"]


def test_what_is_no_command_is_set_aside(classifier: Classifier) -> None:
    here, batch = held("ann"), told(("forget", "ann"), ("erase", "bob"))
    (output,) = obey(classifier, here, batch)
    assert [out.value for out in output.others] == [batch.records[0].value]
    assert dict(output.others[0].headers)["stagewatch-reason"] == b"no command"
    assert list(here.memories) == ["ann"]


def test_many_commands_go_out_in_parts_that_may_each_be_committed(classifier: Classifier) -> None:
    outputs = list(obey(classifier, held(), told(*[("erase", f"c{number}") for number in range(SLICE + 3)])))
    assert [output.source for output in outputs] == [(TOPIC, SLICE), (TOPIC, SLICE + 3)]
    assert [output.taken for output in outputs] == [SLICE, 3]


def test_the_notice_goes_wherever_transitions_go_and_is_the_same_when_published_again(classifier: Classifier) -> None:
    (output,) = obey(classifier, held("ann"), told(("erase", "ann")))
    (notice,) = output.gone
    records = notice_records(Topics(prefix="p."), MACHINE, notice)
    assert [out.topic for out in records] == [
        "stage-transitions", *(f"p.{route}" for route in sorted(MACHINE.routes)), "customer-stages",
    ]  # fmt: skip
    assert {out.key for out in records} == {b"ann"}
    assert records[-1].value is None
    assert notice_of(notice.value) == notice
    assert not PENDING.decode().isprintable(), "no customer has such a key"
