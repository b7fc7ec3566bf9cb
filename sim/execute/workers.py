"""A worker's side of execution: a run made and stored, a process that stays warm and ends with its driver."""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from sim.designs import RunSpec, reproduce
from sim.results import RunRow, Store, StoreError
from sim.results.shards import Shard
from sim.results.stamp import code_version

RUNNER = "sim.simulation:run"

Runner = Callable[[Any, int], Any]


class ExecutionError(RuntimeError):
    """The pool cannot work at all; the message says why and the cure."""


@dataclass(frozen=True)
class Receipt:
    """What a worker says of a run: ``ok`` or ``error`` (both stored), or ``stop`` and why to stop all."""

    status: str
    reason: str = ""


def load_runner(runner: str) -> Runner:
    """The function named ``module:function``.

    Raises:
        ExecutionError: there is none.
    """
    module, _, name = runner.partition(":")
    try:
        found: Runner = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ExecutionError(f"cannot load the runner {runner!r}: {error}") from error
    return found


def make(run: RunSpec, runner: Runner, shard: Shard) -> Receipt:
    """Make one run and store it, or the error it raised.

    Raises:
        StoreError: the disk refuses; nothing is stored of this run.
    """
    start = time.monotonic()
    try:
        record = runner(run.scenario, run.seed)
        tables, digest = record.tables(), record.digest()
        seconds = time.monotonic() - start
        shard.write(RunRow(run.run_id, run.arm, run.seed, "ok", "", "", seconds, digest), tables)
    except StoreError:
        raise
    except Exception:
        shard.write(failure(run, _trimmed(traceback.format_exc()), time.monotonic() - start))
        return Receipt("error")
    return Receipt("ok")


def failure(run: RunSpec, error: str, seconds: float) -> RunRow:
    return RunRow(run.run_id, run.arm, run.seed, "error", error, reproduce(run), seconds, "")


def _trimmed(trace: str) -> str:
    """A traceback without the places of this machine: files by their last two names."""
    lines = []
    for line in trace.splitlines():
        before, mark, rest = line.partition('File "')
        if mark and not before.strip():
            name, quote, after = rest.partition('"')
            line = before + mark + "/".join(name.replace("\\", "/").split("/")[-2:]) + quote + after
        lines.append(line)
    return "\n".join(lines)


class _Worker:
    """What a worker process keeps between runs."""

    runner: Runner
    shard: Shard
    stale: str = ""


def start_worker(runner: str, folder: Path, code: str) -> None:
    """Once per worker: load the model, open a shard, and make sure to end with the driver."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # end at once, also within a long computation
    threading.Thread(target=_end_with_driver, daemon=True).start()
    _Worker.runner, _Worker.shard = load_runner(runner), Store(folder).shard()
    if runner == RUNNER and code_version() != code:
        _Worker.stale = "the model's source was edited while it ran"


def _end_with_driver() -> None:
    """A driver that is killed cannot stop its workers, so they watch it."""
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    if (parent := parent_process()) is not None:
        wait([parent.sentinel])
        os._exit(1)


def work(run: RunSpec) -> Receipt:
    """One run in a worker."""
    if _Worker.stale:
        return Receipt("stop", f"{_Worker.stale}; give the command again, --fresh if it refuses")
    try:
        return make(run, _Worker.runner, _Worker.shard)
    except StoreError as error:
        return Receipt("stop", str(error))
