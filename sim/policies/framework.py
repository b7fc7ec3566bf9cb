"""Framework: municipal plans with the model's goals, and regulations that make delegation a rule (factors 1, 2)."""

from sim.cards import Values
from sim.luck import Luck
from sim.tables import Column
from sim.world import World

PROGRAMME = False  # plans and regulations are written law: they outlive the government that wrote them
COLUMNS = (
    Column("administration", "plans", "float64", "share", "how far the municipal plan holds the model's goals"),
    Column("administration", "regulations", "float64", "share", "how far regulations fit the model"),
)


def order(world: World, lever: Values, luck: Luck) -> None:
    """Set plans and regulations in force; today's hold until the reform begins."""
    world.administration.write("plans", lever.plans)
    world.administration.write("regulations", lever.regulations)
