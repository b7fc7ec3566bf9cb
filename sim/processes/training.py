"""Training: courses raise skills, and skills decay unless refreshed (E21).

Courtesy courses raise procedural skill a little and problem solving hardly; comprehensive ones raise both. A course
takes better where the supervisor stands behind it (E15).
"""

import numpy as np
from numpy.typing import NDArray

from sim.cards import Values
from sim.exact import bell, bounded, kept, threshold
from sim.luck import Luck
from sim.tables import Column
from sim.world import World

COLUMNS = (
    Column("officers", "procedural", "float64", "share", "skill in treating people fairly"),
    Column("officers", "problem_solving", "float64", "share", "skill in solving local problems"),
    Column("officers", "groundwork", "float64", "share", "skill to which both decay"),
)


def begin(world: World, own: Values, luck: Luck) -> None:
    """Skills of today's force: a part has its certificate (M24)."""
    ground = groundwork(world, own, luck)
    for skill in ("groundwork", "procedural"):
        world.officers.write(skill, ground)
    world.officers.write("problem_solving", own.solving_ground * ground)


def groundwork(world: World, own: Values, luck: Luck) -> NDArray[np.float64]:
    """Skill without courses, share[officers], for whoever may hold the post from this week on."""
    certified = luck.words("certified", world.officers) < threshold(own.certified)
    ground = (
        own.skill
        + own.certificate * (certified - own.certified)
        + own.spread * bell(luck.longs("ground", world.officers))
    )
    return bounded(ground, 0.0, 1.0)


def step(world: World, own: Values, luck: Luck) -> None:
    """Recruits bring their own groundwork; skills decay toward it and courses raise them."""
    officers = world.officers
    ground = np.where(officers.left, groundwork(world, own, luck), officers.groundwork)
    alignment = world.commanders.alignment[world.quadrants.sector[officers.quadrant]]
    dose = (1.0 - own.without_support * (1.0 - alignment)) * np.minimum(1.5, officers.course / own.full_course)
    procedural = np.where(officers.comprehensive, own.comprehensive_procedural, own.courtesy_procedural)
    solving = np.where(officers.comprehensive, own.comprehensive_solving, own.courtesy_solving)
    left = kept(own.half_life)
    officers.write("procedural", learned(officers.procedural, ground, officers.left, left, procedural * dose))
    officers.write(
        "problem_solving",
        learned(officers.problem_solving, own.solving_ground * ground, officers.left, left, solving * dose),
    )
    officers.write("groundwork", ground)


def learned(
    skill: NDArray[np.float64],
    ground: NDArray[np.float64],
    recruit: NDArray[np.bool_],
    left: float,
    gain: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Skill after a week of decay toward the groundwork and a course that closes ``gain`` of the distance to 1."""
    now = np.where(recruit, ground, ground + (skill - ground) * left)
    return now + gain * (1.0 - now)
