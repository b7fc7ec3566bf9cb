"""Numbers behind the figures: bands across runs, means with intervals, survival and attendance of committees."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.paired import interval

Numbers = NDArray[np.float64]
QUANTILES = {"p5": 0.05, "p25": 0.25, "p50": 0.50, "p75": 0.75, "p95": 0.95}


def scipy_stats() -> Any:
    """scipy.stats, loaded when first needed."""
    return import_module("scipy.stats")


def rows_of(table: pd.DataFrame) -> list[Any]:
    """The rows of a table, each with its columns as attributes."""
    return list(table.itertuples(index=False))


def rows_by(table: pd.DataFrame, *keys: str) -> dict[tuple[Any, ...], Any]:
    """The rows of a table by the values of some columns."""
    return {tuple(getattr(row, key) for key in keys): row for row in rows_of(table)}


def blocks(weekly: pd.DataFrame, keys: Sequence[str], weeks: int) -> pd.DataFrame:
    """Means over blocks of ``weeks`` weeks, per run; ``week`` becomes the middle of the block.

    A last block of less than half the weeks is left out.
    """
    block = weekly["week"] // weeks
    left = (weekly["week"].max() + 1) % weeks
    whole = weekly[block < block.max()] if 0 < left < weeks / 2 and block.max() > 0 else weekly
    means = whole.assign(block=whole["week"] // weeks).groupby(["arm", "seed", "block"], observed=True)
    table = means[[*keys, "week"]].mean().reset_index()
    return table.drop(columns="block")


def bands(weekly: pd.DataFrame, key: str) -> pd.DataFrame:
    """Median and central 50 % and 90 % of an observation across the runs of each arm and week.

    Returns:
        Columns ``arm``, ``week``, ``p5`` ... ``p95`` and ``runs``; weeks without a known value are left out.
    """
    known = weekly.dropna(subset=[key]).groupby(["arm", "week"], observed=True)[key]
    columns = {name: known.quantile(share) for name, share in QUANTILES.items()}
    return pd.DataFrame({**columns, "runs": known.size()}).reset_index()


def mean_interval(values: Iterable[float]) -> tuple[float, float, float, int]:
    """Mean, 95 % interval of the mean and number of known values; nan where there are too few."""
    numbers = np.asarray(list(values), np.float64)
    known = numbers[~np.isnan(numbers)]
    if not len(known):
        return float("nan"), float("nan"), float("nan"), 0
    low, high = interval(known)
    return float(known.mean()), low, high, len(known)


def headline_means(runs: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Mean, 95 % interval and number of runs of each observation in each arm, over the runs that ended well."""
    rows = []
    for arm, group in runs[runs["status"] == "ok"].groupby("arm"):
        for key in keys:
            mean, low, high, known = mean_interval(group[key])
            rows.append({"arm": arm, "observation": key, "mean": mean, "low": low, "high": high, "runs": known})
    return pd.DataFrame(rows, columns=["arm", "observation", "mean", "low", "high", "runs"])


# --- committees


def lengths(committees: pd.DataFrame, weeks: int) -> pd.DataFrame:
    """Weeks each committee lived, and whether its end was seen; ``ended`` -1 means it still meets after ``weeks``."""
    ended = committees["ended"] >= 0
    last = committees["ended"].where(ended, weeks - 1)
    return committees.assign(length=(last - committees["formed"]).clip(lower=0), died=ended)


def survival(lives: pd.DataFrame) -> pd.DataFrame:
    """Kaplan-Meier share of committees alive after so many weeks, with a pointwise 95 % interval.

    Committees of one run share its luck, so the interval comes from leaving out one run at a time; with a single
    run it is Greenwood's (log-log), which takes committees as independent.

    Args:
        lives: columns ``seed``, ``length`` and ``died``.

    Returns:
        Columns ``week``, ``alive``, ``low``, ``high`` and ``at_risk``, one row per week in which a committee ended.
    """
    curve = _kaplan_meier(lives)
    weeks, alive = curve.quantiles, curve.probabilities
    low, high = _jackknife(lives, weeks, alive) if len(lives["seed"].unique()) > 1 else _greenwood(curve)
    at_risk = [int((lives["length"] >= week).sum()) for week in weeks]
    table = pd.DataFrame({"week": weeks, "alive": alive, "low": low, "high": high, "at_risk": at_risk})
    start = {"week": 0.0, "alive": 1.0, "low": 1.0, "high": 1.0, "at_risk": len(lives)}
    return table if 0 in weeks else pd.concat([pd.DataFrame([start]), table], ignore_index=True)


def _kaplan_meier(lives: pd.DataFrame) -> Any:
    stats = scipy_stats()
    length, died = lives["length"].to_numpy(float), lives["died"].to_numpy(bool)
    return stats.ecdf(stats.CensoredData(length[died], right=length[~died])).sf


def _greenwood(curve: Any) -> tuple[Numbers, Numbers]:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # undefined where nobody or everybody is left
        ends = curve.confidence_interval(method="log-log")
    alive = curve.probabilities
    low, high = ends.low.probabilities, ends.high.probabilities
    edge = (alive <= 0) | (alive >= 1)
    return np.where(edge | np.isnan(low), alive, low), np.where(edge | np.isnan(high), alive, high)


def _jackknife(lives: pd.DataFrame, weeks: Numbers, alive: Numbers) -> tuple[Numbers, Numbers]:
    seeds = lives["seed"].unique()
    without = []
    for seed in seeds:
        curve = _kaplan_meier(lives[lives["seed"] != seed])
        steps = np.concatenate([[1.0], curve.probabilities])
        at = np.searchsorted(curve.quantiles, weeks, side="right")
        without.append(steps[at])
    n = len(seeds)
    spread = np.asarray(without)
    error = np.sqrt((n - 1) / n * ((spread - spread.mean(axis=0)) ** 2).sum(axis=0))
    half = float(scipy_stats().t.ppf(0.975, n - 1)) * error
    return np.clip(alive - half, 0.0, 1.0), np.clip(alive + half, 0.0, 1.0)


def attendance(sessions: pd.DataFrame, lives: pd.DataFrame, most: int = 10) -> pd.DataFrame:
    """People at session 1, 2, ..., over all committees that were formed: one that has ended counts as nobody.

    A committee that still meets and has not come to its n-th session yet is left out of that session.

    Returns:
        Columns ``arm``, ``session``, ``mean``, ``low``, ``high``, ``runs`` and ``held`` (mean of the sessions held).
    """
    keys = ["arm", "seed", "committee", "spell"]
    held = sessions[sessions["session"] <= most]
    rows = []
    for session in range(1, most + 1):
        came = held[held["session"] == session].set_index(keys)["attendance"].astype(float)
        reached = lives[lives["died"] | (lives["sessions"] >= session)].set_index(keys)
        per_run = came.reindex(reached.index).fillna(0.0).groupby(level=["arm", "seed"]).mean()
        of_held = came.groupby(level="arm").mean()
        for arm, means in per_run.groupby(level="arm"):
            mean, low, high, runs = mean_interval(means)
            there = float(of_held.get(arm, np.nan))
            rows.append((arm, session, mean, low, high, runs, there))
    return pd.DataFrame(rows, columns=["arm", "session", "mean", "low", "high", "runs", "held"])
