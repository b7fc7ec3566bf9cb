"""What is stored is what was made, or is named as damaged; a sealed folder explains itself."""

from __future__ import annotations

import errno
import getpass
import json
import platform
import random
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.results import DamageError, RunRow, Store, StoreError, Study, custody, load_result, stamp
from sim.results.shards import pack, unpack

ARMS = (
    {
        "label": "period=26",
        "changes": {"rotation.period": 26, "training.kind": "none"},
        "scenario_hash": "a" * 64,
    },
    {
        "label": "period=52",
        "changes": {"rotation.period": 52, "training.kind": "none"},
        "scenario_hash": "b" * 64,
    },
)
STUDY = Study(
    title={"es": "Prueba", "en": "Trial"},
    question="Does it hold?",
    scenario="reactive_baseline",
    scenario_hash="a" * 64,
    arms=ARMS,
    baseline=0,
    levers=("rotation.period", "training.kind"),
    seeds=(1, 2, 3),
    code_version="1+abc",
    draw_scheme=1,
)


def row(arm: int, seed: int, status: str = "ok") -> RunRow:
    name = f"{arm}-{seed}"
    return RunRow(name, arm, seed, status, "" if status == "ok" else "boom", "", 0.5, f"digest {name}")


def tables(arm: int, seed: int, weeks: int = 30) -> dict[str, dict[str, Any]]:
    week = np.arange(1, weeks + 1, dtype=np.int32)
    spells = seed - 1
    return {
        "weekly": {
            "week": week,
            "trust": week + 100.0 * arm + 1000.0 * seed,
            "share": np.full(weeks, np.nan),
        },
        "committees": {"committee": np.arange(spells), "kind": np.array(["x"] * spells, dtype="U1")},
    }


def stored(folder: Path, study: Study = STUDY, shards: int = 2) -> Store:
    """A store with every run of the study, spread over a few shards in no particular order."""
    store = Store(folder)
    store.begin(study)
    runs = [(arm, seed) for arm in (0, 1) for seed in study.seeds]
    random.Random(1).shuffle(runs)
    for part in range(shards):
        shard = store.shard()
        for arm, seed in runs[part::shards]:
            shard.write(row(arm, seed), tables(arm, seed))
        shard.close()
    store.end_session({"done": len(runs), "failed": 0})
    return store


def test_tables_come_out_of_a_payload_as_they_went_in() -> None:
    made = unpack(pack(tables(1, 3)))
    assert made["weekly"]["trust"].to_pylist() == tables(1, 3)["weekly"]["trust"].tolist()
    assert str(made["weekly"].schema.field("week").type) == "int32"
    assert made["committees"]["kind"].to_pylist() == ["x", "x"]
    assert unpack(pack({})) == {}


def test_sealed_tables_are_tidy_and_in_the_order_of_the_design(tmp_path: Path) -> None:
    stored(tmp_path / "r").seal()
    weekly = pd.read_parquet(tmp_path / "r" / "weekly.parquet")
    assert list(weekly.columns) == ["run_id", "arm", "seed", "week", "trust", "share"]
    assert weekly["arm"].is_monotonic_increasing
    assert weekly.groupby(["arm", "seed"], observed=True).size().tolist() == [30] * 6
    one = weekly[(weekly["arm"] == 1) & (weekly["seed"] == 2)]
    assert one["trust"].tolist() == [2100.0 + week for week in range(1, 31)]
    assert set(one["run_id"]) == {"1-2"}
    result = load_result(tmp_path / "r")
    assert result.committees.groupby("seed").size().to_dict() == {2: 2, 3: 4}
    assert result.read("weekly", ["trust"], arms=[1]).shape == (90, 1)
    with pytest.raises(StoreError, match=r"has no sessions\.parquet"):
        _ = result.sessions


def test_runs_table_holds_levers_and_the_mean_of_the_closing_weeks(tmp_path: Path) -> None:
    stored(tmp_path / "r").seal()
    result = load_result(tmp_path / "r")
    runs = result.runs.set_index("run_id")
    assert runs.loc["1-2", "rotation.period"] == 52
    assert runs.loc["1-2", "training.kind"] == "none"
    assert runs.loc["1-2", "trust"] == 2100.0 + np.mean(range(5, 31))  # weeks 5 to 30 are the last 26
    assert runs["share"].isna().all()
    assert result.headline == ["trust", "share"]
    assert result.baseline == 0
    assert [arm["label"] for arm in result.arms] == ["period=26", "period=52"]


def test_the_same_runs_seal_to_the_same_bytes_whoever_stored_them(tmp_path: Path) -> None:
    for shards in (1, 3):
        stored(tmp_path / str(shards), shards=shards).seal()
    for name in ("runs", "weekly", "committees"):
        one, other = ((tmp_path / shards / f"{name}.parquet").read_bytes() for shards in ("1", "3"))
        assert one == other


def test_manifest_says_what_made_the_results_and_nothing_of_whom(tmp_path: Path) -> None:
    manifest = stored(tmp_path / "r").seal()
    assert manifest["title"] == {"es": "Prueba", "en": "Trial"}
    assert manifest["design_hash"] == STUDY.design_hash
    assert manifest["code_version"] == "1+abc"
    assert manifest["seeds"] == [1, 2, 3]
    assert manifest["counts"] == {"planned": 6, "done": 6, "failed": 0, "missing": 0}
    assert set(manifest["git"]) == {"commit", "dirty"}
    assert {"numpy", "pyarrow"} <= manifest["packages"].keys()
    assert manifest["machine"]["python"] == platform.python_version()
    assert manifest["started"] <= manifest["ended"]
    facts = manifest["files"]["weekly.parquet"]
    assert facts["rows"] == 180
    assert facts["bytes"] == (tmp_path / "r" / "weekly.parquet").stat().st_size
    assert facts["sha256"] == custody.file_hash(tmp_path / "r" / "weekly.parquet")
    text = json.dumps(manifest)
    for word in (
        str(tmp_path),
        str(Path.cwd()),
        str(Path.home()) + "/",
        platform.node(),
        f'"{getpass.getuser()}"',
    ):
        assert not word or word not in text
    assert sorted(path.name for path in (tmp_path / "r").iterdir()) == sorted([*manifest["files"], "manifest.json"])


def test_sealing_again_changes_nothing(tmp_path: Path) -> None:
    store = stored(tmp_path / "r")
    first = store.seal()
    assert store.seal() == first
    store.begin(STUDY)
    assert store.seal()["files"] == first["files"]
    assert store.finished() == {f"{arm}-{seed}" for arm in (0, 1) for seed in (1, 2, 3)}


def test_more_seeds_are_sealed_among_the_old(tmp_path: Path) -> None:
    wide = replace(STUDY, seeds=(1, 2, 3, 4))
    store = stored(tmp_path / "r")
    store.seal()
    store.begin(replace(STUDY, seeds=(4,)))
    shard = store.shard()
    for arm in (0, 1):
        shard.write(row(arm, 4), tables(arm, 4))
    shard.close()
    merged = store.seal()
    direct = stored(tmp_path / "direct", wide).seal()
    assert merged["files"] == direct["files"]
    assert merged["seeds"] == [1, 2, 3, 4]
    assert len(merged["sessions"]) == 2


def test_a_failed_run_is_a_row_without_numbers(tmp_path: Path) -> None:
    store = Store(tmp_path / "r")
    store.begin(STUDY)
    shard = store.shard()
    shard.write(row(0, 1, "error"))
    shard.write(row(0, 2), tables(0, 2))
    shard.close()
    assert store.seal()["counts"] == {"planned": 6, "done": 1, "failed": 1, "missing": 4}
    runs = load_result(store.folder).runs
    assert runs["error"].tolist() == ["boom", ""]
    assert runs["trust"].isna().tolist() == [True, False]
    assert store.finished() == {"0-2"}


def flip(path: Path, bit: int) -> None:
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)


def test_no_flipped_bit_of_a_shard_is_read_as_a_result(tmp_path: Path) -> None:
    store = stored(tmp_path / "r", shards=1)
    (shard,) = (tmp_path / "r" / "shards").glob("*.sqlite")
    sound = shard.read_bytes()
    whole = {f"{arm}-{seed}": f"digest {arm}-{seed}" for arm in (0, 1) for seed in (1, 2, 3)}
    seen = 0
    draws = random.Random(7)
    for _ in range(120):
        flip(shard, draws.randrange(len(sound) * 8))
        problems: list[str] = []
        index = store._index(problems)
        assert {key: found.digest for key, (found, _) in index.items()}.items() <= whole.items()
        assert len(index) == 6 or problems or store.verify(), "a run went missing and nobody said so"
        seen += bool(problems)
        shard.write_bytes(sound)
    assert seen > 30
    assert store.verify() == []


def test_damage_in_a_shard_is_named_and_only_that_run_is_missing(tmp_path: Path) -> None:
    store = stored(tmp_path / "r", shards=1)
    (shard,) = (tmp_path / "r" / "shards").glob("*.sqlite")
    place = shard.read_bytes().index(b"digest 1-2")
    flip(shard, place * 8)
    assert store.finished() == {"0-1", "0-2", "0-3", "1-1", "1-3"}
    assert [problem for problem in store.verify() if shard.name in problem and "1-2" in problem]
    manifest = store.seal()
    assert manifest["counts"]["missing"] == 1
    assert "1-2" in manifest["damage"][0]
    assert (tmp_path / "r" / "damaged" / shard.name).exists()
    assert store.verify() == []


def test_no_flipped_bit_of_a_sealed_file_is_read(tmp_path: Path) -> None:
    store = stored(tmp_path / "r")
    store.seal()
    path = tmp_path / "r" / "weekly.parquet"
    sound, draws = path.read_bytes(), random.Random(7)
    for _ in range(60):
        flip(path, draws.randrange(len(sound) * 8))
        assert store.verify() == ["weekly.parquet is damaged: its SHA-256 is not the one in manifest.json"]
        with pytest.raises(DamageError, match=r"weekly\.parquet is damaged"):
            _ = load_result(tmp_path / "r").weekly
        path.write_bytes(sound)
    assert store.verify() == []
    manifest = tmp_path / "r" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"baseline": 0', '"baseline": 1'))
    with pytest.raises(DamageError, match=r"manifest\.json was changed"):
        load_result(tmp_path / "r")
    path.unlink()
    assert len(store.verify()) == 1


def test_sealed_runs_that_are_damaged_count_as_missing_and_are_made_again(tmp_path: Path) -> None:
    store = stored(tmp_path / "r")
    first = store.seal()
    flip(tmp_path / "r" / "committees.parquet", 4000)
    problems: list[str] = []
    assert store.finished(problems) == set()
    assert "committees.parquet is damaged" in problems[0]
    again = stored(tmp_path / "r").seal()
    assert again["files"] == first["files"]
    assert (tmp_path / "r" / "damaged" / "committees.parquet").exists()


@pytest.mark.parametrize("complete", [True, False])
def test_a_seal_cut_short_is_completed_or_forgotten(tmp_path: Path, complete: bool) -> None:
    store = stored(tmp_path / "r")
    stored(tmp_path / "twin").seal()
    aside = tmp_path / "r" / custody.ASIDE
    aside.mkdir()
    names = ["weekly.parquet", "runs.parquet", "committees.parquet", "manifest.json"]
    for name in names if complete else names[:1]:
        shutil.copy(tmp_path / "twin" / name, aside / name)
    assert len(store.finished()) == 6
    assert (tmp_path / "r" / "manifest.json").exists() == complete
    manifest = store.seal()
    assert manifest["files"] == Store(tmp_path / "twin").seal()["files"]
    assert store.verify() == []


def test_other_code_or_another_design_is_refused_with_the_difference_and_a_cure(tmp_path: Path) -> None:
    store = stored(tmp_path / "r")
    for _ in range(2):  # before and after sealing
        with pytest.raises(StoreError, match=r"made by code 1\+abc, this is 2\+def.*--fresh"):
            store.begin(replace(STUDY, code_version="2+def"))
        other = (ARMS[0], ARMS[1] | {"label": "period=104", "scenario_hash": "c" * 64})
        with pytest.raises(StoreError, match=r"it has 'period=52', .*it lacks 'period=104'"):
            store.begin(replace(STUDY, arms=other))
        with pytest.raises(StoreError, match="scheme 1, this is 2"):
            store.begin(replace(STUDY, draw_scheme=2))
        store.seal()
    assert store.set_aside() == tmp_path / "r-old-1"
    store.begin(replace(STUDY, code_version="2+def"))
    assert store.finished() == set()
    assert len(Store(tmp_path / "r-old-1").finished()) == 6


def test_a_folder_that_cannot_be_written_is_refused_with_a_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match=r"cannot write to file: .*choose a folder"):
        Store(tmp_path / "file").begin(STUDY)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    store = stored(tmp_path / "r")
    with monkeypatch.context() as patch:
        patch.setattr(custody.os, "open", refuse)
        with pytest.raises(StoreError, match="Read-only file system"):
            store.seal()
        assert len(store.finished()) == 6
    store.seal()


def test_nothing_to_read_and_nothing_to_seal_are_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"holds no sealed results \(no manifest\.json\)$"):
        load_result(tmp_path)
    with pytest.raises(StoreError, match="nothing to seal"):
        Store(tmp_path / "r").seal()
    with pytest.raises(StoreError, match="stored but not yet sealed"):
        load_result(stored(tmp_path / "s").folder)


def test_code_version_ignores_what_only_shows_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("run.py", "report.py", "processes/trust.toml", "figures.py", "words.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    monkeypatch.setattr(stamp, "HOUSE", tmp_path)

    def after(name: str) -> str:
        (tmp_path / name).write_text("2")
        return stamp.code_version.__wrapped__()

    first = stamp.code_version.__wrapped__()
    assert after("report.py") == after("figures.py") == after("words.toml") == first
    second = after("processes/trust.toml")
    assert second != first
    assert after("run.py") != second


def test_git_state_tolerates_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = tmp_path / "sim"
    house.mkdir()
    monkeypatch.setattr(stamp, "HOUSE", house)
    assert stamp.git_state() == {"commit": None, "dirty": None}
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    for words in (["init", "-q"], [*who, "commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    assert stamp.git_state()["dirty"] is False
    assert len(stamp.git_state()["commit"]) == 40
    monkeypatch.setenv("PATH", "")
    assert stamp.git_state() == {"commit": None, "dirty": None}
