"""What a changed journey would do to customers who are in it, told before it does.

Owns the words in which that is told; the rules are those of `journey.migrating`, and it is asked what it would do.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from journey.carrying import stage_here
from journey.definition import Definition, Track
from journey.describing import Description, FactSlot, Silence, TrackSlots
from journey.durations import written
from journey.machine import compile_journeys
from journey.migrating import Migration, saved_in

Fate = Literal["refused", "kept", "mapped", "begins", "empty", "lost", "waits"]


class Change(NamedTuple):
    """What becomes of one thing: its fate, and a line that says of what and why."""

    fate: Fate
    what: str


def changes(old: Definition, new: Definition) -> list[Change]:
    """What becomes of those who are on the journey `old` when `new` takes its place; first why it may not."""
    if old.journey != new.journey:
        what = f"'{old.journey}' and '{new.journey}' are two journeys: everybody would begin the second anew"
        return [Change("refused", f"{what}; give both one name")]
    machine, former = compile_journeys([new]), compile_journeys([old])
    description = Description.of(former.layout)
    refusals = Migration(machine, saved_in(former.layout), description).refusals
    if refusals:
        return [Change("refused", each.message) for each in refusals]
    if old.version == new.version:
        return [Change("kept", "everything; silences that have begun last as long as they were set to")]
    (was,), (now,) = description.journeys, Description.of(machine.layout).journeys
    graced = {move.name for track in old.tracks for move in track.moves if move.grace is not None}
    found = list(_tracks(new, graced, was.tracks, now.tracks))
    return [*found, *_facts(was.facts, now.facts, "fact")]


def _tracks(
    new: Definition, graced: Collection[str], was: Sequence[TrackSlots], now: Sequence[TrackSlots]
) -> Iterator[Change]:
    before = {each.name: each for each in was}
    for track, slots in zip(new.tracks, now, strict=True):
        former = before.pop(track.name, None)
        if former is None:
            yield Change("begins", f"track {track.name}: everybody begins in '{track.initial}'")
        else:
            yield from _stages(new, track, former)
            yield from _silences(new, track, former, slots)
            yield from _told(graced, former, slots)
            yield from _facts(_of_carts(former), _of_carts(slots), "fact of each cart")
    for name in before:
        yield Change("lost", f"track {name}: where customers stand on it is forgotten")


def _stages(new: Definition, track: Track, former: TrackSlots) -> Iterator[Change]:
    kept = [stage for stage in former.stages if stage in track.stages]
    if kept:
        yield Change("kept", f"track {track.name}: who stands in {', '.join(kept)} stays there")
    for stage in former.stages:
        if stage not in kept:
            yield Change("mapped", f"track {track.name}: {stage} -> {stage_here(new, track, stage)}")
    for stage in track.stages:
        if stage not in former.stages:
            yield Change("begins", f"track {track.name}: the stage {stage} is new")


def _silences(new: Definition, track: Track, former: TrackSlots, slots: TrackSlots) -> Iterator[Change]:
    """What those wait for who stand somewhere already; what more than one stage waits for is told once."""
    found: dict[Change, None] = {}
    for number, stage in enumerate(former.stages):
        here = track.stages.index(stage_here(new, track, stage) or "")
        before, after = former.silences[number], slots.silences[here]
        for silence in after:
            if silence not in before:
                found[_waits(track, silence, before)] = None
        frame, framed = slots.frames[here], former.frames[number]
        if frame is not None and frame != framed:
            what = f"track {track.name}: {track.stages[here]} has a time-frame of {written(frame)} now"
            found[Change("waits", f"{what}; {_put_off(frame)}")] = None
    yield from found


def _waits(track: Track, silence: Silence, before: Sequence[Silence]) -> Change:
    same = next((each for each in before if each.name == silence.name), None)
    after = written(silence.after)
    if same is None:
        how = f"after {after}, for those in a stage that did not wait for it"
    elif same.after != silence.after:
        how = f"after {after} instead of {written(same.after)}"
    else:
        how = f"after {after} under another condition, or since other signals"
    return Change("waits", f"track {track.name}: {silence.name} {how}; {_put_off(silence.after)}")


def _put_off(after: int) -> str:
    return (
        f"whoever has been silent for longer is not moved at once, but {written(after)} to {written(2 * after)} after"
        " the change"
    )


def _told(graced: Collection[str], former: TrackSlots, slots: TrackSlots) -> Iterator[Change]:
    for name in slots.published:
        if name not in former.published:
            yield Change("empty", f"track {slots.name}: {name} counts as never published so far")
    for name in dict.fromkeys(former.moves):
        if name in graced and (slots.held is None or name not in slots.moves):
            yield Change("lost", f"track {slots.name}: {name}, where it is held back at that moment, is never told")


def _of_carts(track: TrackSlots) -> Mapping[str, FactSlot]:
    return {} if track.carts is None else track.carts.facts


def _facts(was: Mapping[str, FactSlot], now: Mapping[str, FactSlot], called: str) -> Iterator[Change]:
    for name, fact in now.items():
        if name not in was:
            yield Change("empty", f"{called} {name}: it is new, so it begins empty")
        elif was[name].digest != fact.digest:
            yield Change("empty", f"{called} {name}: it is fed otherwise than before, so it begins empty")
        else:
            yield Change("kept", f"{called} {name}")
    for name in was:
        if name not in now:
            yield Change("lost", f"{called} {name}")
