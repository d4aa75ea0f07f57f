"""Bar charts as SVG, made of nothing but text: for a light page and a dark one.

Owns sizes, colours and how a figure is written above or behind its bar. What is drawn stands in `benchmarks.plot`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

STYLE = """\
text{font-size:13px;fill:#0f172a}
.title{font-size:17px;font-weight:600}
.head{font-size:14px;font-weight:600}
.small{font-size:12px;fill:#475569}
.ground{fill:#ffffff}
.bar{fill:#94a3b8}
.ours{fill:#0369a1}
.reach{stroke:#0f172a;stroke-width:1.5;fill:none}
.axis{stroke:#cbd5e1}
@media (prefers-color-scheme:dark){
text{fill:#e2e8f0}
.small{fill:#94a3b8}
.ground{fill:#0d1117}
.bar{fill:#64748b}
.ours{fill:#38bdf8}
.reach{stroke:#e2e8f0}
.axis{stroke:#334155}
}
"""
LINE = 30  # from one bar to the next, in a chart whose bars lie
THICK = 18
COLUMN = 46  # the same, where they stand
WIDE = 30
TALL = 90


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure with its least and greatest; `ours` is drawn in another colour."""

    name: str
    least: float
    median: float
    greatest: float
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars under a heading, and how a figure is written."""

    head: str
    bars: Sequence[Bar]
    shown: Callable[[float], str]

    @property
    def most(self) -> float:
        """The greatest of all."""
        return max(bar.greatest for bar in self.bars)


def lying(chart: Chart, x: float, y: float, width: float) -> str:
    """Bars from left to right, names left of them: `x` is where they begin."""
    parts = [_text(x, y, chart.head, "head")]
    scale = (width - 130) / chart.most
    for number, bar in enumerate(chart.bars):
        top = y + 14 + number * LINE
        middle = top + THICK / 2
        parts += [
            _text(x - 10, middle + 4, bar.name, anchor="end"),
            f'<rect class="{_colour(bar)}" x="{x:.0f}" y="{top:.0f}" width="{bar.median * scale:.1f}" height="{THICK}" rx="2"/>',
            f'<path class="reach" d="M{x + bar.least * scale:.1f},{middle:.1f} H{x + bar.greatest * scale:.1f}"/>',
            _text(x + bar.greatest * scale + 8, middle + 4, chart.shown(bar.median)),
        ]
    return "\n".join(parts)


def standing(chart: Chart, x: float, y: float) -> str:
    """Bars from the ground up, each with its figure above and its name below: `y` is that of the heading."""
    ground = y + 30 + TALL
    end = x + COLUMN * len(chart.bars)
    parts = [_text(x, y, chart.head, "head"), f'<path class="axis" d="M{x:.0f},{ground:.1f} H{end:.0f}"/>']
    scale = TALL / chart.most
    for number, bar in enumerate(chart.bars):
        left = x + number * COLUMN + (COLUMN - WIDE) / 2
        middle, height = left + WIDE / 2, bar.median * scale
        parts += [
            f'<rect class="{_colour(bar)}" x="{left:.0f}" y="{ground - height:.1f}" width="{WIDE}" height="{height:.1f}" rx="2"/>',
            f'<path class="reach" d="M{middle:.1f},{ground - bar.least * scale:.1f} V{ground - bar.greatest * scale:.1f}"/>',
            _text(middle, ground - bar.greatest * scale - 6, chart.shown(bar.median), "small", "middle"),
            _text(middle, ground + 16, bar.name, "small", "middle"),
        ]
    return "\n".join(parts)


def picture(title: str, below: str, size: tuple[int, int], parts: Sequence[str]) -> str:
    """The whole picture, with a title and a line at its foot."""
    width, height = size
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"',
        'font-family="system-ui, sans-serif" role="img" aria-labelledby="said">',
        f'<title id="said">{escape(title)}</title>',
        f"<style>\n{STYLE}</style>",
        f'<rect class="ground" width="{width}" height="{height}" rx="8"/>',
        _text(24, 34, title, "title"),
        *parts,
        _text(24, height - 18, below, "small"),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _colour(bar: Bar) -> str:
    return "ours" if bar.ours else "bar"


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    named = f' class="{kind}"' if kind else ""
    placed = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text{named} x="{x:.0f}" y="{y:.0f}"{placed}>{escape(text)}</text>'
