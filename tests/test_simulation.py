"""A run: what goes in, what it leaves, and what two of them have in common."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from small import put, small

import sim
from sim import week
from sim.observations import FUNCTIONS, QUADRANT_FLOWS, QUADRANT_STATES, headlines
from sim.scenario import Scenario
from sim.simulation import Record, Recorder, Run, _rolling, city_of, compare, digest, rules_of, run, world_of
from sim.world import World

WEEKS, BURN_IN = 60, 6


@pytest.fixture(scope="module")
def seen() -> list[int]:
    return []


@pytest.fixture(scope="module")
def record(seen: list[int]) -> Record:
    scenario = small(run__weeks=WEEKS, run__burn_in=BURN_IN, run__quadrants_every=13)
    return run(scenario, 4, each_week=lambda world: seen.append(world.week))


# --------------------------------------------------------------------------------------------- what a run leaves


def test_a_record_says_what_it_is_of(record: Record) -> None:
    scenario = small(run__weeks=WEEKS, run__burn_in=BURN_IN, run__quadrants_every=13)
    assert (record.scenario, record.scenario_hash, record.seed) == ("default", scenario.hash, 4)
    assert record.quadrant_ids == city_of(scenario).ids
    assert list(record.tables()) == ["weekly", "committees", "sessions", "quadrants"]


def test_every_week_has_a_row_and_the_weeks_before_have_none(record: Record, seen: list[int]) -> None:
    weekly = record.weekly
    assert isinstance(weekly, pd.DataFrame)
    assert weekly["week"].tolist() == list(range(WEEKS))
    assert list(weekly.columns) == ["week", *FUNCTIONS, "meetings_26"]
    assert seen == list(range(-BURN_IN, WEEKS))
    assert weekly["trust"].between(0, 1).all()
    assert weekly.drop(columns=["distrust_silence", "dark_figure"]).notna().to_numpy().mean() > 0.99


def test_each_week_shows_the_world_as_it_stands() -> None:
    trust: list[float] = []
    record = run(small(), 1, each_week=lambda world: trust.append(FUNCTIONS["trust"](world)))
    assert record.weekly["trust"].tolist() == trust[4:]


def test_looking_changes_nothing(record: Record) -> None:
    again = run(small(run__weeks=WEEKS, run__burn_in=BURN_IN, run__quadrants_every=13), 4)
    assert again.digest() == record.digest() == digest(record.tables())


def test_quadrants_are_written_every_quarter(record: Record) -> None:
    frame = record.quadrants
    assert frame["week"].unique().tolist() == [12, 25, 38, 51]
    assert len(frame) == 4 * 12
    assert frame.columns[:4].tolist() == ["week", "id", "quadrant", "sector"]
    assert frame["id"].tolist() == list(record.quadrant_ids) * 4
    assert {*QUADRANT_STATES, *QUADRANT_FLOWS, "living_committees", "collusive_ties"} < set(frame.columns)


def test_flows_of_quadrants_add_up_to_those_of_the_city(record: Record) -> None:
    """52 weeks of incidents, stops and solved requests per 1,000 residents, both ways; states at the week itself."""
    weekly, quadrants = record.weekly.iloc[:52], record.quadrants
    for name in ("occurred", "reported", "recorded", "stops", "visits", "complaints", "requests_solved"):
        assert quadrants[name].sum() == pytest.approx(weekly[name].sum() * 4.8, rel=1e-6), name
    last = quadrants[quadrants["week"] == 51]
    assert last["living_committees"].sum() / 12 == pytest.approx(weekly["living_committees"].iloc[51])
    assert last["collusive_ties"].sum() / 48 == pytest.approx(weekly["collusive_ties"].iloc[51])


def test_a_committee_is_formed_before_it_ends(record: Record) -> None:
    lives = record.committees
    assert len(lives) >= 10
    dead = lives[lives["ended"] != -1]
    assert (dead["formed"] < dead["ended"]).all()
    assert (lives["formed"] >= -BURN_IN).all()
    assert (lives["spell"] >= 1).all()
    assert not lives.duplicated(["committee", "spell"]).any()
    alive = lives[lives["ended"] == -1]
    assert len(alive) == round(record.weekly["living_committees"].iloc[-1] * 12)


def test_the_run_in_leaves_only_lives_that_outlast_it() -> None:
    """Of three lives one ended in week -1 and one in week 0; one goes on. Formed ten weeks before, all of them."""
    world = world_of(small(), 1)
    put(world.committees, spell=1, alive=False)
    recorder = Recorder(13)
    for now, dying in ((-1, 4), (0, 5), (1, None)):
        world.week = now
        put(world.committees, died=np.arange(12) == dying, life=10, alive=np.arange(12) == 6)
        recorder.take(world)
    lives = pd.DataFrame(recorder.tables(world)["committees"])
    assert lives["committee"].tolist() == [5, 6]
    assert lives["ended"].tolist() == [0, -1]  # -1: still meets
    assert lives["formed"].tolist() == [-10, -9]


def test_sessions_belong_to_lives(record: Record) -> None:
    sessions, lives = record.sessions, record.committees
    last = sessions.groupby(["committee", "spell"])["session"].max()
    told = lives.set_index(["committee", "spell"])["sessions"]
    assert len(last) >= 10
    assert last.to_dict() == told[last.index].to_dict()
    assert (sessions["week"] >= 0).all()
    assert (sessions["attendance"] <= 30).all()
    for (_, _), one in sessions.groupby(["committee", "spell"]):
        assert (np.diff(one["session"]) == 1).all()
        assert one["week"].is_monotonic_increasing
    met = sessions.groupby("week").size()
    assert met.to_dict() == {k: v for k, v in record.weekly.set_index("week")["sessions"].items() if v}


def test_meetings_in_26_weeks() -> None:
    ones = np.ones(30)
    assert _rolling(ones).tolist() == [min(k, 26) for k in range(1, 31)]
    assert _rolling(np.array([5.0, 0.0, 1.0])).tolist() == [5.0, 5.0, 6.0]


def test_the_end_is_the_last_half_year(record: Record) -> None:
    end = record.end()
    assert set(end) == {*FUNCTIONS, "meetings_26"}
    for key in ("trust", "occurred", "knowledge"):
        assert end[key] == pytest.approx(record.weekly[key].iloc[-26:].mean())
    distrust = record.weekly["distrust_silence"].iloc[-26:]
    assert end["distrust_silence"] == pytest.approx(distrust.mean(skipna=True))


def test_a_run_shorter_than_a_quarter_has_no_quadrant_rows() -> None:
    short = run(small(run__weeks=5), 1)
    whole = run(small(run__weeks=13), 1)
    assert len(short.quadrants) == 0
    assert short.quadrants.columns.tolist() == whole.quadrants.columns.tolist()
    assert [c.dtype for c in short.tables()["quadrants"].values()] == [
        c.dtype for c in whole.tables()["quadrants"].values()
    ]


def test_a_longer_run_begins_like_a_shorter_one() -> None:
    short, long = (run(small(run__weeks=n), 1).weekly for n in (13, 26))
    pd.testing.assert_frame_equal(short, long.iloc[:13])


def test_a_run_can_be_lived_week_by_week() -> None:
    scenario = small(run__weeks=20)
    under_way = Run(scenario, 1)
    assert under_way.next_week == -4
    under_way.settle()
    assert (under_way.next_week, len(under_way.record().weekly)) == (0, 0)
    for _ in range(9):
        under_way.advance()
    assert under_way.record().weekly["week"].tolist() == list(range(9))
    for _ in range(11):
        under_way.advance()
    assert under_way.record().digest() == run(scenario, 1).digest()


def test_two_runs_under_way_do_not_disturb_each_other() -> None:
    scenario = small(run__weeks=6)
    first, second = Run(scenario, 1), Run(scenario, 2)
    for _ in range(10):
        first.advance()
        second.advance()
    assert [first.record().digest(), second.record().digest()] == [run(scenario, seed).digest() for seed in (1, 2)]


def test_an_act_is_seen_the_same_week() -> None:
    under_way = Run(small(run__weeks=3), 1)
    under_way.settle()
    under_way.advance(lambda world: put(world.quadrants, trust=0.25))
    assert under_way.record().weekly["trust"].tolist() == [0.25]


# --------------------------------------------------------------------------------------------- what goes in


@pytest.mark.parametrize("seed", [-1, 1.0, "1", None, True])
def test_a_seed_is_a_whole_number(seed: Any) -> None:
    with pytest.raises(ValueError, match=r"seed must be a whole number >= 0, is"):
        run(small(), seed)


def test_seeds_from_numpy_and_beyond_64_bits_are_welcome() -> None:
    scenario = small(run__weeks=2)
    assert run(scenario, np.int64(3)).digest() == run(scenario, 3).digest()
    assert run(scenario, 0).digest() != run(scenario, 2**70).digest()


def test_a_process_can_be_left_out() -> None:
    deaf = run(small(), 1, without=["talk"])
    heard: list[int] = []
    run(small(), 1, without=["talk"], each_week=lambda world: heard.append(int(world.citizens.heard_negative.sum())))
    assert set(heard) == {0}
    assert deaf.digest() != run(small(), 1).digest()
    with pytest.raises(ValueError, match=r"no process gossip; there are administration, "):
        run(small(), 1, without=["gossip"])


@pytest.mark.parametrize("name", [week.name(module) for module in week.PROCESSES])
def test_every_process_can_be_left_out(name: str) -> None:
    record = run(small(run__weeks=14), 1, without=[name])
    assert record.weekly["trust"].between(0, 1).all()


def test_without_a_term_clock_the_reform_is_in_force() -> None:
    """Leaving out the change of government leaves a programme that no government ends."""
    scenario = small(decentralisation__authority=1.0)
    ordered = run(scenario, 1, without=["administration"]).weekly["authority_ordered"]
    assert (ordered == 1.0).all()


def test_rules_hold_the_reform_and_today() -> None:
    rules = rules_of(small(rotation__period=52))
    assert rules.reform["rotation"].period == 52
    assert rules.today["rotation"].period == Scenario.default().levers.rotation.period
    assert rules.without == frozenset()


def test_the_names_of_the_package() -> None:
    assert sim.run is run
    assert sim.compare is compare
    assert sim.Scenario is Scenario


# ---------------------------------------------------------------------------------------------- two of them


def test_a_scenario_does_not_differ_from_itself() -> None:
    shown = compare(small(), small(), seeds=3)
    assert shown["observation"].tolist() == [card.key for card in headlines()]
    assert (shown["difference"] == 0.0).all()
    assert (shown["low"] == 0.0).all()
    assert (shown["high"] == 0.0).all()
    assert (shown["runs"] == 3).all()
    assert (shown["share_better"].dropna() == 0.0).all()
    assert (shown["share_better"].isna() == (shown["better"] == "neither")).all()
    assert shown["variance_reduction"].isna().all()


def test_compare_takes_a_number_or_the_seeds_themselves() -> None:
    a, b = small(run__weeks=6), small(run__weeks=6, command__quota=8.0)
    pd.testing.assert_frame_equal(compare(a, b, seeds=2), compare(a, b, seeds=[1, 2]))
    assert compare(a, b, seeds=[7])["runs"].tolist() == [1] * len(headlines())
    assert math.isnan(compare(a, b, seeds=[7])["low"].iloc[0])
    for nobody in (0, []):
        with pytest.raises(ValueError, match="at least one seed"):
            compare(a, b, seeds=nobody)


def test_rarer_rotation_lets_knowledge_grow_and_deals_ripen() -> None:
    """S2 both ways: every two years instead of every half year, judged over two years."""
    weeks = {"run__weeks": 110}
    shown = compare(small(**weeks), small(**weeks, rotation__period=104), seeds=3).set_index("observation")
    assert shown.loc["knowledge", "low"] > 0.0
    assert shown.loc["collusive_ties", "difference"] > 0.02  # one officer in fifty more
    assert shown.loc["knowledge", "share_better"] == 1.0
    assert shown.loc["collusive_ties", "share_better"] == 0.0


def test_paired_luck_narrows_the_difference() -> None:
    """The same officers, residents and dice in both arms: trust differs less than between two unrelated cities."""
    a, b = small(run__weeks=20), small(run__weeks=20, command__quota=5.0)
    shown = compare(a, b, seeds=6).set_index("observation")
    assert shown.loc["trust", "variance_reduction"] > 3.0
    assert shown.loc["occurred", "variance_reduction"] > 3.0


def test_the_world_lasts_through_the_run_alone() -> None:
    """Two runs in turns do not disturb each other: there are no globals."""
    inside: list[str] = []

    def look(world: World) -> None:
        if world.week == 2:
            inside.append(run(small(run__weeks=3), 9).digest())

    outer = run(small(run__weeks=5), 1, each_week=look).digest()
    assert outer == run(small(run__weeks=5), 1).digest()
    assert inside == [run(small(run__weeks=3), 9).digest()]
