"""What stands where in a saved state, said in words that outlast the machine that saved it.

Owns the form, JSON: for each journey its tracks with their stages and moves, its facts with what they are, and the slot
of each. Slots count from the journey's first, those of a cart from the cart's. So a machine of another version, to
which the numbers of a saved state mean nothing, can tell what they meant (`journey.migrating`).
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Self

from pydantic import BaseModel, ConfigDict

from journey.compiling.layout import CartsPlace, JourneyPlace, Layout, TrackPlace
from journey.definition import Fact, Kinds, Move


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Silence(_Form):
    """A move that silence makes in a stage: after how long (ms), since which kinds of signal, if what holds."""

    name: str
    after: int
    since: tuple[str, ...] | None
    condition: str | None


class FactSlot(_Form):
    """A fact's slot; `digest` differs between facts that are fed otherwise."""

    digest: str
    slot: int


class CartsSlots(_Form):
    """What a track that is kept for each cart has in the customer's state, and the facts of a cart, by name."""

    shown: int
    since: int
    due: int
    carts: int
    facts: dict[str, FactSlot]


class TrackSlots(_Form):
    """A track: `silences` and `frames` (time-frames, ms) by stage, `moves` by number, which begins at `first_move`.

    Where there are `carts`, all slots but those of `published` are a cart's. What the slots hold,
    `journey.compiling.layout.TrackPlace` says.
    """

    name: str
    stages: tuple[str, ...]
    moves: tuple[str, ...]
    first_move: int
    stage: int
    entered: int
    held: int | None
    grace: int | None
    waits: tuple[int, ...]
    frame: int | None
    furthest: int | None
    published: dict[str, int]
    silences: tuple[tuple[Silence, ...], ...]
    frames: tuple[int | None, ...]
    carts: CartsSlots | None


class JourneySlots(_Form):
    """A journey: how many slots it has, its tracks, and the facts of the customer, by name."""

    journey: str
    version: int
    slots: int
    tracks: tuple[TrackSlots, ...]
    facts: dict[str, FactSlot]


class Description(_Form):
    """All journeys, in the order in which their slots follow each other."""

    journeys: tuple[JourneySlots, ...]

    @classmethod
    def of(cls, layout: Layout) -> Self:
        """The description of a layout."""
        return cls(journeys=tuple(map(_journey, layout.journeys)))


def _journey(place: JourneyPlace) -> JourneySlots:
    return JourneySlots(
        journey=place.definition.journey,
        version=place.definition.version,
        slots=place.end - place.first,
        tracks=tuple(_track(track, place.first) for track in place.tracks),
        facts=fact_slots(place.facts, place.first),
    )


def _track(place: TrackPlace | CartsPlace, first: int) -> TrackSlots:
    if isinstance(place, TrackPlace):
        return _slots(place, first, first, None)
    shown, since, due, carts = (slot - first for slot in (place.shown, place.since, place.due, place.carts))
    kept = CartsSlots(shown=shown, since=since, due=due, carts=carts, facts=fact_slots(place.facts, 0))
    return _slots(place.inner, 0, first, kept)


def _slots(place: TrackPlace, first: int, customers: int, carts: CartsSlots | None) -> TrackSlots:
    """A track whose slots count from `first`, those that are the customer's in any case from `customers`."""
    track = place.track
    return TrackSlots(
        name=track.name,
        stages=track.stages,
        moves=tuple(move.name for move in place.moves),
        first_move=place.first_move,
        stage=place.stage - first,
        entered=place.entered - first,
        held=_less(place.held, first),
        grace=_less(place.grace, first),
        waits=tuple(slot - first for slot in place.waits),
        frame=_less(place.frame, first),
        furthest=_less(place.furthest, first),
        published={name: slot - customers for name, slot in place.published.items()},
        silences=tuple(tuple(map(silence_of, moves)) for moves in place.silences),
        frames=tuple(track.frames.get(stage) for stage in track.stages),
        carts=carts,
    )


def _less(slot: int | None, first: int) -> int | None:
    return None if slot is None else slot - first


def silence_of(move: Move) -> Silence:
    """What a move after silence waits for."""
    condition = None if move.condition is None else move.condition.text
    return Silence(name=move.name, after=move.after or 0, since=_sorted(move.since), condition=condition)


def fact_slots(facts: Mapping[str, tuple[Fact, str]], first: int) -> dict[str, FactSlot]:
    """The slots of facts, counted from `first`."""
    return {name: FactSlot(digest=_digest(fact), slot=_number(here) - first) for name, (fact, here) in facts.items()}


def _number(here: str) -> int:
    """The slot that `s[7]`, say, is the source of."""
    return int(here[2:-1])


def _digest(fact: Fact) -> str:
    condition = None if fact.condition is None else fact.condition.text
    kinds, reset = _sorted(fact.kinds), _sorted(fact.reset)
    told = fact.operation, kinds, fact.attribute, fact.type, fact.within, reset, condition, fact.per
    return blake2b(repr(told).encode(), digest_size=6).hexdigest()


def _sorted(kinds: Kinds) -> tuple[str, ...] | None:
    return None if kinds is None else tuple(sorted(kinds))
