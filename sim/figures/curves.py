"""Curves over time: one small picture per arm, each against the same baseline, so that no line gets lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from sim.figures.canvas import (
    INK,
    MUTED,
    PLAN,
    PLAN_BAND,
    TODAY,
    TODAY_BAND,
    Drawing,
    finished,
    handle,
    legend,
    paper,
    room,
    swatch,
    wrapped,
)
from sim.figures.estimates import bands
from sim.figures.names import Scale, say, scale

Panels = Sequence[tuple[str, int]]  # title and arm
COLUMNS = 4
FEW = 20  # runs that may be drawn one by one
REFERENCE = {4: 20.0, 5: 10.0, 6: 5.0, 7: 0.0}  # S1: halved at each follow-up


def over_time(
    key: str,
    weekly: pd.DataFrame,
    observations: Sequence[str],
    panels: Panels,
    baseline: int,
    language: str,
    texts: tuple[str, str],
    lines: bool = False,
) -> Drawing:
    """Bands of observations over time: a row per observation, or one observation on several rows of panels.

    Args:
        key: name of the figure.
        weekly: columns ``arm``, ``seed``, ``week`` and the observations.
        observations: what to draw.
        panels: a title and an arm each; without any, the baseline stands alone.
        baseline: the arm drawn in grey in every panel.
        language: ``es`` or ``en``.
        texts: title and description.
        lines: draw each run of the arm as a thin line, if they are few.
    """
    panels = panels or [(say("all_arms", language), baseline)]
    columns = min(COLUMNS if len(observations) == 1 else 5, len(panels))
    high = -(-len(panels) // columns)  # rows of panels per observation
    with paper(2.0 * high * len(observations) + 0.75, width=10.0 if columns > 1 else 7.0) as figure:
        shared: Any = "row" if high == 1 else True
        grid = figure.subplots(high * len(observations), columns, squeeze=False, sharex=True, sharey=shared)
        for row, name in enumerate(observations):
            block = grid[row * high : (row + 1) * high]
            _block(block, weekly, name, panels, (baseline, language, lines))
            _axis_names(block, scale(name, language), len(observations) > 1)
        for axes, (title, _) in zip(grid[:high].ravel(), panels, strict=False):
            axes.set_title(wrapped(title, 32 if columns > 2 else 60) if len(panels) > 1 else "")
        _week_names(block, len(panels), language)
        legend(figure, _handles(panels, baseline, language), 4 if columns > 1 else 2)
        return finished(figure, key, *texts)


def _block(block: Any, weekly: pd.DataFrame, name: str, panels: Panels, rest: tuple[int, str, bool]) -> None:
    """The panels of one observation."""
    baseline, language, lines = rest
    summary, shown = bands(weekly, name), scale(name, language)
    for axes in block.ravel()[len(panels) :]:
        axes.set_visible(False)
    for axes, (_, arm) in zip(block.ravel(), panels, strict=False):
        _pair(axes, summary, baseline, arm, shown.factor)
        if lines and arm != baseline:
            _each_run(axes, weekly[weekly["arm"] == arm], name, shown.factor)


def _axis_names(block: Any, shown: Scale, several: bool) -> None:
    """What the height means, at the left of each row."""
    for line in block:
        text = f"{shown.name} ({shown.unit})" if several else shown.unit
        line[0].set_ylabel(wrapped(text, 30), fontsize=8)


def _week_names(block: Any, count: int, language: str) -> None:
    """Weeks, under the lowest panel of each column."""
    for place in range(max(count - block.shape[1], 0), count):
        axes = block.ravel()[place]
        axes.set_xlabel(say("week", language))
        axes.tick_params(labelbottom=True)


def _pair(axes: Any, summary: pd.DataFrame, baseline: int, arm: int, factor: float) -> None:
    """The baseline in grey, an arm in blue, each with its bands."""
    room(axes)
    for which, line, band, dashes in _looks(arm, baseline):
        rows = summary[summary["arm"] == which]
        week = rows["week"].to_numpy()
        low, q1, mid, q3, high = (rows[name].to_numpy() * factor for name in ("p5", "p25", "p50", "p75", "p95"))
        axes.fill_between(week, low, high, color=band, alpha=0.15, linewidth=0)
        axes.fill_between(week, q1, q3, color=band, alpha=0.25, linewidth=0)
        axes.plot(week, mid, color=line, linestyle=dashes, zorder=3)


def _each_run(axes: Any, rows: pd.DataFrame, name: str, factor: float) -> None:
    if rows["seed"].nunique() > FEW:
        return
    for _, run in rows.groupby("seed"):
        axes.plot(run["week"], run[name] * factor, color=PLAN_BAND, alpha=0.35, linewidth=0.4, zorder=2)


def _handles(panels: Panels, baseline: int, language: str) -> list[Any]:
    band = PLAN_BAND if any(arm != baseline for _, arm in panels) else TODAY_BAND
    bands_ = [swatch(say("band_50", language), band, 0.4), swatch(say("band_90", language), band, 0.15)]
    return [*_line_handles(panels, baseline, language), *bands_]


def _line_handles(panels: Panels, baseline: int, language: str) -> list[Any]:
    """The baseline's line, and that of what it is compared with: by its name if it is the only one."""
    lines = [handle(say("baseline", language), TODAY, dashes=(0, (4, 2)))]
    if len(panels) == 1 and panels[0][1] == baseline:
        return [handle(panels[0][0], TODAY, dashes=(0, (4, 2)))]
    return [*lines, handle(panels[0][0] if len(panels) == 1 else say("this_arm", language), PLAN)]


# --- committees


def committee_lives(
    curves: dict[int, pd.DataFrame],
    people: pd.DataFrame,
    panels: Panels,
    baseline: int,
    language: str,
    texts: tuple[str, str],
) -> Drawing:
    """Above, the share of committees alive; below, attendance by session; each arm against the baseline.

    Args:
        curves: by arm, a table of ``survival``.
        people: the table of ``attendance``.
        panels, baseline, language, texts: as in ``over_time``.
    """
    panels = panels or [(say("all_arms", language), baseline)]
    with paper(5.4, width=10.0 if len(panels) > 1 else 7.0) as figure:
        grid = figure.subplots(2, len(panels), squeeze=False, sharey="row", sharex="row")
        for place, (title, arm) in enumerate(panels):
            grid[0, place].set_title(wrapped(title, 30 if len(panels) > 2 else 60) if len(panels) > 1 else "")
            for which, line, band, dashes in _looks(arm, baseline):
                if which in curves:
                    _steps(grid[0, place], curves[which], line, band, dashes)
                _sessions(grid[1, place], people[people["arm"] == which], line, band, dashes)
            _reference(grid[1, place], language, place == 0)
            grid[0, place].set_xlabel(say("weeks_alive", language), fontsize=8)
            grid[1, place].set_xlabel(say("session", language), fontsize=8)
        grid[0, 0].set_ylabel(say("share_alive", language))
        grid[0, 0].set(xlim=(0, None), ylim=(0, 103))
        grid[1, 0].set_ylabel(say("people", language))
        grid[1, 0].set_ylim(0, max(22.0, 1.15 * float(people["mean"].max())))  # wider bands are cut
        legend(figure, _committee_handles(panels, baseline, language), 3 if len(panels) > 1 else 2)
        return finished(figure, "committees", *texts)


def _looks(arm: int, baseline: int) -> list[tuple[int, str, str, Any]]:
    looks: list[tuple[int, str, str, Any]] = [(baseline, TODAY, TODAY_BAND, (0, (4, 2)))]
    return looks + ([(arm, PLAN, PLAN_BAND, "-")] if arm != baseline else [])


def _steps(axes: Any, curve: pd.DataFrame, line: str, band: str, dashes: Any) -> None:
    room(axes)
    week = curve["week"]
    axes.fill_between(week, curve["low"] * 100, curve["high"] * 100, step="post", color=band, alpha=0.2, linewidth=0)
    axes.step(week, curve["alive"] * 100, where="post", color=line, linestyle=dashes)


def _sessions(axes: Any, rows: pd.DataFrame, line: str, band: str, dashes: Any) -> None:
    room(axes)
    axes.fill_between(rows["session"], rows["low"], rows["high"], color=band, alpha=0.2, linewidth=0)
    axes.plot(rows["session"], rows["mean"], color=line, linestyle=dashes, marker="o", markersize=3)


def _reference(axes: Any, language: str, words: bool) -> None:
    """The four formation sessions, and the decay that S1 reports."""
    axes.axvspan(0.5, 4.5, color="#eef1f3", zorder=0, linewidth=0)
    look = {"color": INK, "linestyle": "", "markersize": 5, "clip_on": False}
    axes.plot(list(REFERENCE), list(REFERENCE.values()), marker="x", markeredgewidth=1.2, zorder=4, **look)
    axes.set_xlim(0.5, None)
    if words:
        place = axes.get_xaxis_transform()
        axes.text(0.7, 0.04, say("formation", language), transform=place, fontsize=7.5, color=MUTED)
        axes.text(4.7, 0.93, say("follow_up", language), transform=place, fontsize=7.5, color=MUTED)


def _committee_handles(panels: Panels, baseline: int, language: str) -> list[Any]:
    return [*_line_handles(panels, baseline, language), handle(say("reference", language), INK, "x", "")]
