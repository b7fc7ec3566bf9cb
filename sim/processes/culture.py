"""Morale and culture: autonomy and fair treatment raise morale, quotas lower it; orientation and misconduct spread.

A small proximity unit is looked down on, and the rest drop proximity as "not their job" (the paper, "Limited concept").
Misconduct spreads between colleagues (E32: most of those complained about share a complaint with a colleague).
"""

import numpy as np
from numpy.typing import NDArray

from sim.cards import Values
from sim.exact import bounded, group_means
from sim.luck import Luck
from sim.tables import Column
from sim.world import World

COLUMNS = (
    Column("officers", "morale", "float64", "share", "morale", 0.5),
    Column("officers", "orientation", "float64", "share", "orientation, 0 reactive to 1 proximity"),
    Column("officers", "integrity", "float64", "share", "integrity in force", 0.5),
)


def begin(world: World, own: Values, luck: Luck) -> None:
    """Today's force."""
    officers = world.officers
    officers.write("morale", bounded(own.morale + own.person * officers.aptitude, 0.0, 1.0))
    officers.write("orientation", bounded(own.orientation + own.person_orientation * officers.aptitude, 0.0, 1.0))
    officers.write("integrity", officers.character)


def step(world: World, own: Values, luck: Luck) -> None:
    """Everyone moves part of the way to where the week pulls; recruits begin as themselves."""
    officers = world.officers
    goals = {
        "morale": morale_goal(world, own),
        "orientation": orientation_goal(world, own),
        "integrity": _integrity(world, own),
    }
    fresh = {"morale": own.morale, "orientation": own.orientation, "integrity": officers.character}
    for name, goal in goals.items():
        now = np.where(officers.left, fresh[name], getattr(officers, name))
        officers.write(name, bounded(now + own.speed * (goal - now), 0.0, 1.0))


def morale_goal(world: World, own: Values) -> NDArray[np.float64]:
    """Where morale is heading, float64[officers]."""
    officers, quadrants, city = world.officers, world.quadrants, world.administration
    place = officers.quadrant
    goal = own.morale + own.person * officers.aptitude + own.autonomy * quadrants.authority[place]
    goal = (
        goal
        + own.skilled * (officers.procedural - own.usual_skill)
        - own.element * (quadrants.quota[place] / own.usual_quota - 1.0)
    )
    goal = goal + own.commander * world.commanders.alignment[quadrants.sector[place]] - own.military * city.military
    small = (city.unit_share > 0) & (city.unit_share < own.small_unit)
    return goal - own.looked_down * (officers.proximity_unit & small)


def orientation_goal(world: World, own: Values) -> NDArray[np.float64]:
    """Where orientation is heading, float64[officers]: rewards, training, peers, whose job it is held to be."""
    officers, quadrants, city = world.officers, world.quadrants, world.administration
    place = officers.quadrant
    alignment = world.commanders.alignment[quadrants.sector[place]]
    peers = group_means(officers.orientation, place, quadrants.rows)[place]
    pulled = own.orientation + own.person_orientation * officers.aptitude
    pulled = pulled + own.rewarded * city.community_indicators * (
        own.reward_alone + (1.0 - own.reward_alone) * alignment
    )
    pulled = pulled + own.trained * officers.problem_solving + own.owned * quadrants.authority[place]
    pulled = pulled - own.military * city.military
    others_job = (city.unit_share > 0) & (city.unit_share < own.small_unit) & ~officers.proximity_unit
    return (1.0 - own.peers) * pulled * np.where(others_job, 1.0 - own.not_my_job, 1.0) + own.peers * peers


def _integrity(world: World, own: Values) -> NDArray[np.float64]:
    """Character, less what colleagues with deals make look normal."""
    officers = world.officers
    place, quadrants = officers.quadrant, world.quadrants.rows
    colleagues = np.bincount(place, minlength=quadrants)[place] - 1
    tied = np.bincount(place[officers.tie], minlength=quadrants)[place] - officers.tie
    return officers.character - own.contagion * tied / np.maximum(colleagues, 1)
