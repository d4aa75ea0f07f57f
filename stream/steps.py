"""The steps by which a batch becomes durable, by name: where a process may die, and what holds then is tested.

Owns the names. Whoever writes calls `reached` with the name of a step as soon as it is done. A worker does nothing
then; the tests' own worker program hands in what kills or stalls the process. No setting and no variable reaches it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

STEPS: Final[Mapping[str, str]] = {
    "aside": "what is set aside is acknowledged",
    "changelog": "memories with their outboxes, and the marker, are acknowledged",
    "transitions": "transitions and customers' stages are acknowledged",
    "begun": "exactly once: a transaction has begun; nothing of it has been sent",
    "sent": "exactly once: all records of the batch are acknowledged within the transaction",
    "offsets": "exactly once: the source's offset is in the transaction",
    "done": "the batch counts as durable, and its offset may be committed",
    "commit": "offsets are about to be committed",
    "committed": "offsets are committed; exactly once, and everything else of the batch with them",
}

Reached = Callable[[str], None]


def nothing(step: str) -> None:
    """What a worker does at each step."""
