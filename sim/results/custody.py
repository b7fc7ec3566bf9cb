"""Custody of result files: checksums, a manifest that vouches for them, whole moves, one driver at a time.

New files are written aside and moved in together; a move cut short at any point is completed or forgotten by
the next process that looks.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"
ASIDE = ".sealing"
LOCK = "lock"


class StoreError(RuntimeError):
    """The result store cannot be read or written; the message says what is wrong and the cure."""


class DamageError(StoreError):
    """Stored bytes are not the bytes that were written."""


def cannot_write(folder: Path | str, error: Exception) -> StoreError:
    """A refusal of the disk, in words, with the cure."""
    name = folder.name if isinstance(folder, Path) else folder
    return StoreError(
        f"cannot write to {name}: {getattr(error, 'strerror', None) or error}. Finished runs are kept; "
        "free some space, or choose a folder you can write to, and give the same command again."
    )


def arrow() -> Any:
    """pyarrow, loaded when first needed: 0.2 s that a command which stores nothing need not wait."""
    return import_module("pyarrow")


def parquet() -> Any:
    """pyarrow's Parquet files, loaded when first needed."""
    return import_module("pyarrow.parquet")


def take_lock(folder: Path) -> int:
    """Lock a folder against other drivers; the handle to give to ``release_lock``.

    The system drops the lock with the process that held it, so a driver that was killed leaves none behind.

    Raises:
        StoreError: another process holds it, or the folder cannot be written.
    """
    path = folder / LOCK
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise cannot_write(folder, error) from error
    if not _try_lock(handle):
        holder = os.read(handle, 32).decode(errors="replace").strip()
        os.close(handle)
        raise StoreError(
            f"{folder.name} is in use by process {holder or '?'}. Wait for it, stop it, or choose another folder."
        )
    if not _is_still(path, handle):  # its last holder removed it between our opening and our locking
        os.close(handle)
        return take_lock(folder)
    os.ftruncate(handle, 0)
    os.write(handle, f"{os.getpid()}\n".encode())
    return handle


def release_lock(folder: Path, handle: int) -> None:
    """Give a folder back."""
    with suppress(OSError):  # Windows does not remove open files
        (folder / LOCK).unlink()
    os.close(handle)


def _try_lock(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(handle, 64, os.SEEK_SET)  # beyond the pid, which others may read
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            os.lseek(handle, 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_still(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def describe(path: Path) -> dict[str, Any]:
    """SHA-256, size and number of rows of a sealed file."""
    pq = parquet()

    return {
        "sha256": file_hash(path),
        "bytes": path.stat().st_size,
        "rows": int(pq.read_metadata(path).num_rows),
    }


def file_hash(path: Path) -> str:
    """SHA-256 (hex) of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON with a checksum of itself, whole or not at all."""
    text = json.dumps(dict(content) | {"checksum": _self_hash(content)}, indent=2, ensure_ascii=False)
    draft = path.with_name(path.name + ".tmp")
    draft.write_text(text + "\n", encoding="utf-8")
    sync(draft)
    draft.replace(path)
    sync(path.parent)


def read_json(path: Path) -> dict[str, Any]:
    """Read what ``write_json`` wrote.

    Raises:
        DamageError: it is no longer what was written.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        stored = content.pop("checksum")
    except (ValueError, KeyError, AttributeError) as error:
        raise DamageError(f"{path.name} is damaged ({error}); restore it from a copy or start afresh") from error
    if stored != _self_hash(content):
        raise DamageError(f"{path.name} was changed after it was written; restore it from a copy or start afresh")
    return dict(content)


def _self_hash(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def move_in(folder: Path) -> None:
    """Complete a seal: move its files into ``folder``, the manifest last; forget an incomplete one."""
    aside = folder / ASIDE
    if (aside / MANIFEST).exists():
        for path in sorted(aside.glob("*.parquet")):
            path.replace(folder / path.name)
        (aside / MANIFEST).replace(folder / MANIFEST)
        sync(folder)
    shutil.rmtree(aside, ignore_errors=True)


def file_problems(folder: Path) -> list[str]:
    """Which sealed files are not what the manifest says; empty also when nothing is sealed."""
    if not (folder / MANIFEST).exists():
        return []
    try:
        files = read_json(folder / MANIFEST)["files"]
    except DamageError as error:
        return [str(error)]
    return [words for name, facts in files.items() if (words := file_problem(folder / name, facts))]


def file_problem(path: Path, facts: Mapping[str, Any]) -> str:
    """What is wrong with one sealed file, or nothing."""
    if not path.exists():
        return f"{path.name} is missing"
    if path.stat().st_size != facts["bytes"] or file_hash(path) != facts["sha256"]:
        return f"{path.name} is damaged: its SHA-256 is not the one in {MANIFEST}"
    return ""


def sync(path: Path) -> None:
    """Ask the disk to really have a file or folder; on systems that cannot sync a folder, nothing."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except PermissionError:  # a folder on Windows
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
