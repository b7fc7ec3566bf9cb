"""Decentralisation: what is delegated to the quadrants on paper (precondition 2 and factor 6)."""

from sim.cards import Values
from sim.luck import Luck
from sim.tables import Column
from sim.world import World

PROGRAMME = True
COLUMNS = (
    Column("quadrants", "authority_ordered", "float64", "share", "authority delegated on paper"),
    Column("quadrants", "budget_share", "float64", "share", "share of the budget that the quadrant decides"),
    Column("quadrants", "zoned", "bool", "yes/no", "officers are bound to this quadrant"),
    Column("quadrants", "own_shifts", "bool", "yes/no", "assignments and shifts are decided in the quadrant"),
)


def order(world: World, lever: Values, luck: Luck) -> None:
    """Delegate on paper; what middle command lets through is executed in ``command``."""
    world.quadrants.write("authority_ordered", lever.authority)
    world.quadrants.write("budget_share", lever.budget_share)
    world.quadrants.write("zoned", lever.zoning)
    world.quadrants.write("own_shifts", lever.assignments_by == "quadrant")
