"""Whether the worker lives and whether it is ready, for whoever restarts it or sends it traffic.

Faust's own index page answers OK from a worker that has stopped consuming. Here a worker lives while its event
loop turns and whatever has something waiting for it goes on, each by itself: one source of one partition that stands
still is not hidden by others that move. It is ready when its partitions are assigned and filled.
It reads no clock: monotonic seconds come in as arguments.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# An event loop that has not turned for so long (seconds) hangs: the longest batch takes well under a second.
LOOP_STALLED_AFTER = 30.0
# Something waits for so long (seconds) and has not moved: whatever the reason, a restart is due.
PROGRESS_STALLED_AFTER = 120.0

# What ought to go on, by name and partition: how far it has come, and whether anything waits for it.
Going = Mapping[tuple[str, int], tuple[int, bool]]


@dataclass(slots=True)
class Health:
    """What was last seen; the worker's loop writes it, the web thread reads it."""

    assigned: bool = False
    crashed: str | None = None
    _turned: float | None = None
    _waiting_since: Mapping[tuple[str, int], float] = field(default_factory=dict)
    _come: Mapping[tuple[str, int], int] = field(default_factory=dict)

    def turned(self, now: float, going: Going) -> None:
        """The loop has turned; `going` is all that ought to go on, of the partitions that are held."""
        self._turned = now
        still = {name for name, (come, waits) in going.items() if waits and self._come.get(name) == come}
        self._waiting_since = {name: self._waiting_since.get(name, now) for name in still}
        self._come = {name: come for name, (come, _) in going.items()}

    def live(self, now: float) -> tuple[bool, dict[str, str]]:
        """Whether to leave the worker alone, and why not."""
        if self.crashed is not None:
            return False, {"crashed": self.crashed}
        if self._turned is not None and now - self._turned > LOOP_STALLED_AFTER:
            return False, {"loop": f"has not turned for {now - self._turned:.0f} s"}
        for (name, partition), since in self._waiting_since.items():
            if now - since > PROGRESS_STALLED_AFTER:
                return False, {"progress": f"{name}, partition {partition}, stands still for {now - since:.0f} s"}
        return True, {"status": "live"}

    def ready(self, now: float) -> tuple[bool, dict[str, str]]:
        """Whether the worker's partitions are assigned and filled."""
        live, why = self.live(now)
        if not live:
            return False, why
        if not self.assigned:
            return False, {"partitions": "not assigned and filled yet"}
        return True, {"status": "ready"}
