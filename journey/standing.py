"""Where customers stand, straight from their states into the value of `customer-stages`.

Owns how that value is written fast: what is the same for all customers of a journey is made into text once, and only
stages, times and carts are put between. What the value says, `schemas.stages` says: this gives the same bytes as
`encode_stages` of `journey.machine.where`, in half the time (4 us instead of 8), and a worker writes one for every
customer who moved in a batch.
"""

from collections.abc import Callable
from typing import Final

from orjson import dumps

from journey.compiling.layout import CartsPlace, JourneyPlace, Layout, TrackPlace
from journey.memory import NEVER, Memory, State
from schemas.times import rfc3339

Told = Callable[[State], str]
"""What a state says of one track, as JSON: its name and its standing."""

_DROPPED_OFF: Final = (',"dropped_off":false', ',"dropped_off":true')


class Standings:
    """The writer for the journeys of one layout."""

    def __init__(self, layout: Layout) -> None:
        self._tracks = [
            (_opening(layout, journey, place), _of_carts(place) if isinstance(place, CartsPlace) else _of_track(place))
            for journey in layout.journeys
            for place in journey.tracks
        ]

    def encode(self, memory: Memory) -> bytes:
        """The value as UTF-8 JSON."""
        state = memory.state
        tracks = "".join([opening + told(state) for opening, told in self._tracks])
        return (
            f'{{"customer":{_json(memory.customer)},"sequence":{memory.sequence},"at":"{rfc3339(memory.at)}",'
            f'"journeys":{{{tracks}}}}}}}}}'
        ).encode()


def _opening(layout: Layout, journey: JourneyPlace, place: TrackPlace | CartsPlace) -> str:
    """What stands before a track: a comma, or the end of the journey before and the beginning of its own."""
    name = f"{_json(place.track.name)}:"
    if place is not journey.tracks[0]:
        return f",{name}"
    definition = journey.definition
    before = "" if journey is layout.journeys[0] else "}},"
    return f'{before}{_json(definition.journey)}:{{"version":{definition.version},"tracks":{{{name}'


def _of_track(place: TrackPlace) -> Told:
    stages, stage, entered = _stages(place), place.stage, place.entered
    if place.furthest is None and place.frame is None:
        return lambda state: f"{stages[state[stage]]}{_since(state[entered])}}}"
    ends = _ends(place)

    def told(state: State) -> str:
        return f"{stages[state[stage]]}{_since(state[entered])}{ends(state)}}}"

    return told


def _ends(place: TrackPlace) -> Told:
    """What more is told of a track that keeps its furthest stage, or has time-frames."""
    stage, furthest, frame = place.stage, place.furthest, place.frame
    reached = [f',"furthest":{_json(name)}' for name in place.track.stages]
    framed = [name in place.track.frames for name in place.track.stages]

    def told(state: State) -> str:
        end = "" if furthest is None else reached[state[furthest]]
        return end + _DROPPED_OFF[state[frame] == NEVER] if frame is not None and framed[state[stage]] else end

    return told


def _of_carts(place: CartsPlace) -> Told:
    stages, inner = _stages(place.inner), place.inner
    shown, since, carts, stage, entered = place.shown, place.since, place.carts, inner.stage, inner.entered

    def told(state: State) -> str:
        # A cart's standing begins as a track's does, and its id stands before it.
        each = [
            f'{{"cart":{_json(cart[0])},{stages[cart[stage]][1:]}{_since(cart[entered])}}}'
            for cart in state[carts].values()
        ]
        return f'{stages[state[shown]]}{_since(state[since])},"carts":[{",".join(each)}]}}'

    return told


def _stages(place: TrackPlace) -> list[str]:
    """How a standing in each stage begins."""
    return [f'{{"stage":{_json(name)},"since":' for name in place.track.stages]


def _since(at: int | None) -> str:
    return "null" if at is None else f'"{rfc3339(at)}"'


def _json(text: str | None) -> str:
    return dumps(text).decode()
