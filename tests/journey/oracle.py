"""What a customer goes through, told with all of the signals at hand; and what a stream of transitions comes to, net.

The machine meets signals as they arrive, late or twice, and takes back what it said too soon. Here they are all known
from the beginning: copies are left out, the rest is sorted, and the naive reading walks over it once. Whatever the
machine published must come to the same. Shares nothing with the machine but the definitions and the words.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from journey.definition import Definition
from schemas.signals import Signal
from schemas.transitions import DEADLINE, REASONS, Transition
from tests.journey.naive import Made, Naive

SUPPRESSING = REASONS.keys() - {"late_signal"}


class Told(NamedTuple):
    """What two tellings of one move agree in; `kind` is made or suppressed, two classes that are never confused."""

    kind: str
    journey: str
    track: str
    instance: str | None
    name: str
    to: str
    at: int
    cause_kind: str
    cause: str | None


def oracle(definitions: Sequence[Definition], signals: Sequence[Signal], until: int) -> list[Made]:
    """What one customer's signals make, in order, with silence as far as `until`.

    Args:
        definitions: the journeys the customer is followed on.
        signals: all of the customer's, in any order; none of them too late.
        until: how far time is told after the last signal, in ms.
    """
    naive = walked(definitions, signals)
    naive.wait(until)
    return naive.published


def walked(definitions: Sequence[Definition], signals: Sequence[Signal]) -> Naive:
    """The naive reading after the last of the signals, for whoever asks it more than what was published."""
    naive = Naive(definitions)
    window = max(definition.dedup_window for definition in definitions)
    for signal in without_copies(signals, window):
        naive.hear(signal)
    return naive


def true_order(signal: Signal) -> tuple[int, str, int, int]:
    """What signals are sorted by; those of one record keep the order in which they are given."""
    origin = signal.origin
    return signal.at, origin.topic, origin.partition, origin.offset


def without_copies(signals: Iterable[Signal], window: int) -> list[Signal]:
    """One customer's signals in true order, and of those that say the same within `window` (ms) only the earliest.

    True order decides also where copies are of one time, as the result must not hang on which came first.
    """
    in_order = sorted(signals, key=true_order)
    if window == 0:
        return in_order
    once = _earliest(in_order, [signal.id for signal in in_order], window)
    return _earliest(once, [order_of(signal) for signal in once], window)


def order_of(signal: Signal) -> str | None:
    """The order whose completion the signal tells; None where it tells of none."""
    named = signal.attributes.get("order")
    return None if signal.kind != "order_completed" or named is None else str(named)


def _earliest(signals: list[Signal], names: Sequence[str | None], window: int) -> list[Signal]:
    """Those of the signals, sorted by time, whose name was not counted within `window` before."""
    counted: dict[str, int] = {}
    kept = []
    for signal, name in zip(signals, names, strict=True):
        if name is not None:
            if name in counted and signal.at - counted[name] <= window:
                continue
            counted[name] = signal.at
        kept.append(signal)
    return kept


def net_of(made: Iterable[Made]) -> Counter[Told]:
    """What the naive reading published, to be compared with `net`."""
    return Counter(
        Told(
            kind=each.kind,
            journey=each.journey,
            track=each.track,
            instance=each.instance,
            name=each.name,
            to=each.to,
            at=each.at,
            cause_kind=each.cause_kind,
            cause=None if each.cause_kind == DEADLINE else each.cause,
        )
        for each in made
    )


def net(transitions: Iterable[Transition]) -> Counter[Told]:
    """What published transitions come to: those made or suppressed, less those that were withdrawn.

    Raises:
        AssertionError: an id stands for two different transitions, or what was never published is withdrawn, or what
            was withdrawn is again.
    """
    standing: dict[str, Transition] = {}
    for each in without_republished(transitions):
        if each.kind == "corrected":
            withdraw(standing, each)
        else:
            standing[each.id] = each
    return Counter(_told(each) for each in standing.values())


def without_republished(transitions: Iterable[Transition]) -> list[Transition]:
    """The transitions, each once: after a crash the very same ones are published again.

    Raises:
        AssertionError: an id stands for two different transitions.
    """
    seen: dict[str, Transition] = {}
    for each in transitions:
        before = seen.setdefault(each.id, each)
        assert before == each, f"the id {each.id} stands for two transitions: {before} and {each}"
    return list(seen.values())


def withdraw(standing: dict[str, Transition], correction: Transition) -> None:
    """Take what `correction` withdraws out of what stands, by id, for one customer or for many.

    Raises:
        AssertionError: it is not there to be withdrawn.
    """
    assert correction.corrects is not None, f"a correction names nothing: {correction}"
    assert correction.corrects in standing, (
        f"{correction.corrects} is withdrawn, but it was never published, or has been withdrawn already: {correction}"
    )
    withdrawn = standing.pop(correction.corrects)
    assert withdrawn.customer == correction.customer, f"one customer's correction withdraws another's: {correction}"
    # Not `from_`: the stage left can have become another since, which is no reason to withdraw anything.
    same = ("journey", "version", "track", "instance", "name", "to", "at", "route")
    for name in same:
        assert getattr(withdrawn, name) == getattr(correction, name), (
            f"a correction has another '{name}' than what it withdraws: {correction} and {withdrawn}"
        )


def check_stream(transitions: Iterable[Transition]) -> None:
    """Hold a stream of transitions, of any number of customers, to what its subscribers are promised.

    Raises:
        AssertionError: a sequence has a gap, a correction withdraws what is not there, or a reason is missing or out
            of place.
    """
    last: defaultdict[str, int] = defaultdict(int)
    standing: dict[str, Transition] = {}
    for each in without_republished(transitions):
        last[each.customer] += 1
        assert each.sequence == last[each.customer], (
            f"number {last[each.customer]} of {each.customer} is missing: {each.sequence} came in its place"
        )
        _check_reason(each)
        if each.kind == "corrected":
            withdraw(standing, each)
        else:
            standing[each.id] = each


def _check_reason(each: Transition) -> None:
    if each.kind == "corrected":
        assert each.reason == "late_signal", f"a correction has the reason {each.reason}: {each}"
        assert each.cause.kind != DEADLINE, f"a correction is caused by a late signal, not by silence: {each}"
    elif each.kind == "suppressed":
        assert each.reason in SUPPRESSING, f"what is suppressed has the reason {each.reason}: {each}"
        assert each.corrects is None, f"what is suppressed corrects nothing: {each}"
    else:
        assert each.reason is None, f"what is made needs no reason: {each}"
        assert each.corrects is None, f"what is made corrects nothing: {each}"
    assert not each.late or each.cause.kind != DEADLINE, f"silence is never too late: {each}"


def _told(each: Transition) -> Told:
    cause = each.cause
    return Told(each.kind, each.journey, each.track, each.instance, each.name, each.to, each.at, cause.kind, cause.id)
