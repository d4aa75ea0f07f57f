"""What is in the slots of one journey carried over into those of another.

Owns the arithmetic of `journey.migrating`, which has the rules and says who may be brought over at all. Everything that
can be known of two journeys is worked out once; what is left to do for each customer is to copy and to reckon.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, NamedTuple

from journey.compiling.layout import CartsPlace, JourneyPlace, TrackPlace
from journey.definition import Definition, Track
from journey.describing import FactSlot, JourneySlots, Silence, TrackSlots, fact_slots, silence_of
from journey.memory import NEVER, State


@dataclass(frozen=True, slots=True)
class Moment:
    """When somebody's memory is brought over.

    `at` is the memory's time, `now` the time that no new deadline may lie before, `share` a number below 2^32 that
    differs between customers.
    """

    at: int
    now: int
    share: int

    def put_off(self, due: int, after: int) -> int:
        """A deadline that comes `after` so long; not one that has passed."""
        return due if due > self.now else self.now + after + (after * self.share >> 32)


def moment_of(customer: str, at: int, now: int | None) -> Moment:
    """The moment at which the memory of `customer`, of the time `at`, is brought over; `now`: how far time has come."""
    share = int.from_bytes(blake2b(customer.encode(), digest_size=4).digest())
    return Moment(at, at if now is None else max(at, now), share)


def stage_here(definition: Definition, track: Track, former: str) -> str | None:
    """The stage of `track` to which those go who stood in a former one; None where nobody says."""
    if former in track.stages:
        return former
    return (definition.migrates.get(track.name) or {}).get(former)


class Kept:
    """A journey of the same version: its slots as they are; only moves may have got other numbers."""

    def __init__(self, place: JourneyPlace, was: JourneySlots | None) -> None:
        self._place = place
        before = {track.name: track.first_move for track in was.tracks} if was is not None else {}
        further = [(track, _first_move(track) - before[track.track.name]) for track in place.tracks if before]
        self._further = [(track, by) for track, by in further if by]

    def carry(self, old: State, new: State, _: Moment) -> None:
        """Put what is in the old slots into the new ones."""
        new[self._place.first : self._place.end] = old
        for place, further in self._further:
            if isinstance(place, TrackPlace):
                _renumber(new, place.held, further)
            else:
                new[place.carts] = carts = {key: cart.copy() for key, cart in new[place.carts].items()}
                for cart in carts.values():
                    _renumber(cart, place.inner.held, further)


def _first_move(place: TrackPlace | CartsPlace) -> int:
    return place.first_move if isinstance(place, TrackPlace) else place.inner.first_move


def _renumber(slots: State, held: int | None, further: int) -> None:
    if held is not None and slots[held] is not None:
        number, *rest = slots[held]
        slots[held] = [number + further, *rest]


class Changed:
    """A journey of another version, none of whose refusals stands; `begun` are the tracks that were not there."""

    def __init__(self, place: JourneyPlace, was: JourneySlots) -> None:
        before = {track.name: track for track in was.tracks}
        self.begun = [track for track in place.tracks if track.track.name not in before]
        self._copied = _facts(was.facts, fact_slots(place.facts, 0))
        self._tracks: list[_OfTrack | _OfCarts] = []
        for track in place.tracks:
            former = before.get(track.track.name)
            if former is None:
                continue
            inner = track if isinstance(track, TrackPlace) else track.inner
            self._copied += _same(former.published, inner.published)
            moved = _OfTrack(place.definition, former, inner)
            self._tracks.append(moved if isinstance(track, TrackPlace) else _OfCarts(former, track, moved))

    def carry(self, old: State, new: State, moment: Moment) -> None:
        """Put what is in the old slots into the new ones."""
        for slot, here in self._copied:
            new[here] = old[slot]
        for track in self._tracks:
            track.carry(old, new, moment)


Pairs = list[tuple[int, int]]
"""Old slots, each with the new one."""


def _facts(was: Mapping[str, FactSlot], now: Mapping[str, FactSlot]) -> Pairs:
    """The slots of facts that are fed as before."""
    return [(was[name].slot, it.slot) for name, it in now.items() if name in was and was[name].digest == it.digest]


def _same(was: Mapping[str, int], now: Mapping[str, int]) -> Pairs:
    return [(was[name], slot) for name, slot in now.items() if name in was]


class _Wait(NamedTuple):
    """A deadline of the new stage: its slot, after how long (ms) it comes, and where to count from.

    `former` is the slot of the old stage's that it goes on from, which came after `took`; it is left as it is if
    `same`, and if it has passed, no other follows where `once` is so. `entering`: else it counts from then.
    """

    slot: int
    after: int
    former: int | None
    took: int
    same: bool
    once: bool
    entering: bool

    def due(self, old: State, entered: int | None, moment: Moment) -> int:
        """When it comes."""
        before: int = NEVER if self.former is None else old[self.former]
        if self.same or (self.once and self.former is not None and before == NEVER):
            return before
        if before != NEVER:
            begun = before - self.took
        else:
            begun = entered if self.entering and entered is not None else moment.at
        return moment.put_off(begun + self.after, self.after)


class _OfTrack:
    """A track, in the customer's state or in a cart."""

    def __init__(self, definition: Definition, was: TrackSlots, place: TrackPlace) -> None:
        self._was = was
        self._place = place
        here = [stage_here(definition, place.track, stage) for stage in was.stages]
        self.stages = [place.track.stages.index(stage) for stage in here if stage is not None]
        self._waits = [_waits(was, place, number, stage) for number, stage in enumerate(self.stages)]
        self._moves = [_move(was, place, index) for index in range(len(was.moves))]

    def carry(self, old: State, new: State, moment: Moment) -> None:
        """Put what is in the old slots into the new ones."""
        was, place = self._was, self._place
        number, entered = old[was.stage], old[was.entered]
        stage = self.stages[number]
        new[place.stage], new[place.entered] = stage, entered
        for slot in place.deadlines:
            new[slot] = NEVER
        for wait in self._waits[number]:
            new[wait.slot] = wait.due(old, entered, moment)
        if place.furthest is not None:
            furthest = stage if was.furthest is None else self.stages[old[was.furthest]]
            new[place.furthest] = max(furthest, stage)
        if was.held is not None and was.grace is not None and old[was.held] is not None:
            waiting = self._waiting(number, *old[was.held])
            if waiting is not None and place.held is not None and place.grace is not None:
                new[place.held], new[place.grace] = waiting, old[was.grace]

    def _waiting(self, now: int, number: int, left: int, *rest: Any) -> list[Any] | None:  # noqa: ANN401  as it is
        """What is held back of somebody who is `now` in the stage of that number, if it can still be told."""
        move, stage = self._moves[number - self._was.first_move], self.stages[left]
        is_one_stage_now = left != now and stage == self.stages[now]
        return None if move is None or is_one_stage_now else [move, stage, *rest]


def _move(was: TrackSlots, place: TrackPlace, index: int) -> int | None:
    """The number of the move of the same name; of several of that name, of the one that stands at the same place."""
    name = was.moves[index]
    numbers = [place.first_move + number for number, move in enumerate(place.moves) if move.name == name]
    before = was.moves[:index].count(name)
    return numbers[min(before, len(numbers) - 1)] if numbers else None


def _waits(was: TrackSlots, place: TrackPlace, number: int, stage: int) -> list[_Wait]:
    """The deadlines of a stage for those who stood in the one of that number before."""
    former = dict(zip(was.waits, was.silences[number], strict=False))
    silences = [silence_of(move) for move in place.silences[stage]]
    found: list[_Wait] = []
    for slot, silence, other in zip(place.waits, silences, _formers(former, silences), strict=False):
        took, same = (former[other].after, former[other] == silence) if other is not None else (0, False)
        found.append(_Wait(slot, silence.after, other, took, same, once=False, entering=not silence.since))
    frame, before = place.track.frames.get(place.track.stages[stage]), was.frames[number]
    if place.frame is not None and frame is not None:
        other = None if before is None else was.frame
        found.append(_Wait(place.frame, frame, other, before or 0, frame == before, once=True, entering=True))
    return found


def _formers(former: Mapping[int, Silence], silences: Sequence[Silence]) -> list[int | None]:
    """For each silence the slot of the one that it goes on from: the same, or else one of that name, each once."""
    left = dict(former)
    found: list[int | None] = [None] * len(silences)
    for alike in (_is, _counts_like):
        for index, silence in enumerate(silences):
            slot = next((slot for slot, other in left.items() if alike(other, silence)), None)
            if found[index] is None and slot is not None:
                found[index] = slot
                del left[slot]
    return found


def _is(one: Silence, other: Silence) -> bool:
    return one == other


def _counts_like(one: Silence, other: Silence) -> bool:
    return (one.name, one.since) == (other.name, other.since)


class _OfCarts:
    """A track that is kept for each cart; `inner` carries one cart's."""

    def __init__(self, was: TrackSlots, place: CartsPlace, inner: _OfTrack) -> None:
        assert was.carts is not None  # noqa: S101  it has been compared with the track
        self._was = was.carts
        self._place = place
        self._inner = inner
        self._copied = _facts(was.carts.facts, fact_slots(place.facts, 0))

    def carry(self, old: State, new: State, moment: Moment) -> None:
        """Put what is in the old slots into the new ones."""
        was, place = self._was, self._place
        carts = {key: self._cart(cart, moment) for key, cart in old[was.carts].items()}
        new[place.shown], new[place.since] = self._inner.stages[old[was.shown]], old[was.since]
        new[place.carts] = carts
        deadlines = place.inner.deadlines
        new[place.due] = min((cart[slot] for cart in carts.values() for slot in deadlines), default=NEVER)

    def _cart(self, old: State, moment: Moment) -> State:
        new: State = list(self._place.initial)
        new[0] = old[0]
        self._inner.carry(old, new, moment)
        for slot, here in self._copied:
            new[here] = old[slot]
        return new
