"""What every test may ask for: both brokers; and the summary of suites at the end of a run."""

from tests.brokers import embedded, kafka
from tests.suites import pytest_terminal_summary

__all__ = ["embedded", "kafka", "pytest_terminal_summary"]
