"""Make or repair a virtual environment with exactly what a lock file says, and Cuadrante itself, editable.

    python .ci/venv.py FOLDER LOCK

Quick and silent when nothing changed. A folder that is half-made, of another Python or moved is made anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
INSTALLED = (
    "import importlib.metadata as m, json;"
    "print(json.dumps({d.name.lower(): d.version for d in m.distributions() if d.name}))"
)


def python_says(venv: Path, code: str) -> str | None:
    """What the environment's own Python prints for ``code``, or None if it does not run."""
    try:
        done = subprocess.run([venv / "bin" / "python", "-I", "-c", code], capture_output=True, text=True, timeout=120)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def wanted(lock: Path) -> str:
    """A fingerprint of everything the environment depends on."""
    parts = [b"%d.%d" % sys.version_info[:2], os.fsencode(ROOT)]
    parts += [path.read_bytes() for path in (lock, ROOT / "pyproject.toml", Path(__file__))]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def is_done(venv: Path, key: str) -> bool:
    """The stamp is of today's lock, and every package it names is still there in that version."""
    try:
        stamp = json.loads((venv / "stamp.json").read_text())
        installed = json.loads(python_says(venv, INSTALLED) or "{}")
        return bool(stamp["key"] == key) and stamp["packages"].items() <= installed.items()
    except (OSError, ValueError, KeyError):
        return False


def is_sound(venv: Path) -> bool:
    """The environment can be brought up to date as it stands: finished, runs, same Python, has pip."""
    version = python_says(venv, "import sys, pip; print(*sys.version_info[:2], sys.prefix)")
    here = f"{sys.version_info[0]} {sys.version_info[1]} {venv}"
    return version == here and not (venv / "unfinished").exists()


def pip_install(venv: Path, *what: str) -> bool:
    """Run pip in the environment; True when it went well."""
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-input"]
    pip += ["--disable-pip-version-check", "--progress-bar", "off", *what]
    return subprocess.run(pip, cwd=ROOT, stdin=subprocess.DEVNULL).returncode == 0


def fill(venv: Path, lock: Path) -> bool:
    """Install what the lock says; an interruption leaves the mark that makes the next call start anew."""
    (venv / "unfinished").touch()
    good = pip_install(venv, "--require-hashes", "-r", str(lock))
    (venv / "unfinished").unlink()
    return good


def discard(path: Path) -> None:
    """Remove a folder, a file or a link, if it is there."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    else:
        shutil.rmtree(path, ignore_errors=True)


def make_anew(venv: Path, lock: Path) -> bool:
    """A new environment in place of whatever is there; the old one comes back if that fails."""
    aside = venv.with_name(venv.name + "-old")
    discard(aside)
    if venv.exists() or venv.is_symlink():
        venv.rename(aside)
    made = subprocess.run([sys.executable, "-m", "venv", venv], stdin=subprocess.DEVNULL).returncode == 0
    good = made and fill(venv, lock)
    if not good and aside.is_dir():
        discard(venv)
        aside.rename(venv)
    discard(aside)
    return good


def alone() -> object:
    """Wait until no other call is making an environment here (where the system can say so)."""
    handle = open(ROOT / "pyproject.toml", "rb")  # noqa: SIM115 - held until the process ends
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX)
    except (ImportError, OSError):
        pass
    return handle


def main(folder: str, lock_name: str) -> int:
    venv, lock = ROOT / folder, ROOT / lock_name
    handle = alone()
    key = wanted(lock)
    if is_done(venv, key):
        return 0
    started = time.monotonic()
    print(f"Setting up {folder} from {lock_name} (Python {sys.version.split()[0]}) ...", flush=True)
    if venv.is_dir():
        (venv / "stamp.json").unlink(missing_ok=True)
    if not (is_sound(venv) and fill(venv, lock)) and not make_anew(venv, lock):
        print(f"{folder}: pip could not install {lock_name}, see above; index reachable?", file=sys.stderr)
        return 1
    if not pip_install(venv, "--no-deps", "--no-build-isolation", "-e", "."):
        print(f"{folder}: Cuadrante itself could not be installed, see above.", file=sys.stderr)
        return 1
    packages = json.loads(python_says(venv, INSTALLED) or "{}")
    (venv / ".gitignore").write_text("*\n")
    (venv / "stamp.json").write_text(json.dumps({"key": key, "packages": packages}))
    print(f"{folder} is ready ({time.monotonic() - started:.0f} s).", flush=True)
    del handle
    return 0


if __name__ == "__main__":
    if sys.prefix != sys.base_prefix:  # called from inside an environment, perhaps the one to be made anew
        base = getattr(sys, "_base_executable", sys.executable)
        os.execv(base, [base, *sys.argv])
    sys.exit(main(*sys.argv[1:3]))
