"""Dots with intervals: differences to the baseline, for families of indicators, for levers and for two scenarios."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sim.figures.canvas import (
    ARMS,
    BETTER,
    INK,
    MARKERS,
    MUTED,
    PLAN,
    WIDTH,
    WORSE,
    Drawing,
    finished,
    handle,
    legend,
    paper,
    wrapped,
    zero_line,
)
from sim.figures.contrasts import SIGN, is_sure
from sim.figures.names import Names, say, scale, with_interval
from sim.observations import Observation, observations

Ends = tuple[float, float, float]  # mean, and the interval's two ends
EDGE = 8.0  # standard deviations; what lies farther is drawn as an arrow at the edge
COLUMNS = 4
MOST = 14  # community indicators drawn; of more, the headline ones alone


def families(
    table: pd.DataFrame,
    names: dict[int, str],
    language: str,
    texts: tuple[str, str],
) -> Drawing:
    """Reactive and community indicators side by side: standardised differences to the baseline.

    Args:
        table: of ``arm_differences``.
        names: the arms' names, in the order in which they are drawn.
        language: ``es`` or ``en``.
        texts: title and description.
    """
    cards = observations()
    sides = [[key for key in cards if cards[key].family == family] for family in ("reactive", "community")]
    sides = [[key for key in side if key in set(table["observation"])] for side in sides]
    sides[1] = [key for key in sides[1] if cards[key].headline or len(sides[1]) <= MOST]
    longest = max(len(side) for side in sides)
    limit = min(EDGE, 1.08 * _reach(table))
    with paper(1.3 + longest * (0.14 + 0.075 * len(names))) as figure:
        grid = figure.subplots(1, 2, sharex=True)
        for axes, side, family in zip(grid, sides, ("reactive", "community"), strict=True):
            axes.set_title(say(family, language))
            _family(axes, table, [cards[key] for key in side], list(names), limit, language)
            axes.set_ylim(longest - 0.5, -0.6)
        figure.supxlabel(say("standard_axis", language), fontsize=8.5)
        legend(figure, _arm_handles(list(names.values())), 1 if len(names) < 3 else 2)
        return finished(figure, "families", *texts)


def _reach(table: pd.DataFrame) -> float:
    """How far the standardised intervals go."""
    ends = table[["standard_difference", "standard_low", "standard_high"]].to_numpy(float)
    known = np.abs(ends[np.isfinite(ends)])
    return max(float(known.max()), 1.0) if len(known) else 1.0


def _family(
    axes: Any, table: pd.DataFrame, cards: Sequence[Observation], arms: list[int], limit: float, language: str
) -> None:
    zero_line(axes)
    axes.set_xlim(-limit, limit)
    step = 0.7 / max(len(arms), 1)
    for row, card in enumerate(cards):
        if row % 2 == 0:
            axes.axhspan(row - 0.5, row + 0.5, color="#f5f6f7", zorder=0, linewidth=0)
        for place, arm in enumerate(arms):
            found = table[(table["observation"] == card.key) & (table["arm"] == arm)]
            y = row + (place - (len(arms) - 1) / 2) * step
            ends = _ends(found.iloc[0], "standard_")
            _dot(axes, y, ends, limit, ARMS[place % len(ARMS)], MARKERS[place % len(MARKERS)])
    axes.set_yticks(range(len(cards)), [_with_arrow(card, language) for card in cards])
    axes.tick_params(axis="y", length=0)


def _with_arrow(card: Observation, language: str) -> str:
    """A name with the direction that is better for the community."""
    arrow = {"higher": "▲", "lower": "▼", "neither": "·"}[card.better]
    return f"{card.name(language)}\N{NO-BREAK SPACE}{arrow}"


def _ends(row: Any, prefix: str = "", factor: float = 1.0) -> Ends:
    """Mean and interval of a row, in the units shown."""
    mean, low, high = (float(row[f"{prefix}{part}"]) * factor for part in ("difference", "low", "high"))
    return mean, low, high


def _dot(axes: Any, y: float, ends: Ends, limit: float, colour: str, marker: str) -> None:
    """A dot with its interval; filled if the interval leaves out zero; an arrow at the edge if it lies beyond."""
    mean, low, high = ends
    if not math.isfinite(mean):
        return
    if math.isfinite(low):
        axes.plot(np.clip([low, high], -limit, limit), [y, y], color=colour, linewidth=1.2, solid_capstyle="butt")
    beyond = abs(mean) > limit
    look = (">" if mean > 0 else "<") if beyond else marker
    fill = colour if is_sure(low, high) else "white"
    axes.plot(
        min(max(mean, -limit), limit),
        y,
        marker=look,
        markersize=5 if beyond else 4,
        color=colour,
        markerfacecolor=fill,
        markeredgewidth=1.0,
        linestyle="",
        clip_on=False,
        zorder=4,
    )


def _arm_handles(names: Sequence[str]) -> list[Any]:
    looks = [(ARMS[place % len(ARMS)], MARKERS[place % len(MARKERS)]) for place in range(len(names))]
    return [handle(wrapped(name, 70), *look) for name, look in zip(names, looks, strict=True)]


# --- levers


def lever_effects(
    table: pd.DataFrame, cards: Sequence[Observation], names: Names, texts: tuple[str, str], simple: bool = True
) -> Drawing:
    """Effect of every value of every lever on each observation, in its own units.

    Args:
        table: of ``contrasts.effects``.
        cards: the observations to draw, a panel each.
        names: of the levers and values.
        texts: title and description.
        simple: draw the simple effects too; with one lever they are the same as the main ones.
    """
    rows: list[Any] = list(
        table[["lever", "place", "level"]].drop_duplicates(["lever", "place"]).itertuples(index=False)
    )
    labels = [wrapped(f"{names.lever(row.lever)}: {names.level(row.lever, row.level)}", 44) for row in rows]
    if len({row.lever for row in rows}) == 1:
        labels = [names.level(row.lever, row.level) for row in rows]
    columns = min(COLUMNS, len(cards)) if len(rows) < 14 else 3
    lines = -(-len(cards) // columns)
    with paper(lines * (1.0 + 0.19 * len(rows)) + 0.5) as figure:
        grid = figure.subplots(lines, columns, squeeze=False, sharey=True)
        for axes in grid.ravel()[len(cards) :]:
            axes.set_visible(False)
        for axes, card in zip(grid.ravel(), cards, strict=False):
            _effect_panel(axes, table[table["observation"] == card.key], rows, card, names.language, simple)
        grid[0, 0].set_yticks(range(len(rows)), labels)
        grid[0, 0].set_ylim(len(rows) - 0.4, -0.6)
        legend(figure, _effect_handles(names.language, simple), 3)
        return finished(figure, "effects", *texts)


def _effect_panel(
    axes: Any, table: pd.DataFrame, rows: Sequence[Any], card: Observation, language: str, simple: bool
) -> None:
    shown = scale(card.key, language)
    zero_line(axes)
    axes.set_title(wrapped(_with_arrow(card, language), 30), pad=4)
    for place, row in enumerate(rows):
        if place and rows[place - 1].lever != row.lever:
            axes.axhline(place - 0.5, color="#dfe3e6", linewidth=0.6)
        here = table[(table["lever"] == row.lever) & (table["place"] == row.place)]
        for kind, shift in (("simple", 0.16), ("main", -0.16 if simple else 0.0)):
            found = here[here["kind"] == kind]
            if len(found) and (simple or kind == "main"):
                _effect_dot(axes, place + shift, _ends(found.iloc[0], factor=shown.factor), kind, card.better)
    axes.locator_params(axis="x", nbins=4)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(wrapped(shown.difference_unit, 34), fontsize=7.5, color=MUTED)


def _effect_dot(axes: Any, y: float, ends: Ends, kind: str, better: str) -> None:
    colour = effect_colour(ends, better) if kind == "main" else MUTED
    _dot(axes, y, ends, math.inf, colour, "o" if kind == "main" else "D")


def effect_colour(ends: Ends, better: str) -> str:
    """Green for surely better, rust for surely worse, blue for surely different, grey for unclear."""
    mean, low, high = ends
    if not is_sure(low, high):
        return MUTED
    return {1.0: BETTER, -1.0: WORSE, 0.0: PLAN}[SIGN[better] * (1.0 if mean > 0 else -1.0)]


def _effect_handles(language: str, simple: bool) -> list[Any]:
    looks = [(BETTER, "o", "sure_better"), (WORSE, "o", "sure_worse"), (PLAN, "o", "sure_other")]
    handles = [handle(say(key, language), colour, marker, "") for colour, marker, key in looks]
    handles.append(handle(say("unsure", language), MUTED, "o", "", hollow=True))
    return handles + ([handle(say("simple_effect", language), MUTED, "D", "", hollow=True)] if simple else [])


# --- two scenarios


def figure_compare(table: pd.DataFrame, language: str = "es") -> str:
    """Forest plot of two scenarios, from ``paired.table``: mean difference, 95 % interval, share of seeds better.

    Every row has its own scale, for the units differ; zero is shared, and the numbers stand beside it.
    """
    return compare_drawing(table, language, (say("compare_title", language), say("compare_desc", language))).file


def compare_drawing(table: pd.DataFrame, language: str, texts: tuple[str, str]) -> Drawing:
    """``figure_compare`` with its title and description."""
    with paper(0.9 + 0.36 * len(table), width=WIDTH) as figure:
        axes = figure.subplots()
        zero_line(axes)
        for y, (_, row) in enumerate(table.iterrows()):
            ends = _ends(row)
            reach = max((abs(end) for end in ends if math.isfinite(end)), default=0.0) or 1.0
            _dot(axes, y, _ends(row, factor=1.0 / reach), math.inf, effect_colour(ends, str(row["better"])), "o")
            _compare_words(axes, y, row, language)
        names = [_with_arrow(observations()[key], language) for key in table["observation"]]
        axes.set_yticks(range(len(table)), names)
        axes.set(xlim=(-1.08, 1.08), ylim=(len(table) - 0.4, -0.8), xticks=[])
        axes.set_xlabel(say("own_scale", language), fontsize=8.5, loc="left")
        axes.tick_params(axis="y", length=0)
        axes.spines[["left", "bottom"]].set_visible(False)
        return finished(figure, "comparison", *texts)


def _compare_words(axes: Any, y: float, row: Any, language: str) -> None:
    """The difference with its interval and unit, and how often b was better."""
    shown = scale(str(row["observation"]), language)
    words = with_interval(*_ends(row), shown.factor, language, signed=True)
    often, runs = float(row["share_better"]), int(row["runs"])
    key = "b_better" if math.isfinite(often) else "no_direction"
    key = "no_difference" if float(row["low"]) == float(row["high"]) == 0 else key
    times = say(key, language, times=round(often * runs) if math.isfinite(often) else 0, runs=runs)
    axes.text(1.04, y - 0.17, f"{words} {shown.difference_unit}", va="center", fontsize=8, transform=_beside(axes))
    axes.text(1.04, y + 0.22, times, va="center", fontsize=7.5, color=INK, transform=_beside(axes))


def _beside(axes: Any) -> Any:
    return axes.get_yaxis_transform()
