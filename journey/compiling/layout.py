"""Where in a customer's state everything stands.

Owns the order of slots: the next deadline of all first; then for each journey, for each of its tracks the stage, when
it was entered, what else is kept of it, and its deadlines; after the tracks one slot a fact. A track that is kept per
cart has in the state only the cart last touched, the next deadline of all carts, and the carts; each cart is a list
with an order of slots of its own. Knows nothing about source or about running.

Among a track's deadlines the end of grace comes first and the end of a time-frame last. A stage's moves after silence
use the slots between in document order; so a track has as many as the stage with most such moves, and a tie between
two deadlines falls to the lower slot.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import count

from journey.definition import DROPPED_OFF, Definition, Fact, Move, Track
from journey.memory import BEGINNING, DUE, NEVER, Slot
from schemas.signals import ATTRIBUTES, KINDS

CUSTOMER = "s"
"""What the state of a customer is called in the source."""
CART = "i"
"""What one cart (an instance) is called in the source. Its first slot is its id, None where signals name none."""


@dataclass(frozen=True, slots=True)
class TrackPlace:
    """Where a track stands in `within` (a customer's state, or a cart).

    `silences` has for each stage the moves after silence, in document order, whose slots are `waits`; `moves` has
    besides the track's moves those that say somebody has dropped off, `first_move` is the number of the first of them
    among those of all journeys. The slots that not every track has: `held` for a move within its grace, `grace` for
    when that ends, `frame` for when the stage's time-frame does, `furthest` for the furthest stage reached. `published`
    has for names of moves the slot, always the customer's, of when one was last published.
    """

    track: Track
    within: str
    moves: tuple[Move, ...]
    first_move: int
    stage: int
    entered: int
    held: int | None
    grace: int | None
    waits: tuple[int, ...]
    frame: int | None
    furthest: int | None
    published: Mapping[str, int]
    silences: tuple[tuple[Move, ...], ...]

    @property
    def deadlines(self) -> tuple[int, ...]:
        """The slots of all its deadlines, in the order in which ties fall."""
        return (*_given(self.grace), *self.waits, *_given(self.frame))


@dataclass(frozen=True, slots=True)
class CartsPlace:
    """Where a track that is kept per cart stands: in the customer's state, and (`inner`) in each cart.

    `shown` and `since` are the stage of the cart last touched and when it was entered, `due` the next deadline of all
    carts, `carts` the carts themselves by id. `facts` are those of each cart, by name; `initial` is how a cart begins,
    and in the stages whose numbers are `closed` it waits for nothing but signals of its own.
    """

    track: Track
    inner: TrackPlace
    shown: int
    since: int
    due: int
    carts: int
    facts: Mapping[str, tuple[Fact, str]]
    initial: tuple[Slot, ...]
    closed: frozenset[int]


@dataclass(frozen=True, slots=True)
class JourneyPlace:
    """Where a journey stands: its slots from `first` up to `end`; the customer's `facts` by name, each as source.

    `deadlines` are the slots of all its deadlines, in document order.
    """

    definition: Definition
    first: int
    end: int
    tracks: tuple[TrackPlace | CartsPlace, ...]
    facts: Mapping[str, tuple[Fact, str]]
    fingerprint: str
    deadlines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The whole state: every journey's place, what a customer begins with, and the slots of all deadlines in order."""

    journeys: tuple[JourneyPlace, ...]
    initial: tuple[Slot, ...]
    deadlines: tuple[int, ...]


def lay_out(definitions: Sequence[Definition]) -> Layout:
    """The layout of a state in which a customer is followed on all of these journeys."""
    laying = _Laying([BEGINNING], count())
    journeys = tuple(laying.journey(definition) for definition in definitions)
    return Layout(journeys, tuple(laying.slots), tuple(slot for each in journeys for slot in each.deadlines))


def addressed(track: Track, kind: str) -> bool:
    """Whether a signal of this kind is meant for one cart alone, the one it names or else the shared one."""
    if kind not in KINDS or kind not in ATTRIBUTES["cart"].kinds:
        return False
    return track.orders == "same" or not kind.startswith("order_")


def unfed(fact: Fact) -> Slot:
    """What a fact's slot holds before anything has fed it."""
    if fact.within is not None:
        return []
    if fact.operation == "days":
        return [0, BEGINNING]  # how many, and the last one
    return None if fact.optional else 0


@dataclass(slots=True)
class _Laying:
    """Slots being given out, and the numbers of moves."""

    slots: list[Slot]
    numbers: Iterator[int]
    published: dict[str, int] = field(default_factory=dict)

    def slot(self, initial: Slot) -> int:
        self.slots.append(initial)
        return len(self.slots) - 1

    def journey(self, definition: Definition) -> JourneyPlace:
        first = len(self.slots)
        tracks = tuple(
            self.carts(track, definition.facts) if track.per else self.track(track, CUSTOMER)
            for track in definition.tracks
        )
        facts = self.facts((fact for fact in definition.facts if fact.per is None), CUSTOMER)
        deadlines = tuple(slot for each in tracks for slot in _deadlines(each))
        fingerprint = _fingerprint(tracks, definition.facts, first)
        return JourneyPlace(definition, first, len(self.slots), tracks, facts, fingerprint, deadlines)

    def facts(self, facts: Iterable[Fact], within: str) -> dict[str, tuple[Fact, str]]:
        return {fact.name: (fact, f"{within}[{self.slot(unfed(fact))}]") for fact in facts}

    def carts(self, track: Track, facts: Iterable[Fact]) -> CartsPlace:
        shown, since = self.slot(track.stages.index(track.initial)), self.slot(None)
        due, carts = self.slot(NEVER), self.slot({})
        cart = _Laying([None], self.numbers, self._published(track))
        inner = cart.track(track, CART)
        kept = cart.facts((fact for fact in facts if fact.per), CART)
        return CartsPlace(track, inner, shown, since, due, carts, kept, tuple(cart.slots), _closed(track))

    def track(self, track: Track, within: str) -> TrackPlace:
        frames = [Move(DROPPED_OFF, (stage,), stage, after=frame) for stage, frame in track.frames.items()]
        moves = (*track.moves, *frames)
        silences = tuple(
            tuple(move for move in track.moves if move.after is not None and stage in move.from_)
            for stage in track.stages
        )
        initial = track.stages.index(track.initial)
        graced = any(move.grace is not None for move in moves)
        numbers = [next(self.numbers) for _ in moves]
        return TrackPlace(
            track=track,
            within=within,
            moves=moves,
            first_move=numbers[0],
            stage=self.slot(initial),
            entered=self.slot(None),
            held=self.slot(None) if graced else None,
            grace=self.slot(NEVER) if graced else None,
            waits=tuple(self.slot(NEVER) for _ in range(max(map(len, silences)))),
            frame=self.slot(NEVER) if frames else None,
            furthest=self.slot(initial) if track.furthest else None,
            published=self.published if within == CART else self._published(track),
            silences=silences,
        )

    def _published(self, track: Track) -> dict[str, int]:
        limited = dict.fromkeys(move.name for move in track.moves if move.once or move.cooldown is not None)
        return {name: self.slot(None) for name in limited}


def _deadlines(place: TrackPlace | CartsPlace) -> tuple[int, ...]:
    return place.deadlines if isinstance(place, TrackPlace) else (place.due,)


def _given(slot: int | None) -> tuple[int, ...]:
    return () if slot is None else (slot,)


def _closed(track: Track) -> frozenset[int]:
    left = {stage for move in track.moves if _left_by_all(track, move) for stage in move.from_}
    return frozenset(number for number, stage in enumerate(track.stages) if stage == track.initial or stage not in left)


def _left_by_all(track: Track, move: Move) -> bool:
    """Whether silence makes the move, or a signal that every open cart hears."""
    if move.after is not None or move.kinds is None:
        return True
    return not all(addressed(track, kind) for kind in move.kinds)


def _fingerprint(tracks: Iterable[TrackPlace | CartsPlace], facts: Iterable[Fact], first: int) -> str:
    """Tells whether a saved state has the same slots with the same meaning, even if the version was left as it was.

    The same for a journey whose slots begin at `first` as for one that stands before all others.
    """
    slots = [_slots(place, first) for place in tracks]
    kept = [(fact.name, fact.operation, fact.within, fact.attribute, fact.per) for fact in facts]
    return blake2b(repr((slots, kept)).encode(), digest_size=4).hexdigest()


def _slots(place: TrackPlace | CartsPlace, first: int) -> tuple[object, ...]:
    one = place if isinstance(place, TrackPlace) else place.inner
    before = first - (DUE + 1) if isinstance(place, TrackPlace) else 0  # slots of a cart are counted in the cart
    frame, furthest = (None if slot is None else slot - before for slot in (one.frame, one.furthest))
    # A move that is held back is written down by its number.
    numbered = () if one.held is None else tuple(move.name for move in one.moves)
    limited = tuple(one.published)
    return one.within, one.track.name, one.track.stages, len(one.deadlines), frame, furthest, numbered, limited
