"""Tests of single faults have a corner of the session's broker, as those on Apache Kafka do."""

from tests.kafka.conftest import corner

__all__ = ["corner"]
