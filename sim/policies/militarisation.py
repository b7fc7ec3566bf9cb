"""Militarisation: how far soldiers displace police command and its ways."""

from sim.cards import Values
from sim.luck import Luck
from sim.tables import Column
from sim.world import World

PROGRAMME = False  # decided above the municipality
COLUMNS = (Column("administration", "military", "float64", "share", "military share of command and style"),)


def order(world: World, lever: Values, luck: Luck) -> None:
    """Set the level in force."""
    world.administration.write("military", lever.level)
