"""What the README and the docs show is there and works."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

import pytest

from sim.cli import app
from sim.scenario import Catalogue, check

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The code blocks of the README in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda path: path.name
)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing


def test_every_file_that_a_command_names_is_there_and_every_command_exists() -> None:
    commands = re.findall(r"^cuadrante (\w+)((?: +[^#\s]\S*)*)", README, re.MULTILINE)
    known = {command.name or command.callback.__name__ for command in app.registered_commands}  # type: ignore[union-attr]
    assert {name for name, _ in commands} <= known
    for _, words in commands:
        for word in words.split():
            if word.startswith(("scenarios/", "experiments/")):
                assert (ROOT / word).exists(), word


def test_the_python_example_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (example,) = blocks("python")
    assert "seeds=20" in example
    names: dict[str, object] = {}
    exec(example.replace("seeds=20", "seeds=2"), names)  # the same with fewer seeds
    assert len(names["record"].weekly) == 312  # type: ignore[attr-defined]


def test_the_example_scenario_is_all_right(tmp_path: Path) -> None:
    text = next(block for block in blocks("toml") if "extends" in block)
    shutil.copy(ROOT / "scenarios/reactive_baseline.toml", tmp_path)
    (tmp_path / "example.toml").write_text(text, encoding="utf-8")
    assert check(tmp_path / "example.toml") == []


def test_the_example_city_uses_settings_that_exist() -> None:
    text = next(block for block in blocks("toml") if "[city]" in block)
    catalogue = Catalogue.load()
    assert set(tomllib.loads(text)["city"]) <= set(catalogue.city) | set(catalogue.city_texts)


def test_all_targets_of_make_that_the_readme_names_are_there() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"make ([a-z0-9-]+)", README)) - {"and"} <= targets
