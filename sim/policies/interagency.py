"""Interagency: how far municipal departments answer the cases that police and committees bring (factor 3)."""

from sim.cards import Values
from sim.luck import Luck
from sim.tables import Column
from sim.world import World

PROGRAMME = True
COLUMNS = (Column("agencies", "link", "float64", "share", "cases of the police that the department takes up"),)


def order(world: World, lever: Values, luck: Luck) -> None:
    """Set the link of every department with the police."""
    world.agencies.write("link", lever.link)
