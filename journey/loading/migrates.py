"""What becomes of customers who stand where this version has no place: `migrates`, read.

Owns what may stand there, and what can be said of it without the former version, whose stages are not known here. So
what is written down for one former version may stay for those that come after.
"""

from collections.abc import Mapping, Sequence

from journey.definition import GONE, Track
from journey.faults import suggest
from journey.loading.vocabulary import Vocabulary
from journey.loading.yaml import Document


def read_migrates(
    vocabulary: Vocabulary, tracks: Sequence[Track], data: Mapping[str, object]
) -> dict[str, dict[str, str] | None]:
    """For tracks, where those go who stand in a former stage; None of one that is gone. Faults are noted."""
    document, known = vocabulary.document, {track.name: track for track in tracks}
    found: dict[str, dict[str, str] | None] = {}
    for name, each in data.items():
        path, track = ("migrates", name), known.get(name)
        if each == GONE:
            found[name] = None
            if track is not None:
                message = f"'{name}' is a track of this version, so it is not {GONE}: map its former stages"
                document.refuse(path, message)
        elif track is None:
            message = f"there is no track '{name}'; of a former one say '{name}: {GONE}'. {suggest(name, known)}"
            document.refuse(path, message, key=True)
        elif isinstance(each, Mapping):
            found[name] = {former: str(stage) for former, stage in each.items()}
            _check(document, track, each)
        else:
            document.refuse(path, "this must be lines of 'former stage: stage'")
    return found


def _check(document: Document, track: Track, mapped: Mapping[str, object]) -> None:
    for former, stage in mapped.items():
        path = ("migrates", track.name, former)
        if former in track.stages:
            message = f"'{former}' is a stage of this version, so whoever stands there stays: leave this out"
            document.refuse(path, message, key=True)
        if stage not in track.stages:
            document.refuse(path, f"there is no stage '{stage}'. {suggest(stage, track.stages)}")
