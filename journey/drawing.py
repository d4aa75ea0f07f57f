"""A journey's picture: a Mermaid diagram, and an SVG that needs nothing else to be looked at.

Owns both texts. Equal journeys give equal pictures, to the byte. Moves made by silence say `after` how long, and are
dashed; when a move is published, Mermaid says beside its name, and the SVG where the pointer rests on it. Where
things stand in the SVG is `journey.picture`'s business. Knows nothing about running a journey.
"""

from collections.abc import Iterator
from html import escape
from typing import Final

from journey.definition import Definition, Track
from journey.picture import ANY, BOX_HEIGHT, BOX_WIDTH, MARGIN, Line, Picture, caption, edges, frame, named

TITLE: Final = 44
NARROWEST: Final = 720
"""Room for the title of a journey whose tracks are short."""


def mermaid(definition: Definition) -> str:
    """The journey as a Mermaid `stateDiagram-v2`, each track a state that holds its stages."""
    lines = ["stateDiagram-v2", "    direction LR"]
    for track in definition.tracks:
        name = track.name if track.per is None else f'"{caption(track)}" as {track.name}'
        lines += [f"    state {name} {{", *(f"        {line}" for line in _mermaid(track)), "    }"]
    return "\n".join(lines) + "\n"


def _mermaid(track: Track) -> Iterator[str]:
    for stage in track.stages:
        yield f'state "{named(stage, frame(track, stage))}" as {track.name}_{stage}'
    if any(move.from_any for move in track.moves):
        yield f'state "{ANY}" as {track.name}_any'
    yield f"[*] --> {track.name}_{track.initial}"
    for edge in edges(track):
        for source in edge.sources:
            left = "any" if source == ANY else source
            yield f"{track.name}_{left} --> {track.name}_{edge.target} : {named(edge.name, edge.after, edge.note)}"


def svg(definition: Definition) -> str:
    """The journey as an SVG picture, its tracks one below the other."""
    pictures = [Picture(track) for track in definition.tracks]
    width = max([picture.width for picture in pictures] + [NARROWEST])
    height = TITLE + sum(picture.height for picture in pictures) + MARGIN
    title = escape(f"{definition.journey}, version {definition.version}: {definition.title}")
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"',
        'font-family="system-ui, sans-serif">',
        *_STYLE,
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text class="title" x="{MARGIN}" y="30">{title}</text>',
    ]
    top = TITLE
    for picture in pictures:
        lines += _svg(picture, top)
        top += picture.height
    return "\n".join([*lines, "</svg>", ""])


_STYLE: Final = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">',
    '<path d="M0,0 L8,4 L0,8 z" fill="#475569"/></marker><style>',
    ".title{font-size:18px;font-weight:600;fill:#0f172a}",
    ".track{font-size:14px;font-weight:600;fill:#334155}",
    ".box{fill:#e0f2fe;stroke:#0369a1}",
    ".initial{stroke-width:2.5}",
    ".any{fill:#ffffff;stroke:#94a3b8;stroke-dasharray:3 3}",
    ".stage{font-size:13px;text-anchor:middle;fill:#0f172a}",
    ".move{fill:none;stroke:#475569;stroke-width:1.3}",
    ".joint{fill:#475569}",
    ".silent{stroke-dasharray:5 4}",
    # The white rim keeps a name readable where another move's line passes behind it.
    ".name{font-size:11px;text-anchor:middle;fill:#1e293b;paint-order:stroke;stroke:#ffffff;stroke-width:4px}",
    "</style></defs>",
)


def _svg(picture: Picture, top: int) -> Iterator[str]:
    yield f'<text class="track" x="{MARGIN}" y="{top + 18}">{caption(picture.track)}</text>'
    lines = picture.lines(top)
    yield from (_path(line) for line in lines)
    for column, stage in enumerate(picture.row):
        x, y = picture.centre(column), picture.row_top(top)
        rank = "any" if stage == ANY else "initial" if stage == picture.track.initial else ""
        yield (
            f'<rect class="box {rank}" x="{x - BOX_WIDTH // 2}" y="{y}" width="{BOX_WIDTH}" '
            f'height="{BOX_HEIGHT}" rx="8"><title>{escape(picture.track.meanings.get(stage, stage))}</title></rect>'
        )
        yield _stage(stage, frame(picture.track, stage), x, y + BOX_HEIGHT // 2 + 5)
    for line in lines:
        yield from (f'<circle class="joint" cx="{start}" cy="{line.height}" r="2.5"/>' for start in line.joints)
        yield f'<text class="name" x="{line.middle}" y="{line.height + 4}">{escape(line.edge.label)}{_tip(line)}</text>'


def _stage(stage: str, within: str, x: int, y: int) -> str:
    """A stage's name; with a time-frame, that stands below it in small letters, and both in the middle of the box."""
    if not within:
        return f'<text class="stage" x="{x}" y="{y}">{stage}</text>'
    below = f'<tspan x="{x}" dy="14" font-size="10">{within}</tspan>'
    return f'<text class="stage" x="{x}" y="{y - 7}">{stage}{below}</text>'


def _tip(line: Line) -> str:
    return f"<title>{line.edge.note}</title>" if line.edge.note else ""


def _path(line: Line) -> str:
    silent = " silent" if line.edge.after else ""
    joining = "".join(f"M{start},{line.base} V{line.height} " for start in line.joints)
    return (
        f'<path class="move{silent}" marker-end="url(#tip)" '
        f'd="{joining}M{line.furthest},{line.base} V{line.height} H{line.end} V{line.base}"/>'
    )
