"""The result store while it is written: one folder per study, safe from kills, full disks and flipped bits.

While a study runs, each worker appends to its own shard under ``shards/``. ``Store.seal`` turns what is done
into tidy Parquet with a manifest and removes the shards. Nothing is read without checking it, and nothing is
deleted that was not first stored again: damaged files are set aside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sim.results import custody, sealing
from sim.results.custody import MANIFEST, DamageError, StoreError, cannot_write, read_json, write_json
from sim.results.shards import RunRow, Shard, fetch, read_shard, remove_shard, structure_problems, unpack
from sim.results.study import Study, differences, manifest, now, taken_up

Index = dict[str, tuple[RunRow, Path | None]]  # by run id; the shard that holds it, None if it is sealed


class NondeterminismError(StoreError):
    """One run was computed twice and came out differently: the model draws luck it should not."""


class Store:
    """The results of one study in one folder."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.shards = self.folder / "shards"
        self._study = self.shards / "study.json"
        self._locked = 0

    # --- the life of a study

    def begin(self, study: Study) -> None:
        """Take up a study, new or to be continued; the seeds it already has stay.

        Raises:
            StoreError: the folder holds another design or another code's results, or cannot be written.
        """
        with self.lock():
            known = self._known()
            if known and (differs := differences(known, study)):
                raise StoreError(
                    f"{self.folder.name} holds other results: {'; '.join(differs)}. Choose another folder, "
                    "or --fresh to set those results aside and start anew."
                )
            self._write_study(taken_up(study, known))

    def end_session(self, counts: Mapping[str, Any]) -> None:
        """Note when the session of ``begin`` ended and what it did."""
        facts = read_json(self._study)
        facts["sessions"][-1] |= {"ended": now(), **counts}
        self._write_study(facts)

    def shard(self) -> Shard:
        """A new shard for the calling process."""
        return Shard(self.shards)

    def set_aside(self) -> Path | None:
        """Start afresh: rename the folder to ``<folder>-old-<n>`` and say so; delete nothing."""
        if not self.folder.exists():
            return None
        with self.lock():
            n = 1
            while (target := self.folder.with_name(f"{self.folder.name}-old-{n}")).exists():
                n += 1
        self.folder.rename(target)
        return target

    def _known(self) -> dict[str, Any]:
        """The study the folder is about; empty for a new folder."""
        self._complete_seal()
        if self._study.exists():
            return read_json(self._study)
        return read_json(self.folder / MANIFEST) if (self.folder / MANIFEST).exists() else {}

    def _write_study(self, facts: Mapping[str, Any]) -> None:
        keys = (*Study.__dataclass_fields__, "design_hash", "sessions")
        try:
            self.shards.mkdir(parents=True, exist_ok=True)
            write_json(self._study, {key: facts[key] for key in keys})
        except OSError as error:
            raise cannot_write(self.folder, error) from error

    # --- what is finished

    def outcomes(self, problems: list[str] | None = None) -> dict[str, str]:
        """``ok`` or ``error`` per stored and sound run; ``problems`` receives what was left out."""
        return {run_id: row.status for run_id, (row, _) in self._index(problems).items()}

    def finished(self, problems: list[str] | None = None) -> set[str]:
        """Ids of the runs that are stored, sound and ended well."""
        return {run_id for run_id, status in self.outcomes(problems).items() if status == "ok"}

    def holds(self, run_id: str) -> bool:
        """Whether a shard holds this run, sound and ended well; for a worker that died after storing it."""
        found = (fetch(path, run_id) for path in self._shard_files())
        return any(run is not None and run[0].status == "ok" for run in found)

    def verify(self) -> list[str]:
        """Re-hash everything; one sentence per problem, none when all is sound."""
        self._complete_seal()
        problems = custody.file_problems(self.folder)
        for path in self._shard_files():
            broken = structure_problems(path)
            problems += broken
            for _ in read_shard(path, problems, payloads=False):
                pass
        if self._study.exists():
            problems += _problem_of(lambda: read_json(self._study))
        return list(dict.fromkeys(problems))

    def _index(self, problems: list[str] | None = None) -> Index:
        """Every sound run and the shard that holds it (None: sealed).

        Raises:
            NondeterminismError: two sound copies of one run differ.
        """
        problems = [] if problems is None else problems
        index: Index = {}
        self._complete_seal()
        damaged = custody.file_problems(self.folder)
        problems += damaged
        if (self.folder / MANIFEST).exists() and not damaged:
            for row in sealing.sealed_rows(self.folder):
                index[row.run_id] = (row, None)
        for path in self._shard_files():
            for row, _ in read_shard(path, problems, payloads=False):
                if row.run_id not in index or _counts_more(row, index[row.run_id][0]):
                    index[row.run_id] = (row, path)
        return index

    def _shard_files(self) -> list[Path]:
        return sorted(self.shards.glob("*.sqlite"))

    # --- sealing

    def seal(self) -> dict[str, Any]:
        """Turn every finished run into Parquet with a manifest; can be repeated when there are more runs.

        Returns:
            The manifest.

        Raises:
            NondeterminismError: two copies of a run differ; nothing is changed.
            StoreError: nothing to seal, or the disk refuses; what was stored stays.
        """
        with self.lock():
            facts = self._known()
            if not facts:
                raise StoreError(f"{self.folder.name} holds no study: nothing to seal")
            problems: list[str] = []
            index = self._index(problems)
            try:
                self._set_damaged_aside()
                if self._shard_files() or not (self.folder / MANIFEST).exists():
                    self._write_sealed(facts, index, problems)
                else:  # no new run, but perhaps a new title or a session that did nothing
                    files = read_json(self.folder / MANIFEST)["files"]
                    write_json(self.folder / MANIFEST, manifest(facts, *_counts(index), files, problems))
                self._drop_shards(problems)
            except OSError as error:
                raise cannot_write(self.folder, error) from error
            return read_json(self.folder / MANIFEST)

    def _write_sealed(self, facts: dict[str, Any], index: Index, problems: list[str]) -> None:
        aside = self.folder / custody.ASIDE
        aside.mkdir(parents=True)
        levers = [{key: arm["changes"].get(key) for key in facts["levers"]} for arm in facts["arms"]]
        headline = self._headline(index)
        names = sealing.write_files(aside, self._runs(index), levers, headline)
        files = {name: custody.describe(aside / name) for name in sorted(names)}
        write_json(aside / MANIFEST, manifest(facts, *_counts(index), files, problems))
        custody.move_in(self.folder)

    def _runs(self, index: Index) -> Iterator[sealing.Run]:
        """All runs of the index, one after the other in the order of the design."""
        old: Iterator[sealing.Run] = iter(())
        if (self.folder / MANIFEST).exists():
            names = [name.removesuffix(".parquet") for name in read_json(self.folder / MANIFEST)["files"]]
            old = sealing.sealed_runs(self.folder, [name for name in names if name != "runs"])
        entries = sorted(index.values(), key=lambda entry: sealing.order(entry[0]))
        new = (_fetched(path, row) for row, path in entries if path is not None)
        yield from sealing.merged(old, new, lambda row, fresh: (index[row.run_id][1] is not None) == fresh)

    def _headline(self, index: Index) -> list[str]:
        """Names of the weekly observations, from any finished run."""
        for row, path in index.values():
            if row.status == "ok" and path is not None:
                weekly = _fetched(path, row)[1].get("weekly")
                return [] if weekly is None else sealing.headline_names(weekly)
        weekly_file = self.folder / "weekly.parquet"
        if not weekly_file.exists():
            return []
        return sealing.headline_names(sealing.empty_table(weekly_file))

    def _set_damaged_aside(self) -> None:
        """Sealed files that do not check are moved away whole: their runs were already counted as missing."""
        if custody.file_problems(self.folder):
            target = self._damaged_folder()
            for path in [*self.folder.glob("*.parquet"), self.folder / MANIFEST]:
                if path.exists():
                    path.replace(target / path.name)

    def _drop_shards(self, problems: list[str]) -> None:
        """Remove the shards that are now sealed; keep those with damage for whoever wants to look at them."""
        for path in self._shard_files():
            if any(words.startswith(path.name) for words in problems):
                path.replace(self._damaged_folder() / path.name)
            remove_shard(path)
        self._study.unlink(missing_ok=True)
        if self.shards.exists():
            self.shards.rmdir()

    def _damaged_folder(self) -> Path:
        folder = self.folder / "damaged"
        folder.mkdir(exist_ok=True)
        return folder

    def _complete_seal(self) -> None:
        """Finish a seal that was cut short, if there is one."""
        if (self.folder / custody.ASIDE).exists():
            with self.lock():
                custody.move_in(self.folder)

    # --- one driver at a time

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder; a lock left by a process that is gone is taken over.

        Raises:
            StoreError: another process works on this folder, or the folder cannot be written.
        """
        if self._locked == 0:
            self._handle = custody.take_lock(self.folder)
        self._locked += 1
        try:
            yield
        finally:
            self._locked -= 1
            if self._locked == 0:
                custody.release_lock(self.folder, self._handle)


def _counts_more(new: RunRow, old: RunRow) -> bool:
    """Which of two copies of a run to keep: a finished one, else the later error.

    Raises:
        NondeterminismError: both finished, with different digests.
    """
    if old.status == "ok" and new.status == "ok" and old.digest != new.digest:
        raise NondeterminismError(
            f"run {new.run_id[:12]} (arm {new.arm}, seed {new.seed}) was computed twice and differs "
            f"({old.digest[:8]}, {new.digest[:8]}): the model is not deterministic. Mend it, then use --fresh"
        )
    return old.status != "ok"


def _fetched(path: Path, row: RunRow) -> sealing.Run:
    """A run of a shard with its tables; it was sound a moment ago."""
    found = fetch(path, row.run_id)
    if found is None:
        raise DamageError(f"{path.name}: run {row.run_id[:12]} was damaged while sealing; seal again to leave it out")
    return found[0], unpack(found[1])


def _counts(index: Index) -> tuple[int, int]:
    done = sum(row.status == "ok" for row, _ in index.values())
    return done, len(index) - done


def _problem_of(read: Callable[[], object]) -> list[str]:
    try:
        read()
    except DamageError as error:
        return [str(error)]
    return []
