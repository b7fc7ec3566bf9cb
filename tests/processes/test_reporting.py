"""What of it is reported and recorded: two filters, a dark figure, and what distrust and scandal do to both."""

from typing import Any

import numpy as np
import pytest
from worlds import happen, own, plain, put, square_city, step

from sim.processes import reporting
from sim.world import World

CARDS = own(reporting)


def victims(trust: float = 0.5, people: int = 50_000, unshown: int = 0, scandal: float = 0.0) -> World:
    """A city in which everyone of a row, and some of those behind the rows, met one incident."""
    world = plain(square_city((people,) * 4), people_per_row=1.0, officers=1)
    put(world, "citizens", trust=trust, victim=True)
    put(world, "quadrants", trust=trust, occurred=float(people + unshown))
    put(world, "administration", scandal=scandal)
    happen(world, "incidents", citizen=np.arange(world.citizens.rows))
    return world


def shares(world: World, **changes: Any) -> tuple[float, float]:
    """Share of incidents reported, and of those reported the share on file."""
    step(reporting, world, **changes)
    quadrants = world.quadrants
    reported = float(quadrants.reported.sum())
    return reported / float(quadrants.occurred.sum()), float(quadrants.recorded.sum()) / max(reported, 1.0)


def dark_figure(world: World) -> float:
    """Share of incidents without a file."""
    reported, filed = shares(world)
    return 1.0 - reported * filed


def test_one_in_ten_incidents_is_reported_and_two_in_three_of_those_are_filed() -> None:
    reported, filed = shares(victims())
    assert 0.096 <= reported <= 0.109  # M11; standard error 0.0007
    assert filed == pytest.approx(0.68, abs=0.015)  # M11; standard error 0.003


@pytest.mark.parametrize("unshown", [0, 500_000])
def test_the_dark_figure_is_that_of_the_survey_of_victims(unshown: int) -> None:
    people = 50_000 if not unshown else 10
    assert dark_figure(victims(0.5, people, unshown)) == pytest.approx(0.929, abs=0.007)  # M10


def test_fifteen_points_more_trust_hardly_move_the_dark_figure() -> None:
    low, high = dark_figure(victims(0.425)), dark_figure(victims(0.575))
    assert 0.0 < low - high < 0.938 - 0.916  # M10: 91.6-93.8 % while trust rose by about 15 points


@pytest.mark.parametrize("trust", [0.0, 0.5, 1.0])
def test_reporting_rises_in_proportion_to_trust(trust: float) -> None:
    reported, _ = shares(victims(trust), reported=0.4, elasticity=0.5)
    assert reported == pytest.approx(0.4 * (1.0 + 0.5 * (trust - 0.5)), abs=0.005)


def test_who_trusts_reports_more_than_the_neighbour_who_does_not() -> None:
    world = victims()
    trusting = np.arange(world.citizens.rows) % 2 == 0
    put(world, "citizens", trust=trusting.astype(float))
    step(reporting, world, reported=0.4, elasticity=1.0)
    reported = world.incidents.reported
    assert (reported[trusting].mean(), reported[~trusting].mean()) == pytest.approx((0.6, 0.2), abs=0.01)


@pytest.mark.parametrize("unshown", [0, 200_000])
def test_a_fresh_scandal_silences_its_share_of_reports(unshown: int) -> None:
    people = 50_000 if not unshown else 10
    before, _ = shares(victims(0.5, people, unshown), reported=0.5)
    after, _ = shares(victims(0.5, people, unshown, scandal=1.0), reported=0.5)
    assert after / before == pytest.approx(1.0 - CARDS.scandal, abs=0.01)


@pytest.mark.parametrize("unshown", [0, 500_000])
def test_distrust_stands_behind_a_sixth_of_silence(unshown: int) -> None:
    world = victims(0.5, 50_000 if not unshown else 10, unshown)
    step(reporting, world)
    quadrants = world.quadrants
    silent = quadrants.occurred.sum() - quadrants.reported.sum()
    assert 0.12 <= quadrants.silent_distrust.sum() / silent <= 0.21  # M12
    assert np.all(quadrants.silent_distrust <= quadrants.occurred - quadrants.reported)


def test_nobody_is_silent_out_of_distrust_who_trusts_fully() -> None:
    world = victims(1.0)
    step(reporting, world)
    assert world.quadrants.silent_distrust.sum() == 0.0


@pytest.mark.parametrize(
    ("reported", "file_opened", "counts"),
    [(0.0, 1.0, (0, 0)), (1.0, 0.0, (100, 0)), (1.0, 1.0, (100, 100))],
)
def test_certainties_pass_all_or_nothing(reported: float, file_opened: float, counts: tuple[int, int]) -> None:
    world = victims(0.5, people=25)
    step(reporting, world, reported=reported, file_opened=file_opened, elasticity=0.0)
    assert (world.incidents.reported.sum(), world.incidents.recorded.sum()) == counts
    assert (world.quadrants.reported.sum(), world.quadrants.recorded.sum()) == counts


def test_what_is_on_file_was_reported_and_what_was_reported_occurred() -> None:
    world = victims(0.5, people=1000, unshown=500)
    step(reporting, world, reported=0.5)
    incidents, quadrants = world.incidents, world.quadrants
    assert not np.any(incidents.recorded & ~incidents.reported)
    assert np.all(quadrants.recorded <= quadrants.reported)
    assert np.all(quadrants.reported <= quadrants.occurred)


def test_a_week_without_incidents_has_no_reports() -> None:
    world = plain(square_city((0, 100, 100, 100)))
    step(reporting, world)
    for name in ("reported", "recorded", "silent_distrust"):
        assert getattr(world.quadrants, name).tolist() == [0.0] * 4, name


def test_reports_are_counted_where_the_victim_lives() -> None:
    world = plain()
    put(world, "citizens", victim=np.isin(np.arange(400), (5, 250, 251)))
    put(world, "quadrants", occurred=[1.0, 0.0, 2.0, 0.0])
    happen(world, "incidents", citizen=[5, 250, 251])
    step(reporting, world, reported=1.0, elasticity=0.0, file_opened=1.0)
    assert world.quadrants.reported.tolist() == [1.0, 0.0, 2.0, 0.0]
