"""A journey's text to a `Definition`, or every fault in it.

Owns the order of reading: YAML, form, names, meaning. A part with a fault is left out and the rest is still looked
at, so that all faults come at once; what can be judged of the whole only is judged when its parts are right.
"""

from contextlib import suppress
from typing import Final

from journey.definition import Definition
from journey.faults import JourneyError
from journey.loading.checks import check_size, check_tracks, check_use
from journey.loading.examples import read_examples
from journey.loading.facts import read_facts
from journey.loading.forms import JourneyForm, fill
from journey.loading.migrates import read_migrates
from journey.loading.tracks import read_track
from journey.loading.vocabulary import Vocabulary
from journey.loading.yaml import Document, EnoughFaultsError, read

_STAND_IN: Final = {"journey": "unread", "version": 1, "title": "unread"}
"""For outermost keys that are wrong, so that what stands under the others can be looked at all the same."""


def load(text: str, where: str) -> Definition:
    """The journey that `text` is; `where` (a file's name, say) is what its faults are said to be in.

    Raises:
        JourneyError: it is not one; `faults` has every fault with its line, column and what to do.
    """
    document = read(text, where)
    definition = None
    if not document.faults:
        with suppress(EnoughFaultsError):
            definition = _definition(document)
    if document.faults or definition is None:
        raise JourneyError(document.faults)
    return definition


def _definition(document: Document) -> Definition | None:
    form = _form(document)
    if form is None:
        return None
    vocabulary = Vocabulary.of(document, form)
    facts = read_facts(vocabulary, form.facts)
    read_tracks = [read_track(vocabulary, name, each) for name, each in form.tracks.items()]
    tracks = tuple(track for track in read_tracks if track is not None)
    check_tracks(vocabulary, tracks)
    check_size(vocabulary, facts, tracks)
    if len(tracks) < len(read_tracks):
        return None
    examples = read_examples(vocabulary, tracks, form.examples)
    migrates = read_migrates(vocabulary, tracks, form.migrates)
    if not document.faults:
        check_use(document, facts, tracks)
    return Definition(
        journey=form.journey,
        version=form.version,
        title=form.title,
        patience=form.patience,
        lateness=form.lateness,
        dedup_window=form.dedup_window,
        signals={name: meaning or name for name, meaning in form.signals.items()},
        facts=facts,
        tracks=tracks,
        examples=examples,
        where=document.where,
        migrates=migrates,
    )


def _form(document: Document) -> JourneyForm | None:
    """The outermost keys; where some are wrong, with stand-ins for those."""
    form = fill(JourneyForm, document, (), document.data)
    if form is not None or not isinstance(document.data, dict):
        return form
    wrong = {fault.path.partition(".")[0] for fault in document.faults}
    if "tracks" not in document.data or not wrong.isdisjoint({"signals", "groups", "facts", "tracks", "examples"}):
        return None  # what names mean, and what there is to look at, is not known
    known = {name: each for name, each in document.data.items() if name in JourneyForm.model_fields}
    return JourneyForm.model_validate(_STAND_IN | {name: each for name, each in known.items() if name not in wrong})
