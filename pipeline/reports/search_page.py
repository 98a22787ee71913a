"""Renders the page of a search: the front as pictures and as a table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.reports.charts import Chart, ChartAxis, Line
from pipeline.reports.pages import templates

ROOM = 1.05  # beyond the largest value of an axis


@dataclass(frozen=True)
class Point:
    """A network of a search that was scored on all inner folds.

    Args:
        number: of its trial, from 1.
        f1: event F1, the mean of the inner folds.
        int8: accuracy of the compiled C over all windows of the inner folds.
        chosen: the values of the keys that were searched.
    """

    number: int
    f1: float
    int8: float
    second_instructions: float
    flash_bytes: int
    ram_bytes: int
    chosen: Mapping[str, Any]

    @property
    def settings(self) -> str:
        """What was chosen, in words."""
        return ", ".join(f"{key} {value}" for key, value in self.chosen.items())


@dataclass(frozen=True)
class SearchFacts:
    """What the page says.

    Args:
        points: all networks, the best event F1 first.
        front: the numbers of those that no other beats in everything.
        winner: its number.
        split: what the test part is.
        ended: how many trials ended before all folds, by how.
        tested: event F1 and accuracy of the winner on the test part.
        before: those of the config that was searched from.
    """

    study: str
    points: tuple[Point, ...]
    front: Collection[int]
    winner: int
    split: str
    folds: int
    ended: Mapping[str, int]
    tested: tuple[float, float]
    before: tuple[float, float]


AXES: Mapping[str, Callable[[Point], float]] = {
    "thousand instructions a second": lambda point: point.second_instructions / 1000,
    "flash [KB]": lambda point: point.flash_bytes / 1000,
    "RAM [KB]": lambda point: point.ram_bytes / 1000,
}


def render_search(facts: SearchFacts) -> str:
    """Render the page. The same facts give the same bytes."""
    charts = [front_chart(facts, axis) for axis in AXES]
    return templates().get_template("search.html.jinja").render(facts=facts, charts=charts)


def front_chart(facts: SearchFacts, axis: str) -> Chart:
    """Event F1 against a cost: all networks, and as a line those that no cheaper one beats."""
    cost = AXES[axis]
    points = sorted(facts.points, key=lambda point: (cost(point), -point.f1))
    best: list[Point] = []
    for point in points:
        if not best or point.f1 > best[-1].f1:
            best.append(point)
    lowest = min(point.f1 for point in points)
    return Chart(
        f"Event F1 against {axis}",
        ChartAxis(axis, 0, ROOM * cost(points[-1])),
        ChartAxis("event F1", max(0.0, lowest - 0.05), 1, percent=True),
        (
            _line("best at this cost", best, cost, 1),
            _line(
                "others", [point for point in points if point not in best], cost, 2, is_drawn=False
            ),
        ),
    )


def _line(
    name: str,
    points: list[Point],
    cost: Callable[[Point], float],
    colour: int,
    is_drawn: bool = True,
) -> Line:
    x, y = [cost(point) for point in points], [point.f1 for point in points]
    return Line(name, x, y, colour, dots=True, is_drawn=is_drawn)
