"""The week: read aloud, it is the model.

A new mechanism is one file in ``processes``, its card, its test and one name in ``PROCESSES``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType

from sim.cards import Values
from sim.luck import Luck
from sim.policies import command as command_lever
from sim.policies import (
    continuity,
    decentralisation,
    deployment,
    framework,
    integrity,
    interagency,
    militarisation,
    participation,
    political_will,
    resources,
    rotation,
)
from sim.policies import training as training_lever
from sim.processes import (
    administration,
    attitudes,
    careers,
    command,
    committees,
    corruption,
    culture,
    duty,
    encounters,
    incidents,
    intelligence,
    problem_solving,
    reporting,
    talk,
    training,
)
from sim.world import World

POLICIES: tuple[ModuleType, ...] = (
    political_will,  # how far government and chief stand behind the model
    framework,  # what plans and regulations say
    continuity,  # what the next government will find harder to undo
    resources,  # what money reaches the quadrants
    command_lever,  # what the top asks of middle command
    decentralisation,  # what is delegated on paper
    deployment,  # who serves in a proximity unit
    rotation,  # who is ordered to move
    training_lever,  # who sits in a course
    participation,  # how committees are accompanied
    interagency,  # which departments answer
    integrity,  # who watches the officers
    militarisation,  # how far soldiers displace police command
)

PROCESSES: tuple[ModuleType, ...] = (
    administration,  # the term clock: does the programme live on?
    command,  # what was ordered becomes what is executed
    careers,  # leavers, recruits and moves; knowledge is gained and lost
    training,  # skills rise in courses and fade
    duty,  # calls, quota, patrol, proximity: how the week is divided
    incidents,  # what happens to whom
    reporting,  # what of it is reported and recorded
    encounters,  # who meets the police, and how they are treated
    corruption,  # deals, bribes, detection: before talk, for they are talked about
    problem_solving,  # which requests are solved, wait or are given up
    committees,  # who comes, who stays away: judged by what was just solved
    talk,  # who hears of it
    attitudes,  # what everyone makes of it
    intelligence,  # what the force learns
    culture,  # what officers make of it
)


@dataclass(frozen=True)
class Rules:
    """What governs a run.

    Attributes:
        parameters: values of every process, by its name; those of the population too.
        reform: levers of the scenario, by policy.
        today: levers of today's way of working, in force before week 0 and where a programme has fallen.
        without: names of processes that are left out of the week.
    """

    parameters: Mapping[str, Values]
    reform: Mapping[str, Values]
    today: Mapping[str, Values]
    without: frozenset[str] = frozenset()


@cache
def name(module: ModuleType) -> str:
    """A module's own name: ``sim.processes.talk`` is ``talk``, ``sim.policies.rotation`` ``levers.rotation``."""
    short = module.__name__.rpartition(".")[2]
    return f"levers.{short}" if ".policies." in module.__name__ else short


def add_columns(world: World) -> None:
    """Make the columns of every policy and process, neutral until their owner writes them."""
    for module in (*POLICIES, *PROCESSES):
        world.add(name(module), module.COLUMNS)


def begin(world: World, rules: Rules, luck: Luck) -> None:
    """The state before the first week: orders of today's way of working, then what each process starts from.

    Careers and culture come first: the other processes start from who serves where, and with what integrity.
    """
    _give_orders(world, rules, luck)
    first = (careers, culture)
    for module in (*first, *(other for other in PROCESSES if other not in first)):
        if hasattr(module, "begin") and name(module) not in rules.without:
            with world.turn(name(module)):
                module.begin(world, rules.parameters[name(module)], luck.of(f"begin {name(module)}", world.week))


def advance(world: World, rules: Rules, luck: Luck) -> None:
    """One week: the clock, the orders, then every process in turn."""
    for _ in steps(world, rules, luck):
        pass


def steps(world: World, rules: Rules, luck: Luck) -> Iterator[str]:
    """The week step by step; gives the name of each process when it is done, and ``levers`` after the orders."""
    try:
        for module in PROCESSES:
            if name(module) not in rules.without:
                world.open(name(module))
                module.step(world, rules.parameters[name(module)], luck.of(name(module), world.week))
                yield name(module)
            if module is administration:
                _give_orders(world, rules, luck)
                yield "levers"
    finally:
        world.close()


def _give_orders(world: World, rules: Rules, luck: Luck) -> None:
    """Levers of the scenario once the reform has begun; those that belong to the programme only while it lives."""
    begun = world.week >= 0
    alive = bool(world.administration.programme[0])
    for module in POLICIES:
        short = name(module).removeprefix("levers.")
        in_force = rules.reform if begun and (alive or not module.PROGRAMME) else rules.today
        world.open(name(module))
        module.order(world, in_force[short], luck.of(name(module), world.week))
    world.close()
