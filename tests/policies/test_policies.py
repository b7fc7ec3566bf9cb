"""Levers: each writes its orders, and each moves what it is there to move, in the direction that the paper expects.

command, continuity, decentralisation, deployment, framework, integrity, interagency, militarisation, participation,
political_will, resources, training; rotation has a file of its own as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from small import came_to, put, small

from sim import week
from sim.cards import Card
from sim.luck import Luck
from sim.scenario import Scenario
from sim.simulation import rules_of, run, world_of
from sim.world import World

CARDS = Scenario.default().catalogue.levers
KEYS = [f"{policy}.{key}" for policy, cards in CARDS.items() for key in cards]
SEEDS = (1, 2)


def card_of(key: str) -> Card:
    """The card of ``rotation.period``."""
    policy, _, name = key.partition(".")
    return CARDS[policy][name]


RELIED_ON = {  # authority that is real: what several levers need to have something to work on
    "decentralisation.authority": 1.0,
    "political_will.will": 0.9,
    "framework.regulations": 0.9,
}
BUSY = RELIED_ON | {"interagency.link": 0.9, "command.indicators": "community", "deployment.share": 0.6}
COURSE = {"training.kind": "comprehensive"}


@dataclass(frozen=True)
class Case:
    """``lever`` at ``low`` and at ``high``, all else as ``given``; what is seen moves up (+1) or down (-1)."""

    lever: str
    low: Any
    high: Any
    moves: dict[str, int]
    given: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.lever} {self.low}-{self.high}"


SHORT = {"run.weeks": 20, "run.burn_in": 1}
YEAR = {"run.weeks": 60}

CASES = [
    Case("rotation.period", 13, 78, {"tenure": 1, "knowledge": 1, "last ties": 1, "moves": -1}, YEAR),
    Case("rotation.period", 0, 26, {"tenure": -1, "moves": 1, "recognition": -1}, YEAR),
    Case(
        "rotation.scope", "sector", "city", {"moves beyond the sector": 1, "last knowledge": -1}, {"rotation.period": 8}
    ),
    Case("rotation.staggered", False, True, {"weeks with moves": 1, "most moves in a week": -1}),
    Case("rotation.waves", 2, 8, {"weeks with moves": 1, "most moves in a week": -1}),
    Case("rotation.handover", 0, 6, {"handing over": 1, "knowledge": 1, "proximity_time": -1}, {"rotation.period": 10}),
    Case(
        "rotation.trigger", "calendar", "complaints", {"moves": -1}, {"rotation.complaints": 3.0, "rotation.period": 8}
    ),
    Case("rotation.trigger", "calendar", "both", {"moves": 1}, {"rotation.complaints": 2.0, "rotation.least_stay": 0}),
    Case("rotation.complaints", 2.0, 50.0, {"moves": -1}, {"rotation.trigger": "complaints"}),
    Case("rotation.least_stay", 4, 52, {"moves": -1}, {"rotation.trigger": "complaints", "rotation.complaints": 2.0}),
    Case("decentralisation.authority", 0.2, 0.9, {"authority_ordered": 1, "authority": 1, "resistance": 1}),
    Case(
        "decentralisation.authority",
        0.0,
        1.0,
        {"requests_solved": 1, "morale": 1},
        BUSY | {"decentralisation.authority": 0},
    ),
    Case("decentralisation.budget_share", 0.0, 1.0, {"requests_solved": 1}, BUSY | {"resources.level": 0.0}),
    Case("decentralisation.zoning", False, True, {"presence differs": 1, "knowledge": 1}),
    Case("decentralisation.assignments_by", "command", "quadrant", {"time on calls": -1}, RELIED_ON),
    Case("training.kind", "none", "courtesy", {"procedural_skill": 1, "problem_skill": 1}),
    Case("training.kind", "courtesy", "comprehensive", {"procedural_skill": 1, "problem_skill": 1}),
    Case("training.coverage", 0.3, 1.0, {"procedural_skill": 1, "problem_skill": 1}, COURSE),
    Case("training.hours", 8.0, 40.0, {"procedural_skill": 1, "problem_skill": 1}, COURSE),
    Case("training.refresh", 0, 13, {"last procedural skill": 1}, COURSE),
    Case("training.supervisors_included", False, True, {"resistance": -1}, COURSE),
    Case("training.spread", 2, 40, {"procedural_skill": -1}, COURSE),
    Case("training.unit_only", False, True, {"procedural_skill": -1}, COURSE | {"deployment.share": 0.3}),
    Case("deployment.share", 0.0, 0.3, {"proximity_time": 1, "visits": 1, "orientation": -1}),
    Case("deployment.share", 0.3, 0.9, {"proximity_time": 1, "visits": 1, "orientation": 1}),
    Case("deployment.distinct_uniform", False, True, {"positive_treatment": 1}, {"deployment.share": 1.0}),
    Case("command.quota", 2.0, 10.0, {"quota": 1, "tickets": 1, "arrests": 1, "proximity_time": -1, "morale": -1}),
    Case("command.indicators", "arrests", "community", {"quota": -1, "orientation": 1, "resistance": -1}),
    Case("command.sharing", 0.1, 1.0, {"usable_intelligence": 1}),
    Case("command.replace", False, True, {"resistance": -1}),
    Case(
        "participation.session_interval",
        12,
        3,
        {"sessions": 1, "meetings_26": 1},
        YEAR | {"participation.support": 0.9},
    ),
    Case("participation.support", 0.0, 0.9, {"attendance": 1, "members": 1, "living_committees": 1}, YEAR),
    Case(
        "participation.accountability",
        0.0,
        1.0,
        {"members": 1, "living_committees": 1},
        YEAR | BUSY | {"participation.session_interval": 4},
    ),
    Case("participation.reform_after", 52, 4, {"living_committees": 1, "spells": 1}, YEAR),
    Case(
        "interagency.link",
        0.1,
        0.9,
        {"agencies_answer": 1, "requests_solved": 1},
        RELIED_ON | {"deployment.share": 1.0},
    ),
    Case("integrity.oversight", 0.0, 1.0, {"collusive_ties": -1, "bribes_per_stop": -1, "bribes": -1}),
    Case("integrity.complaint_handling", 0.0, 1.0, {"complaints": 1}),
    Case("integrity.complaint_handling", 0.0, 1.0, {"collusive_ties": -1}, YEAR | {"rotation.period": 0}),
    Case("resources.level", 0.0, 1.0, {"requests_solved": 1}, BUSY),
    Case("political_will.will", 0.1, 0.9, {"will": 1, "authority": 1}, {"decentralisation.authority": 0.8}),
    Case(
        "continuity.survival",
        0.0,
        1.0,
        {"programme": 1, "authority_ordered": 1},
        RELIED_ON | {"administration.term": 26, "run.weeks": 40},
    ),
    Case("framework.plans", 0.0, 1.0, {"authority": 1}, {"decentralisation.authority": 0.8}),
    Case("framework.regulations", 0.0, 1.0, {"authority": 1, "resistance": -1}, {"decentralisation.authority": 0.8}),
    Case(
        "militarisation.level",
        0.0,
        1.0,
        {
            "military": 1,
            "proximity_time": -1,
            "morale": -1,
            "resistance": 1,
            "orientation": -1,
            "negative_treatment": 1,
        },
    ),
]


def test_every_lever_has_a_case() -> None:
    assert sorted({case.lever for case in CASES}) == sorted(KEYS)
    assert {key.partition(".")[0] for key in KEYS} == {week.name(m).removeprefix("levers.") for m in week.POLICIES}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_lever_moves_what_it_is_there_to_move(case: Case) -> None:
    given = SHORT | {full(key): value for key, value in case.given.items()}
    arms = [[came_to(given | {full(case.lever): value}, seed) for seed in SEEDS] for value in (case.low, case.high)]
    for low, high in zip(*arms, strict=True):
        assert low[0] != high[0], "not a byte has changed"
    for key, direction in case.moves.items():
        low, high = (float(np.mean([means[key] for _, means in arm])) for arm in arms)
        assert (high - low) * direction > 0.0, f"{key}: {low:.5f} at {case.low}, {high:.5f} at {case.high}"


def full(key: str) -> str:
    return "parameters.administration.term" if key == "administration.term" else key


def test_every_choice_of_every_lever_can_be_run() -> None:
    for policy, cards in CARDS.items():
        for key, card in cards.items():
            for choice in card.choices:
                run(small(run__weeks=2, **{f"levers__{policy}__{key}": choice}), 1)


@pytest.mark.parametrize("key", [key for key in KEYS if card_of(key).range])
def test_a_lever_can_be_pulled_to_both_ends(key: str) -> None:
    """Nothing breaks at the bounds of a card: every observation stays a number."""
    card = card_of(key)
    for bound in card.range or ():
        value = int(bound) if card.kind == "int" else bound
        changes = {"run.weeks": 3, "run.burn_in": 1, "levers.training.kind": "courtesy", f"levers.{key}": value}
        record = run(small(**changes), 1)
        assert record.weekly["trust"].between(0, 1).all()
        assert np.isfinite(record.weekly[["authority", "knowledge", "presence", "requests_open"]].to_numpy()).all()


# ----------------------------------------------------------------------------------------------- rival theories

THEORIES = {
    "trust_updating": ("asymmetric", "bayesian", "fairness"),
    "corruption": ("relational", "propensity", "collusive_ties"),
    "compliance": ("interest", "capability", "authority"),
    "participation": ("efficacy", "patronage", "attendance"),
}
IN_PLAY = {"levers.decentralisation.authority": 0.8, "run.weeks": 40}


def test_every_theory_has_its_case() -> None:
    assert set(THEORIES) == set(Scenario.default().catalogue.theories)
    for key, (favourite, rival, _) in THEORIES.items():
        card = Scenario.default().catalogue.theories[key][1]
        assert card.value == favourite
        assert rival in card.choices


@pytest.mark.parametrize("theory", THEORIES)
def test_a_rival_theory_tells_another_story(theory: str) -> None:
    _, _, key = THEORIES[theory]
    choices = Scenario.default().catalogue.theories[theory][1].choices
    stories = [came_to(IN_PLAY | {f"theories.{theory}": choice}) for choice in choices]
    assert len({digest for digest, _ in stories}) == len(choices)
    ends = [means[key] for _, means in stories]
    assert len(set(ends)) == len(choices)
    assert max(ends) - min(ends) > 0.001


def test_rotation_breaks_deals_under_the_relational_theory_alone() -> None:
    """What divides the two: whether a move ends a deal (S2)."""
    ties: dict[str, list[float]] = {}
    for theory in ("relational", "propensity"):
        arms = [{"theories.corruption": theory, "levers.rotation.period": period, **YEAR} for period in (0, 8)]
        ties[theory] = [float(np.mean([came_to(arm, seed)[1]["last ties"] for seed in (1, 2, 3)])) for arm in arms]
    never, often = ties["relational"]
    assert often < 0.5 * never
    never, often = ties["propensity"]
    assert often > 0.6 * never


# ------------------------------------------------------------------------------------------ orders, one by one


def ordered(world: World, scenario: Scenario, now: int) -> World:
    """The orders of one week, as ``week`` gives them."""
    world.week = now
    week._give_orders(world, rules_of(scenario), Luck(1))
    return world


@pytest.fixture
def programme() -> Any:
    """A world in which the programme of the scenario lives or has fallen."""

    def make(scenario: Scenario, alive: bool = True) -> World:
        world = world_of(scenario, 1)
        put(world.administration, programme=alive)
        return world

    return make


def test_training_teaches_everyone_once_within_the_spread(programme: Any) -> None:
    scenario = small(training__kind="courtesy", training__hours=24.0)
    world = programme(scenario)
    spread = scenario.levers.training.spread
    hours = np.array([ordered(world, scenario, now).officers.course.copy() for now in range(-3, 60)])
    assert (hours[:3] == 0).all()  # not before the reform
    assert hours.sum(axis=0).tolist() == [24.0] * 48
    assert np.flatnonzero(hours.any(axis=1)).max() < 3 + spread
    assert (hours > 0).sum(axis=1).max() < 16  # the streets are never empty


def test_training_is_refreshed(programme: Any) -> None:
    scenario = small(training__kind="comprehensive", training__refresh=26, training__supervisors_included=True)
    world = programme(scenario)
    officers, chiefs = [], []
    for now in range(52):
        ordered(world, scenario, now)
        officers.append(world.officers.course.copy())
        chiefs.append(float(world.commanders.course[0]))
    assert (np.sum(officers, axis=0) == 80.0).all()
    assert np.flatnonzero(chiefs).tolist() == [0, 26]
    assert world.officers.comprehensive.all()


def test_recruits_are_taught_too(programme: Any) -> None:
    scenario = small(training__kind="courtesy")
    world = programme(scenario)
    spread = scenario.levers.training.spread
    service = world.officers.service.copy()
    service[5] = spread
    put(world.officers, service=np.where(service == spread, spread + 1, service))
    assert ordered(world, scenario, 40).officers.course.sum() == 0
    put(world.officers, service=np.where(np.arange(48) == 5, spread, spread + 1))
    assert np.flatnonzero(ordered(world, scenario, 40).officers.course).tolist() == [5]


def test_those_covered_by_a_smaller_share_are_among_those_of_a_larger_one(programme: Any) -> None:
    """Coverage and unit are the same posts for the same share, so that a sweep changes some posts only."""
    units, covered = [], []
    for share in (0.2, 0.5, 1.0):
        scenario = small(deployment__share=share, training__kind="courtesy", training__coverage=share)
        world = programme(scenario)
        units.append(ordered(world, scenario, 0).officers.proximity_unit.copy())
        covered.append(np.any([ordered(world, scenario, now).officers.course > 0 for now in range(12)], axis=0))
    for less, more in ((0, 1), (1, 2)):
        assert (units[less] <= units[more]).all()
        assert (covered[less] <= covered[more]).all()
    assert 4 <= units[0].sum() <= 16
    assert units[2].all()
    assert covered[2].all()


def test_only_the_unit_is_taught(programme: Any) -> None:
    scenario = small(deployment__share=0.4, training__kind="courtesy", training__unit_only=True)
    world = programme(scenario)
    taught = np.any([ordered(world, scenario, now).officers.course > 0 for now in range(12)], axis=0)
    assert np.array_equal(taught, world.officers.proximity_unit)


def test_what_a_fallen_programme_takes_along(programme: Any) -> None:
    """Orders of the programme go back to today's; written law, soldiers and the rules of the force stay."""
    high = {
        "decentralisation__authority": 0.9,
        "decentralisation__zoning": True,
        "political_will__will": 0.9,
        "participation__support": 0.9,
        "levers__command__quota": 1.0,
        "integrity__oversight": 0.9,
        "interagency__link": 0.9,
        "resources__level": 0.9,
        "deployment__share": 1.0,
        "continuity__survival": 0.9,
        "framework__plans": 0.9,
        "framework__regulations": 0.9,
        "militarisation__level": 0.9,
    }
    scenario, today = small(**high), Scenario.default().levers
    alive, fallen = ordered(programme(scenario), scenario, 5), ordered(programme(scenario, False), scenario, 5)
    assert alive.quadrants.authority_ordered.tolist() == [0.9] * 12
    assert fallen.quadrants.authority_ordered.tolist() == [today.decentralisation.authority] * 12
    assert fallen.quadrants.zoned.any() == today.decentralisation.zoning
    expected = {
        "will": today.political_will.will,
        "support": today.participation.support,
        "quota_ordered": today.command.quota,
        "oversight": today.integrity.oversight,
        "resources": today.resources.level,
        "unit_share": today.deployment.share,
    }
    for name, value in expected.items():
        assert getattr(fallen.administration, name)[0] == value, name
        assert getattr(alive.administration, name)[0] != value, name
    assert fallen.agencies.link[0] == today.interagency.link
    for name in ("continuity", "plans", "regulations", "military"):
        assert getattr(fallen.administration, name)[0] == 0.9, name


def test_orders_are_written_as_stated(programme: Any) -> None:
    scenario = small(
        levers__command__indicators="community",
        command__sharing=0.7,
        command__replace=True,
        participation__session_interval=3,
        participation__accountability=0.6,
        participation__reform_after=9,
        integrity__complaint_handling=0.8,
        decentralisation__assignments_by="quadrant",
        decentralisation__budget_share=0.4,
        deployment__distinct_uniform=True,
    )
    world = ordered(programme(scenario), scenario, 0)
    city = world.administration
    assert (bool(city.community_indicators[0]), city.sharing_ordered[0], bool(city.replace_command[0])) == (
        True,
        0.7,
        True,
    )
    assert (city.session_interval[0], city.accountability[0], city.reform_after[0]) == (3, 0.6, 9)
    assert (city.complaint_handling[0], bool(city.distinct[0])) == (0.8, True)
    assert world.quadrants.own_shifts.all()
    assert world.quadrants.budget_share.tolist() == [0.4] * 12
