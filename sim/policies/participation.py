"""Participation: how committees are formed, visited and supported (precondition 5)."""

from sim.cards import Values
from sim.luck import Luck
from sim.tables import Column
from sim.world import World

PROGRAMME = True
COLUMNS = (
    Column("administration", "session_interval", "int32", "weeks", "weeks between follow-up sessions", 8),
    Column("administration", "support", "float64", "share", "sustained support given to committees"),
    Column(
        "administration",
        "accountability",
        "float64",
        "share",
        "how far police answer to committees for results",
    ),
    Column(
        "administration",
        "reform_after",
        "int32",
        "weeks",
        "weeks until a dead committee is formed anew, 0 never",
    ),
)


def order(world: World, lever: Values, luck: Luck) -> None:
    """Set how committees are accompanied."""
    world.administration.write("session_interval", lever.session_interval)
    world.administration.write("support", lever.support)
    world.administration.write("accountability", lever.accountability)
    world.administration.write("reform_after", lever.reform_after)
