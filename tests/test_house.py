"""Laws of the house, read from the source text; each law is also shown to catch a planted breach."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

DOORS = {  # a big library -> the files of sim/ that may import it
    "networkx": {"network"},
    "shapely": {"network"},
    "scipy.spatial": {"network"},
    "mesa": {"model", "agents"},
    "pyarrow": {"results"},
    "sqlite3": {"results"},
    "pebble": {"execute"},
    "matplotlib": {"figures"},
    "jinja2": {"report"},
    "typer": {"cli"},
    "rich": {"cli", "execute"},
    "tree_sitter": {"scenario"},
    "tree_sitter_toml": {"scenario"},
}
LONERS = {"processes", "policies"}  # folders whose files know neither each other nor the other folder

# ---------------------------------------------------------------------------------------------- imports


def listed(architecture: str) -> list[str]:
    """Files and folders of sim/, in the order of the code block that starts with ``sim/``."""
    block = re.search(r"^```\nsim/\n(.*?)^```", architecture, re.MULTILINE | re.DOTALL)
    assert block, "docs/architecture.md has no code block that starts with the line sim/"
    return re.findall(r"^ {2}(\w+)(?:\.py|/)(?=\s|$)", block[1], re.MULTILINE)


def imports(path: Path, package: list[str]) -> Iterator[tuple[int, str]]:
    """Line and dotted name of all that a file imports, also in functions and by import_module("...").

    ``from a import b`` gives ``a.b``, for b may be a module.
    """
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            parts = [*base, *(node.module.split(".") if node.module else [])]
            yield from ((node.lineno, ".".join([*parts, alias.name])) for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__") and isinstance(node.args[0].value, str):
                yield node.lineno, node.args[0].value


def import_breaches(root: Path, order: list[str]) -> list[str]:
    """Every breach of the import law under ``root``/sim."""
    breaches = []
    for path in sorted((root / "sim").rglob("*.py")):
        inside = path.relative_to(root / "sim")
        place = inside.parts[0].removesuffix(".py")
        where = path.relative_to(root).as_posix()
        if place != "__init__" and place not in order:
            breaches.append(
                f"{where} is not in the list of docs/architecture.md: add it there, below everything that it "
                "imports and above everything that imports it"
            )
            continue
        for line, name in imports(path, ["sim", *inside.parts[:-1]]):
            if name == "sim" or name.startswith("sim."):
                wrong = _wrong_inside(name, place, inside, order, root / "sim")
            else:
                doors = next((d for lib, d in DOORS.items() if f"{name}.".startswith(f"{lib}.")), None)
                allowed = doors is None or place in doors
                wrong = None if allowed else f"its door is {' and '.join(sorted(doors or ()))}"
            if wrong:
                breaches.append(f"{where}:{line} imports {name}: {wrong}")
    return breaches


def _wrong_inside(name: str, place: str, inside: Path, order: list[str], home: Path) -> str | None:
    """What is wrong with importing ``name`` of sim in the file ``inside`` the folder ``home``, or None."""
    target = name.split(".")[1] if "." in name else ""
    if target == "__version__":
        return None
    if place == "__init__":
        return "sim/__init__.py imports nothing; name the module in _HOMES"
    if target not in order:
        if (home / f"{target}.py").exists() or (home / target / "__init__.py").exists():
            return None  # reported once, where it stands
        return "name a module of the list in docs/architecture.md, not the package"
    if place in LONERS and target in LONERS:
        return "processes and policies know neither each other nor their siblings; pass it through columns"
    same_folder = target == place and len(inside.parts) > 1
    if not same_folder and order.index(target) >= order.index(place):
        return f"{target} does not stand above {place} in docs/architecture.md; import downwards only"
    return None


def test_imports_follow_the_list() -> None:
    order = listed((ROOT / "docs/architecture.md").read_text(encoding="utf-8"))
    assert len(order) > 20
    assert len(order) == len(set(order))
    breaches = import_breaches(ROOT, order)
    assert not breaches, "\n".join(["", *breaches])


@pytest.mark.parametrize(
    ("file", "text", "word"),
    [
        ("world.py", "from sim.week import steps", "does not stand above"),
        ("world.py", "def f():\n    from sim import week", "does not stand above"),
        ("world.py", "import importlib\nimportlib.import_module('sim.week')", "does not stand above"),
        ("world.py", "import sim", "not the package"),
        ("world.py", "from sim import Scenario", "not the package"),
        ("world.py", "import networkx as nx", "its door is network"),
        ("world.py", "from scipy import spatial", "its door is network"),
        ("processes/b.py", "from . import a", "siblings"),
        ("processes/b.py", "from .a import step", "siblings"),
        ("processes/b.py", "from sim.policies.c import order", "siblings"),
        ("policies/c.py", "import sim.processes.a", "siblings"),
        ("processes/b.py", "from ..week import steps", "does not stand above"),
        ("stray.py", "", "is not in the list"),
        ("strays/x.py", "", "is not in the list"),
        ("__init__.py", "from sim.world import World", "imports nothing"),
        (
            "week.py",
            "from sim.processes import a\nfrom sim import world, __version__\nimport scipy.special",
            "",
        ),
        ("network.py", "import shapely.geometry", ""),
    ],
)
def test_import_law_catches(tmp_path: Path, file: str, text: str, word: str) -> None:
    order = listed("```\nsim/\n  world.py   x\n  network.py\n  policies/  y\n  processes/\n  week.py  z\n```\n")
    assert order == ["world", "network", "policies", "processes", "week"]
    path = tmp_path / "sim" / file
    path.parent.mkdir(parents=True)
    path.write_text(text)
    breaches = import_breaches(tmp_path, order)
    assert [word in breach for breach in breaches] == ([True] if word else []), breaches


HEAVY = {"jinja2", "matplotlib", "mesa", "networkx", "numpy", "pandas", "pebble", "pyarrow", "rich", "scipy"}
HEAVY |= {"shapely", "tree_sitter", "typer"}


def loaded_by_import(folder: Path) -> list[str]:
    """Heavy libraries that ``import sim`` loads in a fresh Python standing in ``folder``."""
    code = f"import sys; old = set(sys.modules); import sim; print(*({HEAVY!r} & (set(sys.modules) - old)))"
    env = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "COV_"))}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return sorted(done.stdout.split())


def test_import_sim_loads_nothing_else(tmp_path: Path) -> None:
    assert loaded_by_import(ROOT) == []
    (tmp_path / "sim.py").write_text("import networkx, jinja2\n")
    assert {"jinja2", "networkx"} <= set(loaded_by_import(tmp_path))


# ------------------------------------------------------------------------------- the same bits everywhere

MODEL_PATH = (
    "processes/*.py",
    "policies/*.py",
    "population.py",
    "exact.py",
    "luck.py",
    "world.py",
    "week.py",
)
RISKY = {"exp", "exp2", "expm1", "log", "log1p", "log2", "log10", "logaddexp", "power", "float_power", "pow"}
RISKY |= {
    "cbrt",
    "hypot",
    "tanh",
    "sinh",
    "cosh",
    "sin",
    "cos",
    "tan",
    "arcsin",
    "arccos",
    "arctan",
    "arctan2",
}
RISKY |= {"linalg", "dot", "vdot", "inner", "matmul", "tensordot", "einsum"}
RISKY_METHODS = {"dot", "multivariate_normal", "argpartition"}
SORTS = {"sort", "argsort"}


def risky_arithmetic(path: Path) -> Iterator[tuple[int, str]]:
    """Line and reason of all whose bits depend on the processor, BLAS, the C library or an unstable sort."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    libraries = {
        alias.asname or alias.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name.partition(".")[0] in ("numpy", "math", "scipy")
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in (
            "numpy",
            "math",
            "scipy",
        ):
            for alias in node.names:
                if alias.name in RISKY | RISKY_METHODS | SORTS:
                    yield (
                        node.lineno,
                        f"{node.module}.{alias.name}: use sim.exact, or call sorts as np.{alias.name}",
                    )
        elif isinstance(node, ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            if owner in libraries and node.attr in RISKY:
                yield node.lineno, f"{owner}.{node.attr}: use sim.exact"
            elif node.attr in RISKY_METHODS:
                yield node.lineno, f".{node.attr}: not the same bits on every machine"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SORTS:
            words = {word.arg: getattr(word.value, "value", None) for word in node.keywords}
            if words.get("kind") != "stable" and not words.keys() & {"key", "reverse"}:
                yield node.lineno, f'{node.func.attr} without kind="stable" (of a list: use sorted)'
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.MatMult):
            yield node.lineno, "@: a matrix product depends on BLAS"
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            if not (_is_constant(node.left) and _is_constant(node.right)) and not _is_two(node.right):
                yield node.lineno, "** with another exponent than 2: multiply, or use sim.exact"
        elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Pow) and not _is_two(node.value):
            yield node.lineno, "**= with another exponent than 2: multiply, or use sim.exact"


def _is_constant(node: ast.expr) -> bool:
    return isinstance(node.operand if isinstance(node, ast.UnaryOp) else node, ast.Constant)


def _is_two(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 2


def test_model_path_has_the_same_bits_everywhere() -> None:
    files = [path for pattern in MODEL_PATH for path in sorted((ROOT / "sim").glob(pattern))]
    assert files
    found = [f"{path.relative_to(ROOT).as_posix()}:{n}: {why}" for path in files for n, why in risky_arithmetic(path)]
    assert not found, "\n".join(["", *found])


@pytest.mark.parametrize(
    "line",
    [
        "y = np.exp(x)",
        "f = np.tanh",
        "y = math.log(x)",
        "from numpy import exp",
        "y = x.dot(x)",
        "y = x @ x",
        "x @= y",
        "y = np.linalg.norm(x)",
        "y = np.einsum('i,i', x, x)",
        "y = rng.multivariate_normal(m, c)",
        "y = np.argsort(x)",
        "y = x.argsort(kind='quicksort')",
        "x.sort()",
        "y = x ** 0.3",
        "y = x ** n",
        "y = 2.0 ** x",
        "y = 2.0 ** -x",
        "x **= 3",
    ],
)
def test_same_bits_law_catches(tmp_path: Path, line: str) -> None:
    path = tmp_path / "planted.py"
    path.write_text(f"import math\nimport numpy as np\n{line}\n")
    assert [n for n, _ in risky_arithmetic(path)] == [3]


def test_same_bits_law_lets_pass(tmp_path: Path) -> None:
    path = tmp_path / "planted.py"
    path.write_text(
        "import numpy as np\nfrom sim import exact\nfrom sim.exact import exp\n"
        "a = exp(x) + exact.log(x) + np.sqrt(x) + x**2 + 2.0**-53\n"
        "b = np.argsort(x, kind='stable')\nc.sort(key=len)\nd = np.lexsort((x, y))\n"
    )
    assert list(risky_arithmetic(path)) == []


# ---------------------------------------------------------------------------------- every module's company


def missing_company(root: Path) -> list[str]:
    """Mechanisms without their card file or their test."""
    named = root / "tests/policies/test_policies.py"
    words = set(re.findall(r"\w+", named.read_text(encoding="utf-8"))) if named.exists() else set()
    missing = []
    for kind in sorted(LONERS):
        for path in sorted((root / "sim" / kind).glob("*.py")):
            if path.stem == "__init__":
                continue
            if not path.with_suffix(".toml").exists():
                missing.append(f"sim/{kind}/{path.stem}.toml: the cards of {path.name} are missing")
            test = f"tests/{kind}/test_{path.stem}.py"
            if not (root / test).exists() and not (kind == "policies" and path.stem in words):
                also = ", or name it in tests/policies/test_policies.py" if kind == "policies" else ""
                missing.append(f"{test}: sim/{kind}/{path.name} has no test; write it{also}")
    return missing


def test_every_mechanism_has_cards_and_a_test() -> None:
    missing = missing_company(ROOT)
    assert not missing, "\n".join(["", *missing])


def test_company_law_catches(tmp_path: Path) -> None:
    for name in (
        "processes/a.py",
        "processes/__init__.py",
        "policies/b.py",
        "policies/c.py",
        "policies/c.toml",
    ):
        (tmp_path / "sim" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "sim" / name).touch()
    (tmp_path / "tests/policies").mkdir(parents=True)
    (tmp_path / "tests/policies/test_policies.py").write_text("LEVERS = ['c', 'a']\n")
    starts = [line.partition(":")[0] for line in missing_company(tmp_path)]
    assert starts == [
        "sim/policies/b.toml",
        "tests/policies/test_b.py",
        "sim/processes/a.toml",
        "tests/processes/test_a.py",
    ]


# --------------------------------------------------------------------------------------------------- cards

EVIDENCE = set(re.findall(r"^[SMEQ]\d+$", (ROOT / "docs/evidence_ids.txt").read_text(encoding="utf-8"), re.MULTILINE))
IDS = re.compile(r"[SMEQ]\d+(?:(?:, | and |; )[SMEQ]\d+)*(?=$|: .| \()")
REASON = re.compile(r"(?:assumption|definition|design): *\S")


def card_files(root: Path) -> list[Path]:
    """Files of cards: all beside mechanisms, and any other of sim/ with a value in one of its tables."""
    files = []
    for path in sorted((root / "sim").rglob("*.toml")):
        tables = tomllib.loads(path.read_text(encoding="utf-8")).values()
        if path.parent.name in LONERS or any(isinstance(table, dict) and "value" in table for table in tables):
            files.append(path)
    return files


def source_problem(source: str) -> str | None:
    """What is wrong with where a number is said to come from, or None."""
    if not REASON.match(source) and not IDS.match(source):
        return "name ids of docs/evidence_ids.txt (S2, M4), or say assumption:, definition: or design: and why"
    unknown = sorted(set(re.findall(r"\b[SMEQ]\d+\b", source)) - EVIDENCE)
    return f"{', '.join(unknown)} is not in docs/evidence_ids.txt" if unknown else None


def card_problems(root: Path) -> list[str]:
    """Every card that does not load or whose source does not hold."""
    from sim.cards import CardError, load_cards

    problems = []
    for path in card_files(root):
        where = path.relative_to(root).as_posix()
        try:
            cards = load_cards(path)
        except CardError as error:
            problems.append(f"{where}: {error}")
            continue
        for key, card in cards.items():
            if problem := source_problem(card.source):
                problems.append(f"{where} [{key}] source = {card.source!r}: {problem}")
    return problems


def test_every_card_loads_and_names_its_source() -> None:
    assert len(EVIDENCE) > 50
    problems = card_problems(ROOT)
    assert not problems, "\n".join(["", *problems])


@pytest.mark.parametrize(
    ("source", "good"),
    [
        ("S2", True),
        ("S2, M4", True),
        ("S2 and M4: the mean of both", True),
        ("M4 (half of it)", True),
        ("assumption: nobody has measured it (M4 is near)", True),
        ("definition: one week", True),
        ("design: a switch between theories", True),
        ("M9999", False),
        ("S2, M9999", False),
        ("S2x", False),
        ("assumption: near M9999", False),
        ("assumption:", False),
        ("everybody knows", False),
        ("see S2", False),
    ],
)
def test_source_law(source: str, good: bool) -> None:
    assert (source_problem(source) is None) is good


def test_card_law_catches(tmp_path: Path) -> None:
    card = 'value = {}\nunit = "share"\nrange = [0.0, 1.0]\nsource = "{}"\nes = "uno"\nen = "one"\n'
    (tmp_path / "sim/processes").mkdir(parents=True)
    (tmp_path / "sim/words.toml").write_text('[x]\nes = "uno"\nen = "one"\n')
    (tmp_path / "sim/processes/a.toml").write_text("[x]\n" + card.format(2.0, "S2"))
    (tmp_path / "sim/city.toml").write_text("[good]\n" + card.format(0.5, "S2") + "[bad]\n" + card.format(0.5, "?"))
    first, second = card_problems(tmp_path)
    assert first.startswith("sim/city.toml [bad]")
    assert second.startswith("sim/processes/a.toml: a.toml: [x]")


# ---------------------------------------------------------------------- nothing of this or that machine

PLACE = re.compile(r"(?:(?<![\w./:~*-])|(?<=file://))/(?:work|root|home|Users|opt|private/var)" + r"/\w")
HOST = re.compile("|".join(name + r"\.(?:org|io|com)\b" for name in ("py" + "pi", "python" + "hosted")))


def text_files(root: Path) -> Iterator[tuple[Path, str]]:
    """Every text file that is, or would be, in the repository."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        names = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.split("\0")
        paths = [root / name for name in names if name]
    except (OSError, subprocess.CalledProcessError):
        paths = []
    if not paths:  # no git, or not a clone
        skipped = re.compile(r"^(?:\.git|\.venv.*|\..*_cache|\.hypothesis|__pycache__|build|dist|results)$")
        for folder, folders, files in os.walk(root):
            folders[:] = [name for name in folders if not skipped.match(name)]
            paths += [Path(folder) / name for name in files]
    for path in sorted(paths):
        if path.is_file():
            data = path.read_bytes()
            if b"\0" not in data:
                yield path, data.decode("utf-8", errors="replace")


def machine_words(root: Path) -> list[str]:
    """Absolute paths of a machine, and addresses of a package index."""
    return [
        f"{path.relative_to(root).as_posix()}:{number}: {found.group()}"
        for path, text in text_files(root)
        for number, line in enumerate(text.splitlines(), 1)
        for found in (PLACE.search(line), HOST.search(line))
        if found
    ]


def test_nothing_of_one_machine() -> None:
    found = machine_words(ROOT)
    assert not found, "\n".join(["", *found])


def test_machine_law_catches(tmp_path: Path) -> None:
    slash = chr(47)
    (tmp_path / "a.txt").write_text(f"good\nsee {slash}root{slash}x\nfile:{slash * 3}opt{slash}x\n")
    (tmp_path / "b.lock").write_text("--index-url https://" + "py" + "pi.org/simple\n")
    (tmp_path / "good.md").write_text("https://example.org/work/x, ./home/x, sim/work/x, (work/home)\n")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv/c.txt").write_text(f"{slash}home{slash}me\n")
    assert [line.rpartition(":")[0] for line in machine_words(tmp_path)] == ["a.txt:2", "a.txt:3", "b.lock:1"]


# ------------------------------------------------------------------------------------------- the lock files

LOCKS = ("requirements.lock", "requirements-mesa4.lock")
LOCK_LINE = re.compile(r"#.*|[a-z0-9.-]+==[\w.+!]+(?: ; [\w .'\"<>=!()]+)? \\|    --hash=sha256:[0-9a-f]{64}(?: \\)?")


def lock_breaches(lock: str) -> list[str]:
    """Lines of a lock that are not a comment, a version or a hash."""
    return [line for line in lock.splitlines() if not LOCK_LINE.fullmatch(line)]


@pytest.mark.parametrize("name", LOCKS)
def test_lock_holds_versions_and_hashes_only(name: str) -> None:
    lock = (ROOT / name).read_text(encoding="utf-8")
    assert lock_breaches(lock) == []
    assert not re.search(r"http|file:|index|" + "/" + "opt", lock)
    locked = set(re.findall(r"^([a-z0-9.-]+)==", lock, re.MULTILINE))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    needed = [*project["dependencies"], *(need for extra in extras for need in extra)]
    names = {re.split(r"[^\w.-]", need)[0].lower().replace("_", "-") for need in needed}
    assert names <= locked, "run make lock"


def test_lock_law_catches() -> None:
    for line in ("--extra-index-url x", "numpy @ file:x", "numpy>=2", "numpy==2.0", "-e ."):
        assert lock_breaches(f"# made\n{line}\n") == [line]
