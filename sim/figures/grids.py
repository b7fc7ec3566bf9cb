"""Small multiples of how levers act together: one lever along the axis, one as lines, one as panels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from sim.figures.canvas import ARMS, DASHES, MARKERS, Drawing, finished, handle, legend, paper, room, wrapped, zero_line
from sim.figures.contrasts import averaged, contrast, wide
from sim.figures.design import Design
from sim.figures.names import Names, scale


def roles(design: Design) -> list[str]:
    """The levers as axis, lines and panels: those with more values, and numbers before words, come first."""

    def rank(lever: str) -> tuple[bool, int]:
        """Words after numbers, few values after many."""
        levels = design.levels(lever)
        numbers = all(isinstance(value, (int, float)) for value in levels)
        return not numbers, -len(levels)

    return sorted(design.levers, key=rank)[:3]


def together(runs: pd.DataFrame, design: Design, keys: Sequence[str], names: Names, texts: tuple[str, str]) -> Drawing:
    """Paired difference to the baseline arm for every combination of up to three levers, with 95 % intervals."""
    axis, lines, *rest = roles(design)
    panels = design.levels(rest[0]) if rest else [None]
    with paper(2.15 * len(keys) + 0.9, width=10.0 if rest else 7.0) as figure:
        grid = figure.subplots(len(keys), len(panels), squeeze=False, sharex=True, sharey="row")
        for row, key in enumerate(keys):
            values, shown = wide(runs, key), scale(key, names.language)
            for place, panel in enumerate(panels):
                fixed = {rest[0]: panel} if rest else {}
                _panel(grid[row, place], values, design, (axis, lines), fixed, shown.factor)
                if row == 0 and rest:
                    grid[row, place].set_title(wrapped(f"{names.lever(rest[0])}: {names.level(rest[0], panel)}", 44))
            grid[row, 0].set_ylabel(wrapped(f"{shown.name} ({shown.difference_unit})", 30), fontsize=8)
        _axis_names(grid[-1], design, axis, names)
        legend(figure, _lines_handles(design, lines, names), 3)
        return finished(figure, "interactions", *texts)


def _panel(
    axes: Any, values: pd.DataFrame, design: Design, levers: tuple[str, str], fixed: Mapping[str, Any], factor: float
) -> None:
    room(axes)
    zero_line(axes, vertical=False)
    axis, lines = levers
    levels = design.levels(lines)
    for place, level in enumerate(levels):
        shift = (place - (len(levels) - 1) / 2) * 0.1
        rows = []
        for x, value in enumerate(design.levels(axis)):
            arm = design.arm({**fixed, axis: value, lines: level})
            pairs = [] if arm is None else [(arm, design.baseline)]
            found = contrast(averaged(values, pairs))
            rows.append((x + shift, *(end * factor for end in (found.difference, found.low, found.high))))
        _line(axes, pd.DataFrame(rows, columns=["x", "mean", "low", "high"]), place)


def _line(axes: Any, rows: pd.DataFrame, place: int) -> None:
    colour = ARMS[place % len(ARMS)]
    marker, dashes = MARKERS[place % len(MARKERS)], DASHES[place % len(DASHES)]
    axes.plot(rows["x"], rows["mean"], color=colour, marker=marker, linestyle=dashes, linewidth=1.2, markersize=3.5)
    axes.vlines(rows["x"], rows["low"], rows["high"], color=colour, linewidth=1.0)


def _axis_names(row: Sequence[Any], design: Design, axis: str, names: Names) -> None:
    levels = design.levels(axis)
    units = [names.level(axis, value) for value in levels]
    tail = units[-1].partition(" ")[2]
    short = [unit.removesuffix(f" {tail}") for unit in units] if tail else units
    for axes in row:
        axes.set_xticks(range(len(levels)), short)
        axes.set_xlabel(names.lever(axis) + (f" ({tail})" if tail else ""), fontsize=8.5)


def _lines_handles(design: Design, lines: str, names: Names) -> list[Any]:
    labels = [f"{names.lever(lines)}: {names.level(lines, level)}" for level in design.levels(lines)]
    return [
        handle(label, ARMS[k % len(ARMS)], MARKERS[k % len(MARKERS)], DASHES[k % len(DASHES)])
        for k, label in enumerate(labels)
    ]
