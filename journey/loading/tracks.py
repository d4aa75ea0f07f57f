"""Tracks read: from their form to `Track`, with stages, kinds, conditions and facts resolved.

Owns what a track and a single move may say. Whether the moves of a track make sense together,
`journey.loading.checks` says.
"""

from collections.abc import Mapping

from journey.definition import DROPPED_OFF, Kinds, Move, Track
from journey.faults import suggest
from journey.loading.forms import ANY, MoveForm, StageForm, TrackForm, fill, refuse_name
from journey.loading.vocabulary import Vocabulary
from journey.loading.yaml import Path
from schemas.signals import PURCHASES


def read_track(vocabulary: Vocabulary, name: str, data: object) -> Track | None:
    """The track; None, with every fault noted, where anything in it is wrong."""
    document, path = vocabulary.document, ("tracks", name)
    faults = len(document.faults)
    refuse_name(document, path)
    form = fill(TrackForm, document, path, data)
    if form is None:
        return None
    names = tuple(form.stages)
    initial = names[0] if form.initial is None else form.initial
    if initial not in names:
        document.refuse((*path, "initial"), f"there is no stage '{initial}'. {suggest(initial, names)}")
    stages = _read_stages(vocabulary, (*path, "stages"), form)
    _check_instances(vocabulary, path, form)
    moves = [_Reading(vocabulary, (*path, "moves", index), form).move(each) for index, each in enumerate(form.moves)]
    if len(document.faults) > faults:
        return None
    return Track(
        name=name,
        initial=initial,
        stages=names,
        moves=tuple(move for move in moves if move is not None),
        meanings={stage: each.means for stage, each in stages.items() if each.means is not None},
        frames={stage: each.within for stage, each in stages.items() if each.within is not None},
        furthest=form.furthest,
        per=form.per,
        orders=form.orders or "any",
    )


def _read_stages(vocabulary: Vocabulary, path: Path, form: TrackForm) -> dict[str, StageForm]:
    """The stages that are right."""
    stages = {}
    for name, each in form.stages.items():
        data = each if isinstance(each, Mapping) else {"means": each}
        stage = fill(StageForm, vocabulary.document, (*path, name), data)
        if stage is None:
            continue
        stages[name] = stage
        if form.per is not None and stage.within is not None:
            message = "a stage has no time-frame on a track kept for each cart: leave 'within' out"
            vocabulary.document.refuse((*path, name, "within"), message, key=True)
    return stages


def _check_instances(vocabulary: Vocabulary, path: Path, form: TrackForm) -> None:
    """Note what goes only with a track kept for each cart, and what does not."""
    if form.orders is not None and form.per is None:
        message = "'orders' says which carts an order is heard by: it needs 'per: cart'"
        vocabulary.document.refuse((*path, "orders"), message, key=True)
    if form.furthest and form.per is not None:
        message = "no furthest stage is kept on a track kept for each cart: leave 'furthest' out"
        vocabulary.document.refuse((*path, "furthest"), message, key=True)


class _Reading:
    """One move being read, on the track that `track` is the form of."""

    def __init__(self, vocabulary: Vocabulary, path: Path, track: TrackForm) -> None:
        self.vocabulary = vocabulary
        self.path = path
        self.track = track

    def move(self, data: object) -> Move | None:
        vocabulary = self.vocabulary
        form = fill(MoveForm, vocabulary.document, self.path, data)
        if form is None:
            return None
        if form.name == DROPPED_OFF:
            self._refuse(f"'{DROPPED_OFF}' is what a stage's 'within' gives: name the move otherwise", "name")
        from_any = form.from_ == (ANY,)
        from_ = tuple(stage for stage in self.track.stages if stage != form.to) if from_any else form.from_
        self._check_names(form, () if from_any else from_)
        kinds, since = self._trigger(form)
        return Move(
            name=form.name,
            from_=from_,
            to=form.to,
            kinds=kinds,
            after=form.after,
            since=since,
            condition=vocabulary.condition((*self.path, "if"), form.if_, kinds, self.track.per),
            publish=form.publish,
            route=form.route,
            from_any=from_any,
            cooldown=form.cooldown,
            once=form.once,
            reset=self._reset(form),
            grace=form.grace,
            late=self._late(form, kinds),
        )

    def _check_names(self, form: MoveForm, from_: tuple[str, ...]) -> None:
        """Note the stages and facts that there are not, and facts that cannot be read here."""
        stages, facts = self.track.stages, self.vocabulary.facts
        for index, stage in enumerate(from_):
            if stage not in stages:
                self._refuse(f"there is no stage '{stage}'. {suggest(stage, stages)}", "from", index)
        if form.to not in stages:
            self._refuse(f"there is no stage '{form.to}'. {suggest(form.to, stages)}", "to")
        for index, fact in enumerate(form.publish):
            if fact not in facts:
                self._refuse(f"there is no fact '{fact}'. {suggest(fact, facts)}", "publish", index)
            self.vocabulary.refuse_per_cart((*self.path, "publish", index), fact, self.track.per)

    def _trigger(self, form: MoveForm) -> tuple[Kinds, Kinds]:
        """The kinds a move answers to, and those from which its silence counts anew."""
        if form.on is None and form.after is None:
            self._refuse(f"'{form.name}' is never made: say 'on' which signals, or 'after' how much silence")
        if form.on is not None and form.after is not None:
            self._refuse("a move is made 'on' signals or 'after' silence, not both: make two of it", "after", key=True)
        if form.since is not None and form.after is None:
            self._refuse("'since' says from when silence counts: it needs 'after'", "since", key=True)
        named = self.vocabulary.kinds
        kinds: Kinds = frozenset() if form.on is None else named((*self.path, "on"), form.on)
        since: Kinds = frozenset() if form.since is None else named((*self.path, "since"), form.since)
        return kinds, since

    def _reset(self, form: MoveForm) -> frozenset[str]:
        """The kinds that forget when the move was published."""
        if form.reset_on is None:
            return frozenset()
        if form.cooldown is None and not form.once:
            message = "'reset_on' ends a 'cooldown' or a 'once' early: add one of them, or leave it out"
            self._refuse(message, "reset_on", key=True)
        kinds = self.vocabulary.kinds((*self.path, "reset_on"), form.reset_on)
        if kinds is None:
            self._refuse("with 'any' nothing would ever be held back: name kinds of signal", "reset_on")
        return kinds or frozenset()

    def _late(self, form: MoveForm, kinds: Kinds) -> bool:
        """Whether a signal that comes too late makes the move: if nothing is said, one by which somebody buys does."""
        if form.late is not None and form.after is not None:
            self._refuse("'late' is about signals, and silence makes this move: leave it out", "late", key=True)
        if form.late is not None:
            return form.late
        return kinds is not None and kinds <= PURCHASES and form.after is None

    def _refuse(self, message: str, *keys: str | int, key: bool = False) -> None:
        self.vocabulary.document.refuse((*self.path, *keys), message, key=key)
