"""Tests on Apache Kafka itself."""
