"""The numbers behind figures are right by hand; the figures are whole, tell their text and are the same twice."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from sealed_results import GRID, USUAL, grid

from sim.figures import figure_compare
from sim.figures.canvas import BETTER, MUTED, PLAN, WORSE, Drawing, finished, paper
from sim.figures.contrasts import arm_differences, contrast, effects, holm, interactions
from sim.figures.curves import over_time
from sim.figures.design import Design
from sim.figures.estimates import attendance, bands, blocks, lengths, mean_interval, survival
from sim.figures.forests import effect_colour
from sim.figures.grids import roles
from sim.figures.names import (
    UNITS,
    Names,
    choice_name,
    decimals,
    fixed,
    level_name,
    scale,
    unit_name,
    with_interval,
)
from sim.observations import observations
from sim.paired import interval
from sim.paired import table as paired_table
from sim.scenario import Scenario
from sim.words import load_words

NAN = float("nan")


def design(levers: dict[str, list[object]] | None = None, usual: dict[str, object] | None = None) -> Design:
    arms = grid(levers or GRID)
    return Design(tuple(levers or GRID), tuple(arms), arms.index(usual or USUAL))


# ------------------------------------------------------------------------------------------------ designs


def test_arms_are_found_by_their_changes() -> None:
    it = design()
    assert it.usual("rotation.period") == 26
    assert it.others("rotation.period") == [104, 0]
    assert it.arm({}) == it.baseline
    assert it.arms[it.arm({"training.kind": "comprehensive"}) or 0] == {**USUAL, "training.kind": "comprehensive"}
    assert it.arm({"rotation.period": 7}) is None
    pairs = it.pairs("rotation.period", 104)
    assert len(pairs) == 4
    for a, b in pairs:
        assert {**it.arms[a], "rotation.period": 26} == it.arms[b]


def test_a_handful_of_arms_is_the_farthest_of_each_lever_and_all_together() -> None:
    it = design()
    shown = [it.arms[arm] for arm in it.handful()]
    far = {"rotation.period": 104, "decentralisation.authority": 0.8, "training.kind": "comprehensive"}
    assert shown == [*({**USUAL, key: value} for key, value in far.items()), far]
    one = design({"rotation.period": list(range(9))}, {"rotation.period": 0})
    assert [one.arms[arm]["rotation.period"] for arm in one.handful()] == [1, 3, 6, 8]


def test_a_lever_that_does_not_vary_is_no_lever() -> None:
    arms = [{"changes": {"a": 1, "b": value}} for value in (True, False)]
    it = Design.of({"arms": arms, "levers": ["a", "b"], "baseline": 1})
    assert it.levers == ("b",)
    assert it.alone() == [("b", True, 0)]
    assert Design.of({"arms": arms[:1], "levers": ["a", "b"], "baseline": 0}).levers == ()


def test_the_axis_is_the_lever_with_most_numbers() -> None:
    assert roles(design()) == ["rotation.period", "decentralisation.authority", "training.kind"]


# ---------------------------------------------------------------------------------------------- summaries


def test_bands_are_quantiles_across_runs_and_leave_the_unknown_out() -> None:
    weekly = pd.DataFrame({"arm": 0, "seed": range(1, 7), "week": 3, "trust": [0.0, 1.0, 2.0, 3.0, 4.0, NAN]})
    (row,) = bands(weekly, "trust").to_dict("records")
    assert (row["p5"], row["p25"], row["p50"], row["p75"], row["p95"], row["runs"]) == (0.2, 1, 2, 3, 3.8, 5)
    assert bands(weekly[5:], "trust").empty


def test_blocks_are_means_over_weeks_without_a_short_rest() -> None:
    weekly = pd.DataFrame({"arm": 0, "seed": 1, "week": range(9), "x": [1.0, 1, 1, 3, 5, 5, 5, 5, 99]})
    table = blocks(weekly, ["x"], 4)
    assert table["x"].tolist() == [1.5, 5.0]
    assert table["week"].tolist() == [1.5, 5.5]
    assert len(blocks(weekly[:2], ["x"], 4)) == 1


def test_a_mean_needs_one_run_and_its_interval_two() -> None:
    mean, low, high, runs = mean_interval([1.0, 3.0, NAN])
    assert (mean, runs) == (2.0, 2)
    assert (low, high) == interval(np.array([1.0, 3.0]))
    assert np.isnan(mean_interval([1.0])[1])
    assert np.isnan(mean_interval([NAN])[0])


def lives(length: list[int], died: list[bool], seed: list[int] | None = None) -> pd.DataFrame:
    return pd.DataFrame({"seed": seed or [1] * len(length), "length": length, "died": died})


def test_survival_by_hand() -> None:
    # 5 committees: ends at 2, 4 and 6; censored at 4 and 8. S = 4/5, then 3/4 of it, then 1/2 of that.
    curve = survival(lives([2, 4, 4, 6, 8], [True, True, False, True, False]))
    at = {row["week"]: row for row in curve.to_dict("records")}
    assert [at[week]["alive"] for week in (0, 2, 4, 6, 8)] == pytest.approx([1, 0.8, 0.6, 0.3, 0.3])
    assert [at[week]["at_risk"] for week in (0, 2, 4, 6, 8)] == [5, 5, 4, 2, 1]
    # Greenwood at week 2, log-log: exp(-exp(log(-log .8) -+ 1.96 sqrt(1/(5*4)) / log .8))
    theta = np.exp(1.959964 * np.sqrt(1 / 20) / np.log(0.8))
    assert at[2]["high"] == pytest.approx(0.8**theta, abs=1e-4)
    assert at[2]["low"] == pytest.approx(0.8 ** (1 / theta), abs=1e-4)
    assert (curve["low"] <= curve["alive"]).all()
    assert (curve["alive"] <= curve["high"]).all()


def test_survival_across_runs_leaves_one_out_at_a_time() -> None:
    both = survival(lives([5, 9, 5, 9], [True, False, True, False], [1, 1, 2, 2]))
    same = both[both["week"] == 5].iloc[0]
    assert (same["alive"], same["low"], same["high"]) == (0.5, 0.5, 0.5)  # runs agree
    apart = survival(lives([5, 5, 9, 9], [True, True, False, False], [1, 1, 2, 2]))
    assert tuple(apart[apart["week"] == 5].iloc[0][["low", "high"]]) == (0.0, 1.0)
    assert survival(lives([5, 7], [False, False]))["alive"].eq(1).all()  # none has ended
    assert survival(lives([3, 3], [True, True], [1, 2]))["alive"].iloc[-1] == 0


def test_a_committee_that_still_meets_is_censored_at_the_last_week() -> None:
    table = pd.DataFrame({"formed": [-4, 10, 50], "ended": [6, -1, 59]})
    table = lengths(table, 60)
    assert table["length"].tolist() == [10, 49, 9]
    assert table["died"].tolist() == [True, False, True]


def test_an_ended_committee_counts_as_nobody_and_one_not_there_yet_does_not_count() -> None:
    ids = {"arm": 0, "committee": [0, 1], "spell": 1}
    alive = pd.DataFrame({**ids, "seed": 1, "sessions": [2, 1], "died": [False, True]})
    came = pd.DataFrame({"arm": 0, "seed": 1, "committee": [0, 0, 1], "spell": 1, "session": [1, 2, 1]})
    people = attendance(came.assign(attendance=[20, 10, 10]), alive, most=3).set_index("session")
    assert people["mean"].tolist() == [15.0, 5.0, 0.0]
    assert people["held"].tolist()[:2] == [15.0, 10.0]
    assert people["low"].isna().all()  # one run


# ---------------------------------------------------------------------------------------------- contrasts


def runs_of(values: dict[tuple[int, int], float], key: str = "trust") -> pd.DataFrame:
    rows = [{"arm": arm, "seed": seed, "status": "ok", key: value} for (arm, seed), value in values.items()]
    return pd.DataFrame(rows)


def small() -> tuple[Design, pd.DataFrame]:
    """a in {0, 1}, b in {0, 1}: y = seed + 2 a + 3 b + 4 a b, and 1 more in seed 2 where a."""
    arms = [{"a": a, "b": b} for a in (0, 1) for b in (0, 1)]
    values = {
        (index, seed): seed + 2 * arm["a"] + 3 * arm["b"] + 4 * arm["a"] * arm["b"] + (seed == 2) * arm["a"]
        for index, arm in enumerate(arms)
        for seed in (1, 2)
    }
    return Design(("a", "b"), tuple(arms), 0), runs_of(values)


def test_main_and_simple_effects_by_hand() -> None:
    it, runs = small()
    rows = effects(runs, it, [observations()["trust"]]).set_index(["lever", "kind"])
    assert rows.loc[("a", "simple"), "difference"] == pytest.approx(2.5)  # 2 in seed 1, 3 in seed 2
    assert rows.loc[("a", "main"), "difference"] == pytest.approx(4.5)  # and 4 more where b
    assert rows.loc[("b", "simple"), "difference"] == pytest.approx(3.0)
    assert rows.loc[("b", "main"), "difference"] == pytest.approx(5.0)
    low, high = interval(np.array([4.0, 5.0]))
    assert rows.loc[("a", "main"), ["low", "high"]].tolist() == pytest.approx([low, high])
    assert rows.loc[("a", "main"), ["runs", "better", "up", "down"]].tolist() == [2, 2, 2, 0]
    assert rows.loc[("b", "main"), "p"] == 0.0  # the same in every seed


def test_interaction_by_hand() -> None:
    it, runs = small()
    (row,) = interactions(runs, it, [observations()["trust"]]).to_dict("records")
    assert (row["difference"], row["low"], row["high"]) == pytest.approx((4.0, 4.0, 4.0))


def test_missing_runs_and_values_are_left_out() -> None:
    it, runs = small()
    runs.loc[(runs["arm"] == 1) & (runs["seed"] == 1), "trust"] = NAN
    runs.loc[(runs["arm"] == 3) & (runs["seed"] == 2), "status"] = "error"
    rows = effects(runs, it, [observations()["trust"]]).set_index(["lever", "kind"])
    assert rows.loc[("b", "simple"), "runs"] == 1
    assert np.isnan(rows.loc[("b", "simple"), "low"])
    assert rows.loc[("a", "main"), "runs"] == 2
    gone = effects(runs[runs["arm"] == 0], it, [observations()["trust"]])
    assert gone["difference"].isna().all()
    assert gone["runs"].eq(0).all()


def test_better_is_from_the_communitys_point_of_view() -> None:
    values = [-1.0, -2.0, 1.0]
    assert [contrast(values, better).better for better in ("higher", "lower", "neither")] == [1, 2, 0]
    ends = {"up": (1.0, 0.5, 1.5), "down": (-1.0, -1.5, -0.5), "unclear": (1.0, -0.5, 2.5), "unknown": (1.0, NAN, NAN)}
    looks = {name: [effect_colour(it, way) for way in ("higher", "lower", "neither")] for name, it in ends.items()}
    assert looks["up"] == [BETTER, WORSE, PLAN]
    assert looks["down"] == [WORSE, BETTER, PLAN]
    assert looks["unclear"] == looks["unknown"] == [MUTED] * 3


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, NAN, 0.03]) == pytest.approx([0.03, 0.06, NAN, 0.06], nan_ok=True)
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_standardised_differences_need_a_spread() -> None:
    it = Design(("a",), ({"a": 0}, {"a": 1}), 0)
    card = observations()["trust"]
    spread = runs_of({(0, 1): 1.0, (0, 2): 2.0, (0, 3): 3.0, (1, 1): 3.0, (1, 2): 4.0, (1, 3): 5.0})
    (row,) = arm_differences(spread, it, [card], [1]).to_dict("records")
    assert row["standard_difference"] == pytest.approx(2.0)  # the baseline's standard deviation is 1
    flat = runs_of({(arm, seed): 0.5 * arm for arm in (0, 1) for seed in (1, 2, 3)})
    assert np.isnan(arm_differences(flat, it, [card], [1])["standard_difference"].iloc[0])
    none = runs_of({(arm, seed): 0.5 for arm in (0, 1) for seed in (1, 2, 3)})
    assert arm_differences(none, it, [card], [1])["standard_difference"].iloc[0] == 0


# -------------------------------------------------------------------------------------- names and numbers


@pytest.mark.parametrize(
    ("number", "places", "signed", "text"),
    [
        (1234.5, 0, False, "1,234"),
        (-0.0312, 3, False, "−0.031"),
        (0.0312, 2, True, "+0.03"),
        (-0.0001, 2, True, "0.00"),
        (NAN, 2, False, "–"),
        (float("inf"), 2, False, "–"),
    ],
)
def test_numbers(number: float, places: int, signed: bool, text: str) -> None:
    assert fixed(number, places, signed) == text


def test_decimals_fit_the_interval() -> None:
    assert [decimals(x) for x in (123.0, 12.0, 1.2, 0.12, 0.012, 1e-9, 0.0)] == [0, 0, 1, 2, 3, 4, 1]
    assert with_interval(0.5, 0.48, 0.52, 1.0, "en") == "0.500 (0.480 to 0.520)"
    assert with_interval(0.5, 0.4, 0.6, 100.0, "es", signed=True, unit="%") == "+50 % (+40 a +60)"
    assert with_interval(NAN, NAN, NAN, 1.0, "es") == "–"
    assert with_interval(0.5, NAN, NAN, 1.0, "es") == "0.50"


def test_levels_are_shown_with_their_units_and_words() -> None:
    shown = [("rotation.period", 26), ("rotation.period", 0), ("decentralisation.authority", 0.8)]
    shown += [("training.kind", "comprehensive"), ("decentralisation.zoning", True), ("what.ever", 3)]
    assert [level_name(*it, "es") for it in shown] == ["26 semanas", "nunca", "80 %", "integral", "sí", "3"]
    assert [level_name(*it, "en") for it in shown] == ["26 weeks", "never", "80 %", "comprehensive", "yes", "3"]


def test_arms_have_names() -> None:
    manifest = {"arms": [{"label": "a"}, {"label": "b"}], "title": {"es": "Uno · Dos", "en": "One · One"}}
    assert Names(manifest, "es").level("scenario", "b") == "Dos"
    assert Names(manifest, "en").level("scenario", "b") == "b"  # two titles are the same: the labels tell them apart
    assert Names(manifest, "en").lever("rotation.period") == "Rotation of staff"
    changed = Names(manifest, "es").changes({**USUAL, "training.kind": "courtesy"}, USUAL)
    assert changed == "Tipo de capacitación: trato cortés"
    assert Names(manifest, "en").changes(USUAL, USUAL) == "Baseline"


def test_every_unit_and_every_choice_is_said_in_spanish() -> None:
    cards = Scenario.default().catalogue.cards.values()
    units = {card.unit for card in cards} | {card.unit for card in observations().values()}
    missing = sorted(units - set(load_words(UNITS)))
    assert not missing, f"add to sim/figures/{UNITS.name}: {missing}"
    assert unit_name("no such unit", "es") == "no such unit"
    assert choice_name("courtesy", "es") == "trato cortés"
    assert choice_name("float32", "es") == "float32"


def test_shares_are_shown_as_percentages() -> None:
    assert (scale("living_committees", "en").factor, scale("living_committees", "en").unit) == (100, "% of committees")
    assert scale("authority", "es").unit == "%"
    assert (scale("trust", "es").factor, scale("trust", "es").difference_unit) == (1, "escala de 0 a 1")


# ------------------------------------------------------------------------------------------------ drawings


def ids(svg: str) -> list[str]:
    return [element.attrib["id"] for element in ElementTree.fromstring(svg).iter() if "id" in element.attrib]


def drawn(svg: str) -> str:
    """Checks that an SVG is whole and told; gives its text."""
    root = ElementTree.fromstring(svg)
    assert root.attrib["role"] == "img"
    named = root.attrib["aria-labelledby"].split()
    found = ids(svg)
    assert set(named) <= set(found)
    assert len(found) == len(set(found))
    assert [child.tag.rpartition("}")[2] for child in root][:2] == ["title", "desc"]
    assert "metadata" not in svg
    return " ".join(text for element in root.iter() for text in [element.text or ""] if text.strip())


@pytest.fixture
def compared() -> pd.DataFrame:
    luck = np.random.default_rng(1)
    keys = list(observations())
    arms = [[{key: float(luck.normal(shift)) for key in keys} for _ in range(10)] for shift in (0.0, 3.0)]
    for run in arms[1]:
        run["tickets"] = NAN
    for a, b in zip(*arms, strict=True):
        b["arrests"] = a["arrests"]
    return paired_table(*arms)


def test_two_scenarios_are_compared_in_a_figure(compared: pd.DataFrame) -> None:
    for language, words in (("es", "mejor en 10 de 10 simulaciones"), ("en", "better in 10 of 10 simulations")):
        svg = figure_compare(compared, language)
        text = drawn(svg)
        assert words in text
        assert "igual en 10" in text or "the same in 10" in text
        assert all(observations()[key].name(language) in text for key in compared["observation"])
        assert svg == figure_compare(compared, language)
    assert BETTER in svg
    one_seed = paired_table(*[[{key: 1.0 for key in observations()}] for _ in range(2)])
    drawn(figure_compare(one_seed, "es"))


def test_an_inline_drawing_has_no_name_spaces_and_no_fixed_size(compared: pd.DataFrame) -> None:
    inline = Drawing("comparison", figure_compare(compared)).inline
    assert inline.startswith("<svg ")
    assert not [word for word in ("xmlns", "http", "<?xml", "<!DOCTYPE") if word in inline]
    assert 'width="' not in inline.partition(">")[0]
    assert "viewBox" in inline


def test_words_in_a_figure_are_escaped() -> None:
    with paper(1.0) as figure:
        svg = finished(figure, "x", "a < b & c", "<script>").file
    assert "a < b" in drawn(svg)
    assert "<script>" not in svg


def weekly_of(seeds: int, arms: int = 2) -> pd.DataFrame:
    luck = np.random.default_rng(3)
    rows = [(arm, seed, week) for arm in range(arms) for seed in range(seeds) for week in range(10)]
    frame = pd.DataFrame(rows, columns=["arm", "seed", "week"])
    return frame.assign(trust=luck.normal(0.5, 0.1, len(frame)), occurred=NAN)


def test_curves_draw_each_run_only_if_they_are_few() -> None:
    def paths(seeds: int, lines: bool) -> int:
        drawing = over_time("t", weekly_of(seeds), ["trust"], [("b", 1)], 0, "es", ("t", "d"), lines)
        drawn(drawing.file)
        return drawing.file.count("<path")

    assert paths(5, True) - paths(5, False) == 5
    assert paths(21, True) == paths(21, False)


@pytest.mark.parametrize("panels", [[], [("b", 1)], [(str(k), k) for k in range(1, 7)]])
def test_curves_of_one_few_and_many_arms(panels: list[tuple[str, int]]) -> None:
    texts = ("t", "d")
    drawn(over_time("t", weekly_of(3, 7), ["trust"], panels, 0, "en", texts).file)
    drawn(over_time("t", weekly_of(3, 7), ["trust", "occurred"], panels[:4], 0, "en", texts).file)


def test_figures_do_not_change_the_settings_of_others() -> None:
    import matplotlib as mpl

    kept = dict(mpl.rcParams)
    figure_compare(paired_table([{key: 1.0 for key in observations()}] * 2, [{key: 2.0 for key in observations()}] * 2))
    assert dict(mpl.rcParams) == kept


def test_matplotlib_is_loaded_when_a_figure_is_drawn() -> None:
    for path in (Path(__file__).parents[1] / "sim/figures").glob("*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert not line.startswith(("import matplotlib", "from matplotlib"))


def test_never_is_the_longest_of_periods() -> None:
    arms = tuple({"rotation.period": period} for period in (0, 26, 13))
    assert Design(("rotation.period",), arms, 1).levels("rotation.period") == [13, 26, 0]
    arms = tuple({"decentralisation.authority": share} for share in (0.8, 0.0))
    assert Design(("decentralisation.authority",), arms, 0).levels("decentralisation.authority") == [0.0, 0.8]
