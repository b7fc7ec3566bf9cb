"""Small sealed results with made-up numbers, in the layout that the store writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from sim.observations import observations
from sim.results import RunRow, Store, Study

WEEKS = 60
Effect = Callable[[Mapping[str, Any], str], float]
GRID = {
    "rotation.period": [0, 26, 104],
    "decentralisation.authority": [0.0, 0.8],
    "training.kind": ["none", "comprehensive"],
}
USUAL = {"rotation.period": 26, "decentralisation.authority": 0.0, "training.kind": "none"}


def trained(changes: Mapping[str, Any], key: str) -> float:
    """Training adds to trust and to reports; authority only together with training."""
    if changes.get("training.kind") != "comprehensive" or key not in ("trust", "reported"):
        return 0.0
    return 0.1 + 0.2 * changes.get("decentralisation.authority", 0.0)


def grid(levers: Mapping[str, Sequence[Any]] = GRID) -> list[dict[str, Any]]:
    """Every combination of levers."""
    return [dict(zip(levers, values, strict=True)) for values in product(*levers.values())]


def study(arms: Sequence[Mapping[str, Any]], baseline: int, seeds: int, title: str = "Prueba") -> Study:
    """A study of these arms."""
    labels = [str(arm["scenario"]) if "scenario" in arm else str(dict(arm)) for arm in arms]
    marks = [f"{index:064x}" for index in range(len(arms))]
    return Study(
        title={"es": title, "en": title.replace("Prueba", "Trial")},
        question="Does <it> hold?",
        scenario="made_up",
        scenario_hash=marks[baseline],
        arms=tuple(
            {"label": label, "changes": dict(arm), "scenario_hash": mark}
            for label, arm, mark in zip(labels, arms, marks, strict=True)
        ),
        baseline=baseline,
        levers=tuple(arms[0]),
        seeds=tuple(range(1, seeds + 1)),
        code_version="1+abc",
        draw_scheme=1,
    )


def tables(changes: Mapping[str, Any], seed: int, effect: Effect) -> dict[str, dict[str, Any]]:
    """The tables of one run: the luck of its seed, and an effect of its arm."""
    luck = np.random.default_rng(seed)
    weekly: dict[str, Any] = {"week": np.arange(WEEKS, dtype=np.int32)}
    for key in observations():
        weekly[key] = 0.4 + 0.01 * luck.normal(size=WEEKS) + 0.02 * luck.normal() + effect(changes, key)
    held = luck.integers(5, 8, 4)
    committee = np.repeat(np.arange(4, dtype=np.int32), held)
    session = np.concatenate([np.arange(1, n + 1) for n in held]).astype(np.int32)
    ended = np.array([int(luck.integers(20, 50)), 30, -1, 40], np.int32)
    lives = {"committee": np.arange(4, dtype=np.int32), "quadrant": np.zeros(4, np.int32)}
    lives |= {"spell": np.ones(4, np.int32), "formed": np.array([-3, 0, 4, 8], np.int32), "ended": ended}
    lives |= {"sessions": held.astype(np.int32), "attendance": np.zeros(4, np.int32)}
    came = np.where(session <= 4, 20, np.maximum(20 // 2.0 ** (session - 4), 0)).astype(np.int32)
    sessions = {"committee": committee, "spell": np.ones(len(session), np.int32), "session": session}
    sessions |= {"week": session, "attendance": came, "members": came}
    return {"weekly": weekly, "committees": lives, "sessions": sessions}


def sealed(
    folder: Path,
    arms: Sequence[Mapping[str, Any]],
    baseline: int = 0,
    seeds: int = 4,
    failed: Sequence[tuple[int, int]] = (),
    effect: Effect = trained,
    title: str = "Prueba",
) -> Path:
    """A sealed result; ``failed`` names arm and seed of runs that ended in an error."""
    plan = study(arms, baseline, seeds, title)
    store = Store(folder)
    store.begin(plan)
    shard = store.shard()
    for arm, seed in product(range(len(arms)), plan.seeds):
        name = f"{arm}-{seed}"
        if (arm, seed) in failed:
            shard.write(RunRow(name, arm, seed, "error", "Traceback\nBoom: <b>no</b>", "run it", 0.0, ""), {})
        else:
            shard.write(RunRow(name, arm, seed, "ok", "", "", 0.5, name), tables(arms[arm], seed, effect))
    shard.close()
    store.end_session({"done": len(arms) * seeds - len(failed), "failed": len(failed)})
    store.seal()
    return folder
