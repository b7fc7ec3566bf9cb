"""Duty: how an officer's week is divided between calls, quotas, patrol and proximity.

Courses and handovers take the officer off the street. Of the rest, calls come first, then the quota ("you aren't
working if you don't bring in violations"); what is left goes to patrol or, as far as the officer's orientation and unit
allow, to visits and problem solving.
"""

import numpy as np
from numpy.typing import NDArray

from sim.cards import Values
from sim.luck import Luck
from sim.tables import Column
from sim.world import World

COLUMNS = (
    Column("officers", "time_calls", "float64", "share", "share of the week on calls for service"),
    Column("officers", "time_quota", "float64", "share", "share of the week on tickets and arrests for the quota"),
    Column("officers", "time_patrol", "float64", "share", "share of the week on patrol", 0.6),
    Column("officers", "time_proximity", "float64", "share", "share of the week on visits and problem solving"),
    Column("quadrants", "strength", "float64", "officers", "officers serving the quadrant"),
    Column("quadrants", "presence", "float64", "officers/1000 residents", "officers visible in the street", 0.7),
    Column("quadrants", "response", "float64", "minutes", "response time to a call"),
)


def step(world: World, own: Values, luck: Luck) -> None:
    """Divide the week and count who is visible where."""
    officers, quadrants, city = world.officers, world.quadrants, world.administration
    place = officers.quadrant
    strength = np.bincount(place, minlength=quadrants.rows).astype(np.float64)
    away = np.minimum(1.0, officers.course / own.week_hours + own.handover_share * (officers.handing_over > 0))
    calls = np.minimum(_calls(world, own, strength)[place], 1.0 - away)
    quota = np.minimum(own.most_quota, quadrants.quota[place] * own.quota_hours / own.week_hours)
    quota = np.minimum(quota, 1.0 - away - calls)
    free = 1.0 - away - calls - quota
    proximity = free * proximity_share(world, own)
    officers.write("time_calls", calls)
    officers.write("time_quota", quota)
    officers.write("time_patrol", free - proximity)
    officers.write("time_proximity", proximity)
    quadrants.write("strength", strength)
    presence = _presence(world, own) * (1.0 + own.military_presence * city.military)
    quadrants.write("presence", presence)
    thin = np.sqrt(own.usual_presence / np.maximum(presence, 0.05))  # distance to the nearest car goes with the root
    quadrants.write("response", own.response * thin)


def _calls(world: World, own: Values, strength: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the week that last week's calls take, by quadrant; own shifts fit the hours to the demand."""
    quadrants = world.quadrants
    hours = quadrants.calls * own.call_hours * (1.0 - own.fitting * quadrants.own_shifts * quadrants.authority)
    return np.minimum(own.most_calls, hours / np.maximum(strength, 1.0) / own.week_hours)


def proximity_share(world: World, own: Values) -> NDArray[np.float64]:
    """Share of free time that goes to proximity, by orientation and unit; a soldier's way of command leaves less."""
    officers, city = world.officers, world.administration
    share = np.where(officers.proximity_unit, np.maximum(officers.orientation, own.unit_time), officers.orientation)
    return share * (1.0 - own.military_distance * city.military) * own.most_proximity


def _presence(world: World, own: Values) -> NDArray[np.float64]:
    """Officers seen in the street per 1,000 residents; without zoning they are spread over their sector."""
    officers, quadrants = world.officers, world.quadrants
    seen = officers.time_patrol * (1.0 - own.sold * officers.tie)
    seen = seen + own.seen_in_quota * officers.time_quota + own.seen_in_proximity * officers.time_proximity
    visible = np.bincount(officers.quadrant, weights=seen, minlength=quadrants.rows)
    people = quadrants.population / 1000.0
    sectors = world.commanders.rows
    in_sector = np.bincount(quadrants.sector, weights=visible, minlength=sectors)
    people_in_sector = np.bincount(quadrants.sector, weights=people, minlength=sectors)
    level = (in_sector / np.maximum(people_in_sector, 1e-9))[quadrants.sector]
    local = np.where(people > 0, visible / np.maximum(people, 1e-9), 0.0)
    return np.where(quadrants.zoned, local, level)
