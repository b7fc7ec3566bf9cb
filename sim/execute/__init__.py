"""Execution: one door for running a plan on this machine, resumable and safe from what a single run may do.

Workers are separate processes that stay warm and write each finished run to a shard of their own; the driver
only hears that it is stored. So a driver, a worker or the power may go at any moment and at most the runs in
flight are lost. What a run returns does not depend on which worker made it, nor on how many there are.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sim.designs import Plan, RunSpec
from sim.execute.progress import Bar, Lines, Progress, Silent
from sim.execute.workers import RUNNER, ExecutionError, failure, load_runner, make, start_worker, work
from sim.results import Store, StoreError
from sim.results.shards import Shard

__all__ = ["ExecutionError", "Summary", "execute"]

FEW = 8  # so few runs are over before a second process has started
DEATHS = 2  # a run that has taken so many workers with it is not given another
STALLED = 120.0  # seconds in which no worker takes up a waiting run: it was lost on its way
RESTARTS = 3  # pools in a row that broke before finishing anything


@dataclass(frozen=True)
class Summary:
    """What one call of ``execute`` did: runs done, failed and skipped (stored before), and wall time (s)."""

    done: int
    failed: int
    skipped: int
    seconds: float
    interrupted: bool


@dataclass
class _Drive:
    """The state of one call: what is left to do, what came out, and how to go on."""

    store: Store
    runner: str
    code: str
    time_limit: float | None
    progress: Progress
    todo: deque[RunSpec]
    deaths: dict[str, int] = field(default_factory=dict)
    done: int = 0
    failed: int = 0
    interrupted: bool = False
    _shard: Shard | None = None

    def shard(self) -> Shard:
        """The driver's own shard, for runs in this process and for those whose worker can no longer speak."""
        if self._shard is None:
            self._shard = self.store.shard()
        return self._shard

    def count(self, status: str) -> None:
        """Count a stored run."""
        self.done += status == "ok"
        self.failed += status != "ok"
        self.progress.advance(failed=status != "ok")

    def close(self) -> None:
        if self._shard is not None:
            self._shard.close()


def execute(
    plan: Plan,
    store: Store,
    runner: str = RUNNER,
    workers: int | None = None,
    time_limit: float | None = None,
    progress: bool = True,
    retry_failed: bool = False,
) -> Summary:
    """Make the runs of a plan that the store does not hold yet. Seal the store afterwards.

    Args:
        plan: the runs.
        store: where they go; it takes up the plan's study.
        runner: ``module:function`` with ``function(scenario, seed)`` giving ``tables()`` and ``digest()``.
        workers: processes; by default one per processor this process may use.
        time_limit: seconds after which a run is given up and recorded as failed.
        progress: show a bar on a terminal, or a line a minute elsewhere, on stderr.
        retry_failed: try runs again that are stored as failed.

    Raises:
        StoreError: the store is in use, holds something else, or cannot be written; finished runs stay.
        ExecutionError: the runner cannot be loaded, or no worker stays alive.
    """
    start = time.monotonic()
    load_runner(runner)
    with store.lock():
        store.begin(plan.study)
        todo = _to_do(plan, store, retry_failed)
        workers = min(workers or _processors(), max(len(todo), 1))
        with show_progress(len(todo), progress) as bar:
            drive = _Drive(store, runner, plan.study.code_version, time_limit, bar, deque(todo))
            _run_all(drive, workers)
        summary = _summary(drive, len(plan) - len(todo), start)
        counts = {"done": drive.done, "failed": drive.failed, "interrupted": drive.interrupted}
        store.end_session(counts | {"workers": workers})
    if summary.interrupted:
        left = len(todo) - drive.done - drive.failed
        print(
            f"Stopped; {drive.done} runs stored, {left} left. Give the same command to go on.",
            file=sys.stderr,
        )
    return summary


def _summary(drive: _Drive, skipped: int, start: float) -> Summary:
    return Summary(drive.done, drive.failed, skipped, time.monotonic() - start, drive.interrupted)


def _to_do(plan: Plan, store: Store, retry_failed: bool) -> list[RunSpec]:
    """The runs not stored yet; damage that makes a run count as missing is said aloud."""
    problems: list[str] = []
    outcomes = store.outcomes(problems)
    for words in problems:
        print(f"warning: {words}", file=sys.stderr)
    settled = {run for run, status in outcomes.items() if status == "ok" or not retry_failed}
    return [run for run in plan.runs if run.run_id not in settled]


def _run_all(drive: _Drive, workers: int) -> None:
    try:
        if workers == 1 and len(drive.todo) <= FEW and drive.time_limit is None:
            _run_here(drive)
        else:
            _run_pools(drive, workers)
    finally:
        drive.close()


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def show_progress(total: int, wanted: bool) -> Iterator[Progress]:
    """Show the progress of ``total`` runs on stderr: a bar on a terminal, else a line a minute."""
    if not wanted or total == 0:
        yield Silent()
    elif not sys.stderr.isatty():
        yield Lines(total)
    else:
        from rich import progress as rich
        from rich.console import Console

        told = [rich.TextColumn("{task.fields[failed]} failed"), rich.TextColumn("{task.fields[rate]}")]
        columns = (rich.BarColumn(), rich.MofNCompleteColumn(), *told, rich.TimeRemainingColumn())
        with rich.Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task("", total=total, failed=0, rate="")
            yield Bar(lambda done, failed, rate: bar.update(task, completed=done, failed=failed, rate=rate))


# --- in this process ---


def _run_here(drive: _Drive) -> None:
    """Make the few runs in this process; an interrupt ends the one that is running."""
    runner, shard = load_runner(drive.runner), drive.shard()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with _signals(interrupt):
        try:
            while drive.todo:
                drive.count(make(drive.todo[0], runner, shard).status)
                drive.todo.popleft()
        except KeyboardInterrupt:
            drive.interrupted = True


@contextmanager
def _signals(handler: Callable[..., None]) -> Iterator[None]:
    """Give Ctrl-C and a request to end to ``handler``; only the main thread of a program may do so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


# --- in other processes ---


def _run_pools(drive: _Drive, workers: int) -> None:
    """Work through the plan with a pool, and with a new one should it break."""

    def interrupt(*_: object) -> None:
        drive.interrupted = True

    broken = 0
    with _signals(interrupt), _one_thread_each():
        while drive.todo and not drive.interrupted:
            before = drive.done + drive.failed
            _run_pool(drive, workers)
            broken = 0 if drive.done + drive.failed > before else broken + 1
            if broken >= RESTARTS and not drive.interrupted:
                raise ExecutionError(f"workers end as they start; try {drive.runner} with one worker to see why")


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Keep numerical libraries of the workers to one thread: the processes already use every processor."""
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, old in before.items():
            if old is None:
                del os.environ[name]
            else:
                os.environ[name] = old


def _run_pool(drive: _Drive, workers: int) -> None:
    """Keep a pool supplied, a few runs ahead, until the plan is done, it breaks or someone stops it."""
    from multiprocessing import get_context

    from pebble import ProcessPool

    # spawn: the same on every system, and no lock or thread of the driver is copied into a worker
    setup = (drive.runner, drive.store.folder.absolute(), drive.code)
    context: Any = get_context("spawn")
    pool: Any = ProcessPool(max_workers=workers, initializer=start_worker, initargs=setup, context=context)
    flying: dict[Any, RunSpec] = {}
    try:
        _supply(drive, pool, flying, workers)
    finally:
        pool.stop()
        pool.join()
        for run in flying.values():
            _recover(drive, run)


def _supply(drive: _Drive, pool: Any, flying: dict[Any, RunSpec], workers: int) -> None:
    """Hand out runs and settle what comes back, until nothing is left or the pool cannot go on."""
    from concurrent.futures import FIRST_COMPLETED, wait

    moved = time.monotonic()
    while (drive.todo or flying) and not drive.interrupted:
        while drive.todo and len(flying) < 2 * workers:  # a long plan does not wait in the pool's pipe
            try:
                future = pool.schedule(work, args=(drive.todo[0],), timeout=drive.time_limit)
            except RuntimeError:  # the pool has broken
                return
            flying[future] = drive.todo.popleft()
        ready, _ = wait(flying, timeout=0.2, return_when=FIRST_COMPLETED)
        for future in ready:
            _settle(drive, flying.pop(future), future.exception() or future.result())
        if ready or sum(future.running() for future in flying) >= min(workers, len(flying)):
            moved = time.monotonic()
        elif time.monotonic() - moved > STALLED:
            return


def _settle(drive: _Drive, run: RunSpec, outcome: Any) -> None:
    """Count a receipt, or deal with a run whose worker could not give one.

    Raises:
        StoreError: the worker cannot store runs, so no other will.
    """
    from concurrent.futures.process import BrokenProcessPool

    from pebble import ProcessExpired

    if isinstance(outcome, BrokenProcessPool):
        _recover(drive, run)
    elif isinstance(outcome, ProcessExpired):
        drive.deaths[run.run_id] = drive.deaths.get(run.run_id, 0) + 1
        if drive.deaths[run.run_id] < DEATHS:  # the first may have been an accident, such as memory running out
            _recover(drive, run)
        else:
            _give_up(drive, run, f"its worker died {DEATHS} times (last exit code {outcome.exitcode})")
    elif isinstance(outcome, TimeoutError):
        _give_up(drive, run, f"it did not end within {drive.time_limit:g} s")
    elif isinstance(outcome, BaseException):
        _give_up(drive, run, f"it could not be run: {outcome!r}")
    elif outcome.status == "stop":
        drive.todo.append(run)
        raise StoreError(outcome.reason)
    else:
        drive.count(outcome.status)


def _recover(drive: _Drive, run: RunSpec) -> None:
    """A run whose worker is gone: stored before the end, or still to do."""
    if drive.store.holds(run.run_id):
        drive.count("ok")
    else:
        drive.todo.append(run)


def _give_up(drive: _Drive, run: RunSpec, reason: str) -> None:
    """Record a run as failed in the name of its worker."""
    drive.shard().write(failure(run, f"given up: {reason}", 0.0))
    drive.count("error")
