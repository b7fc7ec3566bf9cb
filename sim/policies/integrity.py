"""Integrity: oversight of officers and the handling of complaints."""

from sim.cards import Values
from sim.luck import Luck
from sim.tables import Column
from sim.world import World

PROGRAMME = True
COLUMNS = (
    Column("administration", "oversight", "float64", "share", "oversight of officers"),
    Column("administration", "complaint_handling", "float64", "share", "complaints that are taken up"),
)


def order(world: World, lever: Values, luck: Luck) -> None:
    """Set oversight and complaint handling in force."""
    world.administration.write("oversight", lever.oversight)
    world.administration.write("complaint_handling", lever.complaint_handling)
