"""A run says what it ran, and shouts where it could not test on Apache Kafka."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.suites import SUITES, Tally, suite_of, tally

ROOT = Path(__file__).parents[1]


def run_without_java(**environment: str) -> "subprocess.CompletedProcess[str]":
    """One test of the Apache Kafka suite, on a machine that seems to have neither Java nor Maven."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "tests/kafka/test_certificate.py", "-k", "is_created_with_its_partitions"],
        cwd=ROOT,
        env={**{name: value for name, value in os.environ.items() if name != "CI"}, "PATH": "", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_java_the_kafka_suite_is_loudly_skipped() -> None:
    done = run_without_java()
    assert done.returncode == 0
    assert "Apache Kafka: NOT TESTED" in done.stdout
    assert "java and mvn not found: install a JDK" in done.stdout


def test_without_java_the_kafka_suite_fails_in_ci() -> None:
    done = run_without_java(CI="true")
    assert done.returncode == 1
    assert "CI must run every suite" in done.stdout


@pytest.mark.parametrize(
    ("test", "suite"),
    [
        ("tests/kafka/test_certificate.py::TestApacheKafka::test_a", "tests/kafka"),
        ("tests/schemas/test_reading.py::test_a[tests/kafka/x]", "tests/schemas"),
        ("tests/stagewatch/test_web.py::test_a", "tests/stagewatch"),
        ("tests/journey/test_examples.py::test_a", "tests/journey/test_examples.py"),
        ("tests/test_suites.py::test_a", "tests"),
    ],
)
def test_a_test_belongs_to_the_suite_of_its_folder(test: str, suite: str) -> None:
    assert suite_of(test) == suite


def test_a_test_that_failed_twice_counts_once() -> None:
    def report(when: str) -> pytest.TestReport:
        return pytest.TestReport("tests/kafka/a.py::a", ("a", 0, "a"), {}, "failed", "no", when)  # type: ignore[arg-type]

    found = tally({"failed": [report("call")], "error": [report("teardown")], "warnings": ["not a report"]})
    assert found == {"tests/kafka": Tally(ran={"tests/kafka/a.py::a"}, failed={"tests/kafka/a.py::a"})}
    assert str(found["tests/kafka"]).strip() == "1 ran, 1 failed"


def test_every_suite_has_a_folder() -> None:
    assert [suite for suite in SUITES if not (ROOT / suite).exists()] == []
