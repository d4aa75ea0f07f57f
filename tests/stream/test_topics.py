"""What a worker says of topics that are not as it needs them, and of what it may not do with them."""

from dataclasses import replace
from typing import Any

import pytest

from stream.topics import TopicState, denied, faults, wanted

SPECS = wanted(
    sources=["shop-events"],
    commands="customer-commands",
    changelog="log",
    stages="customer-stages",
    rejected="rejected-events",
    others=["stage-transitions"],
    partitions=8,
)
ALL = frozenset({"Read", "Write", "Describe", "DescribeConfigs"})
GOOD = {
    spec.name: TopicState(spec.partitions or 1, "compact" if spec.compacted else "delete", spec.takes, ALL)
    for spec in SPECS
}


def test_of_topics_as_they_must_be_nothing_is_said() -> None:
    assert faults(SPECS, GOOD) == denied(SPECS, GOOD) == []


def test_what_the_broker_does_not_tell_is_not_held_against_it() -> None:
    states = {name: replace(state, cleanup=None, takes=None, allowed=None) for name, state in GOOD.items()}
    assert faults(SPECS, states) == denied(SPECS, states) == []


@pytest.mark.parametrize(
    ("name", "changed", "said"),
    [
        ("log", {"partitions": 7}, "log: has 7 partitions where `partitions` says 8. Sources,"),
        ("shop-events", {"partitions": 9}, "shop-events: has 9 partitions where `partitions` says 8. Sources,"),
        ("log", {"cleanup": "compact,delete"}, "log: has cleanup.policy=compact,delete where it must be compact"),
        ("rejected-events", {"takes": 9}, "rejected-events: has max.message.bytes=9 where it must be 1048576"),
        (
            "log",
            {"allowed": frozenset()},
            "log: may not be seen by this login, if it is there",
        ),
    ],
)
def test_a_topic_that_is_otherwise_than_it_must_be_is_told_with_what_to_do(
    name: str, changed: dict[str, Any], said: str
) -> None:
    (fault,) = faults(SPECS, GOOD | {name: replace(GOOD[name], **changed)})
    assert str(fault).startswith(said)
    assert fault.remedy


def test_a_source_that_is_missing_is_somebody_else_s_to_make() -> None:
    source, ours = faults(SPECS, {name: it for name, it in GOOD.items() if name not in {"shop-events", "log"}})
    assert (source.topic, source.remedy) == ("shop-events", "Create it, or correct `sources`")
    assert (ours.topic, ours.remedy) == ("log", "Run `stagewatch topics --create`")


def test_each_operation_that_is_lacking_is_named() -> None:
    (lacking,) = denied(SPECS, GOOD | {"log": replace(GOOD["log"], allowed=frozenset({"Read"}))})
    assert lacking.problem == "this login may not do Write and DescribeConfigs there (the customers' memories)"
