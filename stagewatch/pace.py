"""Pace: when an event is due, so many a second, or as many times faster than the shoppers lived.

Pure: seconds since the beginning come in and waits come out; who sleeps is somebody else.
"""

from dataclasses import dataclass

SHORTEST = 0.01
"""Seconds. Shorter waits are saved up: sleeping is no finer than about this."""


@dataclass(slots=True)
class Pace:
    """At most `rate` events a second, event time at most `speed` times as fast as the wall's; None: no limit."""

    rate: float | None = None
    speed: float | None = None
    count: int = 0
    first: int | None = None

    @property
    def free(self) -> bool:
        """Whether there is no limit at all."""
        return self.rate is None and self.speed is None

    def wait(self, at: int, passed: float) -> float:
        """Seconds to wait before the next event, one of event time `at` (ms), when `passed` seconds have gone by."""
        self.count += 1
        if self.first is None:
            self.first = at
        due = 0.0
        if self.rate:
            due = (self.count - 1) / self.rate
        if self.speed:
            due = max(due, (at - self.first) / self.speed / 1_000)
        wait = due - passed
        return wait if wait >= SHORTEST else 0.0
