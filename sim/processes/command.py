"""Command: what was ordered becomes what is executed, by way of middle command.

Middle command has real power and is the main opponent of delegation (the paper, "Limited decentralization"). Under the
theory ``interest`` its resistance stands between order and execution; under ``capability`` it would delegate, but
neither it nor the officers have the skills. Both the ordered and the executed value are kept.
"""

import numpy as np
from numpy.typing import NDArray

from sim.cards import Values
from sim.exact import bounded, group_means, kept, unit
from sim.luck import Luck
from sim.tables import Column
from sim.world import World

COLUMNS = (
    Column("commanders", "resistance", "float64", "share", "resistance to delegating"),
    Column("commanders", "hoarding", "float64", "share", "information kept from the street"),
    Column("commanders", "alignment", "float64", "share", "alignment with the reform"),
    Column("commanders", "trained", "float64", "share", "own training in the model"),
    Column("commanders", "replaced", "int32", "times", "times that the post has been refilled"),
    Column("quadrants", "authority", "float64", "share", "authority that the quadrant really has"),
    Column("quadrants", "quota", "float64", "tickets or arrests/officer/week", "quota that officers really meet"),
    Column("quadrants", "shared", "float64", "share", "intelligence that reaches the street"),
)


def begin(world: World, own: Values, luck: Luck) -> None:
    """Middle command as it is today."""
    world.commanders.write("resistance", bounded(own.resistance + world.commanders.reluctance, 0.0, 1.0))
    world.commanders.write("hoarding", own.hoarding)


def step(world: World, own: Values, luck: Luck) -> None:
    """Renew and persuade middle command, then execute what it lets through."""
    chiefs, city = world.commanders, world.administration
    renewed = _renewed(world)
    trained = np.where(renewed, 0.0, chiefs.trained) * kept(own.training_half_life)
    trained = np.minimum(1.0, trained + chiefs.course / own.full_course)
    chiefs.write("trained", trained)
    chiefs.write("replaced", chiefs.replaced + renewed)
    goal = resistance_goal(world, own, trained)
    fresh = bounded(own.resistance_when_new + own.spread_when_new * (unit(luck.longs("new", chiefs)) - 0.5), 0.0, 1.0)
    resistance = np.where(renewed, fresh, chiefs.resistance + own.speed * (goal - chiefs.resistance))
    chiefs.write("resistance", resistance)
    chiefs.write("alignment", city.will * (1.0 - resistance))
    heard = own.sharing_without_will + (1.0 - own.sharing_without_will) * city.will
    willing = city.sharing_ordered * heard * (1.0 - own.sharing_resisted * resistance)
    hoarding = np.where(renewed, own.hoarding, chiefs.hoarding)
    chiefs.write("hoarding", hoarding + own.speed * (1.0 - willing - hoarding))
    _execute(world, own)


def _renewed(world: World) -> NDArray[np.bool_]:
    city = world.administration
    fallen = bool(city.changed[0] and not city.programme[0])
    begun = bool(world.week == 0 and city.replace_command[0])
    return np.full(world.commanders.rows, fallen or begun)


def resistance_goal(world: World, own: Values, trained: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where resistance is heading, share[sectors]: up with the power at stake, down with inclusion and rules."""
    city = world.administration
    at_stake = group_means(world.quadrants.authority_ordered, world.quadrants.sector, world.commanders.rows)
    goal = own.resistance + world.commanders.reluctance + own.threat * at_stake
    goal = goal - own.inclusion * trained - own.rules * city.regulations - own.rewards * city.community_indicators
    return bounded(goal + own.military * city.military, 0.0, 1.0)


def _execute(world: World, own: Values) -> None:
    quadrants, chiefs, city = world.quadrants, world.commanders, world.administration
    sector = quadrants.sector
    officers = 0.5 * (world.officers.problem_solving + world.officers.knowledge)
    capable = group_means(officers, world.officers.quadrant, quadrants.rows)
    capability = own.least_capability + (1.0 - own.least_capability) * np.minimum(1.0, capable / own.full_capability)
    if own.compliance == "interest":
        passed = 1.0 - chiefs.resistance
    else:
        passed = own.least_capability + (1.0 - own.least_capability) * chiefs.trained
    binding = own.without_rules + (1.0 - own.without_rules) * city.regulations
    steered = city.will * (own.without_plans + (1.0 - own.without_plans) * city.plans)
    quadrants.write("authority", quadrants.authority_ordered * steered * passed[sector] * capability * binding)
    soft = own.quota_relief * city.community_indicators * chiefs.alignment
    quadrants.write("quota", (city.quota_ordered * (1.0 - soft))[sector])
    quadrants.write("shared", (1.0 - chiefs.hoarding)[sector])
