"""A sealed result as a report reads it: the few tables it needs, each summarised once."""

from __future__ import annotations

from functools import cached_property

import pandas as pd

from sim.figures.contrasts import arm_differences, effects, interactions
from sim.figures.design import Design
from sim.figures.estimates import attendance, lengths, survival
from sim.figures.names import Names
from sim.observations import Observation, headlines, observations
from sim.results import Result, StoreError

ANSWERS = ("trust", "occurred", "living_committees", "collusive_ties")
SERIES = ("trust", "occurred", "reported", "recorded")
TOGETHER = ("trust", "collusive_ties", "occurred")
PANELS = 12  # most arms that one figure of curves shows


class Reading:
    """What a report knows of a result.

    Args:
        result: sealed and checked.
        language: ``es`` or ``en``.
    """

    def __init__(self, result: Result, language: str) -> None:
        self.result, self.language = result, language
        self.manifest = result.manifest
        self.design = Design.of(self.manifest)
        self.names = Names(self.manifest, language)
        self.baseline = self.design.baseline

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row per run; those that ended well have end values."""
        return self.result.runs

    @cached_property
    def done(self) -> dict[int, int]:
        """Runs that ended well, by arm."""
        counts = self.runs[self.runs["status"] == "ok"].groupby("arm").size()
        return {int(str(arm)): int(count) for arm, count in counts.items()}

    @cached_property
    def cards(self) -> list[Observation]:
        """The headline observations that the result holds."""
        return [card for card in headlines() if card.key in self.runs.columns]

    def held(self, keys: tuple[str, ...]) -> list[Observation]:
        """Those of some observations that the result holds."""
        return [observations()[key] for key in keys if key in self.runs.columns]

    @property
    def factorial(self) -> bool:
        """Whether several levers were crossed."""
        return len(self.design.levers) > 1

    @cached_property
    def shown(self) -> list[int]:
        """The few arms that figures compare with the baseline, of those that have runs."""
        return [arm for arm in self.design.handful() if arm in self.done] if self.design.levers else []

    @cached_property
    def singles(self) -> list[int]:
        """Arms that differ from the baseline in one lever, at most ``PANELS``, the levers taken in turn."""
        alone = [(lever, arm) for lever, _, arm in self.design.alone() if arm in self.done]
        if len(alone) <= PANELS:
            return [arm for _, arm in alone]
        step = len(alone) / PANELS
        return [alone[int(place * step)][1] for place in range(PANELS)]

    def name(self, arm: int) -> str:
        """An arm in words, in what it differs from the baseline."""
        usual = self.design.arms[self.baseline]
        if self.design.levers == ("scenario",) or arm == self.baseline:
            return self.names.changes(self.design.arms[arm])
        return self.names.changes(self.design.arms[arm], usual)

    def panels(self, arms: list[int]) -> list[tuple[str, int]]:
        """Titles and arms for small multiples."""
        return [(self.name(arm), arm) for arm in arms]

    # --- tables

    def table(self, name: str, columns: list[str], arms: list[int]) -> pd.DataFrame | None:
        """Some columns of a table for some arms; None where no run got so far, or it lacks a column."""
        try:
            return self.result.read(name, ["arm", "seed", *columns], arms)
        except StoreError:
            if f"{name}.parquet" in self.manifest["files"]:
                raise
        return None

    @cached_property
    def weekly(self) -> pd.DataFrame | None:
        """The series that figures show, for the arms that they show."""
        columns = ["week", *(card.key for card in self.held(SERIES))]
        return self.table("weekly", columns, [self.baseline, *self.singles, *self.shown])

    @cached_property
    def weeks(self) -> int:
        """Weeks simulated; 0 where nothing was."""
        return 0 if self.weekly is None or self.weekly.empty else int(self.weekly["week"].max()) + 1

    @cached_property
    def lives(self) -> pd.DataFrame | None:
        """Lives of the committees of the arms shown, formed from week 0 on: of earlier ones only survivors are seen."""
        columns = ["committee", "spell", "formed", "ended", "sessions"]
        found = self.table("committees", columns, [self.baseline, *self.shown])
        found = None if found is None else found[found["formed"] >= 0]
        return None if found is None or found.empty else lengths(found, self.weeks)

    @cached_property
    def survival(self) -> dict[int, pd.DataFrame]:
        """Survival of committees, by arm."""
        return {} if self.lives is None else {int(str(a)): survival(group) for a, group in self.lives.groupby("arm")}

    @cached_property
    def attendance(self) -> pd.DataFrame | None:
        """Attendance by session."""
        columns = ["committee", "spell", "session", "attendance"]
        found = self.table("sessions", columns, [self.baseline, *self.shown])
        return None if found is None or self.lives is None else attendance(found, self.lives)

    @cached_property
    def effects(self) -> pd.DataFrame:
        """Effects of the levers on the headline observations."""
        return effects(self.runs, self.design, self.cards)

    @cached_property
    def interactions(self) -> pd.DataFrame:
        """What two levers do beyond the sum of each."""
        return interactions(self.runs, self.design, self.held(TOGETHER))

    @cached_property
    def differences(self) -> pd.DataFrame:
        """Differences of the arms shown to the baseline, for both families of indicators."""
        both = [card.key for card in observations().values() if card.family in ("reactive", "community")]
        return arm_differences(self.runs, self.design, self.held(tuple(both)), self.shown)
