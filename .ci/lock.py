"""Write requirements.lock and requirements-mesa4.lock: versions and hashes, no word of where they come from.

    python .ci/lock.py UV MESA4          (called by `make lock`)

One resolution holds for Python 3.12 and later on Linux, macOS and Windows; markers tell them apart. Indexes,
link folders and settings of the machine are shut out, so the hashes are those of the public index's files.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEAD = "# {what}, by version and hash, for Python 3.12 and later.\n# Made by `make lock`; do not edit.\n"
FORBIDDEN = re.compile(r"http|file:|index|find-links|^-|^/|@", re.MULTILINE)


def resolve(uv: str, extras: list[str], more: str, preferred: str) -> str:
    """The locked lines; versions in ``preferred`` are kept where they can be."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("UV_", "PIP_"))}
    if cert := os.environ.get("PIP_CERT"):
        env.setdefault("SSL_CERT_FILE", cert)
    out = ROOT / "build" / "lock.txt"
    out.parent.mkdir(exist_ok=True)
    out.write_text(preferred)
    command = [uv, "--no-config", "--no-python-downloads", "--quiet", "pip", "compile", "pyproject.toml", "-"]
    command += [word for extra in extras for word in ("--extra", extra)]
    command += [
        "--universal",
        "--python-version",
        "3.12",
        "--generate-hashes",
        "--no-header",
        "--no-annotate",
    ]
    subprocess.run(
        [*command, "--output-file", out],
        cwd=ROOT,
        env=env,
        input=more,
        text=True,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    lines = out.read_text()
    out.unlink()
    if found := FORBIDDEN.search(lines):
        sys.exit(f"the lock would hold {found.group()!r}: not written")
    return lines


def main(uv: str, mesa4: str) -> None:
    lines = resolve(uv, ["mesa", "dev"], "", "")
    rest = re.sub(r"^mesa==(?:.*\\\n)*.*\n", "", lines, flags=re.MULTILINE)
    lines4 = resolve(uv, ["dev"], mesa4 + "\n", rest)
    (ROOT / "requirements.lock").write_text(HEAD.format(what="Everything Cuadrante needs") + lines)
    (ROOT / "requirements-mesa4.lock").write_text(HEAD.format(what=f"The same with {mesa4}") + lines4)
    for name in ("requirements.lock", "requirements-mesa4.lock"):
        print(f"{name}: {len(re.findall('^[a-z].*==', (ROOT / name).read_text(), re.MULTILINE))} packages")


if __name__ == "__main__":
    main(*sys.argv[1:3])
