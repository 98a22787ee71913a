"""Renders the page of a search: the front as pictures and as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipeline.reports.charts import Chart, ChartAxis, Line
from pipeline.reports.pages import templates

ROOM = 1.05  # beyond the largest value of an axis


@dataclass(frozen=True)
class Dot:
    """A network of a search; scores are means of the inner folds.

    Args:
        chosen: its settings, in words.
    """

    number: int
    f1: float
    int8: float
    second_instructions: float
    flash_bytes: int
    ram_bytes: int
    on_front: bool
    chosen: str


@dataclass(frozen=True)
class SearchFacts:
    """What the page says.

    Args:
        dots: all networks, the best event F1 first.
        winner: its number.
        split: what the test part is.
        ended: how many trials ended before all folds, by how.
        tested: event F1 and accuracy of the winner on the test part.
        before: those of the config that was searched from.
    """

    study: str
    dots: tuple[Dot, ...]
    winner: int
    split: str
    folds: int
    ended: Mapping[str, int]
    tested: tuple[float, float]
    before: tuple[float, float]


AXES: Mapping[str, Callable[[Dot], float]] = {
    "thousand instructions a second": lambda dot: dot.second_instructions / 1000,
    "flash [KB]": lambda dot: dot.flash_bytes / 1000,
    "RAM [KB]": lambda dot: dot.ram_bytes / 1000,
}


def render_search(facts: SearchFacts) -> str:
    """Render the page. The same facts give the same bytes."""
    charts = [front_chart(facts, axis) for axis in AXES]
    return templates().get_template("search.html.jinja").render(facts=facts, charts=charts)


def front_chart(facts: SearchFacts, axis: str) -> Chart:
    """Event F1 against a cost: all networks, and as a line those that no cheaper one beats."""
    cost = AXES[axis]
    dots = sorted(facts.dots, key=lambda dot: (cost(dot), -dot.f1))
    best: list[Dot] = []
    for dot in dots:
        if not best or dot.f1 > best[-1].f1:
            best.append(dot)
    lowest = min(dot.f1 for dot in dots)
    return Chart(
        f"Event F1 against {axis}",
        ChartAxis(axis, 0, ROOM * cost(dots[-1])),
        ChartAxis("event F1", max(0.0, lowest - 0.05), 1, percent=True),
        (
            _line("best at this cost", best, cost, 1),
            _line("others", [dot for dot in dots if dot not in best], cost, 2, is_drawn=False),
        ),
    )


def _line(
    name: str, dots: list[Dot], cost: Callable[[Dot], float], colour: int, is_drawn: bool = True
) -> Line:
    x, y = [cost(dot) for dot in dots], [dot.f1 for dot in dots]
    return Line(name, x, y, colour, dots=True, is_drawn=is_drawn)
