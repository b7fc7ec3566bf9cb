"""The command line: check, run, compare, sweep, report, verify, bench."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from sim.designs import Plan
    from sim.execute import Summary
    from sim.results import Store
    from sim.scenario import Scenario

WRONG_INPUT = 2
SOME_FAILED = 1
INTERRUPTED = 130

app = typer.Typer(
    help="Cuadrante: an agent-based simulator of police-community relations in Mexican municipalities.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Seeds = Annotated[int, typer.Option(min=1, help="Number of runs per scenario, seeds 1, 2, ...")]
City = Annotated[Path | None, typer.Option(help="A TOML file with a [city] table: another city for every scenario.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", help="Change a setting: --set rotation.period=52 (may be repeated).")
]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes; one per core by default.")]
Out = Annotated[Path | None, typer.Option(help="Folder of the results; results/NAME by default.")]
Fresh = Annotated[bool, typer.Option(help="Set an older result of that name aside and begin anew.")]
Retry = Annotated[bool, typer.Option(help="Try runs again that failed before.")]
Limit = Annotated[float | None, typer.Option(min=0.1, help="Give a run up after so many seconds.")]
Language = Annotated[str, typer.Option(help="es or en.")]


@app.command()
def check(files: Annotated[list[Path], typer.Argument(help="Scenario, experiment or city files.")]) -> None:
    """Check files before anything runs: every error at once, with line, unit, range and cure."""
    from sim.scenario import report_problems

    wrong = 0
    for file in files:
        problems = _problems(file)
        wrong += bool(problems)
        typer.echo(report_problems(problems) if problems else f"{file}: all right", err=bool(problems))
    if wrong:
        raise typer.Exit(WRONG_INPUT)


def _problems(file: Path) -> list[Any]:
    """Everything wrong with a file, and with the city it describes."""
    from sim.designs import Experiment, check_experiment
    from sim.network import CityError, build_city
    from sim.scenario import Problem, Scenario, ScenarioError, load_city
    from sim.scenario import check as check_scenario

    kind = _kind(file)
    try:
        if kind == "city":
            build_city({key.removeprefix("city."): value for key, value in load_city(file).items()})
            return []
        problems = check_experiment(file) if kind == "experiment" else check_scenario(file)
        if not problems:
            scenario = Experiment.load(file).base if kind == "experiment" else Scenario.load(file)
            build_city(scenario.city)
        return list(problems)
    except ScenarioError as error:
        return list(error.problems)
    except CityError as error:
        return [Problem(problem, "", "city", file=str(file)) for problem in error.problems]


def _kind(file: Path) -> str:
    """``experiment``, ``city`` or ``scenario``, by what the file states at its top."""
    try:
        top = set(tomllib.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return "scenario"  # its checker says what is wrong
    if top & {"scenario", "seeds", "baseline", "constants"}:
        return "experiment"
    return "city" if top == {"city"} else "scenario"


@app.command()
def run(
    scenario: Annotated[Path, typer.Argument(help="A scenario file.")],
    seeds: Seeds = 20,
    city: City = None,
    settings: Settings = None,
    out: Out = None,
    workers: Workers = None,
    fresh: Fresh = False,
) -> None:
    """Run one scenario under several seeds and write tidy results."""
    from sim.designs import pair_plan

    loaded = _loaded([scenario], city, settings)
    store = _execute(pair_plan(loaded, seeds), out or Path("results") / loaded[0].name, workers, fresh)
    _print_ends(store)


@app.command()
def compare(
    a: Annotated[Path, typer.Argument(help="The scenario compared with, say today's way of working.")],
    b: Annotated[Path, typer.Argument(help="The scenario of interest.")],
    seeds: Seeds = 20,
    city: City = None,
    settings: Settings = None,
    out: Out = None,
    workers: Workers = None,
    fresh: Fresh = False,
    language: Language = "es",
) -> None:
    """Compare two scenarios under the same luck: paired differences, 95 % intervals, share of seeds better."""
    from sim.designs import pair_plan
    from sim.report import write_comparison

    pair = _same_horizon(_loaded([a, b], city, settings))
    folder = out or Path("results") / f"{pair[0].name}_vs_{pair[1].name}"
    if pair[0].hash == pair[1].hash:
        typer.echo("The two scenarios are the same: under the same luck every difference is exactly zero.")
        return
    store = _execute(pair_plan(pair, seeds), folder, workers, fresh)
    table = _paired_table(store)
    page = write_comparison(table, (pair[0].title, pair[1].title), store.folder, language)
    _print_table(table, pair[0].name, pair[1].name)
    typer.echo(f"Table, figure and page: {page}")


@app.command()
def sweep(
    experiment: Annotated[Path, typer.Argument(help="An experiment file.")],
    seeds: Annotated[int | None, typer.Option(min=1, help="Seeds per arm, instead of the file's.")] = None,
    city: City = None,
    out: Out = None,
    workers: Workers = None,
    fresh: Fresh = False,
    retry_failed: Retry = False,
    time_limit: Limit = None,
) -> None:
    """Run an experiment on all cores; give the same command again to go on where it stopped."""
    from sim.designs import Experiment

    study = _or_exit(lambda: Experiment.load(experiment))
    plan = _or_exit(lambda: study.plan(seeds, _city(city)))
    name = f"{study.name}_{city.stem}" if city else study.name
    store = _execute(plan, out or Path("results") / name, workers, fresh, retry_failed, time_limit)
    typer.echo(f"Results: {store.folder}   (a page: cuadrante report {store.folder})")


@app.command()
def report(result: Annotated[Path, typer.Argument(help="A folder of results.")], language: Language = "es") -> None:
    """Write one self-contained page on a result, with figures, intervals, parameters and their sources."""
    from sim.report import write_report

    typer.echo(f"Report: {_or_exit(lambda: write_report(result, language))}")


@app.command()
def verify(result: Annotated[Path, typer.Argument(help="A folder of results.")]) -> None:
    """Read every stored byte again and hold it against its checksum."""
    from sim.results import Store

    problems = _or_exit(lambda: Store(result).verify())
    for problem in problems:
        typer.echo(problem, err=True)
    if problems:
        raise typer.Exit(SOME_FAILED)
    typer.echo(f"{result}: every checksum holds")


@app.command()
def bench(
    rounds: Annotated[int, typer.Option(min=1, help="Repetitions; the minimum is shown.")] = 3,
) -> None:
    """Measure this machine: ns per citizen-week by process, bytes per citizen, start-up seconds."""
    from sim.bench import bench as measure

    measure(rounds, typer.echo)


def _or_exit[T](action: Callable[[], T]) -> T:
    """The action's result; what a user can mend is said without a traceback, exit code 2."""
    from sim.execute import ExecutionError
    from sim.network import CityError
    from sim.population import PopulationError
    from sim.results import StoreError
    from sim.scenario import ScenarioError, report_problems

    try:
        return action()
    except ScenarioError as error:
        typer.echo(report_problems(error.problems), err=True)
    except (CityError, PopulationError, StoreError, ExecutionError, ValueError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
    raise typer.Exit(WRONG_INPUT)


def _city(file: Path | None) -> dict[str, Any] | None:
    from sim.scenario import load_city

    return dict(_or_exit(lambda: load_city(file))) if file else None


def _loaded(files: list[Path], city: Path | None, settings: list[str] | None) -> list[Scenario]:
    """Scenarios with the city and the settings of the command line, checked, and their city built once."""
    from sim.network import build_city
    from sim.scenario import Scenario

    changes = {**(_city(city) or {}), **_stated(settings or [])}
    loaded = _or_exit(lambda: [Scenario.load(file).with_changes(changes) for file in files])
    _or_exit(lambda: build_city(loaded[0].city))
    return loaded


def _stated(settings: list[str]) -> dict[str, Any]:
    """``key=value`` as TOML reads the value; a bare word is a text."""
    changes = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            typer.echo(f"error: --set {setting}: write key=value, say --set rotation.period=52", err=True)
            raise typer.Exit(WRONG_INPUT)
        try:
            changes[key.strip()] = tomllib.loads(f"value = {text.strip()}")["value"]
        except tomllib.TOMLDecodeError:
            changes[key.strip()] = text.strip()
    return changes


def _same_horizon(pair: list[Scenario]) -> list[Scenario]:
    """Both run as long as the longer one, so that the same half year is compared."""
    weeks = max(scenario.run.weeks for scenario in pair)
    for scenario in pair:
        if scenario.run.weeks != weeks:
            typer.echo(
                f"{scenario.name} is run for {weeks} weeks, as long as the other, instead of {scenario.run.weeks}"
            )
    return [scenario.with_changes({"run.weeks": weeks}) for scenario in pair]


def _execute(
    plan: Plan,
    folder: Path,
    workers: int | None,
    fresh: bool,
    retry_failed: bool = False,
    time_limit: float | None = None,
) -> Store:
    """Make the runs that are missing, seal the store, and say what happened."""
    from sim.execute import execute
    from sim.results import Store

    store = Store(folder)
    if fresh and (old := _or_exit(store.set_aside)):
        typer.echo(f"The older result is now in {old}")
    summary: Summary = _or_exit(
        lambda: execute(plan, store, workers=workers, time_limit=time_limit, retry_failed=retry_failed)
    )
    if summary.interrupted:
        _say_nothing_of_half_sent_tasks()
    _or_exit(store.seal)
    typer.echo(
        f"{summary.done} runs done, {summary.failed} failed, {summary.skipped} already there, {summary.seconds:.1f} s"
    )
    if summary.interrupted:
        raise typer.Exit(INTERRUPTED)
    if summary.failed:
        typer.echo(f"Errors and how to repeat them: column error of {folder / 'runs.parquet'}", err=True)
    return store


def _say_nothing_of_half_sent_tasks() -> None:
    """A pool stopped while it sent a task frees the task's buffer late, and Python complains of it; nothing is lost."""
    said = sys.unraisablehook

    def quiet(problem: Any) -> None:
        if not isinstance(problem.exc_value, BufferError):
            said(problem)

    sys.unraisablehook = quiet


def _ends(store: Store) -> list[list[dict[str, float]]]:
    """End values of the runs that every arm finished, arm by arm, in the order of seeds."""
    from sim.results import load_result

    result = load_result(store.folder)
    runs = result.runs[result.runs["status"] == "ok"].sort_values("seed")
    arms = [runs[runs["arm"] == arm].set_index("seed") for arm in range(len(result.arms))]
    shared = sorted(set.intersection(*(set(arm.index) for arm in arms)))
    columns = result.headline
    return [[dict(zip(columns, row, strict=True)) for row in arm.loc[shared, columns].to_numpy(float)] for arm in arms]


def _paired_table(store: Store) -> Any:
    from sim.paired import table

    a, b = _ends(store)
    return table(a, b)


def _print_ends(store: Store) -> None:
    """Mean and standard deviation over seeds of the headline observations."""
    import numpy as np

    from sim.observations import headlines

    ends = _ends(store)[0]
    typer.echo(f"{'mean of the last half year':42s}{'mean':>10s}{'sd':>10s}   over {len(ends)} runs")
    for card in headlines():
        values = np.array([end[card.key] for end in ends])
        spread = values.std(ddof=1) if len(values) > 1 else float("nan")
        typer.echo(f"{card.name.en:42.42s}{values.mean():10.3f}{spread:10.3f}   {card.unit}")
    typer.echo(f"Results: {store.folder}")


def _print_table(table: Any, a: str, b: str) -> None:
    from sim.observations import observations

    runs = int(table["runs"].max())
    typer.echo(f"\n{b} less {a}: mean of the last half year, {runs} paired runs")
    typer.echo(f"{'':42s}{a[:12]:>13s}{b[:12]:>13s}{'difference':>12s}{'95 % interval':>22s}{'better in':>11s}")
    for row in table.to_dict("records"):
        name = observations()[row["observation"]].name.en
        better = (
            ""
            if row["share_better"] != row["share_better"]
            else f"{row['share_better'] * row['runs']:.0f} of {row['runs']}"
        )
        typer.echo(
            f"{name:42.42s}{row['a']:13.3f}{row['b']:13.3f}{row['difference']:+12.4f}"
            f"   [{row['low']:+8.4f}, {row['high']:+8.4f}]{better:>11s}"
        )


def main() -> None:
    """Entry point of ``cuadrante``."""
    sys.exit(app())


if __name__ == "__main__":
    main()
