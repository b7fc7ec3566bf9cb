"""Effects of levers: differences under the same luck, run by run, with intervals and corrected significance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.figures.design import Design, Pair
from sim.figures.estimates import scipy_stats
from sim.observations import Observation
from sim.paired import interval

SIGN = {"higher": 1.0, "lower": -1.0, "neither": 0.0}


@dataclass(frozen=True)
class Contrast:
    """A mean difference over seeds.

    Attributes:
        difference, low, high: the mean and its 95 % interval (nan with fewer than two seeds).
        runs: seeds in which the difference is known.
        better, up, down: seeds in which it is for the better, above and below zero.
        p: two-sided p of Student's t, uncorrected.
    """

    difference: float
    low: float
    high: float
    runs: int
    better: int
    up: int
    down: int
    p: float

    @property
    def sure(self) -> bool:
        """Whether the 95 % interval leaves out zero."""
        return is_sure(self.low, self.high)


def is_sure(low: float, high: float) -> bool:
    """Whether an interval leaves out zero; never so where it is not known."""
    return bool(low > 0 or high < 0)


def wide(runs: pd.DataFrame, key: str) -> pd.DataFrame:
    """An observation's end values with a row per seed and a column per arm, over the runs that ended well."""
    return runs[runs["status"] == "ok"].pivot_table(index="seed", columns="arm", values=key, dropna=False)


def contrast(differences: Iterable[float], better_is: str = "neither") -> Contrast:
    """What paired differences, one per seed, say; unknown ones are left out."""
    values = np.asarray(list(differences), np.float64)
    values = values[~np.isnan(values)]
    if not len(values):
        nan = float("nan")
        return Contrast(nan, nan, nan, 0, 0, 0, 0, nan)
    low, high = interval(values)
    better, up, down = (int((values * sign > 0).sum()) for sign in (SIGN[better_is], 1.0, -1.0))
    return Contrast(float(values.mean()), low, high, len(values), better, up, down, _p_value(values))


def _p_value(values: NDArray[np.float64]) -> float:
    if len(values) < 2:
        return float("nan")
    error = float(values.std(ddof=1)) / np.sqrt(len(values))
    if error == 0:
        return 1.0 if values.mean() == 0 else 0.0
    return float(2 * scipy_stats().t.sf(abs(float(values.mean())) / error, len(values) - 1))


def averaged(values: pd.DataFrame, pairs: Sequence[Pair]) -> pd.Series:
    """The difference between the arms of each pair, averaged over the pairs, per seed.

    A seed in which some pairs are unknown is averaged over the others.
    """
    known = [(a, b) for a, b in pairs if a in values and b in values]
    if not known:
        return pd.Series(dtype=float)
    return pd.concat([values[a] - values[b] for a, b in known], axis=1).mean(axis=1)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's correction of a family of p values; unknown ones stay unknown and do not count."""
    p = np.asarray(p_values, np.float64)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    corrected = np.full(len(p), np.nan)
    steps = p[order] * (len(order) - np.arange(len(order)))
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(value) for value in corrected]


def effects(runs: pd.DataFrame, design: Design, cards: Sequence[Observation]) -> pd.DataFrame:
    """Effect of every value of every lever on each observation, against the lever's value in the baseline.

    Returns:
        One row per observation, lever, value and ``kind``: ``main`` (averaged over the other levers) or ``simple``
        (the other levers as in the baseline); with ``holm``, corrected over all rows of one kind.
    """
    rows = [
        {"observation": card.key, **row}
        for card in cards
        for row in _effects_on(wide(runs, card.key), design, card.better)
    ]
    return _corrected(pd.DataFrame(rows, columns=[*_ABOUT, *Contrast.__dataclass_fields__]))


def _effects_on(values: pd.DataFrame, design: Design, better: str) -> Iterator[dict[str, Any]]:
    """The rows of ``effects`` for one observation."""
    for lever in design.levers:
        for place, level in enumerate(design.others(lever)):
            alone = design.arm({lever: level})
            simple = [] if alone is None else [(alone, design.baseline)]
            for kind, pairs in (("main", design.pairs(lever, level)), ("simple", simple)):
                found = contrast(averaged(values, pairs), better)
                yield {"lever": lever, "place": place, "level": level, "kind": kind, **asdict(found)}


_ABOUT = ("observation", "lever", "place", "level", "kind")


def _corrected(table: pd.DataFrame) -> pd.DataFrame:
    table["holm"] = np.nan
    for kind in table["kind"].unique():
        rows = table["kind"] == kind
        table.loc[rows, "holm"] = holm(table.loc[rows, "p"].tolist())
    return table


def arm_differences(
    runs: pd.DataFrame, design: Design, cards: Sequence[Observation], arms: Sequence[int]
) -> pd.DataFrame:
    """Paired difference of some arms to the baseline, in own units and in standard deviations of the baseline's runs.

    ``standard`` columns are nan where the baseline's runs do not differ or are fewer than three.
    """
    rows = []
    for card in cards:
        values = wide(runs, card.key)
        if design.baseline not in values:
            continue
        usual = values[design.baseline].dropna()
        spread = float(usual.std(ddof=1)) if len(usual) > 2 else float("nan")
        for arm in arms:
            found = contrast(averaged(values, [(arm, design.baseline)]), card.better)
            row = {"observation": card.key, "arm": arm, **asdict(found)}
            parts = {f"standard_{name}": _standard(float(row[name]), spread) for name in _ENDS}
            rows.append(row | parts)
    names = ["observation", "arm", *Contrast.__dataclass_fields__, *(f"standard_{name}" for name in _ENDS)]
    return pd.DataFrame(rows, columns=names)


_ENDS = ("difference", "low", "high")


def _standard(value: float, spread: float) -> float:
    """A difference in standard deviations; no difference is none in any unit."""
    return value / spread if spread > 0 or np.isnan(spread) else 0.0 if value == 0 else float("nan")


def interactions(runs: pd.DataFrame, design: Design, cards: Sequence[Observation]) -> pd.DataFrame:
    """For each two levers and two values: what both together do beyond the sum of each alone, other levers as usual."""
    rows = []
    for card in cards:
        values = wide(runs, card.key)
        for one, two in combinations(design.levers, 2):
            for a in design.others(one):
                for b in design.others(two):
                    found = contrast(_beyond_sum(values, design, {one: a}, {two: b}), card.better)
                    rows.append({"observation": card.key, "one": one, "a": a, "two": two, "b": b, **asdict(found)})
    columns = ["observation", "one", "a", "two", "b", *Contrast.__dataclass_fields__]
    table = pd.DataFrame(rows, columns=columns)
    table["holm"] = holm(table["p"].tolist())
    return table


def _beyond_sum(values: pd.DataFrame, design: Design, one: Mapping[str, Any], two: Mapping[str, Any]) -> pd.Series:
    arms = [design.arm(changes) for changes in ({**one, **two}, one, two, {})]
    if any(arm is None or arm not in values for arm in arms):
        return pd.Series(dtype=float)
    both, first, second, none = (values[arm] for arm in arms)
    return both - first - second + none
