"""Intelligence: reports, committees and officers' knowledge feed a stock; command shares or hoards it.

Hoarded, it only counts arrests: the street can use no more than what is shared.
"""

import numpy as np

from sim.cards import Values
from sim.exact import group_means, kept
from sim.luck import Luck
from sim.tables import Column
from sim.world import World

COLUMNS = (
    Column("quadrants", "intelligence", "float64", "share", "what the force knows about the quadrant's problems"),
    Column("quadrants", "usable", "float64", "share", "what of it reaches those who serve there"),
)


def begin(world: World, own: Values, luck: Luck) -> None:
    """A little is on file."""
    world.quadrants.write("intelligence", own.first)
    world.quadrants.write("usable", own.first * (1.0 - world.commanders.hoarding[world.quadrants.sector]))


def step(world: World, own: Values, luck: Luck) -> None:
    """Fade, then add what this week told, with diminishing returns."""
    quadrants, officers, committees = world.quadrants, world.officers, world.committees
    people = np.maximum(quadrants.population / 1000.0, 1e-9)
    reports = own.reports * quadrants.reported / people
    met = np.bincount(committees.quadrant, weights=committees.met * committees.attendance, minlength=quadrants.rows)
    learned = group_means(officers.knowledge * officers.time_proximity, officers.quadrant, quadrants.rows)
    new = np.minimum(1.0, reports + own.sessions * met + own.proximity * learned)
    stock = quadrants.intelligence * kept(own.half_life)
    stock = np.where(quadrants.population > 0, stock + (1.0 - stock) * new, 0.0)
    quadrants.write("intelligence", stock)
    quadrants.write("usable", stock * quadrants.shared)
