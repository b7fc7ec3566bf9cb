"""Training: who sits in which course this week (factor 4)."""

import numpy as np

from sim.cards import Values
from sim.exact import threshold
from sim.luck import Luck
from sim.tables import Column
from sim.world import World

PROGRAMME = True
COLUMNS = (
    Column("officers", "course", "float64", "hours", "hours of course this week"),
    Column("officers", "comprehensive", "bool", "yes/no", "this week's course is the comprehensive one"),
    Column("commanders", "course", "float64", "hours", "hours of comprehensive course this week"),
)


def order(world: World, lever: Values, luck: Luck) -> None:
    """Send the covered officers to their course: at the start, at every refresher, and recruits after enlisting.

    Courses are spread over ``spread`` weeks, so that the streets are never empty.
    """
    officers, lasting = world.officers, luck.lasting()
    hours = np.zeros(officers.rows)
    if lever.kind != "none" and world.week >= 0:
        covered = lasting.words("covered", officers) < threshold(lever.coverage)
        if lever.unit_only:
            covered &= officers.proximity_unit
        turn = (lasting.words("turn", officers) % np.uint32(lever.spread)).astype(np.int64)
        since = world.week - turn
        due = (since >= 0) & ((since % lever.refresh == 0) if lever.refresh else (since == 0))
        due |= (officers.service == lever.spread) & (world.week > lever.spread)
        hours[covered & due] = lever.hours
    world.officers.write("course", hours)
    world.officers.write("comprehensive", lever.kind == "comprehensive")
    world.commanders.write("course", _supervisors(world, lever))


def _supervisors(world: World, lever: Values) -> float:
    due = world.week == 0 or (lever.refresh > 0 and world.week > 0 and world.week % lever.refresh == 0)
    return float(lever.hours) if due and lever.supervisors_included and lever.kind == "comprehensive" else 0.0
