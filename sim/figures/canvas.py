"""The paper and the ink: one style for all figures, colours told apart by the colour-blind, SVG with title and text.

The same numbers give the same bytes: ids are salted, and no date is written.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from textwrap import fill
from typing import Any

INK, MUTED, RULE = "#1c2126", "#565d64", "#c9ced3"
TODAY, TODAY_BAND = "#5b6167", "#80868c"  # the baseline, always
PLAN, PLAN_BAND = "#005a8e", "#0072b2"  # what is compared with it
BETTER, WORSE = "#00664b", "#a33c00"
ARMS = ("#005a8e", "#a33c00", "#00664b", "#8a3c73", "#7a5c00")
MARKERS = ("o", "s", "^", "D", "v")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
WIDTH = 10.0  # inches

STYLE: Any = {
    "svg.hashsalt": "cuadrante",
    "svg.fonttype": "none",  # text stays text
    "font.family": ["DejaVu Sans"],
    "font.size": 9.0,
    "axes.titlesize": 8.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9.0,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "axes.axisbelow": True,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "grid.color": "#e4e7ea",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "text.color": INK,
    "lines.linewidth": 1.6,
    "figure.facecolor": "white",
}


@dataclass(frozen=True)
class Drawing:
    """A figure as SVG.

    Attributes:
        key: name of its file, and start of the ids in it.
        file: a whole SVG file.
    """

    key: str
    file: str

    @property
    def inline(self) -> str:
        """The SVG for a place inside an HTML page: no header, no name spaces, no fixed size."""
        _, tag, rest = self.file.partition("<svg ")
        attributes, end, body = rest.partition(">")
        width = re.search(r'width="([\d.]+)pt"', attributes)
        share = float(width[1]) / (72 * WIDTH) if width else 1.0
        attributes = re.sub(r'\s*(xmlns(:\w+)?|width|height|version)="[^"]*"', "", attributes)
        return f'{tag}{attributes.strip()} style="max-width:{share:.0%}"{end}{body}'


@contextmanager
def paper(height: float, width: float = WIDTH) -> Iterator[Any]:
    """An empty figure in the house's style; finish it inside with ``finished``."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        yield Figure(figsize=(width, height), layout="constrained")


def finished(figure: Any, key: str, title: str, description: str) -> Drawing:
    """A figure as SVG, with a title and a description for those who cannot see it."""
    sink = io.StringIO()
    figure.savefig(sink, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    svg = sink.getvalue()
    svg = svg[svg.index("<svg ") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\b(id="|href="#|url\(#)', rf"\g<1>{key}-", svg)
    head = f'role="img" aria-labelledby="{key}-title {key}-desc" '
    words = f'<title id="{key}-title">{escape(title)}</title>\n<desc id="{key}-desc">{escape(description)}</desc>\n'
    start, end, body = svg.partition(">")
    return Drawing(key, f"{start.replace('<svg ', '<svg ' + head, 1)}{end}\n{words.rstrip()}{body}")


def wrapped(text: str, width: int) -> str:
    """Text in lines of at most so many characters."""
    return fill(text, width, break_long_words=False)


def room(axes: Any) -> None:
    """Horizontal guide lines and few ticks."""
    axes.grid(axis="y")
    axes.locator_params(axis="y", nbins=5)
    axes.tick_params(length=2.5)


def zero_line(axes: Any, vertical: bool = True) -> None:
    """The line of no difference."""
    (axes.axvline if vertical else axes.axhline)(0, color=TODAY, linewidth=1.0, linestyle=(0, (4, 2)), zorder=1)


def handle(label: str, colour: str, marker: str = "", dashes: Any = "-", hollow: bool = False) -> Any:
    """A line of a legend."""
    from matplotlib.lines import Line2D

    line = Line2D([], [], color=colour, marker=marker or "None", linestyle=dashes, markersize=4, label=label)
    if hollow:
        line.set_markerfacecolor("white")
    return line


def swatch(label: str, colour: str, alpha: float) -> Any:
    """A patch of a legend."""
    from matplotlib.patches import Patch

    return Patch(color=colour, alpha=alpha, linewidth=0, label=label)


def legend(figure: Any, handles: list[Any], columns: int) -> None:
    """The figure's one legend, above everything."""
    figure.legend(handles=handles, loc="outside upper left", ncols=columns)
