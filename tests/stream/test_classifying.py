"""Batches of events worked out for one partition, without a broker: what counts, what is left out, and what is told."""

import os
from typing import Any

import orjson
import pytest
from aiokafka import ConsumerRecord

from agents.classify import Classifier, work
from agents.command import Obedience
from agents.sweep import sweep
from journey.memory import DUE
from schemas.dialects import shipped_dialects
from schemas.reading import Reader
from schemas.times import rfc3339
from stagewatch.app import create_app
from stagewatch.settings import Settings
from stream.batches import Batch
from stream.changelog import own_record
from stream.outlet import partition_of
from stream.partition import Output, Partition
from stream.restoring import Restored
from stream.suppressing import Suppressed
from tests.stream.shop import MACHINE, MINUTE, PATIENCE, PLACE, SOURCE, T, marker, partition, row, tick

HERE, ELSEWHERE = (
    next(f"c{number}" for number in range(100) if partition_of(b"c%d" % number, 2) == there) for there in (0, 1)
)


@pytest.fixture
def classifier() -> Classifier:
    settings = Settings.model_validate({"sources": [{"topic": SOURCE, "dialect": "stagewatch"}], "partitions": 2})
    readers = {SOURCE: Reader(shipped_dialects(), "stagewatch", MACHINE.attributes)}
    app = create_app(settings, MACHINE, readers, lambda: T)
    return Classifier(app, MACHINE, readers, MINUTE, 2, Obedience("commands", [], os.urandom))


def did(kind: str, customer: str, at: int) -> bytes:
    return orjson.dumps({"customer": customer, "kind": kind, "at": rfc3339(at), "id": f"{customer}-{at}"})


def looked(customer: str, at: int = T) -> bytes:
    return did("product_viewed", customer, at)


def filled(customer: str) -> bytes:
    return did("cart_updated", customer, T)


def batch(*values: bytes) -> Batch:
    rows = [ConsumerRecord(SOURCE, 0, number, 0, 0, b"k", value, None, 0, 0, ()) for number, value in enumerate(values)]
    return Batch(SOURCE, 0, rows, caught_up=True, highwater=len(rows), wall=T, heard=T)


def held(*records: Any) -> Partition:  # noqa: ANN401  rows of the changelog
    """A partition that has been read back from a changelog with these records."""
    restored, found = Restored(MACHINE), partition()
    restored.load(records)
    found.fill(restored, T)
    return found


def worked(classifier: Classifier, here: Partition, *values: bytes) -> Output:
    (output,) = work(classifier, here, batch(*values))
    return output


def spoil(here: Partition, customer: str) -> None:
    """Whatever the journey does with this customer fails from now on."""
    memory = here.memories[customer].copy()
    del memory.state[DUE + 1 :]
    here.memories.take(memory)


def counted(classifier: Classifier, name: str, **labels: str) -> float | None:
    return classifier.app.metrics.registry.get_sample_value(f"stagewatch_{name}_total", {"source": SOURCE} | labels)


def test_what_is_understood_counts_and_the_offset_goes_past_all_of_it(classifier: Classifier) -> None:
    here = held()
    output = worked(classifier, here, looked(HERE), looked(HERE, T + 1))
    assert (list(output.customers), output.source, output.taken) == ([HERE], (SOURCE, 2), 2)
    assert here.memories[HERE].offsets == {SOURCE: 1}
    assert counted(classifier, "signals", kind="product_viewed") == 2
    assert not counted(classifier, "customers_misplaced")


def test_events_of_who_is_suppressed_are_dropped_and_counted_and_nothing_is_kept(
    classifier: Classifier,
) -> None:
    changes = Suppressed({}).changes(HERE, os.urandom, yes=True)
    here = held(*(row(own_record(PLACE, *each)) for each in changes.items()))
    output = worked(classifier, here, looked(HERE), looked("bob"), looked(HERE, T + 1))
    assert (list(output.customers), list(here.memories)) == (["bob"], ["bob"])
    assert output.source == (SOURCE, 3)
    assert counted(classifier, "signals_suppressed") == 2


def test_records_below_the_floor_count_no_more_also_of_customers_who_are_unknown_now(classifier: Classifier) -> None:
    output = worked(classifier, held(marker(1, T, {SOURCE: 2})), looked(HERE), looked("bob"), looked("cyd"))
    assert list(output.customers) == ["cyd"]
    assert (output.source, output.taken) == ((SOURCE, 3), 3)
    assert counted(classifier, "signals_skipped") == 2


def test_what_cannot_be_understood_is_set_aside_and_stops_nobody(classifier: Classifier) -> None:
    output = worked(classifier, held(), b"no json", looked(HERE), looked("bob", T + MINUTE + 1))
    assert [out.value for out in output.others] == [b"no json", looked("bob", T + MINUTE + 1)]
    assert (list(output.customers), output.source) == ([HERE], (SOURCE, 3))
    assert [counted(classifier, "rejections", reason=reason) for reason in ("not JSON", "future")] == [1, 1]


def test_time_goes_on_by_the_latest_event_that_was_understood_and_by_silence(classifier: Classifier) -> None:
    here = held()
    worked(classifier, here, looked(HERE, T + 7), looked("bob", T), looked("cyd", T + 2 * MINUTE))
    assert here.now == T + 7 - PATIENCE
    (output,) = work(classifier, here, tick(T + MINUTE))
    assert here.now == T + MINUTE - PATIENCE
    assert (output.source, output.taken, output.customers) == (None, 0, {})


def test_a_customer_who_belongs_to_another_partition_is_counted_when_first_met(classifier: Classifier) -> None:
    here = held()
    worked(classifier, here, looked(ELSEWHERE), looked(ELSEWHERE, T + 1))
    worked(classifier, here, b"", b"", looked(ELSEWHERE, T + 2))
    assert counted(classifier, "customers_misplaced") == 1


def test_a_record_on_which_the_journey_fails_is_set_aside_and_all_others_count(
    classifier: Classifier, caplog: pytest.LogCaptureFixture
) -> None:
    here = held()
    worked(classifier, here, looked(HERE), looked("bob"))
    spoil(here, HERE)
    (output,) = work(classifier, here, batch(b"", b"", looked(HERE, T + 1), looked("bob", T + 1)))
    (refused,) = [out for out in output.others if out.value]
    assert (refused.value, dict(refused.headers)["stagewatch-reason"]) == (looked(HERE, T + 1), b"fault of ours")
    assert list(output.customers) == ["bob"]
    assert output.source == (SOURCE, 4)
    assert "The journey failed on signals of events[0]" in caplog.text
    assert HERE not in caplog.text


def test_where_the_journey_fails_on_a_deadline_all_others_fire(
    classifier: Classifier, caplog: pytest.LogCaptureFixture
) -> None:
    here = held()
    worked(classifier, here, filled(HERE), filled("bob"))
    spoil(here, HERE)
    here.tell_time(tick(T), T + 60 * MINUTE)
    output = sweep(classifier, here)
    assert [(each.customer, each.name) for each in output.moves] == [("bob", "cart_abandoned")]
    assert not here.overdue(), "it is not tried again and again"
    assert classifier.app.metrics.registry.get_sample_value("stagewatch_deadlines_failed_total") == 1
    assert "The journey failed on a deadline in partition 0" in caplog.text
    assert HERE not in caplog.text
