"""Faults of senders: why an event is refused, as the one exception that the reading of events knows.

Owns the wording of what was found. It never leaves the room: `schemas.reading` turns it into a Rejection.
"""

from typing import Final

from schemas.times import Unit, moment, rfc3339

SHOWN: Final = 80
"""Characters of a faulty value that its description quotes: enough to recognise it by."""


class SenderError(ValueError):
    """The sender's record or event cannot be understood. `reason` is one of `schemas.rejections.REASONS`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


def shown(value: object) -> str:
    """A value as a description quotes it: short texts and numbers whole, of anything else only what it is."""
    if isinstance(value, str):
        return repr(value) if len(value) <= SHOWN else f"{value[:SHOWN]!r}... ({len(value)} characters)"
    return str(value)[:SHOWN] if isinstance(value, int | float) else kind_of(value)


def kind_of(value: object) -> str:
    """What a JSON value is, in words."""
    return _KINDS.get(type(value), "no JSON")


_KINDS: Final = {
    dict: "an object",
    list: "a list",
    str: "a text",
    int: "a number",
    float: "a number",
    bool: "a truth value",
    type(None): "null",
}


def no_customer(*found: object) -> SenderError:
    """The fault of an event whose customer's places hold `found`, none of which is somebody's id."""
    held = [value for value in found if value is not None and value != ""]
    if not held:
        return SenderError("no customer", "nothing stands where the dialect keeps the customer")
    return SenderError("nobody", f"the customer is {shown(held[0])}")


def no_time(*found: tuple[object, Unit]) -> SenderError:
    """The fault of an event whose time's places hold `found` (each with the unit of its place), none usable."""
    held = [(value, unit) for value, unit in found if value is not None and value != ""]
    if not held:
        return SenderError("no time", "nothing stands where the dialect keeps the time")
    value, unit = held[0]
    if moment(value, unit) is None:
        return SenderError("bad time", f"{shown(value)} is no time")
    return SenderError("implausible time", f"the time is {shown(value)}")


def future(at: int, latest: int) -> SenderError:
    """The fault of an event whose time `at` lies beyond `latest` (both ms)."""
    return SenderError("future", f"the time is {rfc3339(at)}, {(at - latest) / 1000:.3f} s beyond what is allowed")
