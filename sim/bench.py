"""Speed and memory of this machine's runs: ns per citizen-week by process, bytes per citizen, seconds to start."""

from __future__ import annotations

import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable

from sim import week
from sim.luck import Luck
from sim.observations import observe
from sim.scenario import Scenario
from sim.simulation import city_of, rules_of, run, world_of

SIZES = (1_000, 10_000, 100_000)
PEOPLE_PER_QUADRANT = 2_000  # as in the demo city
WEEKS = 8
SEED = 1


def bench(rounds: int, say: Callable[[str], None]) -> None:
    """Print every measurement; the minimum of ``rounds`` repetitions, on one thread."""
    say("aims: at most 300 ns per citizen-week from 10,000 citizens on, 150 bytes per citizen, 0.3 s to import sim")
    say(f"\nns per citizen-week, NumPy processes, {WEEKS} weeks, minimum of {rounds} rounds")
    columns = [_per_process(size, rounds) for size in SIZES]
    say(f"{'process':18s}" + "".join(f"{size:>12,}" for size in SIZES))
    for name in columns[0]:
        say(f"{name:18s}" + "".join(f"{column[name]:12.1f}" for column in columns))
    say(f"{'in all':18s}" + "".join(f"{sum(column.values()):12.1f}" for column in columns))
    say("\nbytes per citizen: all tables, and the peak of a whole run (building included)")
    for size in SIZES:
        tables, peak = _bytes(size)
        say(f"{size:>18,}{tables:12.0f}{peak:12.0f}")
    say(f"\nimport sim: {_python('import sim', rounds):.2f} s more than Python itself")
    start = "from sim.simulation import world_of; from sim.scenario import Scenario; world_of(Scenario.default(), 1)"
    say(f"demo city ready for its first week: {_python(start, rounds):.2f} s more than Python itself")
    seconds = min(_seconds(lambda: run(Scenario.default(), SEED)) for _ in range(rounds))
    settings = Scenario.default()
    weeks = settings.run.weeks + settings.run.burn_in
    say(f"run of the demo city, {settings.city.residents:,} residents, {weeks} weeks with burn-in: {seconds:.2f} s")


def _scenario(residents: int) -> Scenario:
    quadrants = max(1, round(residents / PEOPLE_PER_QUADRANT))
    sectors = max(1, round(quadrants / 6))
    return Scenario.default().with_changes(
        {"city.residents": residents, "city.quadrants": quadrants, "city.sectors": sectors}
    )


def _per_process(residents: int, rounds: int) -> dict[str, float]:
    """Least ns per citizen-week of every step of the week, and of observing it."""
    scenario = _scenario(residents)
    rules, luck = rules_of(scenario), Luck(SEED)
    best: dict[str, float] = {}
    for _ in range(rounds):
        world = world_of(scenario, SEED)
        spent: dict[str, float] = {}
        for now in range(WEEKS):
            world.week = now
            last = time.perf_counter()
            for name in week.steps(world, rules, luck):
                current = time.perf_counter()
                spent[name] = spent.get(name, 0.0) + current - last
                last = current
            observe(world)
            spent["observe"] = spent.get("observe", 0.0) + time.perf_counter() - last
        for name, seconds in spent.items():
            figure = seconds * 1e9 / residents / WEEKS
            best[name] = min(best.get(name, figure), figure)
    return best


def _bytes(residents: int) -> tuple[float, float]:
    """Bytes per citizen of the tables, and at the peak of building a city and running some weeks."""
    scenario = _scenario(residents)
    city_of(scenario)
    tracemalloc.start()
    world = world_of(scenario, SEED)
    for now in range(WEEKS):
        world.week = now
        week.advance(world, rules_of(scenario), Luck(SEED))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return world.nbytes() / residents, peak / residents


def _seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def _python(code: str, rounds: int) -> float:
    """Seconds that a fresh Python takes for ``code``, less those of a Python that does nothing."""
    times = {text: [_seconds(lambda t=text: _call(t)) for _ in range(rounds)] for text in ("pass", code)}  # type: ignore[misc]
    return max(0.0, min(times[code]) - min(times["pass"]))


def _call(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True)
