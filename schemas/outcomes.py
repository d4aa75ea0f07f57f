"""What can become of an event that is not refused and yet no signal."""

from dataclasses import dataclass

from schemas.signals import Origin


@dataclass(slots=True)
class Passed:
    """An event understood to hold no signal: counted by name and passed over.

    `name` is as the sender wrote it, cut to a bounded length, or empty where the event has none. `known` tells those
    that the dialect passes over on purpose from those that it has never heard of.
    """

    dialect: str
    name: str
    origin: Origin
    known: bool = False
