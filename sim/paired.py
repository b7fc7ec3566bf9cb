"""Paired differences: the same luck under two policies, seed by seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.observations import Observation, headlines

if TYPE_CHECKING:
    import pandas as pd


def interval(differences: NDArray[np.float64], level: float = 0.95) -> tuple[float, float]:
    """Student's t interval of the mean of paired differences; equal ends where all are equal, nan with one run."""
    n = len(differences)
    if n < 2:
        return float("nan"), float("nan")
    from scipy.special import stdtrit

    mean = float(differences.mean())
    half = float(stdtrit(n - 1, 0.5 + level / 2.0) * differences.std(ddof=1) / np.sqrt(n))
    return mean - half, mean + half


def summary(observation: Observation, a: NDArray[np.float64], b: NDArray[np.float64]) -> dict[str, Any]:
    """Mean of each arm, mean paired difference with its 95 % interval, and the share of seeds in which b is better.

    ``variance_reduction`` is the variance that unpaired runs would have over the paired one (nan where that is zero).
    """
    known = ~(np.isnan(a) | np.isnan(b))
    a, b = a[known], b[known]
    difference = b - a
    low, high = interval(difference)
    sign = {"higher": 1.0, "lower": -1.0, "neither": 0.0}[observation.better]
    paired = float(difference.var(ddof=1)) if len(difference) > 1 else float("nan")
    apart = float(a.var(ddof=1) + b.var(ddof=1)) if len(difference) > 1 else float("nan")
    return {
        "observation": observation.key,
        "unit": observation.unit,
        "a": float(a.mean()) if len(a) else float("nan"),
        "b": float(b.mean()) if len(b) else float("nan"),
        "difference": float(difference.mean()) if len(difference) else float("nan"),
        "low": low,
        "high": high,
        "share_better": float((sign * difference > 0).mean()) if sign and len(difference) else float("nan"),
        "better": observation.better,
        "runs": len(difference),
        "variance_reduction": apart / paired if paired else float("nan"),
    }


def table(a: Sequence[dict[str, float]], b: Sequence[dict[str, float]]) -> pd.DataFrame:
    """One row per headline observation, from the end values of paired runs in the same order of seeds."""
    import pandas as pd

    rows = []
    for card in headlines():
        columns = [np.array([run[card.key] for run in arm], np.float64) for arm in (a, b)]
        rows.append(summary(card, *columns))
    return pd.DataFrame(rows)
