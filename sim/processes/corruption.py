"""Corruption: collusive ties with businesses, bribes in encounters, detection, discipline and scandal.

Under the theory ``relational`` a tie takes time: it ripens with tenure where integrity and oversight are weak, and a
move breaks it, which is what rotation is for (S2). Under ``propensity`` it depends on the officer alone, who takes
the habit along. Bribes ride on contacts under both (M18).
"""

import numpy as np
from numpy.typing import NDArray

from sim.cards import Values
from sim.exact import kept, poisson, segment_sums, threshold
from sim.luck import Luck
from sim.tables import Column
from sim.world import World

STOP = 1

COLUMNS = (
    Column("officers", "tie", "bool", "yes/no", "collusive tie with a business of the quadrant"),
    Column("officers", "dismissed", "bool", "yes/no", "found out; leaves the force next week"),
    Column("encounters", "bribe", "bool", "yes/no", "a bribe was given"),
    Column("extortions", "citizen", "int64", "row", "resident row of the business owner who paid"),
    Column("quadrants", "bribes", "float64", "bribes/week", "bribes given by all people"),
    Column("quadrants", "extortions", "float64", "payments/week", "fees paid to officers by businesses"),
    Column("administration", "scandal", "float64", "share", "freshness of the last publicised scandal"),
    Column("administration", "detected", "int32", "officers/week", "officers found out this week"),
)


def begin(world: World, own: Values, luck: Luck) -> None:
    """Ties that have ripened before the first week."""
    officers = world.officers
    hazard = formation(world, own)
    ripe = officers.tenure / 2.0 if own.corruption == "relational" else own.tie_length  # ripening grows from zero
    officers.write("tie", luck.words("tie", officers) < threshold(1.0 - 1.0 / (1.0 + hazard * ripe)))


def step(world: World, own: Values, luck: Luck) -> None:
    """Ties form, are charged for, break and are found out; bribes are given."""
    _ties(world, own, luck)
    _charge(world, own, luck)
    _bribes(world, own, luck)


def formation(world: World, own: Values) -> NDArray[np.float64]:
    """Weekly hazard of a new collusive tie, float64[officers]."""
    officers, city = world.officers, world.administration
    weakness = np.maximum(0.0, 1.0 - officers.integrity) * (1.0 - own.deterrence * city.oversight)
    if own.corruption == "propensity":
        return own.propensity_rate * weakness * weakness * weakness
    ripening = officers.tenure / (officers.tenure + own.relational_time)
    business = np.minimum(3.0, world.quadrants.business)[officers.quadrant]
    return own.relational_rate * weakness * weakness * business * ripening


def _ties(world: World, own: Values, luck: Luck) -> None:
    officers, city = world.officers, world.administration
    seen = (
        city.oversight * (0.5 + city.complaint_handling)
        + own.complaints_seen * officers.complaints * city.complaint_handling
    )
    found = officers.tie & (luck.words("detect", officers) < threshold(own.detection * seen))
    ended = luck.words("end", officers) < threshold(1.0 / own.tie_length)
    broken = officers.left | ended | (officers.moved if own.corruption == "relational" else False)
    formed = luck.words("form", officers) < threshold(formation(world, own))
    officers.write("tie", np.where(broken, False, officers.tie | formed) & ~found)
    officers.write("dismissed", found)
    city.write("detected", found.sum())
    public = luck.words("publicity", officers) < threshold(own.publicity)
    fresh = bool(np.any(found & public))
    city.write("scandal", 1.0 if fresh else city.scandal * kept(own.scandal_half_life))


def _charge(world: World, own: Values, luck: Luck) -> None:
    """Fees that tied officers charge, shown one by one where the owner's row is shown."""
    officers, quadrants, citizens = world.officers, world.quadrants, world.citizens
    ties = np.bincount(officers.quadrant[officers.tie], minlength=quadrants.rows)
    owners = segment_sums(citizens.business_owner, world.offsets)
    paying = np.minimum(0.5, own.clients * ties / np.maximum(owners * quadrants.weight, 1.0))
    paid = citizens.business_owner & (luck.words("fee", citizens) < np.repeat(threshold(paying), world.rows()))
    rows = np.flatnonzero(paid)
    world.extortions.resize(len(rows))
    world.extortions.write("citizen", rows)
    unshown = paying * owners * (quadrants.weight - 1.0)
    quadrants.write("extortions", segment_sums(paid, world.offsets) + poisson(unshown, luck.longs("fees", quadrants)))


def _bribes(world: World, own: Values, luck: Luck) -> None:
    """Bribes in stops and, less often, in other encounters."""
    officers, events = world.officers, world.encounters
    weakness = np.maximum(0.0, 1.0 - officers.integrity) * (1.0 - own.deterrence * world.administration.oversight)
    base = np.where(events.kind == STOP, own.bribe_stop, own.bribe_other)
    given = luck.words("bribe", world.citizens)[events.citizen] < threshold(base * weakness[events.officer])
    events.write("bribe", given)
    home = world.home(events.citizen[given])
    world.quadrants.write("bribes", np.bincount(home, minlength=world.quadrants.rows) * world.quadrants.weight)
