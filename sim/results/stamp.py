"""The stamp on a result: which code, which libraries and what kind of machine made it."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from sim import __version__

HOUSE = Path(__file__).parents[1]

# What only shows results cannot change them: an edit there leaves finished runs valid.
SHOWS_ONLY = (
    "cli",
    "report",
    "report_words",
    "figures",
    "figure_data",
    "bench",
    "dashboard",
    "words",
    "model",
    "agents",
)

_PACKAGES = ("cuadrante", "numpy", "pandas", "pyarrow", "networkx", "scipy", "shapely", "pebble")


@cache
def code_version() -> str:
    """Package version and a hash over the source of every file that can change a result.

    Read once per process, so that it names the code a process started with.
    """
    mark = hashlib.sha256()
    for path in _sources(HOUSE):
        text = path.read_bytes().replace(b"\r\n", b"\n")  # the same on a Windows checkout
        mark.update(f"{path.relative_to(HOUSE).as_posix()}\0{len(text)}\0".encode() + text)
    return f"{__version__}+{mark.hexdigest()[:16]}"


def _sources(folder: Path) -> Iterator[Path]:
    paths = (path for path in folder.rglob("*") if path.suffix in (".py", ".toml"))
    for path in sorted(paths, key=lambda path: path.relative_to(folder).as_posix()):
        if path.relative_to(folder).parts[0].partition(".")[0] not in SHOWS_ONLY:
            yield path


def git_state() -> dict[str, Any]:
    """Commit and whether tracked files differ from it; both None where there is no git or no repository."""
    top = _git("rev-parse", "--show-toplevel")
    ours = top is not None and Path(top).resolve() == HOUSE.parent.resolve()  # not a repository we are installed in
    commit = _git("rev-parse", "HEAD") if ours else None
    changed = _git("status", "--porcelain", "--untracked-files=no") if commit else None
    return {"commit": commit or None, "dirty": None if changed is None else bool(changed)}


def _git(*words: str) -> str | None:
    command = ["git", "-C", str(HOUSE.parent), *words]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()


def machine() -> dict[str, Any]:
    """Kind of machine: enough to explain speed or a last-bit difference; nothing names it or its user."""
    return {
        "platform": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
    }


def packages() -> dict[str, str]:
    """Installed versions of the libraries a result may depend on."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
