"""What every test may ask for: both brokers; and the summary of suites at the end of a run."""

import os

from hypothesis import HealthCheck, settings

from tests.brokers import embedded, kafka
from tests.suites import pytest_terminal_summary

__all__ = ["embedded", "kafka", "pytest_terminal_summary"]

# No deadlines: machines are noisy, and how fast something is is told by benchmarks. HYPOTHESIS_PROFILE=thorough is
# the long run; a failure prints what reproduces it.
EVERYDAY = settings(max_examples=60, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("everyday", EVERYDAY)
settings.register_profile("thorough", EVERYDAY, max_examples=5_000)
settings.register_profile("long", EVERYDAY, max_examples=10_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "everyday"))
