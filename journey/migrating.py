"""From the slots that one machine saved to those of another: what becomes of customers when journeys change.

Owns the rules. Nothing is published by them, and sequence numbers go on.

- Who saved a journey in the same version, with the same slots: all stays as it is. With other slots, or where another
  silence stands in one, the memory is refused.
- Another version: tracks and stages are kept by name, with the time of entering; who stands in a stage that is gone
  goes where the journey's `migrates` says. Where it says nothing, the memory is refused, and so is one of a version
  that is newer than the machine's. Carts are kept by id, in the same way.
- Facts are kept by name where they are fed as before; others begin empty. When a move was last published (`cooldown`,
  `once`) is kept by the move's name. A track or journey that was not there begins at the memory's time.
- Deadlines are those of the new journey. One of the same words (name, `after`, `since`, `if`) stays as it was. Any
  other is worked out anew, from when its count had begun, as far as that can be told; else from entering the stage;
  else, where signals begin it anew, from the memory's time. If it would have passed already, it is not made up for:
  it counts from the moment of the change, and comes between once and twice its duration later, for each customer at
  another time, so that not all of them move in one minute.
- What a move holds back within its grace is told when that ends, if there is such a move and it still leads elsewhere.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from journey.carrying import Changed, Kept, Moment, stage_here
from journey.compiling.layout import CartsPlace, JourneyPlace, Layout, TrackPlace
from journey.definition import GONE, Track
from journey.describing import Description, JourneySlots, Silence, TrackSlots, silence_of
from journey.memory import DUE, NEVER, State

if TYPE_CHECKING:
    from journey.machine import Machine

Saved = tuple[str, int, str, int]
"""A journey as the first line of a memory names it: name, version, fingerprint, number of slots."""


def saved_in(layout: Layout) -> list[Saved]:
    """The journeys of a layout, as the first line of a memory names them."""
    return [
        (place.definition.journey, place.definition.version, place.fingerprint, place.end - place.first)
        for place in layout.journeys
    ]


class Refusal(NamedTuple):
    """Why memories are not brought over, and what to do.

    `stands`: it concerns those alone who stand in the stage of that number, the second, on the track at that place,
    the first, of the `stages` in the head of a memory.
    """

    message: str
    stands: tuple[int, int] | None = None


class Migration:
    """From the journeys that a memory names to those of `machine`.

    Args:
        machine: whose slots are wanted.
        saved: the journeys in the order of their slots.
        description: what these slots mean; None where nobody has written that down.

    `refusals` says why not; `lasting` whether anything begins anew or is forgotten, so that it must be written down.

    Raises:
        ValueError: the description is of other journeys.
    """

    def __init__(self, machine: "Machine", saved: Sequence[Saved], description: Description | None) -> None:
        self._machine = machine
        self.refusals: list[Refusal] = []
        self.lasting = False
        ends = list(accumulate(count for *_, count in saved))
        described = description.journeys if description is not None else [None] * len(saved)
        places = {place.definition.journey: place for place in machine.layout.journeys}
        self._over: list[tuple[slice, Kept | Changed]] = []
        self._begun: list[TrackPlace] = []
        tracks = 0
        for each, end, was in zip(saved, ends, described, strict=True):
            if (place := places.pop(each[0], None)) is not None:
                self._bring_over(place, each, slice(end - each[3], end), was, tracks)
            else:
                self.lasting = True
            tracks += len(was.tracks) if was is not None else 0
        for place in places.values():
            self._begin(place.tracks)
        self._slots = ends[-1] if ends else 0

    def _bring_over(
        self, place: JourneyPlace, saved: Saved, slots: slice, was: JourneySlots | None, tracks: int
    ) -> None:
        if was is not None and (was.journey, was.version, was.slots) != (saved[0], saved[1], saved[3]):
            raise ValueError("the description is another's")
        refusals = list(_refusals(place, saved, was, tracks))
        self.refusals += refusals
        if saved[1] == place.definition.version:
            self._over.append((slots, Kept(place, was)))
        elif was is not None and not refusals:
            changed = Changed(place, was)
            self._over.append((slots, changed))
            self._begin(changed.begun)

    def _begin(self, tracks: Sequence[TrackPlace | CartsPlace]) -> None:
        self.lasting = True
        self._begun += [place for place in tracks if isinstance(place, TrackPlace)]

    def state(self, slots: State, moment: Moment) -> State:
        """The state that this machine makes of saved slots.

        Raises:
            ValueError: they are not as many as was said, or what is in them cannot be.
        """
        if len(slots) != self._slots:
            raise ValueError("slots are missing, or too many")
        state: State = list(self._machine.layout.initial)
        self._machine.begin(state, moment.at)
        for place in self._begun:
            for slot in place.deadlines:
                if state[slot] != NEVER:
                    state[slot] = moment.put_off(state[slot], state[slot] - moment.at)
        for where, over in self._over:
            over.carry(slots[where], state, moment)
        state[DUE] = min((state[slot] for slot in self._machine.layout.deadlines), default=NEVER)
        return state


def _refusals(place: JourneyPlace, saved: Saved, was: JourneySlots | None, tracks: int) -> Iterator[Refusal]:
    """Why a journey is not brought over; so many `tracks` of others stand before its own."""
    definition, (name, version, fingerprint, count) = place.definition, saved
    former = f"version {version} of the journey '{name}'"
    if version == definition.version:
        same_slots = (fingerprint, count) == (place.fingerprint, place.end - place.first)
        if not same_slots or (was is not None and _waits_for_others(place, was)):
            yield Refusal(
                f"{former} has been changed since customers were saved in it: give the changed journey version"
                f" {version + 1}, or bring back the old text for this one"
            )
    elif version > definition.version:
        yield Refusal(
            f"customers were saved in {former}, and this is {definition.version}: run version {version}, or give this"
            f" text version {version + 1}, with 'migrates' for the stages that it does not have"
        )
    elif was is None:
        yield Refusal(
            f"customers were saved in {former}, by a release that did not write down what its stages are: let this"
            f" release run version {version} once, on all partitions, before {definition.version}"
        )
    else:
        for number, track in enumerate(was.tracks, tracks):
            yield from _refusals_of_track(place, track, former, number)


def _waits_for_others(place: JourneyPlace, was: JourneySlots) -> bool:
    """Whether what a stage waits for, in the slots of the same tracks, is another silence than it was."""
    return any(
        _is_another(one, other, former)
        for track, slots in zip(place.tracks, was.tracks, strict=True)
        for moves, former in zip(_inner(track).silences, slots.silences, strict=True)
        for one, other in zip(map(silence_of, moves), former, strict=False)
    )


def _is_another(now: Silence, was: Silence, former: Sequence[Silence]) -> bool:
    """Whether a silence has taken another's slot; it may have been given another name, or last otherwise."""
    renamed = (now.after, now.since) == (was.after, was.since)
    return now != was and (now in former or not (renamed or now.name == was.name))


def _inner(track: TrackPlace | CartsPlace) -> TrackPlace:
    return track if isinstance(track, TrackPlace) else track.inner


def _refusals_of_track(place: JourneyPlace, was: TrackSlots, former: str, number: int) -> Iterator[Refusal]:
    definition = place.definition
    here = {each.track.name: each.track for each in place.tracks}.get(was.name)
    missing = f"{former} has a track '{was.name}', and version {definition.version}"
    if here is None:
        if was.name not in definition.migrates:
            yield Refusal(f"{missing} has not: if that is meant, say 'migrates: {{{was.name}: {GONE}}}'")
        return
    if (was.carts is None) != (here.per is None):
        yield Refusal(f"{missing} keeps it {_per(here)}: give it another name, and say that '{was.name}' is {GONE}")
        return
    for index, stage in enumerate(was.stages):
        if stage_here(definition, here, stage) is None:
            yield Refusal(
                f"{former} has a stage '{stage}' on the track '{was.name}', and version {definition.version} has not:"
                f" say where its customers go, 'migrates: {{{was.name}: {{{stage}: ...}}}}', to one of"
                f" {', '.join(here.stages)}",
                (number, index),
            )


def _per(track: Track) -> str:
    return "no longer for each cart" if track.per is None else "for each cart"
