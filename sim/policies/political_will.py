"""Political will: how far mayor and police chief stand behind the model (precondition 1)."""

from sim.cards import Values
from sim.luck import Luck
from sim.tables import Column
from sim.world import World

PROGRAMME = True
COLUMNS = (Column("administration", "will", "float64", "share", "political will in force"),)


def order(world: World, lever: Values, luck: Luck) -> None:
    """Set the will in force."""
    world.administration.write("will", lever.will)
