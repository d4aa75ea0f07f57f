"""Where in a customer's state everything stands.

Owns the order of slots: the next deadline of all first; then for each journey, for each of its tracks the stage, when
it was entered and the deadlines, and after the tracks one slot a fact. Knows nothing about source or about running.

A stage's moves after silence use its track's deadline slots in document order, the first move the first slot; so a
track has as many as the stage with most such moves, and a tie between two deadlines falls to the lower slot.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import count

from journey.definition import Definition, Fact, Move, Track
from journey.memory import BEGINNING, NEVER, Slot


@dataclass(frozen=True, slots=True)
class TrackPlace:
    """Where a track stands; `silences` has for each stage the moves after silence, in document order.

    `first_move` is the number of its first move among the moves of all journeys.
    """

    track: Track
    first_move: int
    stage: int
    entered: int
    deadlines: tuple[int, ...]
    silences: tuple[tuple[Move, ...], ...]


@dataclass(frozen=True, slots=True)
class JourneyPlace:
    """Where a journey stands: its slots from `first` up to `end`, `facts` by name."""

    definition: Definition
    first: int
    end: int
    tracks: tuple[TrackPlace, ...]
    facts: dict[str, tuple[Fact, int]]
    fingerprint: str

    @property
    def deadlines(self) -> tuple[int, ...]:
        """The slots of all its deadlines, in document order."""
        return tuple(slot for track in self.tracks for slot in track.deadlines)


@dataclass(frozen=True, slots=True)
class Layout:
    """The whole state: every journey's place, and what a customer begins with."""

    journeys: tuple[JourneyPlace, ...]
    initial: tuple[Slot, ...]

    @property
    def deadlines(self) -> tuple[int, ...]:
        """The slots of all deadlines, in document order."""
        return tuple(slot for journey in self.journeys for slot in journey.deadlines)


def lay_out(definitions: Sequence[Definition]) -> Layout:
    """The layout of a state in which a customer is followed on all of these journeys."""
    initial: list[Slot] = [BEGINNING]
    numbers = count()
    journeys = [_journey(definition, initial, numbers) for definition in definitions]
    return Layout(tuple(journeys), tuple(initial))


def _journey(definition: Definition, initial: list[Slot], numbers: Iterator[int]) -> JourneyPlace:
    first = len(initial)
    tracks = tuple(_track(track, initial, [next(numbers) for _ in track.moves]) for track in definition.tracks)
    facts: dict[str, tuple[Fact, int]] = {}
    for fact in definition.facts:
        facts[fact.name] = fact, len(initial)
        initial.append(unfed(fact))
    return JourneyPlace(definition, first, len(initial), tracks, facts, _fingerprint(tracks, definition.facts))


def _track(track: Track, initial: list[Slot], numbers: Sequence[int]) -> TrackPlace:
    silences = tuple(
        tuple(move for move in track.moves if move.after is not None and stage in move.from_) for stage in track.stages
    )
    stage = len(initial)
    deadlines = tuple(range(stage + 2, stage + 2 + max(map(len, silences))))
    initial += [track.stages.index(track.initial), None, *(NEVER for _ in deadlines)]
    return TrackPlace(track, numbers[0], stage, stage + 1, deadlines, silences)


def unfed(fact: Fact) -> Slot:
    """What a fact's slot holds before anything has fed it."""
    if fact.within is not None:
        return []
    if fact.operation == "days":
        return [0, BEGINNING]  # how many, and the last one
    return None if fact.optional else 0


def _fingerprint(tracks: Iterable[TrackPlace], facts: Iterable[Fact]) -> str:
    """Tells whether a saved state has the same slots with the same meaning, even if the version was left as it was."""
    slots = [(place.track.name, place.track.stages, len(place.deadlines)) for place in tracks]
    kept = [(fact.name, fact.operation, fact.within, fact.attribute) for fact in facts]
    return blake2b(repr((slots, kept)).encode(), digest_size=4).hexdigest()
