"""Resources: money, vehicles and materials that reach the quadrants, not stuck in procedure (precondition 4)."""

from sim.cards import Values
from sim.luck import Luck
from sim.tables import Column
from sim.world import World

PROGRAMME = True
COLUMNS = (Column("administration", "resources", "float64", "share", "resources that reach the quadrants"),)


def order(world: World, lever: Values, luck: Luck) -> None:
    """Set the resources in force."""
    world.administration.write("resources", lever.level)
