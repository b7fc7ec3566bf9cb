"""Deployment: a special proximity unit, its size and whether residents can tell it from the rest (S4)."""

from sim.cards import Values
from sim.exact import threshold
from sim.luck import Luck
from sim.tables import Column
from sim.world import World

PROGRAMME = True
COLUMNS = (
    Column("officers", "proximity_unit", "bool", "yes/no", "serves in the proximity unit"),
    Column("administration", "unit_share", "float64", "share", "share of the force in the proximity unit"),
    Column("administration", "distinct", "bool", "yes/no", "the unit wears a uniform of its own"),
)


def order(world: World, lever: Values, luck: Luck) -> None:
    """Assign posts to the unit, always the same posts for the same share."""
    world.officers.write("proximity_unit", luck.lasting().words("unit", world.officers) < threshold(lever.share))
    world.administration.write("unit_share", lever.share)
    world.administration.write("distinct", lever.distinct_uniform)
