"""The design of a result: which arms differ in which lever, so that effects can be read off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from sim.scenario import Scenario

Pair = tuple[int, int]  # an arm and the arm it is compared with
MOST_LEVELS = 4  # levels of one lever that a figure of curves can hold


@cache
def _zero_is_never(lever: str) -> bool:
    """Whether the card of a lever says so."""
    try:
        return "(0 = never)" in Scenario.default().card(lever).en
    except KeyError:
        return False


@dataclass(frozen=True)
class Design:
    """Arms by their lever values.

    Attributes:
        levers: names of the levers, as the manifest states them.
        arms: the lever values of each arm.
        baseline: index of the arm the others are compared with.
    """

    levers: tuple[str, ...]
    arms: tuple[Mapping[str, Any], ...]
    baseline: int

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Design:
        """The design a manifest tells of; levers that do not vary are left out."""
        arms = [{key: arm["changes"].get(key) for key in manifest["levers"]} for arm in manifest["arms"]]
        levers = tuple(key for key in manifest["levers"] if len({repr(arm[key]) for arm in arms}) > 1)
        return cls(levers, tuple({key: arm[key] for key in levers} for arm in arms), int(manifest["baseline"]))

    @cached_property
    def _places(self) -> dict[tuple[str, ...], int]:
        return {self._mark(arm): index for index, arm in enumerate(self.arms)}

    def _mark(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(repr(values[key]) for key in self.levers)

    def levels(self, lever: str) -> list[Any]:
        """The values of a lever, smallest first if they are numbers, else in the order of the design.

        A zero that stands for "never" is the longest of periods and comes last.
        """
        found = list({repr(arm[lever]): arm[lever] for arm in self.arms}.values())
        numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in found)
        return sorted(found, key=lambda value: (value == 0 and _zero_is_never(lever), value)) if numbers else found

    def usual(self, lever: str) -> Any:
        """The baseline's value of a lever."""
        return self.arms[self.baseline][lever]

    def others(self, lever: str) -> list[Any]:
        """The values of a lever that are not the baseline's."""
        return [value for value in self.levels(lever) if repr(value) != repr(self.usual(lever))]

    def arm(self, changes: Mapping[str, Any]) -> int | None:
        """The arm that differs from the baseline in ``changes`` alone, if the design has it."""
        return self._places.get(self._mark({**self.arms[self.baseline], **changes}))

    def pairs(self, lever: str, value: Any) -> list[Pair]:
        """Each arm with ``lever = value``, and the arm with the lever as usual and all else the same."""
        found = []
        for index, arm in enumerate(self.arms):
            if repr(arm[lever]) == repr(value):
                usual = self._places.get(self._mark({**arm, lever: self.usual(lever)}))
                if usual is not None and usual != index:
                    found.append((index, usual))
        return found

    def alone(self) -> list[tuple[str, Any, int]]:
        """Lever, value and arm for every value of every lever, the other levers as in the baseline."""
        rows = [(lever, value, self.arm({lever: value})) for lever in self.levers for value in self.others(lever)]
        return [(lever, value, arm) for lever, value, arm in rows if arm is not None]

    def handful(self) -> list[int]:
        """A few telling arms beside the baseline: each lever at its value farthest from today's, then all together.

        A design of one lever gives up to four of its values, spread evenly.
        """
        if len(self.levers) == 1:
            arms = [arm for _, _, arm in self.alone()]
            step = max(len(arms) - 1, 1) / max(min(len(arms), MOST_LEVELS) - 1, 1)
            return list(dict.fromkeys(arms[round(k * step)] for k in range(min(len(arms), MOST_LEVELS))))
        far = {lever: self._farthest(lever) for lever in self.levers[:MOST_LEVELS]}
        wanted = [*({lever: value} for lever, value in far.items()), far][: MOST_LEVELS + 1]
        arms = [arm for changes in wanted if (arm := self.arm(changes)) is not None and arm != self.baseline]
        return list(dict.fromkeys(arms))

    def _farthest(self, lever: str) -> Any:
        """The value farthest from the baseline's: by distance for numbers, else the last one."""
        others, usual = self.others(lever), self.usual(lever)
        if all(isinstance(value, (int, float)) for value in [*others, usual]):
            return max(others, key=lambda value: abs(value - usual))
        return others[-1]
