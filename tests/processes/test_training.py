"""Courses raise skills, and skills decay unless refreshed."""

from typing import Any

import numpy as np
import pytest
from worlds import begin, own, plain, put, step

from sim.exact import kept
from sim.processes import training
from sim.world import World

CARDS = own(training)
SKILLS = ("procedural", "problem_solving")


def class_of(hours: float = 0.0, kind: str = "comprehensive", alignment: float = 1.0, skill: float = 0.4) -> World:
    """Officers whose skills rest at their groundwork, on a course of so many hours."""
    world = plain()
    put(world, "commanders", alignment=alignment)
    put(world, "officers", groundwork=skill, procedural=skill, problem_solving=0.6 * skill)
    put(world, "officers", course=hours, comprehensive=kind == "comprehensive")
    return world


def gains(world: World, **changes: Any) -> list[float]:
    """What a week brings to both skills of the first officer."""
    before = [float(getattr(world.officers, name)[0]) for name in SKILLS]
    step(training, world, **changes)
    return [float(getattr(world.officers, name)[0]) - old for name, old in zip(SKILLS, before, strict=True)]


def test_without_a_course_skills_at_rest_stay_at_rest() -> None:
    assert gains(class_of()) == pytest.approx([0.0, 0.0], abs=1e-12)


@pytest.mark.parametrize("kind", ["courtesy", "comprehensive"])
@pytest.mark.parametrize(("hours", "dose"), [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0), (9.0, 1.5)])
def test_a_course_closes_its_share_of_the_distance_to_full_skill(kind: str, hours: float, dose: float) -> None:
    world = class_of(hours * CARDS.full_course, kind)
    procedural, solving = (CARDS[f"{kind}_procedural"], CARDS[f"{kind}_solving"])
    assert gains(world) == pytest.approx([dose * procedural * 0.6, dose * solving * 0.76])


def test_courtesy_raises_procedural_skill_a_little_and_problem_solving_hardly() -> None:
    courtesy = gains(class_of(CARDS.full_course, "courtesy"))
    comprehensive = gains(class_of(CARDS.full_course))
    assert 0.0 < courtesy[0] < 0.5 * comprehensive[0]
    assert 0.0 <= courtesy[1] < 0.2 * courtesy[0]
    assert min(comprehensive) > courtesy[0]


def test_half_of_what_was_gained_is_lost_in_the_half_life() -> None:
    world = class_of(skill=0.4)
    put(world, "officers", procedural=0.8, problem_solving=0.64)
    for _ in range(20):
        step(training, world, half_life=20.0)
    assert world.officers.procedural == pytest.approx(np.full(8, 0.6))
    assert world.officers.problem_solving == pytest.approx(np.full(8, 0.44))


def test_the_half_life_lies_between_six_and_a_half_and_thirteen_months() -> None:
    assert 6.5 <= CARDS.half_life / (365.25 / 7 / 12) <= 13.0  # E21


def test_refreshers_keep_what_one_course_loses() -> None:
    once, again = class_of(CARDS.full_course), class_of(CARDS.full_course)
    for week in range(104):
        for world, hours in ((once, week == 0), (again, week % 26 == 0)):
            put(world, "officers", course=hours * CARDS.full_course)
            step(training, world)
    assert once.officers.procedural[0] == pytest.approx(
        0.4 + 0.6 * CARDS.comprehensive_procedural * kept(CARDS.half_life) ** 103
    )
    assert again.officers.procedural[0] > once.officers.procedural[0] + 0.1


def test_a_course_takes_better_where_the_supervisor_stands_behind_it() -> None:
    with_support, without = (gains(class_of(CARDS.full_course, alignment=a)) for a in (1.0, 0.0))
    assert 0.0 < CARDS.without_support < 1.0  # E15: the interaction is positive
    assert np.divide(without, with_support) == pytest.approx([1.0 - CARDS.without_support] * 2)


def test_alignment_without_a_course_does_nothing() -> None:
    assert gains(class_of(alignment=0.0)) == pytest.approx(gains(class_of(alignment=1.0)))


def test_the_supervisor_is_the_one_of_the_sector() -> None:
    world = class_of(CARDS.full_course)
    put(world, "commanders", alignment=[0.0, 1.0])
    step(training, world)
    gained = world.officers.procedural - 0.4
    assert gained[:4] == pytest.approx(gained[4:] * (1.0 - CARDS.without_support))


def test_recruits_bring_their_own_groundwork_and_nothing_of_the_leavers_course() -> None:
    world = class_of(skill=0.9)
    put(world, "officers", left=[True] + [False] * 7, procedural=1.0, problem_solving=1.0)
    step(training, world)
    officers = world.officers
    assert officers.groundwork[0] < 0.9
    assert officers.procedural[0] == officers.groundwork[0]
    assert officers.problem_solving[0] == pytest.approx(0.6 * officers.groundwork[0])
    assert np.all(officers.groundwork[1:] == 0.9)
    assert np.all(officers.procedural[1:] > 0.99)


def test_the_first_force_has_the_mean_skill_of_its_card_and_the_certified_have_more() -> None:
    world = plain(officers=20_000)
    begin(training, world)
    assert world.officers.procedural.mean() == pytest.approx(CARDS.skill, abs=0.005)
    assert np.all(world.officers.problem_solving == 0.6 * world.officers.procedural)
    begin(training, world, spread=0.0)
    levels, counts = np.unique(np.round(world.officers.groundwork, 9), return_counts=True)
    assert levels[1] - levels[0] == pytest.approx(CARDS.certificate)
    assert counts[1] / 20_000 == pytest.approx(CARDS.certified, abs=0.015)


def test_skills_stay_between_0_and_1() -> None:
    world = class_of(90.0, skill=1.0)
    for _ in range(5):
        step(training, world, comprehensive_procedural=1.0, comprehensive_solving=0.66)
    for name in SKILLS:
        assert np.all((getattr(world.officers, name) >= 0.0) & (getattr(world.officers, name) <= 1.0)), name
