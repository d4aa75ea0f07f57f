"""Examples read: the signals a journey's author plays, and the transitions that must come out.

Owns the forms in which signals and expected transitions are written. Knows nothing about playing an example.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from journey.definition import DROPPED_OFF, Example, ExampleSignal, Expected, Track
from journey.durations import written
from journey.faults import suggest
from journey.loading.forms import ExampleForm, ExpectedForm, SignalForm, fill
from journey.loading.vocabulary import Vocabulary
from journey.loading.yaml import Path
from schemas.signals import ATTRIBUTES

_LINE: Final = re.compile(r"(?:(?P<kind>corrected|suppressed)\s+)?(?P<move>\S+)(?:\s+at\s+(?P<at>\S+))?")


def read_examples(vocabulary: Vocabulary, tracks: Sequence[Track], data: Sequence[object]) -> tuple[Example, ...]:
    """The examples that are right; faults are noted."""
    reading = _Reading(vocabulary, tracks)
    examples = [reading.example(("examples", index), each) for index, each in enumerate(data)]
    read = [example for example in examples if example is not None]
    for index, example in enumerate(examples):
        if example is not None and example.name in {each.name for each in read if each.line < example.line}:
            vocabulary.document.refuse(("examples", index, "name"), f"two examples are named '{example.name}'")
    return tuple(read)


class _Reading:
    def __init__(self, vocabulary: Vocabulary, tracks: Sequence[Track]) -> None:
        self.vocabulary = vocabulary
        self.document = vocabulary.document
        self.tracks = {track.name: track for track in tracks}

    def example(self, path: Path, data: object) -> Example | None:
        faults = len(self.document.faults)
        form = fill(ExampleForm, self.document, path, data)
        if form is None:
            return None
        for index, name in enumerate(form.tracks or ()):
            if name not in self.tracks:
                self.document.refuse(
                    (*path, "tracks", index), f"there is no track '{name}'. {suggest(name, self.tracks)}"
                )
        tracks = frozenset(form.tracks or ()) & self.tracks.keys() or frozenset(self.tracks)
        signals = self._signals((*path, "signals"), form.signals)
        expected = [
            self._expected((*path, "transitions", index), each, tracks) for index, each in enumerate(form.transitions)
        ]
        if len(self.document.faults) > faults:
            return None
        line, column = self.document.marks[path]
        return Example(
            form.name,
            tracks,
            signals,
            max(form.until or 0, _told(signals)),
            tuple(filter(None, expected)),
            line,
            column,
        )

    def _signals(self, path: Path, data: Sequence[object]) -> tuple[ExampleSignal, ...]:
        signals: list[ExampleSignal] = []
        for index, each in enumerate(data):
            signal = self._signal((*path, index), each)
            if signal is None:
                continue
            signals.append(signal)
            if signal.arrives is not None and signal.arrives < _told(signals):
                message = f"time has come as far as {written(_told(signals))} by then: nothing can arrive before that"
                self.document.refuse((*path, index, "arrives"), message)
        return tuple(signals)

    def _signal(self, path: Path, data: object) -> ExampleSignal | None:
        if not isinstance(data, Mapping) or not {"at", "kind"} <= data.keys():
            message = "a signal has at least 'at' and 'kind', as in {at: 30m, kind: order_completed}"
            self.document.refuse(path, message)
            return None
        attributes = {str(name): each for name, each in data.items() if name not in SignalForm.model_fields}
        form = fill(
            SignalForm, self.document, path, {name: each for name, each in data.items() if name not in attributes}
        )
        for name, value in attributes.items():
            self._check_attribute((*path, name), value)
        if form is None:
            return None
        self._check_kind((*path, "kind"), form.kind)
        return ExampleSignal(form.at, form.kind, attributes, form.arrives, form.id)

    def _check_kind(self, path: Path, kind: str) -> None:
        known = self.vocabulary.known()
        if kind in self.vocabulary.groups:
            self.document.refuse(path, f"'{kind}' is a group: name one kind of signal")
        elif kind not in known:
            self.document.refuse(path, f"there is no kind of signal '{kind}'. {suggest(kind, known)}")

    def _check_attribute(self, path: Path, value: object) -> None:
        name = str(path[-1])
        if name not in ATTRIBUTES:
            self.document.refuse(path, f"there is no attribute '{name}'. {suggest(name, ATTRIBUTES)}", key=True)
            return
        wanted = (str,) if ATTRIBUTES[name].type == "text" else (int, float)
        if not isinstance(value, wanted) or isinstance(value, bool):
            self.document.refuse(path, f"'{name}' is a {ATTRIBUTES[name].type}")

    def _expected(self, path: Path, data: object, tracks: frozenset[str]) -> Expected | None:
        if isinstance(data, str) and (line := _LINE.fullmatch(data)):
            data = {key: text for key, text in line.groupdict().items() if text is not None}
        form = fill(ExpectedForm, self.document, path, data)
        if form is None:
            return None
        self._check_move(path, form, [self.tracks[name] for name in sorted(tracks)])
        for name in form.facts:
            if name not in self.vocabulary.facts:
                self.document.refuse(
                    (*path, "facts", name),
                    f"there is no fact '{name}'. {suggest(name, self.vocabulary.facts)}",
                    key=True,
                )
        return Expected(form.move, form.at, form.facts, form.kind, form.cart, form.late)

    def _check_move(self, path: Path, form: ExpectedForm, tracks: Sequence[Track]) -> None:
        moves = {move.name for track in tracks for move in track.moves}
        moves |= {DROPPED_OFF for track in tracks if track.frames}
        if form.move not in moves:
            self.document.refuse(path, f"there is no move '{form.move}' on these tracks. {suggest(form.move, moves)}")
        if form.cart is not None and all(track.per is None for track in tracks):
            message = "none of these tracks is kept for each cart: leave 'cart' out"
            self.document.refuse((*path, "cart"), message, key=True)


def _told(signals: Iterable[ExampleSignal]) -> int:
    """How far time has come, in ms after the beginning, once these have arrived."""
    return max(max(each.at, each.arrives or 0) for each in signals)
