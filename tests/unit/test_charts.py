"""Line charts: values stand where they belong, on axes a person can read."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from pipeline.reports.charts import Chart, ChartAxis, Line, Mark

CHART = Chart(
    "Height by time",
    ChartAxis("time [s]", 0, 10),
    ChartAxis("height [m]", -1, 1),
    (Line("ball", (0, 5, 10), (-1, 0, 1), dots=True),),
    (Mark("here", 5),),
)


def points(chart: Chart) -> list[tuple[float, float]]:
    path = re.search(r'points="([^"]+)"', chart.svg())
    assert path is not None
    pairs = (pair.split(",") for pair in path.group(1).split())
    return [(float(x), float(y)) for x, y in pairs]


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0, 180, [0, 50, 100, 150]),
        (-40, 40, [-40, -20, 0, 20, 40]),
        (0.25, 4, [1, 2, 3, 4]),
        (0, 3, [0, 0.5, 1, 1.5, 2, 2.5, 3]),
        (-0.0004, 0.0003, [-0.0004, -0.0002, 0, 0.0002]),
    ],
)
def test_ticks_are_round_numbers_within_the_axis(
    low: float, high: float, ticks: list[float]
) -> None:
    assert ChartAxis("", low, high).ticks() == pytest.approx(ticks)


@pytest.mark.parametrize("epochs", [1, 2, 3, 14, 60, 1000])
def test_what_is_counted_has_whole_ticks(epochs: int) -> None:
    ticks = ChartAxis("epoch", 0, epochs, whole=True).ticks()
    assert len(ticks) > 1
    assert all(tick == round(tick) for tick in ticks)


def test_points_stand_in_proportion() -> None:
    (left, bottom), (middle, halfway), (right, top) = points(CHART)
    assert left < right
    assert top < bottom  # y grows downwards in SVG
    assert middle == pytest.approx((left + right) / 2, abs=0.1)
    assert halfway == pytest.approx((top + bottom) / 2, abs=0.1)


def test_values_beyond_an_axis_stay_in_the_picture() -> None:
    beyond = replace(CHART, lines=(Line("", (-5, 20), (-9, 9)),))
    assert points(beyond) == [points(CHART)[0], points(CHART)[-1]]


def test_the_picture_is_xml_with_names_units_and_values() -> None:
    root = ElementTree.fromstring(CHART.svg())
    words = [element.text for element in root.iter("text")]
    assert {"time [s]", "height [m]", "here", "0", "10", "-1", "1"} <= set(words)
    assert root.get("aria-label") == "Height by time"
    assert [element.text for element in root.iter("title")] == ["0: -1", "5: 0", "10: 1"]


def test_shares_are_shown_as_percent() -> None:
    assert ChartAxis("", 0, 1, percent=True).text(0.125) == "12.5 %"


def test_a_hostile_name_is_only_text() -> None:
    chart = Chart('"><b>', ChartAxis("<i>", 0, 1), CHART.y, (), (Mark("</svg>", 0.9),))
    root = ElementTree.fromstring(chart.svg())
    assert {element.tag for element in root.iter()} == {"svg", "path", "text"}
