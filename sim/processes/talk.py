"""Talk: residents hear how others were treated (vicarious experience matters, E30); contagion stays weak (E14).

Only experiences travel, never opinions, so no consensus can build up.
"""

import numpy as np
from numpy.typing import NDArray

from sim.cards import Values
from sim.exact import threshold
from sim.luck import Luck
from sim.tables import Column
from sim.world import World

NEGATIVE, POSITIVE = 1, 3

COLUMNS = (
    Column(
        "citizens",
        "heard_negative",
        "uint8",
        "stories",
        "stories of bad treatment or extortion heard this week",
    ),
    Column("citizens", "heard_positive", "uint8", "stories", "stories of good treatment heard this week"),
)


def step(world: World, own: Values, luck: Luck) -> None:
    """Those with a story tell each acquaintance with the same chance."""
    events = world.encounters
    bad = np.union1d(events.citizen[(events.treatment == NEGATIVE) | events.bribe], world.extortions.citizen)
    good = events.citizen[(events.treatment == POSITIVE) & ~events.bribe]
    near = luck.words("near", world.citizens).view(np.uint8).reshape(-1, 4)
    far = luck.words("far", world.citizens)
    world.citizens.write("heard_negative", _heard(world, bad, near, far, own.tell_bad))
    world.citizens.write("heard_positive", _heard(world, good, near, far, own.tell_good))


def _heard(
    world: World, tellers: NDArray[np.int64], near: NDArray[np.uint8], far: NDArray[np.uint32], chance: float
) -> NDArray[np.int64]:
    """Stories that arrive at each resident row, int64[citizens]; one byte of luck per near acquaintance."""
    citizens = world.citizens
    home = world.home(tellers)
    first = world.offsets[home][:, None]
    told = near[tellers] < int(chance * 256)
    listeners = (citizens.near[tellers] + first)[told]
    told_far = far[tellers] < threshold(chance)
    everyone = np.concatenate([listeners, citizens.far[tellers][told_far].astype(np.int64)])
    return np.minimum(np.bincount(everyone, minlength=citizens.rows), 255)
