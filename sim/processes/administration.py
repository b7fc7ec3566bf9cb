"""Administration: the term clock, and whether the programme outlives a change of government (S3)."""

from sim.cards import Values
from sim.exact import threshold
from sim.luck import Luck
from sim.tables import Column
from sim.world import World

COLUMNS = (
    Column("administration", "week_of_term", "int32", "weeks", "weeks since the government took office"),
    Column("administration", "weeks_left", "int32", "weeks", "weeks until the next government takes office", 156),
    Column("administration", "changed", "bool", "yes/no", "a new government takes office this week"),
    Column("administration", "programme", "bool", "yes/no", "the reform of the scenario is in force", 1),
)


def step(world: World, own: Values, luck: Luck) -> None:
    """Move the clock; at a change of government the programme survives with the chance that ``continuity`` sets.

    The reform begins in week 0, which is week ``first_week`` of the term.
    """
    city = world.administration
    week_of_term = (world.week + own.first_week) % own.term
    changed = world.week > 0 and week_of_term == 0
    kept = luck.words("survival", 1) < threshold(city.continuity)
    city.write("week_of_term", week_of_term)
    city.write("weeks_left", own.term - week_of_term)
    city.write("changed", changed)
    if world.week == 0:
        city.write("programme", True)
    elif changed:
        city.write("programme", city.programme & kept)
