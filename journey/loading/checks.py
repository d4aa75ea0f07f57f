"""What can only be said of a journey as a whole, once its parts are right.

Owns the checks for stages that nothing reaches, time-frames that nobody outstays, moves that can never be chosen,
deadlines that chase each other for ever, names used twice, a second track kept for each cart, and facts that nobody
reads. Knows nothing about how the parts were read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from journey.definition import Fact, Move, Track
from journey.durations import written
from journey.loading.vocabulary import Vocabulary
from journey.loading.yaml import Document, Path

MOST_WEIGHT = 40_000
"""Lines of code that a journey may come to, by rule of thumb: some four seconds to compile. The five-stage journey
comes to 2,830."""

OTHER = "*"
"""Stands for the kinds of signal that no journey knows; a move on `any` answers to them too."""


def check_tracks(vocabulary: Vocabulary, tracks: Sequence[Track]) -> None:
    """Note what is wrong with each track, and names that moves share by mistake."""
    document = vocabulary.document
    for track in tracks:
        path: Path = ("tracks", track.name)
        reached = _reached([track.initial], track.moves)
        _check_stages(document, path, track, reached)
        _check_frames(document, path, track)
        _check_cycles(document, path, track)
        judging = _Judging(_without_defaults(document, path, track), reached, {*vocabulary.known(), OTHER})
        for index, move in enumerate(track.moves):
            if reason := judging.never(index):
                document.refuse((*path, "moves", index), f"'{move.name}' can never be chosen: {reason}")
    _check_names(document, tracks)
    _check_instances(document, tracks)


def check_size(vocabulary: Vocabulary, facts: Sequence[Fact], tracks: Sequence[Track]) -> None:
    """Note a journey that would come to more code than anybody waits for."""
    known = len(vocabulary.known())
    weight = sum((known if fact.kinds is None else len(fact.kinds)) * 4 for fact in facts)
    weight += sum(
        (known if move.kinds is None else len(move.kinds)) * (12 + len(move.publish))
        for each in tracks
        for move in each.moves
    )
    if weight > MOST_WEIGHT:
        message = (
            f"this comes to some {weight:,} lines of code, at most {MOST_WEIGHT:,} may be: name fewer kinds of signal"
            " under 'on', fewer facts under 'publish', or make several journeys of it"
        )
        vocabulary.document.refuse(("tracks",), message, key=True)


def check_use(document: Document, facts: Sequence[Fact], tracks: Sequence[Track]) -> None:
    """Note the facts that are kept for nobody."""
    moves = [move for track in tracks for move in track.moves]
    conditions = [fact.condition for fact in facts] + [move.condition for move in moves]
    used = {name for condition in conditions if condition is not None for name in condition.names}
    used |= {name for move in moves for name in move.publish}
    for fact in facts:
        if fact.name not in used:
            message = f"nobody reads the fact '{fact.name}': name it under a move's 'publish' or 'if', or leave it out"
            document.refuse(("facts", fact.name), message, key=True)


def _reached(start: Iterable[str], moves: Iterable[Move]) -> set[str]:
    """The stages that can be come to from `start` by `moves`, `start` included."""
    nexts: dict[str, set[str]] = {}
    for move in moves:
        for stage in move.from_:
            nexts.setdefault(stage, set()).add(move.to)
    reached: set[str] = set()
    waiting = list(start)
    while waiting:
        stage = waiting.pop()
        if stage not in reached:
            reached.add(stage)
            waiting += nexts.get(stage, ())
    return reached


def _check_stages(document: Document, path: Path, track: Track, reached: set[str]) -> None:
    for index, stage in enumerate(track.stages):
        if stage not in reached:
            listed = (*path, "stages", index)
            place = listed if listed in document.marks else (*path, "stages", stage)
            document.refuse(place, f"nothing reaches the stage '{stage}': add a move to it, or leave it out", key=True)


def _check_frames(document: Document, path: Path, track: Track) -> None:
    """Silence that leads away always, and no later, comes before a customer has stayed for the time-frame."""
    always = [move for move in track.moves if move.condition is None and move.since == frozenset()]
    for stage, frame in track.frames.items():
        away = {move.after: move.name for move in always if move.after is not None and stage in move.from_}
        after = min(away, default=frame + 1)
        if after <= frame:
            message = f"nobody stays for that long: '{away[after]}' leads away after {written(after)}"
            document.refuse((*path, "stages", stage, "within"), f"{message}, so say less, or leave 'within' out")


def _check_cycles(document: Document, path: Path, track: Track) -> None:
    silent = [move for move in track.moves if move.after is not None]
    reached = {stage: _reached([stage], silent) for stage in {move.to for move in silent}}
    chasing = [move for move in silent if not reached[move.to].isdisjoint(move.from_)]
    if chasing:
        names = ", ".join(dict.fromkeys(move.name for move in chasing))
        message = f"silence alone would go round for ever by {names}: let one of them be made 'on' a signal"
        document.refuse((*path, "moves", track.moves.index(chasing[0])), message)


def _without_defaults(document: Document, path: Path, track: Track) -> Track:
    """The track, and where it says nothing of signals that come too late, as if there were none.

    A move that only those can reach is meant so where somebody wrote `late`, and a mistake where nobody did.
    """
    if any((*path, "moves", index, "late") in document.marks for index in range(len(track.moves))):
        return track
    return replace(track, moves=tuple(replace(move, late=False) for move in track.moves))


class _Judging:
    """Whether the moves of a track can be chosen, asked of one after the other in their order.

    `_answered` has for each stage, and for signals in time and too late, the kinds that moves without a condition have
    taken so far.
    """

    def __init__(self, track: Track, reached: set[str], kinds: set[str]) -> None:
        self._track = track
        self._reached = reached
        self._kinds = kinds
        self._answered: dict[tuple[str, bool], set[str]] = {}
        self._silent = [
            (index, move) for index, move in enumerate(track.moves) if move.after is not None and move.condition is None
        ]

    def never(self, index: int) -> str | None:
        """Why this move can never be chosen; None where it can."""
        move = self._track.moves[index]
        stages = [stage for stage in move.from_ if stage in self._reached]
        if not stages:
            return "nothing reaches the stages it starts from"
        if move.after is not None:
            hidden = all(any(self._sooner(each, (index, move), stage) for each in self._silent) for stage in stages)
            return "other moves, which have no condition, come before its silence is complete" if hidden else None
        kinds = self._kinds if move.kinds is None else move.kinds
        hidden = all(kinds <= self._answered.get((stage, move.late), set()) for stage in stages)
        if move.condition is None:
            self._answer(move, kinds)
        return "moves above it, which have no condition, take all of its signals" if hidden else None

    def _answer(self, move: Move, kinds: Iterable[str]) -> None:
        for stage in move.from_:
            for late in {False, move.late}:
                self._answered.setdefault((stage, late), set()).update(kinds)

    @staticmethod
    def _sooner(one: tuple[int, Move], waiting: tuple[int, Move], stage: str) -> bool:
        """Whether `one` ends the stay in `stage` before, at the latest when, the silence `waiting` is complete."""
        (other_index, other), (index, move) = one, waiting
        if other.after is None or move.after is None or stage not in other.from_:
            return False
        # Its count must not start anew by signals that let the other count run on.
        no_later = move.since is None or (other.since is not None and other.since <= move.since)
        return no_later and (other.after, other_index) < (move.after, index)


def _check_names(document: Document, tracks: Sequence[Track]) -> None:
    """Within a track a name may stand for several ways of one move; two tracks never share one."""
    owner: dict[str, str] = {}
    for track in tracks:
        for index, move in enumerate(track.moves):
            other = owner.setdefault(move.name, track.name)
            if other != track.name:
                message = f"the track '{other}' has a move '{move.name}' too: name one of them otherwise"
                document.refuse(("tracks", track.name, "moves", index), message)


def _check_instances(document: Document, tracks: Sequence[Track]) -> None:
    """A fact kept for each cart belongs to the one track that is."""
    kept = [track.name for track in tracks if track.per is not None]
    for name in kept[1:]:
        message = f"the track '{kept[0]}' is kept for each cart already, and one is all there can be: leave 'per' out"
        document.refuse(("tracks", name, "per"), message, key=True)
