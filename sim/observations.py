"""Observations: functions of the world, each with a card in ``observations.toml``.

The paper's two families of indicators stay apart: the *reactive* ones, by which forces are judged today, and the
*community* ones, by which they should be.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.exact import group_means
from sim.words import Words
from sim.world import World

Observe = Callable[[World], float]


@dataclass(frozen=True)
class Observation:
    """The card of an observation.

    Attributes:
        key: column in the results.
        unit: unit of measurement.
        family: ``community``, ``reactive``, ``force`` (state of the police) or ``government``.
        better: ``higher``, ``lower`` or ``neither``, from the community's point of view.
        headline: shown first in comparisons and reports.
        name: what a reader is shown.
    """

    key: str
    unit: str
    family: str
    better: str
    headline: bool
    name: Words


@cache
def observations() -> dict[str, Observation]:
    """Every observation's card, by key, in the order of the file."""
    with Path(__file__).with_suffix(".toml").open("rb") as file:
        cards = tomllib.load(file)
    return {
        key: Observation(key, c["unit"], c["family"], c["better"], c.get("headline", False), Words(c["es"], c["en"]))
        for key, c in cards.items()
    }


def headlines() -> list[Observation]:
    """The observations that comparisons show."""
    return [card for card in observations().values() if card.headline]


def _people_mean(name: str) -> Observe:
    """Mean of a quadrant column over residents."""

    def observe(world: World) -> float:
        people = world.quadrants.population
        return float((getattr(world.quadrants, name) * people).sum() / max(people.sum(), 1.0))

    return observe


def _per_1000(name: str) -> Observe:
    """Sum of a quadrant column per 1,000 residents."""

    def observe(world: World) -> float:
        return float(getattr(world.quadrants, name).sum() * 1000.0 / max(world.quadrants.population.sum(), 1.0))

    return observe


def _mean(table: str, name: str) -> Observe:
    """Plain mean of a column."""

    def observe(world: World) -> float:
        column = getattr(getattr(world, table), name)
        return float(column.sum()) / len(column) if len(column) else float("nan")

    return observe


def _ratio(top: str, bottom: str, complement: bool = False) -> Observe:
    """Sum of one quadrant column over the sum of another; nan where there is nothing to divide by."""

    def observe(world: World) -> float:
        below = float(getattr(world.quadrants, bottom).sum())
        if below == 0:
            return float("nan")
        share = float(getattr(world.quadrants, top).sum()) / below
        return 1.0 - share if complement else share

    return observe


def _encounters(name: str) -> Observe:
    """Share of this week's encounters with a treatment."""

    def observe(world: World) -> float:
        code = {"negative": 1, "positive": 3}[name]
        return float((world.encounters.treatment == code).mean()) if world.encounters.rows else float("nan")

    return observe


def _bribed(world: World) -> float:
    stops = world.encounters.kind == 1
    return float(world.encounters.bribe[stops].mean()) if stops.any() else float("nan")


def _attendance(world: World) -> float:
    """People at the last session, over all committees: a dead one has nobody, or survivors would flatter the mean."""
    alive = world.committees.alive
    return float(world.committees.attendance.sum(where=alive)) / max(len(alive), 1)


def _patronage(world: World) -> float:
    alive = world.committees.alive
    return float(world.committees.patronage.sum(where=alive) / alive.sum()) if alive.any() else float("nan")


def _members(world: World) -> float:
    members = float(world.committees.members.sum(where=world.committees.alive))
    return members * 1000.0 / max(float(world.quadrants.population.sum()), 1.0)


def _distrust_share(world: World) -> float:
    silent = float((world.quadrants.occurred - world.quadrants.reported).sum())
    return float(world.quadrants.silent_distrust.sum()) / silent if silent else float("nan")


def _trust_of(rows: Callable[[World], NDArray[np.bool_]]) -> Observe:
    """Mean trust of the resident rows of a group; nan where it has none."""

    def observe(world: World) -> float:
        trust = world.citizens.trust[rows(world)]
        return float(group_means(trust, np.zeros(len(trust), np.int64), 1)[0]) if len(trust) else float("nan")

    return observe


def _per_officer(name: str) -> Observe:
    def observe(world: World) -> float:
        return float(getattr(world.quadrants, name).sum()) / max(world.officers.rows, 1)

    return observe


def poorest_richest(marginalisation: NDArray[np.float64], people: NDArray[np.float64]) -> tuple[NDArray[np.bool_], ...]:
    """The quadrants that hold the poorest and the richest fifth of residents (at least one), two bool[quadrants]."""
    order = np.argsort(marginalisation, kind="stable")
    order = order[people[order] > 0]
    parts = []
    for ranked in (order[::-1], order):
        held = np.cumsum(people[ranked]) / max(people.sum(), 1.0)
        part = np.zeros(len(people), bool)
        part[ranked[: max(1, int((held <= 0.2 + 1e-9).sum()))]] = True
        parts.append(part)
    return tuple(parts)


def _gap(world: World) -> float:
    """Trust in the richest fifth less trust in the poorest fifth."""
    quadrants = world.quadrants
    people = quadrants.population
    poor, rich = poorest_richest(quadrants.marginalisation, people)
    means = [(quadrants.trust * people * part).sum() / max((people * part).sum(), 1.0) for part in (rich, poor)]
    return float(means[0] - means[1])


FUNCTIONS: dict[str, Observe] = {
    "trust": _people_mean("trust"),
    "trusting": _people_mean("trusting"),
    "fairness": _people_mean("fairness"),
    "effectiveness": _people_mean("effectiveness"),
    "insecurity": _people_mean("insecurity"),
    "efficacy": _people_mean("efficacy"),
    "trust_gap": _gap,
    "trust_young": _trust_of(lambda world: world.citizens.age_band == 0),
    "trust_owners": _trust_of(lambda world: world.citizens.business_owner),
    "living_committees": _mean("committees", "alive"),
    "attendance": _attendance,
    "members": _members,
    "sessions": lambda world: float(world.committees.met.sum()),
    "patronage": _patronage,
    "occurred": _per_1000("occurred"),
    "reported": _per_1000("reported"),
    "recorded": _per_1000("recorded"),
    "dark_figure": _ratio("recorded", "occurred", complement=True),
    "distrust_silence": _distrust_share,
    "requests_open": _per_1000("requests_open"),
    "requests_waiting": _per_1000("requests_waiting"),
    "requests_solved": _per_1000("requests_solved"),
    "problems": _people_mean("problems"),
    "stops": _per_1000("stops"),
    "calls": _per_1000("calls"),
    "visits": _per_1000("visits"),
    "negative_treatment": _encounters("negative"),
    "positive_treatment": _encounters("positive"),
    "complaints": _per_1000("complaints"),
    "bribes": _per_1000("bribes"),
    "bribes_per_stop": _bribed,
    "extortion": _per_1000("extortions"),
    "collusive_ties": _mean("officers", "tie"),
    "tickets": lambda world: _per_officer("stops")(world) - _per_officer("arrests")(world),
    "arrests": _per_officer("arrests"),
    "response_time": _people_mean("response"),
    "presence": _people_mean("presence"),
    "tenure": _mean("officers", "tenure"),
    "knowledge": _mean("officers", "knowledge"),
    "recognition": _mean("officers", "recognition"),
    "procedural_skill": _mean("officers", "procedural"),
    "problem_skill": _mean("officers", "problem_solving"),
    "morale": _mean("officers", "morale"),
    "orientation": _mean("officers", "orientation"),
    "integrity": _mean("officers", "integrity"),
    "moves": lambda world: float(world.officers.moved.sum()),
    "departures": lambda world: float(world.officers.left.sum()),
    "proximity_time": _mean("officers", "time_proximity"),
    "authority_ordered": _people_mean("authority_ordered"),
    "authority": _people_mean("authority"),
    "quota": _people_mean("quota"),
    "resistance": _mean("commanders", "resistance"),
    "intelligence": _people_mean("intelligence"),
    "usable_intelligence": _people_mean("usable"),
    "agencies_answer": _mean("agencies", "answered"),
    "scandal": _mean("administration", "scandal"),
    "programme": _mean("administration", "programme"),
    "will": _mean("administration", "will"),
}


def observe(world: World) -> NDArray[np.float64]:
    """Every observation of this week that needs no history, float64[observations], in the order of FUNCTIONS."""
    return np.array([function(world) for function in FUNCTIONS.values()])


QUADRANT_STATES = (
    "trust",
    "fairness",
    "effectiveness",
    "insecurity",
    "efficacy",
    "problems",
    "authority",
    "presence",
    "usable",
    "requests_open",
)
QUADRANT_FLOWS = (
    "occurred",
    "reported",
    "recorded",
    "stops",
    "visits",
    "complaints",
    "extortions",
    "requests_solved",
)
