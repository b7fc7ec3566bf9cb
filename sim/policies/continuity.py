"""Continuity: the chance that the programme outlives a change of government (precondition 3)."""

from sim.cards import Values
from sim.luck import Luck
from sim.tables import Column
from sim.world import World

PROGRAMME = False
COLUMNS = (Column("administration", "continuity", "float64", "share", "chance to survive a change of government"),)


def order(world: World, lever: Values, luck: Luck) -> None:
    """Set the chance that the next change of government keeps the programme."""
    world.administration.write("continuity", lever.survival)
