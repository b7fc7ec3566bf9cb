"""Attitudes: the one owner of fairness, effectiveness, trust, insecurity and efficacy, all 0 to 1.

Each attitude drifts back to a level of the person and the place; encounters, stories, incidents and solved requests
move it. Under the theory ``asymmetric`` an experience moves fairness by a step of its own size, down further than up;
under ``bayesian`` it moves fairness part of the way toward what was experienced, so that low priors gain more (E7).
Trust is the slow variable: it follows fairness and effectiveness.
"""

import numpy as np
from numpy.typing import NDArray

from sim.cards import Values
from sim.exact import bounded, kept, segment_means, segment_sums
from sim.luck import Luck
from sim.tables import Column
from sim.world import World

NEGATIVE, NEUTRAL, POSITIVE = 1, 2, 3
VISIT = 3
ATTITUDES = ("fairness", "effectiveness", "trust", "insecurity", "efficacy")

COLUMNS = (
    *(Column("citizens", name, "state", "share", f"{name} in the resident's eyes", 0.5) for name in ATTITUDES),
    *(Column("quadrants", name, "float64", "share", f"mean {name} of residents", 0.5) for name in ATTITUDES),
    Column("quadrants", "trusting", "float64", "share", "residents whose trust is at least one half"),
)


def begin(world: World, own: Values, luck: Luck) -> None:
    """Everyone at the level of person and place, moved by what today's way of working adds up to in the long run."""
    for name in ("fairness", "effectiveness", "insecurity", "efficacy"):
        world.citizens.write(name, _within(_level(world, own, name) + own[f"lived_{name}"]))
    lived = own.trust_fairness * own.lived_fairness + (1.0 - own.trust_fairness) * own.lived_effectiveness
    world.citizens.write("trust", _within(_level(world, own, "trust") + lived))
    _means(world)


def step(world: World, own: Values, luck: Luck) -> None:
    """Drift, then the week's experiences, then the slow one."""
    for name in ("fairness", "effectiveness", "insecurity", "efficacy"):
        _drift(world, own, name)
    _encounters(world, own)
    _stories(world, own)
    _incidents(world, own)
    for name in ("fairness", "effectiveness", "insecurity", "efficacy"):
        column = world.citizens.edit(name)
        np.clip(column, 0.0, 1.0, out=column)
    _trust(world, own)
    _means(world)


def _level(world: World, own: Values, name: str) -> NDArray[np.floating]:
    """Where an attitude rests for each resident: the place's part plus the person's lasting disposition."""
    person = -own.person if name == "insecurity" else own.person
    level = world.spread(place(world, own, name))
    return level + world.citizens.disposition * level.dtype.type(person)


def place(world: World, own: Values, name: str) -> NDArray[np.float64]:
    """The place's part of the resting level, float64[quadrants]."""
    quadrants = world.quadrants
    people = np.maximum(quadrants.population / 1000.0, 1e-9)
    poor = quadrants.marginalisation - 0.5
    if name == "fairness":
        return own.fairness - own.marginal * poor
    if name == "effectiveness":
        danger = bounded(quadrants.hazard / own.usual_hazard - 1.0, -1.0, 3.0)
        work = np.minimum(1.0, quadrants.requests_solved / people / own.many_solved)
        return (
            own.effectiveness
            - own.marginal * poor
            - own.danger_effectiveness * danger
            + own.solved_effectiveness * work
        )
    if name == "insecurity":
        danger = bounded(quadrants.hazard / own.usual_hazard - 1.0, -1.0, 3.0)
        disorder = bounded(quadrants.problems - 1.0, -1.0, 2.0)
        return own.insecurity + own.danger_insecurity * danger + own.disorder * disorder
    if name == "efficacy":
        work = np.minimum(1.0, quadrants.requests_solved / people / own.many_solved)
        return own.efficacy + own.solved_efficacy * work
    return own.trust_fairness * place(world, own, "fairness") + (1.0 - own.trust_fairness) * place(
        world, own, "effectiveness"
    )


def _drift(world: World, own: Values, name: str) -> None:
    """Part of the way back to the resting level."""
    column = world.citizens.edit(name)
    back = column.dtype.type(1.0 - kept(getattr(own, f"{name}_half_life")))
    gap = _level(world, own, name)
    gap -= column
    gap *= back
    column += gap


def _encounters(world: World, own: Values) -> None:
    """What the week's encounters did to those who had them."""
    events, citizens = world.encounters, world.citizens
    rows, treatment = events.citizen, events.treatment
    fairness, effectiveness, insecurity = (citizens.edit(n) for n in ("fairness", "effectiveness", "insecurity"))
    fairness[rows] += _update(own, fairness[rows], treatment) - own.bribe * events.bribe
    by_treatment = np.array([0.0, -own.bad_effectiveness, 0.0, own.good_effectiveness])
    effectiveness[rows] += by_treatment[treatment]
    calmed = (events.kind == VISIT) & (treatment != NEGATIVE)
    insecurity[rows] -= own.visit_insecurity * calmed


def _update(own: Values, prior: NDArray[np.floating], treatment: NDArray[np.int8]) -> NDArray[np.float64]:
    """Change of fairness by an experience, float64[encounters]."""
    if own.trust_updating == "asymmetric":
        return np.array([0.0, -own.bad_fairness, own.neutral_fairness, own.good_fairness])[treatment]
    seen = np.array([0.5, 0.0, own.neutral_seen, 1.0])[treatment]
    return own.gain * (seen - prior)


def _stories(world: World, own: Values) -> None:
    """What others told, at a share of the weight of the same experience at first hand."""
    citizens = world.citizens
    fairness = citizens.edit("fairness")
    for heard, treatment in ((citizens.heard_negative, NEGATIVE), (citizens.heard_positive, POSITIVE)):
        rows = np.flatnonzero(heard)
        change = _update(own, fairness[rows], np.full(len(rows), treatment, np.int8))
        fairness[rows] += own.vicarious * heard[rows] * change


def _incidents(world: World, own: Values) -> None:
    """What victimisation and extortion did."""
    citizens, incidents = world.citizens, world.incidents
    effectiveness, insecurity, fairness = (citizens.edit(n) for n in ("effectiveness", "insecurity", "fairness"))
    rows = incidents.citizen
    ignored = incidents.reported & ~incidents.recorded
    effectiveness[rows] -= own.victim_effectiveness + own.ignored_effectiveness * ignored
    insecurity[rows] += own.victim_insecurity
    rows = world.extortions.citizen
    fairness[rows] -= own.extortion_fairness
    insecurity[rows] += own.extortion_insecurity


def _trust(world: World, own: Values) -> None:
    """Trust moves slowly toward its grounds, less what a fresh scandal costs."""
    citizens = world.citizens
    trust = citizens.edit("trust")
    real = trust.dtype.type
    grounds = citizens.fairness * real(own.trust_fairness)
    grounds += citizens.effectiveness * real(1.0 - own.trust_fairness)
    grounds -= real(own.scandal * world.administration.scandal[0])
    grounds -= trust
    grounds *= real(1.0 - kept(own.trust_half_life))
    trust += grounds
    np.clip(trust, 0.0, 1.0, out=trust)


def _within(column: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.clip(column, 0.0, 1.0)


def _means(world: World) -> None:
    for name in ATTITUDES:
        world.quadrants.write(name, segment_means(getattr(world.citizens, name), world.offsets, 0.5))
    trusting = segment_sums(world.citizens.trust >= 0.5, world.offsets)
    world.quadrants.write("trusting", trusting / np.maximum(world.rows(), 1))
