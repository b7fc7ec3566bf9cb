"""Incidents: crimes and incivilities that occurred, near-Poisson around a lasting risk field (Q6, Q7, Q9).

Raised by open problems; lowered by presence with diminishing returns, by informed prevention and by collective
efficacy. Part of what patrol prevents moves to the neighbouring quadrants. Every resident row meets its own luck; the
people that the rows stand for, but do not show one by one, add a Poisson count of their own, so that means and near-
Poisson noise do not depend on how many people a row stands for.
"""

import numpy as np
from numpy.typing import NDArray

from sim.cards import Values
from sim.exact import group_means, poisson, segment_sums, threshold
from sim.luck import Luck
from sim.tables import Column
from sim.world import World

COLUMNS = (
    Column("incidents", "citizen", "int64", "row", "resident row of the victim"),
    Column("quadrants", "hazard", "float64", "incidents/1000 residents/week", "rate of incidents"),
    Column("quadrants", "occurred", "float64", "incidents/week", "incidents among all people"),
    Column("quadrants", "displaced", "float64", "incidents/week", "incidents expected from neighbours' patrols"),
    Column("citizens", "victim", "bool", "yes/no", "victim of an incident this week"),
)


def begin(world: World, own: Values, luck: Luck) -> None:
    """The rates from which residents' first attitudes follow."""
    world.quadrants.write("hazard", rates(world, own)[0])


def step(world: World, own: Values, luck: Luck) -> None:
    """Draw this week's incidents."""
    quadrants, citizens = world.quadrants, world.citizens
    hazard, displaced = rates(world, own)
    chance = world.spread(hazard / 1000.0 / 64.0) * citizens.exposure
    victim = luck.words("victim", citizens) < threshold(chance)
    shown = segment_sums(victim, world.offsets)
    unshown = quadrants.population * (1.0 - 1.0 / quadrants.weight) * hazard / 1000.0
    citizens.write("victim", victim)
    rows = np.flatnonzero(victim)
    world.incidents.resize(len(rows))
    world.incidents.write("citizen", rows)
    quadrants.write("hazard", hazard)
    quadrants.write("displaced", displaced)
    quadrants.write("occurred", shown + poisson(unshown, luck.longs("unshown", quadrants)))


def rates(world: World, own: Values) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Incidents per 1,000 residents and week, and those expected to arrive from neighbours, float64[quadrants]."""
    quadrants = world.quadrants
    people = quadrants.population / 1000.0
    plain = own.base_rate * quadrants.risk * np.maximum(0.0, 1.0 + own.problems * (quadrants.problems - 1.0))
    patrol = own.patrol * quadrants.presence / (quadrants.presence + own.half_presence)
    arriving = world.spill(own.displaced * plain * patrol * people)
    kept = plain * (1.0 - patrol) * (1.0 - _informed(world, own)) * (1.0 - _collective(world, own))
    hazard = kept + np.where(people > 0, arriving / np.maximum(people, 1e-9), 0.0)
    return np.where(people > 0, hazard, 0.0), arriving


def _informed(world: World, own: Values) -> NDArray[np.float64]:
    """Share prevented by officers who know the quadrant, have its intelligence and the time to use both."""
    officers = world.officers
    active = officers.knowledge * np.minimum(1.0, officers.time_patrol + own.proximity * officers.time_proximity)
    known = group_means(active, officers.quadrant, world.quadrants.rows)
    return own.informed * known * (own.unshared + (1.0 - own.unshared) * world.quadrants.usable)


def _collective(world: World, own: Values) -> NDArray[np.float64]:
    """Share prevented by neighbours who act together: attendance counts where people believe that it brings results."""
    attendance = np.bincount(
        world.committees.quadrant,
        weights=world.committees.attendance * world.committees.alive,
        minlength=world.quadrants.rows,
    )
    return own.collective * np.minimum(1.0, attendance / own.full_attendance) * world.quadrants.efficacy
