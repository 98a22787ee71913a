"""The page in a real browser, and charts: nothing missing, nothing cut off, at any width."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from pipeline.reports.charts import Chart, ChartAxis, Line, Mark
from pipeline.reports.pages import render_gestures
from tests.fixtures.reported import (
    DARK,
    LABELS,
    LIGHT,
    SECTIONS,
    WIDTHS,
    curve,
    facts,
    look,
    verdict,
)

LONG_NAME = "a_run_with_a_name_as_long_as_names_may_be_in_all_that_is_written_here"

FALLS = ((0.5, 39.5), (18.0, 19.0), (19.9, 20.1), (33.0, 39.0), (1.0, 3.0))  # of 0 to 40


@pytest.fixture(scope="module", params=[DARK, LIGHT], ids=["dark", "light"])
def seen(
    request: pytest.FixtureRequest, chromium: str, tmp_path_factory: pytest.TempPathFactory
) -> Any:
    page = render_gestures(facts(name=LONG_NAME, run=f"runs/{LONG_NAME}"))
    views, console = look(chromium, page, request.param, tmp_path_factory.mktemp("browser"))
    assert console == ""
    assert [view["width"] for view in views] == list(WIDTHS)
    return request.param, views


def test_every_section_is_seen(seen: Any) -> None:
    for view in seen[1]:
        assert [name for name, _ in view["sections"]] == SECTIONS
        assert all(height > 60 for _, height in view["sections"])
        assert view["broken"] == 0


def test_nothing_runs_out_of_the_page(seen: Any) -> None:
    for view in seen[1]:
        assert view["overflow"] == 0
        assert view["captions"] == []


def test_pictures_are_drawn_and_none_of_their_words_is_cut_off(seen: Any) -> None:
    for view in seen[1]:
        assert len(view["pictures"]) == 18
        assert all(width > 200 and height > 60 for width, height in view["pictures"])
        assert all(length > 50 for length in view["lines"])
        assert view["cutOff"] == []


def test_no_word_in_a_picture_is_struck_through(seen: Any) -> None:
    assert [view["struck"] for view in seen[1]] == [[]] * len(WIDTHS)


def test_no_column_is_cut_on_a_phone(seen: Any) -> None:
    assert [view["cutColumns"] for view in seen[1]] == [[]] * len(WIDTHS)


def test_mistakes_are_drawn_alike_and_no_card_is_half_empty(seen: Any) -> None:
    for view in seen[1]:
        assert len(view["mistakes"]) == 2
        assert max(view["mistakes"]) - min(view["mistakes"]) < 1
        assert max(view["mistakes"]) < 420
        assert [name for name, share in view["emptyRight"] if share > 0.2] == []


def test_marks_close_together_are_readable(chromium: str, tmp_path: Path) -> None:
    """Where a curve falls on both sides, near its top."""
    curves = [{**curve("rate error", "%", high), "falls_below": low} for low, high in FALLS]
    robustness = {"windows": 400, "rotation_limit_deg": None, "curves": curves}
    views, _ = look(chromium, render_gestures(facts(robustness=robustness)), LIGHT, tmp_path)
    assert [view["struck"] for view in views] == [[]] * len(WIDTHS)


def test_the_page_has_the_readers_theme(seen: Any) -> None:
    theme, views = seen
    for view in views:
        paper, ink = (
            sum(map(int, re.findall(r"\d+", view[name])[:3])) for name in ("paper", "ink")
        )
        assert (paper < 200 < 500 < ink) if theme == DARK else (ink < 200 < 500 < paper)


def test_a_page_of_hardly_anything_and_of_many_classes_stays_whole(
    chromium: str, tmp_path: Path
) -> None:
    many = tuple(f"gesture_number_{n:02d}_of_the_many" for n in range(14))
    decision = facts().contract.policy.model_copy(update={"thresholds": (0.5,) * 17})
    labels = {"labels": (*LABELS, *many), "decision": decision}
    contract = facts().contract.model_copy(update=labels)
    wide = verdict(
        labels=(*LABELS, *many),
        confusion=[[1] * 17] * 17,
        people=(),
        leaky_accuracy=None,
        float_accuracy=None,
        int8=False,
    )
    nothing = {"events": None, "robustness": None, "cost": None, "image": None}
    page = render_gestures(facts(contract=contract, verdict=wide, evaluated=False, **nothing))
    views, console = look(chromium, page, LIGHT, tmp_path)
    assert console == ""
    assert [view["overflow"] for view in views] == [0, 0, 0]


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
