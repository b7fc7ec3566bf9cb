"""A plan survives whatever its runs, its workers and its driver may do."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim import designs
from sim.designs import Plan, pair_plan
from sim.execute import ExecutionError, Summary, execute, workers
from sim.results import NondeterminismError, Store, StoreError, load_result, stamp
from sim.words import Words

FAKE = "test_execute:fake_run"
WEEKS = 40


@dataclass(frozen=True)
class FakeScenario:
    """What the laboratory asks of a scenario; ``acts`` says what its runs do (``{seed: act}``)."""

    name: str
    acts: tuple[tuple[int, str], ...] = ()
    pause: float = 0.0  # s per run
    folder: str = ""

    @property
    def title(self) -> Words:
        return Words(self.name, self.name)

    @property
    def catalogue(self) -> SimpleNamespace:
        return SimpleNamespace(defaults={})

    settings = sources = bases = property(lambda self: {})
    city = property(lambda self: {"kind": "synthetic", "quadrants": 2, "sectors": 1, "residents": 100})

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.name.encode()).hexdigest()

    def differences(self) -> list[Any]:
        return []


class FakeRecord:
    def __init__(self, name: str, seed: int) -> None:
        key = int.from_bytes(hashlib.sha256(f"{name}/{seed}".encode()).digest()[:8], "little")
        draws = np.random.Generator(np.random.Philox(key))
        weeks = np.arange(1, WEEKS + 1, dtype=np.int32)
        spells = int(draws.integers(0, 3))
        self._tables = {
            "weekly": {"week": weeks, "trust": draws.random(WEEKS), "stops": draws.random(WEEKS) * 100},
            "quadrants": {"week": weeks[:4], "quadrant": np.arange(4), "trust": draws.random(4)},
            "committees": {
                "committee": np.arange(spells),
                "quadrant": np.arange(spells),
                "ended": np.full(spells, -1),
            },
            "sessions": {"committee": np.arange(2), "week": weeks[:2]},
        }

    def tables(self) -> dict[str, dict[str, np.ndarray[Any, Any]]]:
        return self._tables

    def digest(self) -> str:
        mark = hashlib.sha256()
        for columns in self._tables.values():
            for values in columns.values():
                mark.update(values.tobytes())
        return mark.hexdigest()


def fake_run(scenario: FakeScenario, seed: int) -> FakeRecord:
    """A run that is quick, or misbehaves as its scenario says."""
    time.sleep(scenario.pause)
    act = dict(scenario.acts).get(seed, "")
    once = Path(scenario.folder) / f"killed-{scenario.name}-{seed}"
    if act == "raise":
        raise ValueError(f"no luck with seed {seed}")
    if act == "hang":
        time.sleep(600)
    if act == "die" or (act == "die once" and not once.exists()):
        once.write_text("x")
        os.kill(os.getpid(), signal.SIGKILL)
    if act == "fill":
        workers._Worker.shard._file.execute("PRAGMA max_page_count = 1")  # SQLite's word for a full disk
    return FakeRecord(scenario.name, seed)


def drive(folder: str, seeds: int, pause: float, code: str) -> Summary:
    """What the subprocesses of these tests do, as the same code version even while someone edits the model."""
    designs.code_version = lambda: code  # type: ignore[assignment]
    plan = pair_plan([FakeScenario("a", pause=pause), FakeScenario("b", pause=pause)], seeds)
    return execute(plan, Store(folder), FAKE, workers=2)


def plan_of(seeds: int, *acts: tuple[int, str], folder: Path | None = None) -> Plan:
    return pair_plan([FakeScenario("a", acts, folder=str(folder or "")), FakeScenario("b")], seeds)


def digests(folder: Path) -> dict[str, str]:
    runs = load_result(folder).runs
    return dict(zip(runs["run_id"], runs["digest"], strict=True))


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An uninterrupted study of 2 x 12 runs, made in this process by one worker."""
    folder = tmp_path_factory.mktemp("reference") / "study"
    for seeds in (4, 8, 12):  # eight runs at a time, for more would start a pool
        assert execute(plan_of(seeds), Store(folder), FAKE, workers=1).done == 8
    Store(folder).seal()
    return folder


def start_driver(folder: Path, seeds: int, pause: float) -> subprocess.Popen[str]:
    tests = Path(__file__).parent
    code = (
        f"import sys; sys.path[:0] = [{str(tests)!r}, {str(tests.parent)!r}]\n"
        f"from test_execute import drive\nprint(drive({str(folder)!r}, {seeds}, {pause}, {stamp.code_version()!r}))"
    )
    command = [sys.executable, "-c", code]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True)


def wait_for_runs(folder: Path, least: int) -> None:
    """Until a driver elsewhere has stored a few runs."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if len(Store(folder).finished()) >= least:
            return
        time.sleep(0.05)
    raise AssertionError("the driver stored nothing")


def session_members(leader: int) -> list[int]:
    """Processes of a driver's session that still live, by the kernel's list."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == leader and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def all_gone(leader: int, within: float) -> bool:
    end = time.monotonic() + within
    while time.monotonic() < end:
        if not session_members(leader):
            return True
        time.sleep(0.05)
    return False


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads the kernel's list of processes")


@needs_proc
def test_killed_driver_loses_nothing_stored_and_resumes_to_the_same_results(tmp_path: Path, reference: Path) -> None:
    folder = tmp_path / "study"
    driver = start_driver(folder, 12, 0.1)
    wait_for_runs(folder, 3)
    os.kill(driver.pid, signal.SIGKILL)
    driver.communicate()
    assert all_gone(driver.pid, 5.0), "workers outlive their driver"
    stored = Store(folder).finished()
    assert 3 <= len(stored) < 24
    summary = execute(plan_of(12), Store(folder), FAKE, workers=2, progress=False)
    assert (summary.skipped, summary.done) == (len(stored), 24 - len(stored))
    Store(folder).seal()
    assert digests(folder) == digests(reference)
    for name in ("weekly", "quadrants", "committees", "sessions"):
        same = (folder / f"{name}.parquet").read_bytes() == (reference / f"{name}.parquet").read_bytes()
        assert same, f"{name} depends on who made it"


@needs_proc
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_stops_at_once_leaves_no_process_and_says_how_to_resume(tmp_path: Path, number: int) -> None:
    driver = start_driver(tmp_path / "study", 12, 0.3)
    wait_for_runs(tmp_path / "study", 2)
    start = time.monotonic()
    os.kill(driver.pid, number)
    out, err = driver.communicate(timeout=10)
    assert time.monotonic() - start < 4.0
    assert "interrupted=True" in out
    assert "Give the same command to go on" in err
    assert all_gone(driver.pid, 2.0)
    assert Store(tmp_path / "study").verify() == []


def test_misbehaving_runs_are_recorded_and_the_rest_go_on(tmp_path: Path) -> None:
    acts = ((2, "raise"), (3, "hang"), (4, "die"), (5, "die once"))
    plan = plan_of(6, *acts, folder=tmp_path)
    store = Store(tmp_path / "study")
    summary = execute(plan, store, FAKE, workers=2, time_limit=1.5, progress=False)
    assert (summary.done, summary.failed, summary.interrupted) == (9, 3, False)
    store.seal()
    runs = load_result(store.folder).runs
    bad = runs[runs["status"] == "error"].set_index("seed")
    assert list(bad.index) == [2, 3, 4]
    assert "ValueError: no luck with seed 2" in bad.loc[2, "error"]
    assert 'File "tests/test_execute.py"' in bad.loc[2, "error"]
    assert "did not end within 1.5 s" in bad.loc[3, "error"]
    assert "died 2 times" in bad.loc[4, "error"]
    assert all("run(Scenario.default()" in words for words in bad["reproduce"])
    assert load_result(store.folder).manifest["counts"] == {
        "planned": 12,
        "done": 9,
        "failed": 3,
        "missing": 0,
    }


def test_failed_runs_are_tried_again_only_when_asked(tmp_path: Path) -> None:
    store = Store(tmp_path / "study")
    assert execute(plan_of(2, (1, "raise")), store, FAKE, workers=1).failed == 1
    assert execute(plan_of(2), store, FAKE, workers=1).skipped == 4
    store.seal()
    assert execute(plan_of(2), store, FAKE, workers=1, retry_failed=True).done == 1
    assert store.seal()["counts"]["failed"] == 0
    assert set(load_result(store.folder).runs["status"]) == {"ok"}


def test_more_seeds_run_only_what_is_new_and_seal_with_the_old(tmp_path: Path, reference: Path) -> None:
    store = Store(tmp_path / "study")
    execute(plan_of(3), store, FAKE, workers=1)
    store.seal()
    summary = execute(plan_of(7), store, FAKE, workers=1)
    assert (summary.skipped, summary.done) == (6, 8)
    assert store.seal()["seeds"] == list(range(1, 8))
    execute(plan_of(12), store, FAKE, workers=2, progress=False)
    store.seal()
    assert digests(store.folder) == digests(reference)
    weekly = load_result(store.folder).weekly
    assert weekly.equals(load_result(reference).weekly)


def test_a_run_computed_twice_must_come_out_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "study")
    plan = plan_of(1)
    execute(plan, store, FAKE, workers=1)
    store.seal()
    store.begin(plan.study)
    shard = store.shard()
    monkeypatch.setattr(FakeRecord, "digest", lambda self: "0" * 64)
    workers.make(plan[0], fake_run, shard)
    shard.close()
    with pytest.raises(NondeterminismError, match=r"arm 0, seed 1\) was computed twice"):
        store.seal()
    assert load_result(store.folder).weekly.shape[0] == 2 * WEEKS


@pytest.mark.parametrize("seeds", [3, 12])  # in this process, and in a pool
def test_full_disk_stops_with_a_cure_and_keeps_what_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seeds: int
) -> None:
    write = workers.Shard.write

    def remember(self: Any, *args: Any) -> None:
        monkeypatch.setattr(workers._Worker, "shard", self, raising=False)
        write(self, *args)

    monkeypatch.setattr(workers.Shard, "write", remember)
    store = Store(tmp_path / "study")
    with pytest.raises(StoreError, match=r"full.*Finished runs are kept"):
        execute(plan_of(seeds, (3, "fill")), store, FAKE, workers=1, progress=False)
    assert len(store.finished()) == 2
    assert execute(plan_of(seeds), store, FAKE, workers=2, progress=False).skipped == 2


def test_a_runner_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExecutionError, match="cannot load the runner 'nowhere:run'"):
        execute(plan_of(1), Store(tmp_path / "study"), "nowhere:run")
    assert not (tmp_path / "study").exists()


def test_two_drivers_cannot_share_a_folder(tmp_path: Path) -> None:
    with (
        Store(tmp_path / "study").lock(),
        pytest.raises(StoreError, match=f"in use by process {os.getpid()}"),
    ):
        execute(plan_of(1), Store(tmp_path / "study"), FAKE)
    assert execute(plan_of(1), Store(tmp_path / "study"), FAKE, workers=1).done == 2


@pytest.fixture(autouse=True)
def same_signals() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    yield
    assert signal.getsignal(signal.SIGINT) is before
