"""Arithmetic that is the same everywhere: right to the last digits, and to the stored bit."""

from __future__ import annotations

import math
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sim.exact import (
    FRACTION_BITS,
    bell,
    binomial,
    exp,
    group_means,
    group_sums,
    kept,
    log,
    poisson,
    segment_means,
    segment_sums,
    threshold,
    unit,
    whole,
)
from sim.luck import Luck


def longs(size: int, name: str = "draws") -> np.ndarray:
    return Luck(5).of("test", 0).longs(name, size)


# --------------------------------------------------------------------------------------------- exp and log


def test_exp_is_the_exponential() -> None:
    x = np.concatenate([np.linspace(-699, 699, 20_001), np.linspace(-1, 1, 20_001), [0.0, -0.0, 1e-300, -1e-17]])
    expected = np.array([math.exp(v) for v in x])
    assert np.abs(exp(x) / expected - 1.0).max() < 1e-14
    assert exp(0.0) == 1.0
    assert exp([[0.0, 1.0]]).shape == (1, 2)


def test_log_is_the_logarithm() -> None:
    x = np.concatenate([np.geomspace(1e-300, 1e300, 20_001), np.linspace(0.4, 2.5, 20_001)])
    expected = np.array([math.log(v) for v in x])
    assert (np.abs(log(x) - expected) <= 1e-14 * np.maximum(np.abs(expected), 1.0)).all()
    assert log(1.0) == 0.0
    assert abs(float(log(math.e)) - 1.0) < 1e-14


def test_log_undoes_exp() -> None:
    x = np.linspace(-600, 600, 5_001)
    assert np.abs(log(exp(x)) - x).max() < 1e-12


BITS = {  # SHA-256 of the bytes of 2,000 values each; another machine has to give the same
    "exp": "6260c60a6f67c5fed7c3a177f679db0839415a099eb854330daf89b45651d2a3",
    "log": "458d1c0862500e47fb7092304bbab9a089b6f37b08e0ab9cd1295e4eae18b8d9",
    "bell": "63d1f4d15af7bedfb4a5c45e34428ed0289ef87dbeb2b998416b235ace3a0dab",
    "poisson": "006b07b084420f28464fa4c528fd87fc66c9512371fe31265df056c5ceec211c",
    "binomial": "25d1830e59d90affe86b83fd3cd82c17448fda5bbdb8a1478add2615f65a0d63",
}


def outputs() -> dict[str, np.ndarray]:
    words = longs(2_000)
    grid = np.arange(2_000) / 2_000.0
    return {
        "exp": exp(grid * 200.0 - 100.0),
        "log": log(grid * 50.0 + 1e-6),
        "bell": bell(words),
        "poisson": poisson(grid * 600.0, words),  # the last sixth by the normal approximation
        "binomial": binomial(np.arange(2_000) % 600, grid, words),
    }


@pytest.mark.parametrize("name", BITS)
def test_the_bits_are_those_of_every_machine(name: str) -> None:
    values = outputs()[name]
    little = values.astype(values.dtype.newbyteorder("<"))
    assert sha256(little.tobytes()).hexdigest() == BITS[name]


# ------------------------------------------------------------------------------------- thresholds and stocks


def test_a_word_falls_below_its_threshold_with_its_probability() -> None:
    assert threshold(0.0) == 0  # never: no word is below 0
    assert threshold(-1.0) == 0
    assert threshold(0.5) == 2**31
    assert threshold([0.25, 0.75]).tolist() == [2**30, 3 * 2**30]
    assert threshold(1.0) == threshold(7.0) == 2**32 - 256  # certainty, less one in 2**24
    assert threshold(np.float32(0.5)).dtype == np.uint32
    words = Luck(1).of("test", 0).words("threshold", 200_000)
    for p in (0.001, 0.3, 0.97):
        assert abs((words < threshold(p)).mean() - p) < 4 * math.sqrt(p * (1 - p) / 200_000)


def test_half_of_a_stock_is_left_after_its_half_life() -> None:
    for half_life in (1.0, 26.0, 48.0, 1040.0):
        assert abs(kept(half_life) ** half_life - 0.5) < 1e-12
    assert kept(1.0) == pytest.approx(0.5, abs=1e-15)
    assert kept(0.0) == 0.0


def test_units_are_fractions_of_the_word() -> None:
    assert unit(np.array([0, 2**31, 2**32 - 1], np.uint32)).tolist() == [0.0, 0.5, 1.0 - 2.0**-32]
    assert unit(np.array([0, 2**63, 2**64 - 1], np.uint64)).tolist() == [0.0, 0.5, 1.0 - 2.0**-53]


# ------------------------------------------------------------------------------------------------- counts


def test_bell_is_nearly_normal() -> None:
    z = bell(longs(200_000))
    assert abs(z.mean()) < 4 / math.sqrt(200_000)
    assert abs(z.var() - 1.0) < 0.012
    assert abs((z**4).mean() - 2.7) < 0.05
    edge = bell(np.array([0, 2**64 - 1], np.uint64))
    assert edge[0] == -edge[1]
    assert 3.46 < edge[1] < 3.47


@pytest.mark.parametrize("mean", [0.01, 0.7, 4.0, 37.5, 499.0, 501.0, 20_000.0])
def test_poisson_has_its_mean_and_variance(mean: float) -> None:
    counts = poisson(np.full(60_000, mean), longs(60_000))
    assert counts.dtype == np.int64
    assert abs(counts.mean() - mean) < 4 * math.sqrt(mean / 60_000)
    assert abs(counts.var() / mean - 1.0) < 4 * math.sqrt((2 + 1 / mean) / 60_000)


def test_poisson_follows_its_law() -> None:
    counts = poisson(np.full(100_000, 2.5), longs(100_000, "law"))
    seen = np.bincount(np.minimum(counts, 9), minlength=10)
    law = stats.poisson(2.5).pmf(np.arange(9))
    expected = 100_000 * np.append(law, 1.0 - law.sum())
    assert ((seen - expected) ** 2 / expected).sum() < stats.chi2(9).ppf(0.9999)


def test_poisson_at_the_edges() -> None:
    top = np.array([2**64 - 1], np.uint64)
    zero = np.zeros(1, np.uint64)
    assert poisson([0.0], top).tolist() == [0]
    assert poisson([3.0], zero).tolist() == [0]
    assert 20 < poisson([3.0], top)[0] < 60  # the loop ends
    assert poisson([500.5], zero)[0] > 0
    assert poisson([], np.zeros(0, np.uint64)).tolist() == []


@given(st.floats(0.0, 600.0), st.floats(0.0, 50.0), st.integers(0, 2**64 - 2**35))  # the last 2e-9 is rounding
def test_a_higher_mean_never_gives_fewer_under_the_same_luck(mean: float, more: float, word: int) -> None:
    if (mean > 500.0) == (mean + more > 500.0):
        low, high = poisson([mean, mean + more], np.array([word, word], np.uint64))
        assert 0 <= low <= high


@pytest.mark.parametrize(
    ("n", "p"), [(1, 0.3), (7, 0.02), (20, 0.5), (20, 0.9), (400, 0.35), (500, 0.999), (501, 0.2), (9000, 0.7)]
)
def test_binomial_has_its_mean_and_variance(n: int, p: float) -> None:
    counts = binomial(np.full(60_000, n), p, longs(60_000))
    variance = n * p * (1 - p)
    assert counts.dtype == np.int64
    assert counts.min() >= 0
    assert counts.max() <= n
    assert abs(counts.mean() - n * p) < 4 * math.sqrt(variance / 60_000)
    assert abs(counts.var() / variance - 1.0) < 4 * math.sqrt((2 + 1 / variance) / 60_000)


def test_binomial_at_the_edges() -> None:
    trials = np.array([0, 1, 5, 500, 501, 10_000])
    for word in (0, 2**63, 2**64 - 1):
        words = np.full(6, word, np.uint64)
        assert binomial(trials, 0.0, words).tolist() == [0] * 6
        assert binomial(trials, 1.0, words).tolist() == trials.tolist()
        assert binomial(trials, 2.0, words).tolist() == trials.tolist()  # clipped
        assert (binomial(trials, 0.5, words) <= trials).all()
    assert binomial(np.array([3, 3]), [0.0, 1.0], np.zeros(2, np.uint64)).tolist() == [0, 3]


# --------------------------------------------------------------------------------------------------- sums


def test_segments_may_be_empty() -> None:
    column = np.array([1, 2, 3, 4])
    assert segment_sums(column, np.array([0, 0, 2, 2, 4, 4])).tolist() == [0, 3, 0, 7, 0]
    assert segment_sums(column, np.array([0, 4])).tolist() == [10]
    assert segment_sums(np.array([True, True, False]), np.array([0, 2, 3])).tolist() == [2, 0]
    assert segment_sums(np.zeros(0, np.int64), np.array([0, 0, 0])).tolist() == [0, 0]
    big = np.full(3, 2**31 - 1, np.int32)
    assert segment_sums(big, np.array([0, 3])).tolist() == [3 * (2**31 - 1)]


def test_segment_means() -> None:
    column = np.array([0.25, 0.75, 0.5], np.float32)
    assert segment_means(column, np.array([0, 2, 2, 3]), empty=-1.0).tolist() == [0.5, -1.0, 0.5]


def test_group_sums_and_means() -> None:
    values, groups = np.array([0.5, 0.25, 1.0]), np.array([2, 0, 2])
    assert group_sums(values, groups, 4).tolist() == [0.25, 0.0, 1.5, 0.0]
    assert group_means(values, groups, 4, empty=9.0).tolist() == [0.25, 9.0, 0.75, 9.0]
    assert group_means(np.array([True, False]), np.array([0, 0]), 1).tolist() == [0.5]


def test_fractions_become_whole_parts_of_a_millionth() -> None:
    assert whole(np.array([0.0, 1.0, -0.5])).tolist() == [0, 2**FRACTION_BITS, -(2 ** (FRACTION_BITS - 1))]


@given(st.lists(st.tuples(st.floats(-1.0, 1.0), st.integers(0, 4)), min_size=1, max_size=60), st.randoms())
def test_no_order_changes_a_sum(rows: list[tuple[float, int]], random: object) -> None:
    mixed = list(rows)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    sums = [group_sums(np.array([v for v, _ in r]), np.array([g for _, g in r]), 5).tobytes() for r in (rows, mixed)]
    assert sums[0] == sums[1]
    means = [segment_means(np.array([v for v, _ in r]), np.array([0, len(r)])).tobytes() for r in (rows, mixed)]
    assert means[0] == means[1]
