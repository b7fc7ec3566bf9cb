"""Luck has a name: the laws that make policies comparable and runs repeatable."""

from __future__ import annotations

import itertools
import multiprocessing
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from scipy import stats
from small import came_to, small

from sim import week
from sim.cards import Values
from sim.luck import Luck
from sim.population import populate
from sim.scenario import Scenario
from sim.simulation import city_of, rules_of, run
from sim.tables import Column, Table
from sim.words import Words
from sim.world import World

SHORT = {"run.weeks": 16, "run.burn_in": 2}


# ------------------------------------------------------------------------------------------ a draw has a name


def test_the_words_are_those_of_every_machine() -> None:
    luck = Luck(1).of("incidents", 3)
    assert luck.words("victim", 4).tolist() == [322479041, 3276927403, 2442799926, 870996754]
    digest = sha256(luck.longs("victim", 1_000).astype("<u8").tobytes()).hexdigest()
    assert digest == "88aa348076f5569ac743df8de6b86d36dea18bba970a6c00cbb095d1aa0da053"


def test_a_draw_depends_on_its_names_alone() -> None:
    luck = Luck(7).of("talk", 5)
    first = luck.words("near", 100)
    luck.words("far", 1_000)
    Luck(8).of("talk", 5).words("near", 50)
    assert np.array_equal(luck.words("near", 100), first)
    assert np.array_equal(Luck(7).of("talk", 5).words("near", 100), first)


@pytest.mark.parametrize(
    "other",
    [
        lambda: Luck(8).of("talk", 5).words("near", 100),
        lambda: Luck(7).of("tales", 5).words("near", 100),
        lambda: Luck(7).of("talk", 6).words("near", 100),
        lambda: Luck(7).of("talk", -5).words("near", 100),
        lambda: Luck(7).of("talk", 5).words("far", 100),
        lambda: Luck(7).of("talk", 5).lasting().words("near", 100),
    ],
    ids=["seed", "process", "week", "week before", "decision", "lasting"],
)
def test_another_name_is_another_draw(other: Callable[[], np.ndarray]) -> None:
    assert (other() == Luck(7).of("talk", 5).words("near", 100)).sum() == 0


def test_more_rows_do_not_move_the_first_ones() -> None:
    luck = Luck(3).of("incidents", 0)
    for draw in (luck.words, luck.longs):
        many = draw("victim", 1_001)
        for rows in (0, 1, 2, 7, 1_000):
            assert np.array_equal(draw("victim", rows), many[:rows])


def test_a_row_takes_the_luck_of_its_slot() -> None:
    table = Table("citizens", 4)
    table.slots = np.array([0, 1, 4, 2])
    luck = Luck(3).of("incidents", 0)
    assert np.array_equal(luck.words("victim", table), luck.words("victim", 5)[[0, 1, 4, 2]])
    assert np.array_equal(luck.longs("victim", table), luck.longs("victim", 5)[[0, 1, 4, 2]])


def test_lasting_luck_is_the_same_in_every_week() -> None:
    weeks = [Luck(3).of("rotation", now).lasting().words("wave", 9) for now in (-4, 0, 99)]
    assert np.array_equal(weeks[0], weeks[1])
    assert np.array_equal(weeks[0], weeks[2])


def test_draws_are_even() -> None:
    for name in ("a", "b", "c"):
        counts = np.bincount(Luck(1).of("test", 0).words(name, 100_000) >> 24, minlength=256)
        expected = 100_000 / 256
        assert ((counts - expected) ** 2 / expected).sum() < stats.chi2(255).ppf(0.9999)


def test_draws_of_different_names_are_unrelated() -> None:
    """Weeks, processes, decisions and seeds; |r| below 0.01 in 100,000 rows, and so for neighbours in a row."""
    streams = [Luck(1).of("talk", now).words("near", 100_000) for now in (-1, 0, 1, 2)]
    streams += [Luck(1).of("incidents", 0).words("near", 100_000), Luck(2).of("talk", 0).words("near", 100_000)]
    streams += [Luck(1).of("talk", 0).words("far", 100_000)]
    for a, b in itertools.combinations(streams, 2):
        assert abs(np.corrcoef(a, b)[0, 1]) < 0.01
    for stream in streams:
        assert abs(np.corrcoef(stream[1:], stream[:-1])[0, 1]) < 0.01


# ------------------------------------------------------------------------------------ the same seed, the same run


def digest_of(seed: int) -> str:
    return run(small(**SHORT), seed).digest()


def test_the_same_seed_gives_the_same_bytes_here_in_threads_and_in_other_processes() -> None:
    here = [digest_of(seed) for seed in (1, 2)]
    assert [digest_of(seed) for seed in (1, 2)] == here
    assert here[0] != here[1]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(digest_of, (1, 2, 1, 2))) == here * 2
    with ProcessPoolExecutor(4, multiprocessing.get_context("spawn")) as pool:
        assert list(pool.map(digest_of, (1, 2, 1, 2))) == here * 2


def test_another_precision_is_another_run_but_the_same_story() -> None:
    narrow, wide = (run(small(**SHORT, run__precision=p), 1) for p in ("float32", "float64"))
    assert narrow.digest() != wide.digest()
    assert narrow.end()["trust"] == pytest.approx(wide.end()["trust"], abs=0.01)
    assert narrow.end()["tenure"] == pytest.approx(wide.end()["tenure"], abs=2.0)


# ------------------------------------------------------------------------------- what does nothing changes nothing

NOTHING: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # what is done: (what both arms have, what only one of them states)
    "every lever at its default": (
        {},
        {key: card.value for key, card in Scenario.default().catalogue.cards.items() if key.startswith("levers.")},
    ),
    "coverage of no course": ({}, {"training.coverage": 0.3}),
    "hours of no course": ({}, {"training.hours": 400.0}),
    "refreshers of no course": ({}, {"training.refresh": 4}),
    "command sent to no course": ({}, {"training.supervisors_included": True}),
    "command sent to a courtesy course": (
        {"training.kind": "courtesy"},
        {"training.kind": "courtesy", "training.supervisors_included": True},
    ),
    "no course over two years": ({}, {"training.spread": 104}),
    "no course, for the unit only": ({}, {"training.unit_only": True}),
    "for the unit only, where all serve in it": (
        {"training.kind": "comprehensive", "deployment.share": 1.0},
        {"training.unit_only": True},
    ),
    "a refresher after the last week": ({"training.kind": "courtesy"}, {"training.refresh": 500}),
    "waves of a rotation in one": ({"rotation.staggered": False}, {"rotation.waves": 13}),
    "one wave, staggered": ({"rotation.staggered": False}, {"rotation.staggered": True, "rotation.waves": 1}),
    "scope of no rotation": ({"rotation.period": 0}, {"rotation.scope": "city"}),
    "waves of no rotation": ({"rotation.period": 0}, {"rotation.staggered": False, "rotation.waves": 2}),
    "handover of no rotation": ({"rotation.period": 0}, {"rotation.handover": 8}),
    "complaints that count for nothing": ({}, {"rotation.complaints": 0.5}),
    "a least stay between moves that nobody is sent on": ({}, {"rotation.least_stay": 0}),
    "complaints that nobody reaches": ({"rotation.complaints": 100.0}, {"rotation.trigger": "both"}),
    "a calendar that triggers nothing": ({"rotation.trigger": "complaints"}, {"rotation.period": 13}),
    "a uniform of no unit": ({}, {"deployment.distinct_uniform": True}),
    "a budget without authority": ({}, {"decentralisation.budget_share": 1.0}),
    "shifts set without authority": ({}, {"decentralisation.assignments_by": "quadrant"}),
    "continuity within the term": ({}, {"continuity.survival": 0.9}),
}


@pytest.mark.parametrize("case", NOTHING)
def test_a_policy_that_does_nothing_changes_exactly_nothing(case: str) -> None:
    common, stated = NOTHING[case]
    assert came_to(SHORT | common | stated)[0] == came_to(SHORT | common)[0]


def test_a_new_name_changes_nothing() -> None:
    scenario = small(**SHORT)
    renamed = replace(scenario, name="proximidad", title=Words("Policía de proximidad", "Proximity police"))
    assert run(renamed, 1).digest() == run(scenario, 1).digest()
    assert renamed.hash == scenario.hash


def test_levers_of_the_reform_wait_for_week_0() -> None:
    """In the weeks before, today's way of working runs in both arms alike."""
    seen: list[dict[int, bytes]] = []
    for changes in ({}, {"rotation__period": 4, "decentralisation__authority": 1.0, "deployment__share": 0.5}):
        states: dict[int, bytes] = {}
        run(
            small(run__weeks=2, run__burn_in=10, **changes),
            1,
            each_week=lambda w, s=states: s.update({w.week: bits(w)}),
        )
        seen.append(states)
    assert [now for now in range(-10, 2) if seen[0][now] != seen[1][now]] == [0, 1]


def bits(world: World) -> bytes:
    """All columns of the world, but for those in ``dummy``, as one hash."""
    total = sha256()
    for table in world.tables():
        for name in table.columns():
            if table.owner(name) != "dummy":
                total.update(f"{table.name}.{name}".encode() + getattr(table, name).tobytes())
    return total.digest()


# -------------------------------------------------------------------------- a new mechanism, a new resident


def test_a_new_process_moves_no_other_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    dummy = ModuleType("sim.processes.dummy")

    def step(world: World, own: Values, luck: Luck) -> None:
        world.citizens.write("mood", luck.words("mood", world.citizens))

    dummy.COLUMNS = (Column("citizens", "mood", "uint32", "word", "drawn and never read"),)  # type: ignore[attr-defined]
    dummy.step = step  # type: ignore[attr-defined]
    scenario = small(**SHORT)
    plain: list[bytes] = []
    record = run(scenario, 1, each_week=lambda world: plain.append(bits(world)))
    monkeypatch.setattr(week, "PROCESSES", (*week.PROCESSES[:5], dummy, *week.PROCESSES[5:]))
    scenario = replace(scenario, parameters=Values({**scenario.parameters, "dummy": Values({})}))
    more: list[bytes] = []
    drawn: list[int] = []

    def look(world: World) -> None:
        more.append(bits(world))
        drawn.append(int(world.citizens.mood[0]))

    assert run(scenario, 1, each_week=look).digest() == record.digest()
    assert more == plain
    assert len(set(drawn)) == 18  # the new process drew anew in each of 16 + 2 weeks


def test_a_new_resident_moves_nobody_elses_luck() -> None:
    """Two newcomers in quadrant 3 and one in quadrant 7: everyone else keeps traits, contacts, seats and draws."""
    scenario = small()
    city, rules = city_of(scenario), rules_of(scenario)
    before, after = populate(city, rules, 1), populate(city, rules, 1, newcomers=[7, 3, 3])
    ends = after.offsets[1:]
    new = np.array([ends[3] - 2, ends[3] - 1, ends[7] - 1])
    assert after.citizens.rows == before.citizens.rows + 3
    old = np.setdiff1d(np.arange(after.citizens.rows), new)
    for name in ("disposition", "exposure", "age_band", "business_owner", "patron_tie", "near"):
        assert np.array_equal(getattr(after.citizens, name)[old], getattr(before.citizens, name)), name
    assert np.array_equal(after.citizens.far[old], old[before.citizens.far])  # the same persons, three rows further on
    assert np.array_equal(after.seats.citizen, old[before.seats.citizen])
    for name in ("post", "temper", "aptitude", "character", "tenure", "tie"):
        assert np.array_equal(getattr(after.officers, name), getattr(before.officers, name)), name
    luck = Luck(1).of("incidents", 0)
    for draw in (luck.words, luck.longs):
        assert np.array_equal(draw("victim", after.citizens)[old], draw("victim", before.citizens))
        assert len(np.unique(draw("victim", after.citizens))) == after.citizens.rows
    for world in (before, after):
        week.advance(world, rules, Luck(1))
    assert np.array_equal(after.citizens.victim[old], before.citizens.victim)


def test_a_new_resident_is_one_more_resident() -> None:
    """A row never stands for less than a person, nor is a negative number of people left unshown."""
    scenario = small()
    city, rules = city_of(scenario), rules_of(scenario)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        world = populate(city, rules, 1, newcomers=[3])
        assert world.quadrants.weight[3] >= 1.0
        week.advance(world, rules, Luck(1))
