"""Command: what the top asks of middle command: quotas, the indicators it rewards, sharing of information."""

from sim.cards import Values
from sim.luck import Luck
from sim.tables import Column
from sim.world import World

PROGRAMME = True
COLUMNS = (
    Column(
        "administration",
        "quota_ordered",
        "float64",
        "tickets or arrests/officer/week",
        "quota asked by the top",
    ),
    Column(
        "administration",
        "community_indicators",
        "bool",
        "yes/no",
        "community results are rewarded, not arrests",
    ),
    Column("administration", "sharing_ordered", "float64", "share", "information that should reach the street"),
    Column(
        "administration",
        "replace_command",
        "bool",
        "yes/no",
        "middle command is replaced when the reform begins",
    ),
)


def order(world: World, lever: Values, luck: Luck) -> None:
    """Give the orders; what becomes of them is decided in ``processes.command``."""
    world.administration.write("quota_ordered", lever.quota)
    world.administration.write("community_indicators", lever.indicators == "community")
    world.administration.write("sharing_ordered", lever.sharing)
    world.administration.write("replace_command", lever.replace)
