"""Whether the worker lives and whether it is ready, for whoever restarts it or sends it traffic.

Faust's own index page answers OK from a worker that has stopped consuming. Here a worker lives while its event
loop turns and, where records wait, offsets move; it is ready when its partitions are assigned and filled.
It reads no clock: monotonic seconds come in as arguments.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# An event loop that has not turned for so long (seconds) hangs: the longest batch takes well under a second.
LOOP_STALLED_AFTER = 30.0
# Records wait and no offset has moved for so long (seconds): whatever the reason, a restart is due.
PROGRESS_STALLED_AFTER = 120.0


@dataclass(slots=True)
class Health:
    """What was last seen; the worker's loop writes it, the web thread reads it."""

    assigned: bool = False
    crashed: str | None = None
    _turned: float | None = None
    _waiting_since: float | None = None
    _durable: Mapping[tuple[str, int], int] = field(default_factory=dict)

    def turned(self, now: float, durable: Mapping[tuple[str, int], int], *, waiting: bool) -> None:
        """The loop has turned: the durable offsets as they stand, and whether records wait."""
        self._turned = now
        moved = durable != self._durable
        self._durable = dict(durable)
        if not waiting or moved or not self.assigned:
            self._waiting_since = None
        elif self._waiting_since is None:
            self._waiting_since = now

    def live(self, now: float) -> tuple[bool, dict[str, str]]:
        """Whether to leave the worker alone, and why not."""
        if self.crashed is not None:
            return False, {"crashed": self.crashed}
        if self._turned is not None and now - self._turned > LOOP_STALLED_AFTER:
            return False, {"loop": f"has not turned for {now - self._turned:.0f} s"}
        if self._waiting_since is not None and now - self._waiting_since > PROGRESS_STALLED_AFTER:
            return False, {"progress": f"records wait and none became durable for {now - self._waiting_since:.0f} s"}
        return True, {"status": "live"}

    def ready(self, now: float) -> tuple[bool, dict[str, str]]:
        """Whether the worker's partitions are assigned and filled."""
        live, why = self.live(now)
        if not live:
            return False, why
        if not self.assigned:
            return False, {"partitions": "not assigned and filled yet"}
        return True, {"status": "ready"}
