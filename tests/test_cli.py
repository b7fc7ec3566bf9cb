"""The command line, as a user gives it."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from sim.cli import app

ROOT = Path(__file__).resolve().parents[1]
SMALL = ["--set", "city.quadrants=4", "--set", "city.sectors=2", "--set", "city.residents=1600"]
SHORT = ["--set", "run.weeks=30", "--set", "run.burn_in=4"]


def call(*words: str | Path) -> tuple[int, str]:
    """Exit code and everything printed."""
    answer = CliRunner().invoke(app, [str(word) for word in words])
    if answer.exception is not None and not isinstance(answer.exception, SystemExit):
        raise answer.exception
    return answer.exit_code, answer.output


def scenario(name: str) -> Path:
    return ROOT / "scenarios" / f"{name}.toml"


def test_every_scenario_and_experiment_of_the_library_is_all_right() -> None:
    files = [*sorted((ROOT / "scenarios").glob("*.toml")), *sorted((ROOT / "experiments").glob("*.toml"))]
    assert len(files) > 25
    code, text = call("check", *files)
    assert code == 0, text
    assert text.count("all right") == len(files)


def test_check_names_every_error_at_once_and_ends_with_2(tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text(
        'passage = "x"\n[title]\nes = "a"\nen = "b"\n[levers.rotation]\nperod = 3\n[levers.command]\nquota = 99.0\n'
    )
    code, text = call("check", bad)
    assert code == 2
    assert "bad.toml:6:1" in text
    assert "did you mean 'period'?" in text
    assert "bad.toml:8:9" in text
    assert "[0, 20] tickets or arrests/officer/week" in text


def test_check_builds_the_city_too(tmp_path: Path) -> None:
    (tmp_path / "units.csv").write_text("id,population\na,100\na,200\n")
    (tmp_path / "edges.csv").write_text("a,b\na,z\n")
    city = tmp_path / "city.toml"
    city.write_text('[city]\nkind = "csv"\nunits = "units.csv"\nedges = "edges.csv"\n')
    code, text = call("check", city)
    assert code == 2
    assert "units.csv" in text


def test_run_writes_tidy_tables_that_pandas_reads_in_one_line(tmp_path: Path) -> None:
    code, text = call("run", scenario("quota_pressure"), "--seeds", "2", "--out", tmp_path / "r", *SMALL, *SHORT)
    assert code == 0, text
    weekly = pd.read_parquet(tmp_path / "r" / "weekly.parquet")
    assert len(weekly) == 2 * 30
    assert weekly["trust"].between(0, 1).all()
    assert call("verify", tmp_path / "r")[0] == 0


def test_the_same_command_again_runs_nothing_and_more_seeds_run_only_the_new(tmp_path: Path) -> None:
    command = ["run", scenario("reactive_baseline"), "--out", tmp_path / "r", *SMALL, *SHORT, "--seeds"]
    assert "2 runs done" in call(*command, "2")[1]
    assert "0 runs done, 0 failed, 2 already there" in call(*command, "2")[1]
    assert "1 runs done, 0 failed, 2 already there" in call(*command, "3")[1]


def test_compare_pairs_seeds_and_writes_table_and_figure(tmp_path: Path) -> None:
    files = scenario("reactive_baseline"), scenario("quota_pressure")
    code, text = call("compare", *files, "--seeds", "3", "--out", tmp_path / "c", *SMALL, *SHORT)
    assert code == 0, text
    assert "3 paired runs" in text
    assert {"comparison.csv", "comparison.svg"} <= {path.name for path in (tmp_path / "c").iterdir()}
    table = pd.read_csv(tmp_path / "c" / "comparison.csv").set_index("observation")
    assert table.loc["tickets", "difference"] > 1  # from four to ten per officer
    assert table.loc["tickets", "low"] > 0
    page = (tmp_path / "c" / "comparison.html").read_text(encoding="utf-8")
    manifest = json.loads((tmp_path / "c" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["design_hash"][:12] in page and manifest["code_version"] in page


def test_two_scenarios_that_are_the_same_differ_by_exactly_zero(tmp_path: Path) -> None:
    file = scenario("reactive_baseline")
    code, text = call("compare", file, file, "--out", tmp_path / "c")
    assert code == 0
    assert "exactly zero" in text


def test_the_shorter_scenario_is_run_as_long_as_the_other(tmp_path: Path) -> None:
    files = scenario("reactive_baseline"), scenario("insyde_model")
    code, text = call("compare", *files, "--seeds", "1", "--out", tmp_path / "c", *SMALL, "--set", "run.burn_in=0")
    assert code == 0, text
    assert "reactive_baseline is run for 312 weeks" in text


def small_experiment(folder: Path) -> Path:
    file = folder / "small.toml"
    base = scenario("reactive_baseline").as_posix()
    file.write_text(
        f'question = "q"\nscenario = "{base}"\nseeds = 2\nbaseline = {{"rotation.period" = 26}}\n'
        '[title]\nes = "a"\nen = "b"\n[levers]\n"rotation.period" = [0, 26]\n[constants]\n"run.weeks" = 30\n'
        '"city.quadrants" = 4\n"city.sectors" = 2\n"city.residents" = 1600\n'
    )
    return file


def test_a_sweep_runs_reports_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    file = small_experiment(tmp_path)
    code, text = call("sweep", file, "--out", tmp_path / "s")
    assert code == 0, text
    assert "4 runs done" in text
    assert "2 runs done, 0 failed, 4 already there" in call("sweep", file, "--out", tmp_path / "s", "--seeds", "3")[1]
    code, text = call("report", tmp_path / "s", "--language", "en")
    assert code == 0, text
    page = next((tmp_path / "s").glob("*.html")).read_text(encoding="utf-8")
    assert "<svg" in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_a_city_file_replaces_the_city(tmp_path: Path) -> None:
    (tmp_path / "units.csv").write_text("id,population\nnorth,900\nsouth,700\n")
    (tmp_path / "edges.csv").write_text("a,b\nnorth,south\n")
    city = tmp_path / "two.toml"
    city.write_text('[city]\nkind = "csv"\nunits = "units.csv"\nedges = "edges.csv"\n')
    out = tmp_path / "r"
    code, text = call("run", scenario("reactive_baseline"), "--city", city, "--seeds", "1", "--out", out, *SHORT)
    assert code == 0, text
    assert pd.read_parquet(out / "quadrants.parquet")["quadrant"].nunique() == 2


def test_a_city_file_that_states_more_is_refused(tmp_path: Path) -> None:
    city = tmp_path / "more.toml"
    city.write_text('[city]\nkind = "synthetic"\n[levers.rotation]\nperiod = 3\n')
    code, text = call("run", scenario("reactive_baseline"), "--city", city)
    assert code == 2
    assert "no setting of a city" in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--set", "rotation.perod=3"], "did you mean"),
        (["--set", "rotation.period"], "write key=value"),
        (["--set", "rotation.period=soon"], "must be a whole number"),
    ],
)
def test_a_wrong_setting_is_said_with_its_cure(words: list[str], said: str) -> None:
    code, text = call("run", scenario("reactive_baseline"), *words)
    assert code == 2
    assert said in text


def test_a_folder_without_results_is_said(tmp_path: Path) -> None:
    code, text = call("report", tmp_path)
    assert code == 2
    assert "error:" in text
