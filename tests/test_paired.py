"""Paired differences: known numbers in, known numbers out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from sim.observations import Observation, headlines, observations
from sim.paired import interval, summary, table
from sim.words import Words


def observation(better: str) -> Observation:
    return Observation("trust", "share", "community", better, True, Words("confianza", "trust"))


def test_the_interval_is_students() -> None:
    differences = np.array([0.1, 0.3, 0.2, 0.4, 0.0])
    expected = stats.ttest_1samp(differences, 0.0).confidence_interval(0.95)
    assert interval(differences) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert interval(np.array([1.0, 3.0])) == pytest.approx((2 - 12.7062047, 2 + 12.7062047))  # t of 1 degree of freedom
    wide, narrow = interval(differences, 0.99), interval(differences, 0.8)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_equal_differences_have_no_width_and_one_run_no_interval() -> None:
    assert interval(np.full(4, 0.25)) == (0.25, 0.25)
    assert interval(np.zeros(3)) == (0.0, 0.0)
    assert all(math.isnan(end) for end in interval(np.array([0.2])))
    assert all(math.isnan(end) for end in interval(np.zeros(0)))


def test_a_summary_by_hand() -> None:
    a, b = np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 2.0, 5.0, 5.0])
    row = summary(observation("higher"), a, b)
    assert (row["a"], row["b"], row["difference"]) == (2.5, 3.5, 1.0)
    assert row["share_better"] == 0.75  # the second seed is a draw
    assert row["runs"] == 4
    # variances: a 5/3, b 3; differences 1, 0, 2, 1 have 2/3
    assert row["variance_reduction"] == pytest.approx((5 / 3 + 3) / (2 / 3))
    test = stats.ttest_rel(b, a).confidence_interval(0.95)
    assert (row["low"], row["high"]) == pytest.approx((test.low, test.high))


@pytest.mark.parametrize(("better", "share"), [("higher", 0.75), ("lower", 0.25), ("neither", math.nan)])
def test_better_has_a_direction(better: str, share: float) -> None:
    row = summary(observation(better), np.zeros(4), np.array([1.0, 2.0, 3.0, -1.0]))
    assert row["share_better"] == pytest.approx(share, nan_ok=True)


def test_seeds_without_a_value_are_left_out_in_pairs() -> None:
    row = summary(observation("higher"), np.array([1.0, math.nan, 3.0]), np.array([2.0, 5.0, math.nan]))
    assert (row["a"], row["b"], row["difference"], row["runs"]) == (1.0, 2.0, 1.0, 1)
    assert math.isnan(row["low"])
    nothing = summary(observation("higher"), np.array([math.nan]), np.array([1.0]))
    assert nothing["runs"] == 0
    assert math.isnan(nothing["difference"])


def test_equal_arms_differ_by_exactly_zero() -> None:
    arm = np.array([0.3, 0.1, 0.7])
    row = summary(observation("higher"), arm, arm)
    assert (row["difference"], row["low"], row["high"], row["share_better"]) == (0.0, 0.0, 0.0, 0.0)
    assert math.isnan(row["variance_reduction"])


def test_the_table_has_a_row_per_headline() -> None:
    arm = [dict.fromkeys(observations(), 1.0), dict.fromkeys(observations(), 2.0)]
    other = [dict.fromkeys(observations(), 1.5), dict.fromkeys(observations(), 2.5)]
    shown = table(arm, other)
    assert shown["observation"].tolist() == [card.key for card in headlines()]
    assert (shown["difference"] == 0.5).all()
    assert (shown["low"] == 0.5).all()
    assert (shown["high"] == 0.5).all()
