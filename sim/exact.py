"""Arithmetic that gives the same bits on every machine.

NumPy's own ``exp`` and ``log`` change with the instruction set of the processor (4.6 % of ``exp`` values differ when
AVX-512 is switched off), and a sum of fractions depends on its order. The model path therefore uses only additions,
multiplications, divisions and square roots, which IEEE 754 fixes, integer sums, and the functions below.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Words = NDArray[np.uint32]
Longs = NDArray[np.uint64]
Counts = NDArray[np.int64]

WORD = 4294967296.0  # 2**32, the number of values of a 32-bit word
TOP_WORD = 4294967040.0  # the largest float32 below 2**32
FRACTION_BITS = 20  # sums of fractions are sums of whole multiples of 2**-20, about one millionth

_LN2_HIGH = 0.693147180369123816490
_LN2_LOW = 1.90821492927058770002e-10
_EXP_TERMS = tuple(1.0 / f for f in (6227020800, 479001600, 39916800, 3628800, 362880, 40320, 5040, 720, 120, 24, 6))
_LOG_TERMS = tuple(1.0 / k for k in range(21, 2, -2))


def exp(x: Any) -> NDArray[np.float64]:
    """e to the power ``x`` (float64, |x| < 700), with relative error below 1e-15 and the same bits everywhere."""
    x = np.asarray(x, np.float64)
    whole = np.rint(x * 1.44269504088896338700)
    rest = (x - whole * _LN2_HIGH) - whole * _LN2_LOW
    series = np.full_like(rest, _EXP_TERMS[0])
    for term in (*_EXP_TERMS[1:], 0.5, 1.0, 1.0):
        series = series * rest + term
    return np.ldexp(series, whole.astype(np.int32))


def log(x: Any) -> NDArray[np.float64]:
    """Natural logarithm of ``x`` > 0 (float64), the same bits everywhere."""
    mantissa, exponent = np.frexp(np.asarray(x, np.float64))
    low = mantissa < 0.70710678118654752440
    mantissa = np.where(low, mantissa * 2.0, mantissa)
    exponent = exponent - low
    t = (mantissa - 1.0) / (mantissa + 1.0)
    square = t * t
    series = np.full_like(t, _LOG_TERMS[0])
    for term in (*_LOG_TERMS[1:], 1.0):
        series = series * square + term
    return 2.0 * t * series + exponent * 0.69314718055994530942


@cache
def kept(half_life: float) -> float:
    """Share of a stock that is left after one week when half of it is lost in ``half_life`` weeks."""
    return float(exp(-0.69314718055994530942 / half_life)) if half_life > 0 else 0.0


def threshold(probability: Any) -> Words:
    """The 32-bit integer below which a word falls with ``probability`` (clipped to 0-1), as uint32 of any shape.

    Certainty is 1 - 2**-24 in float32 arithmetic: a word just below 2**32 escapes even probability one.
    """
    if isinstance(probability, float):
        return np.uint32(min(max(probability * WORD, 0.0), TOP_WORD))  # type: ignore[return-value]
    scaled = np.minimum(np.maximum(np.multiply(probability, WORD), 0.0), TOP_WORD)
    return scaled.astype(np.uint32)


def bounded(values: Any, low: float, high: float) -> NDArray[Any]:
    """``values`` kept between ``low`` and ``high``: NumPy's clip, at a quarter of its price on short columns."""
    return np.minimum(np.maximum(values, low), high)


def unit(words: Words | Longs) -> NDArray[np.float64]:
    """Uniform numbers in [0, 1) from 32-bit words (32 bits kept) or 64-bit words (53 bits kept)."""
    if words.dtype == np.uint32:
        return np.multiply(words, 1.0 / WORD, dtype=np.float64)
    return np.multiply(words >> np.uint64(11), 1.0 / 9007199254740992.0, dtype=np.float64)


def bell(words: Longs) -> NDArray[np.float64]:
    """Nearly normal numbers (mean 0, variance 1, |z| < 3.47) from 64-bit words: the sum of their four 16-bit parts.

    The fourth central moment is 2.7 instead of 3: close enough for dispositions, and exact on every machine.
    """
    parts = words.view(np.uint16).reshape(*words.shape, 4).astype(np.int64).sum(axis=-1)
    return np.multiply(parts - 131070, 1.0 / 37837.3, dtype=np.float64)  # 4 * 65535 / 2 and 65536 * sqrt(4 / 12)


def poisson(mean: Any, words: Longs) -> Counts:
    """Poisson counts by inversion, int64[n], from means >= 0 (float64[n]) and one 64-bit word each.

    Above a mean of 500 the normal approximation is used, rounded and kept at or above 0.
    """
    mean = np.asarray(mean, np.float64)
    if not mean.any():
        return np.zeros(mean.shape, np.int64)
    u = unit(words)
    large = mean > 500.0
    small_mean = np.where(large, 0.0, np.maximum(mean, 0.0))
    term = exp(-small_mean)
    last = small_mean + 12.0 * np.sqrt(small_mean) + 30.0  # beyond it the tail is below the word's resolution
    total, count, k = term.copy(), np.zeros(mean.shape, np.int64), 0
    while (below := (u >= total) & (k < last)).any():
        k += 1
        term = term * small_mean / k
        total = np.where(below, total + term, total)
        count += below
    if large.any():
        normal = mean + bell(words) * np.sqrt(mean)
        count = np.where(large, np.maximum(np.rint(normal), 0).astype(np.int64), count)
    return count


def binomial(trials: Any, probability: Any, words: Longs) -> Counts:
    """Binomial counts by inversion, int64[n], from trials (int[n]), probabilities (float[n]) and one 64-bit word each.

    Above 500 trials the normal approximation is used, rounded and kept between 0 and ``trials``.
    """
    n = np.asarray(trials, np.int64)
    if not n.any():
        return np.zeros(n.shape, np.int64)
    p = np.broadcast_to(bounded(np.asarray(probability, np.float64), 0.0, 1.0), n.shape)
    flip = p > 0.5
    q = np.where(flip, 1.0 - p, p)
    large = n > 500
    few = np.where(large, 0, n)
    odds = q / (1.0 - q)
    term = exp(few * log(1.0 - q))
    u, total, count, k = unit(words), term.copy(), np.zeros(n.shape, np.int64), 0
    while (below := (u >= total) & (k < few)).any():
        term = np.where(below, term * (few - k) / (k + 1) * odds, term)
        total = np.where(below, total + term, total)
        count += below
        k += 1
    if large.any():
        normal = np.rint(n * q + bell(words) * np.sqrt(n * q * (1.0 - q)))
        count = np.where(large, np.clip(normal, 0, n).astype(np.int64), count)
    return np.where(flip, n - count, count)


def whole(column: Floats) -> NDArray[np.int32]:
    """A column of fractions as whole multiples of 2**-20 (int32), ready for sums that no order can change."""
    return np.rint(np.multiply(column, 1 << FRACTION_BITS)).astype(np.int32)


def group_sums(values: NDArray[Any], groups: NDArray[Any], size: int) -> NDArray[np.float64]:
    """Sum of ``values`` (fractions, |v| < 2000) within each of ``size`` groups, float64[size], in any order of rows."""
    units = np.bincount(groups, weights=whole(np.asarray(values, np.float64)), minlength=size)
    return units * (1.0 / (1 << FRACTION_BITS))  # float64 holds these whole sums exactly below 2**53


def group_means(values: NDArray[Any], groups: NDArray[Any], size: int, empty: float = 0.0) -> NDArray[np.float64]:
    """Mean of ``values`` within each of ``size`` groups, float64[size]; ``empty`` where a group has no row."""
    count = np.bincount(groups, minlength=size)
    total = group_sums(values, groups, size)
    return np.where(count > 0, total / np.maximum(count, 1), empty)


def segment_sums(column: NDArray[Any], offsets: Counts) -> Counts:
    """Sums of an integer or bool column over consecutive segments ``offsets[i]:offsets[i + 1]``, int64[segments]."""
    sums = np.zeros(len(offsets) - 1, np.int64)
    filled = np.flatnonzero(offsets[1:] > offsets[:-1])
    if len(filled):
        sums[filled] = np.add.reduceat(column, offsets[filled], dtype=np.int64)
    return sums


def segment_means(column: Floats, offsets: Counts, empty: float = 0.0) -> NDArray[np.float64]:
    """Means of a column of fractions over consecutive segments, float64[segments]; ``empty`` for an empty one."""
    rows = offsets[1:] - offsets[:-1]
    sums = segment_sums(whole(column), offsets) * (1.0 / (1 << FRACTION_BITS))
    return np.where(rows > 0, sums / np.maximum(rows, 1), empty)
