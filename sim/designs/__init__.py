"""Designs: which runs to make. A design is a table, one row per run; every arm meets the same seeds.

An experiment file names a base scenario, the levers to cross and the arm the others are compared with. Since
luck is drawn by name, an arm and the baseline under the same seed differ by the policy alone: differences are
paired.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from sim.designs.design_files import problems_of, read_experiment, seed_list
from sim.luck import SCHEME
from sim.network import build_city
from sim.results import Study
from sim.results.stamp import code_version
from sim.scenario import Problem, Scenario
from sim.words import Words

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Arm",
    "Experiment",
    "Plan",
    "RunSpec",
    "check_experiment",
    "code_version",
    "pair_plan",
    "plan_table",
]


@dataclass(frozen=True)
class Arm:
    """One policy of a design: its changes from the base scenario, in the units of their cards."""

    label: str
    changes: Mapping[str, Any]
    scenario: Scenario


@dataclass(frozen=True)
class RunSpec:
    """One run to make. ``run_id`` is the same for the same scenario, seed and code, wherever it is run."""

    run_id: str
    arm: int
    seed: int
    scenario: Scenario


@dataclass(frozen=True)
class Plan(Sequence[RunSpec]):
    """Runs in the order of arm and seed, with the study they belong to."""

    study: Study
    runs: tuple[RunSpec, ...]

    @overload
    def __getitem__(self, index: int) -> RunSpec: ...

    @overload
    def __getitem__(self, index: slice) -> Plan: ...

    def __getitem__(self, index: int | slice) -> RunSpec | Plan:
        return Plan(self.study, self.runs[index]) if isinstance(index, slice) else self.runs[index]

    def __len__(self) -> int:
        return len(self.runs)


@dataclass(frozen=True)
class Experiment:
    """A full factorial design, read from ``experiments/*.toml``.

    Attributes:
        name: stem of the file's name.
        title: what a reader is shown; ``question`` in one line.
        base: the scenario every arm starts from, constants included.
        seeds: seeds of every arm.
        levers: the values of each lever, by dotted setting, in the units of their cards.
        baseline: the lever values of the arm that the others are compared with.
        constants: fixed changes of all arms.
    """

    name: str
    title: Words
    question: str | Mapping[str, str]
    base: Scenario
    seeds: tuple[int, ...]
    levers: Mapping[str, tuple[Any, ...]]
    baseline: Mapping[str, Any]
    constants: Mapping[str, Any]

    @classmethod
    def load(cls, path: Path | str) -> Experiment:
        """The experiment of a file.

        Raises:
            ScenarioError: anything is wrong with it or its scenario; all problems are named at once.
        """
        return cls(**read_experiment(Path(path)))

    def arms(self, city: Mapping[str, Any] | Path | str | None = None) -> list[Arm]:
        """Every combination of the levers' values, the last lever varying fastest.

        Args:
            city: another municipality: settings of ``[city]``, or a scenario file whose ``[city]`` to take.
        """
        base = self.base.with_changes(_city_changes(city)) if city else self.base
        arms = []
        for values in product(*self.levers.values()):
            changes = dict(zip(self.levers, values, strict=True))
            label = ", ".join(f"{key}={value}" for key, value in changes.items())
            arms.append(Arm(label, changes, base.with_changes(changes, base=Path())))
        return arms

    @cached_property
    def baseline_arm(self) -> int:
        """Index of the baseline among the arms."""
        return [dict(zip(self.levers, values, strict=True)) for values in product(*self.levers.values())].index(
            dict(self.baseline)
        )

    def plan(
        self, seeds: int | Iterable[int] | None = None, city: Mapping[str, Any] | Path | str | None = None
    ) -> Plan:
        """The runs of the design; ``seeds`` (a number of them, or a list) replaces the file's own.

        Raises:
            ValueError: no seeds, a negative one or one stated twice.
        """
        title = {"es": self.title.es, "en": self.title.en}
        chosen = self.seeds if seeds is None else seed_list(seeds)
        about = {"title": title, "question": self.question, "scenario": self.base.name}
        return _plan(self.arms(city), chosen, self.baseline_arm, tuple(self.levers), self.base.hash, about)


def check_experiment(path: Path | str) -> list[Problem]:
    """Everything wrong with an experiment file and its scenario, never raises for what a file holds."""
    return problems_of(Path(path))


def pair_plan(scenarios: Sequence[Scenario], seeds: int | Iterable[int]) -> Plan:
    """Each scenario under the same seeds; the first is the baseline. One scenario alone will do.

    Raises:
        ValueError: two of the scenarios are the same but for their names, or the seeds are none.
    """
    names: list[str] = []
    for scenario in scenarios:
        twins = sum(name.partition(" (")[0] == scenario.name for name in names)
        names.append(f"{scenario.name} ({twins + 1})" if twins else scenario.name)
    arms = [Arm(name, {"scenario": name}, it) for name, it in zip(names, scenarios, strict=True)]
    titles = [getattr(scenario, "title", None) or Words(it, it) for it, scenario in zip(names, scenarios, strict=True)]
    title = {"es": " · ".join(words.es for words in titles), "en": " · ".join(words.en for words in titles)}
    about = {"title": title, "question": "", "scenario": names[0]}
    return _plan(arms, seed_list(seeds), 0, ("scenario",), scenarios[0].hash, about)


def plan_table(plan: Plan) -> pd.DataFrame:
    """A design as a table: run_id, arm, seed and the varied settings, one row per run."""
    import pandas as pd

    changes = [arm["changes"] for arm in plan.study.arms]
    rows = [{"run_id": run.run_id, "arm": run.arm, "seed": run.seed, **changes[run.arm]} for run in plan.runs]
    return pd.DataFrame(rows, columns=["run_id", "arm", "seed", *plan.study.levers])


def run_id(scenario_hash: str, seed: int, code: str | None = None) -> str:
    """SHA-256 (hex) of all that a run's outcome depends on: scenario, seed, code and scheme of draws."""
    facts = {"scenario": scenario_hash, "seed": seed, "code": code or code_version(), "draws": SCHEME}
    return hashlib.sha256(json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def reproduce(run: RunSpec) -> str:
    """A command that repeats one run alone, from its settings and not from files that may have changed."""
    changes = {step.key: step.value for step in run.scenario.differences()}
    call = f"run(Scenario.default().with_changes({changes!r}), {run.seed})"
    return f'python -c "from sim import Scenario, run; {call}"'


def _plan(
    arms: list[Arm],
    seeds: tuple[int, ...],
    baseline: int,
    levers: tuple[str, ...],
    scenario_hash: str,
    about: Mapping[str, Any],
) -> Plan:
    hashes = [arm.scenario.hash for arm in arms]
    for index, mark in enumerate(hashes):
        if (first := hashes.index(mark)) < index:
            names = f"{arms[first].label!r} and {arms[index].label!r}"
            raise ValueError(f"{names} are the same scenario; every difference would be exactly zero")
    study = Study(
        **about,
        scenario_hash=scenario_hash,
        arms=tuple(
            {"label": arm.label, "changes": dict(arm.changes), "scenario_hash": mark}
            for arm, mark in zip(arms, hashes, strict=True)
        ),
        baseline=baseline,
        levers=levers,
        seeds=seeds,
        code_version=code_version(),
        draw_scheme=SCHEME,
        settings=_settings(arms[baseline].scenario),
        place=_place(arms[baseline].scenario),
    )
    runs = (
        RunSpec(run_id(hashes[index], seed), index, seed, arm.scenario)
        for index, arm in enumerate(arms)
        for seed in seeds
    )
    return Plan(study, tuple(runs))


def _settings(scenario: Scenario) -> dict[str, dict[str, Any]]:
    """Every setting with its default and source; a file by its name, for where it lies is nobody's business."""
    defaults = scenario.catalogue.defaults
    return {
        key: {
            "value": Path(str(value)).name if key in scenario.bases and value else value,
            "default": defaults[key],
            "source": scenario.sources[key],
        }
        for key, value in scenario.settings.items()
    }


def _place(scenario: Scenario) -> dict[str, Any]:
    """The municipality of a scenario, built before anything runs.

    Raises:
        CityError: it cannot be built.
    """
    city = build_city(scenario.city)
    return {
        "name": city.name,
        "kind": scenario.city["kind"],
        "residents": int(city.population.sum()),
        "sectors": list(city.sector_names),
        "quadrants": list(city.ids),
        "notes": list(city.notes),
    }


def _city_changes(city: Mapping[str, Any] | Path | str) -> dict[str, Any]:
    if isinstance(city, Mapping):
        return {key if key.startswith("city.") else f"city.{key}": value for key, value in city.items()}
    scenario = Scenario.load(city)
    keys = (f"city.{key}" for key in scenario.city)
    return {key: scenario.city[key[5:]] if key in scenario.bases else scenario.raw(key) for key in keys}
