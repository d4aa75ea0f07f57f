"""Tracks read: from their form to `Track`, with stages, kinds, conditions and facts resolved.

Owns what a single move may say. Whether the moves of a track make sense together, `journey.loading.checks` says.
"""

from journey.definition import Kinds, Move, Track
from journey.faults import suggest
from journey.loading.forms import ANY, MoveForm, TrackForm, fill, refuse_name
from journey.loading.vocabulary import Vocabulary
from journey.loading.yaml import Path


def read_track(vocabulary: Vocabulary, name: str, data: object) -> Track | None:
    """The track; None, with every fault noted, where anything in it is wrong."""
    document, path = vocabulary.document, ("tracks", name)
    faults = len(document.faults)
    refuse_name(document, path)
    form = fill(TrackForm, document, path, data)
    if form is None:
        return None
    stages = tuple(form.stages)
    initial = stages[0] if form.initial is None else form.initial
    if initial not in stages:
        document.refuse((*path, "initial"), f"there is no stage '{initial}'. {suggest(initial, stages)}")
    moves = [_read_move(vocabulary, (*path, "moves", index), stages, each) for index, each in enumerate(form.moves)]
    if len(document.faults) > faults:
        return None
    meanings = {stage: meaning for stage, meaning in form.stages.items() if meaning is not None}
    return Track(name, initial, stages, tuple(move for move in moves if move is not None), meanings)


def _read_move(vocabulary: Vocabulary, path: Path, stages: tuple[str, ...], data: object) -> Move | None:
    document = vocabulary.document
    form = fill(MoveForm, document, path, data)
    if form is None:
        return None
    from_any = form.from_ == (ANY,)
    from_ = tuple(stage for stage in stages if stage != form.to) if from_any else form.from_
    for index, stage in enumerate(() if from_any else from_):
        if stage not in stages:
            document.refuse((*path, "from", index), f"there is no stage '{stage}'. {suggest(stage, stages)}")
    if form.to not in stages:
        document.refuse((*path, "to"), f"there is no stage '{form.to}'. {suggest(form.to, stages)}")
    for index, fact in enumerate(form.publish):
        if fact not in vocabulary.facts:
            document.refuse((*path, "publish", index), f"there is no fact '{fact}'. {suggest(fact, vocabulary.facts)}")
    kinds, since = _trigger(vocabulary, path, form)
    return Move(
        name=form.name,
        from_=from_,
        to=form.to,
        kinds=kinds,
        after=form.after,
        since=since,
        condition=vocabulary.condition((*path, "if"), form.if_, kinds),
        publish=form.publish,
        route=form.route,
        from_any=from_any,
    )


def _trigger(vocabulary: Vocabulary, path: Path, form: MoveForm) -> tuple[Kinds, Kinds]:
    """The kinds a move answers to, and those from which its silence counts anew."""
    document = vocabulary.document
    if form.on is None and form.after is None:
        document.refuse(path, f"'{form.name}' is never made: say 'on' which signals, or 'after' how much silence")
    if form.on is not None and form.after is not None:
        document.refuse(
            (*path, "after"),
            "a move is made 'on' signals or 'after' silence, not both: make two of it",
            key=True,
        )
    if form.since is not None and form.after is None:
        document.refuse((*path, "since"), "'since' says from when silence counts: it needs 'after'", key=True)
    kinds: Kinds = frozenset() if form.on is None else vocabulary.kinds((*path, "on"), form.on)
    since: Kinds = frozenset() if form.since is None else vocabulary.kinds((*path, "since"), form.since)
    return kinds, since
