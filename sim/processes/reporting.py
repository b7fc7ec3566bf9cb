"""Reporting: occurred, reported, recorded (M10, M11), weakly elastic to trust (M12), lowered by scandal (E31)."""

import numpy as np
from numpy.typing import NDArray

from sim.cards import Values
from sim.exact import binomial, segment_sums, threshold
from sim.luck import Luck
from sim.tables import Column
from sim.world import World

COLUMNS = (
    Column("incidents", "reported", "bool", "yes/no", "reported to the authorities"),
    Column("incidents", "recorded", "bool", "yes/no", "a file was opened"),
    Column("quadrants", "reported", "float64", "incidents/week", "incidents reported"),
    Column("quadrants", "recorded", "float64", "incidents/week", "incidents on file"),
    Column("quadrants", "silent_distrust", "float64", "incidents/week", "incidents not reported out of distrust"),
)


def step(world: World, own: Values, luck: Luck) -> None:
    """Pass each incident through the two filters, one by one where the victim's row is shown."""
    quadrants, citizens, incidents = world.quadrants, world.citizens, world.incidents
    rows = incidents.citizen
    scandal = float(world.administration.scandal[0])
    chance = _chance(citizens.trust[rows], own, scandal)
    reported = luck.words("report", citizens)[rows] < threshold(chance)
    recorded = reported & (luck.words("record", citizens)[rows] < threshold(own.file_opened))
    distrust = luck.words("reason", citizens)[rows] < threshold(own.distrust * (1.0 - citizens.trust[rows]))
    incidents.write("reported", reported)
    incidents.write("recorded", recorded)
    trust = quadrants.trust
    unshown = quadrants.occurred - segment_sums(citizens.victim, world.offsets)
    more = binomial(unshown, _chance(trust, own, scandal), luck.longs("reports", quadrants))
    files = binomial(more, own.file_opened, luck.longs("records", quadrants))
    silent = binomial(unshown - more, own.distrust * (1.0 - trust), luck.longs("reasons", quadrants))
    home = world.home(rows)
    quadrants.write("reported", more + np.bincount(home[reported], minlength=quadrants.rows))
    quadrants.write("recorded", files + np.bincount(home[recorded], minlength=quadrants.rows))
    quadrants.write("silent_distrust", silent + np.bincount(home[distrust & ~reported], minlength=quadrants.rows))


def _chance(trust: NDArray[np.floating], own: Values, scandal: float) -> NDArray[np.floating]:
    """Chance that an incident is reported, by the victim's trust."""
    return own.reported * (1.0 + own.elasticity * (trust - 0.5)) * (1.0 - own.scandal * scandal)
