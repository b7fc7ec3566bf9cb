"""A study: the arms and seeds a folder of results is about, and what its manifest says of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from sim.results import stamp

FORMAT = 1  # of the files of a sealed folder
HEADLINE_WEEKS = 26  # half a year: long enough to average out the noise of single weeks


@dataclass(frozen=True)
class Study:
    """What a folder of results is about; everything a reader needs to make sense of the arms.

    Attributes:
        title: ``{"es": ..., "en": ...}``.
        question: one line, or one in each language like the title.
        scenario: name of the base scenario, and ``scenario_hash`` its hash.
        arms: per arm ``{"label", "changes", "scenario_hash"}``; the index is the ``arm`` of the tables.
        baseline: index of the arm the others are compared with.
        levers: dotted settings that vary between the arms.
        seeds: the seeds of every arm.
        code_version: of the model that makes the runs.
        draw_scheme: version of the scheme of random draws.
        settings: of the baseline arm, by dotted key ``{"value", "default", "source"}``, in the units of their cards;
            of a file its name alone.
        place: of the baseline arm: ``name``, ``kind``, ``residents``, ``sectors`` and ``quadrants`` (their names, in
            the order that the tables count) and ``notes`` on what was handled.
    """

    title: Mapping[str, str]
    question: str | Mapping[str, str]
    scenario: str
    scenario_hash: str
    arms: tuple[Mapping[str, Any], ...]
    baseline: int
    levers: tuple[str, ...]
    seeds: tuple[int, ...]
    code_version: str
    draw_scheme: int
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    place: Mapping[str, Any] = field(default_factory=dict)

    @property
    def design_hash(self) -> str:
        """SHA-256 of the scenarios of all arms, in order; adding seeds does not change it."""
        return hashlib.sha256(json.dumps([arm["scenario_hash"] for arm in self.arms]).encode()).hexdigest()


def taken_up(study: Study, known: Mapping[str, Any]) -> dict[str, Any]:
    """A study as a folder stores it: with the seeds and sessions it already has, and a session begun now."""
    seeds = sorted({*known.get("seeds", []), *study.seeds})
    made_by = {"git": stamp.git_state(), "machine": stamp.machine(), "packages": stamp.packages()}
    session = {"started": now(), "ended": None, **made_by}
    sessions = [*known.get("sessions", []), session]
    return asdict(study) | {"seeds": seeds, "design_hash": study.design_hash, "sessions": sessions}


def manifest(
    facts: Mapping[str, Any], done: int, failed: int, files: Mapping[str, Any], damage: list[str]
) -> dict[str, Any]:
    """Everything a sealed folder says about itself; no name of a machine, a user or a place on a disk.

    ``damage`` names what was found damaged and left out when sealing.
    """
    planned = len(facts["arms"]) * len(facts["seeds"])
    counts = {"planned": planned, "done": done, "failed": failed, "missing": planned - done - failed}
    sessions = facts["sessions"]
    last = {key: sessions[-1][key] for key in ("git", "machine", "packages")}
    times = {"started": sessions[0]["started"], "ended": sessions[-1]["ended"]}
    rest = {"counts": counts, "headline_weeks": HEADLINE_WEEKS, "damage": damage, "files": dict(files)}
    return {"format": FORMAT, **facts, **last, **times, **rest}


def differences(known: Mapping[str, Any], study: Study) -> list[str]:
    """Why the runs a folder holds cannot stand beside those of ``study``, in words; none if they can."""
    differs = []
    if known["code_version"] != study.code_version:
        differs.append(f"it was made by code {known['code_version']}, this is {study.code_version}")
    if known["draw_scheme"] != study.draw_scheme:
        differs.append(f"its draws follow scheme {known['draw_scheme']}, this is {study.draw_scheme}")
    if known["design_hash"] != study.design_hash:
        differs.append(_other_design(known["arms"], study.arms))
    return differs


def _other_design(known: list[Mapping[str, Any]], wanted: tuple[Mapping[str, Any], ...]) -> str:
    """In what two designs differ, in words."""
    ours = {arm["scenario_hash"]: arm["label"] for arm in wanted}
    theirs = {arm["scenario_hash"]: arm["label"] for arm in known}
    gone = [label for key, label in theirs.items() if key not in ours]
    new = [label for key, label in ours.items() if key not in theirs]
    if not gone and not new:
        return "its arms are the same in another order"
    words = [f"it has {_some(gone)}, which this design lacks"] if gone else []
    return " and ".join(words + ([f"it lacks {_some(new)}"] if new else []))


def _some(labels: list[str]) -> str:
    more = f" and {len(labels) - 2} more" if len(labels) > 2 else ""
    return ", ".join(repr(label) for label in labels[:2]) + more


def now() -> str:
    """The time, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
