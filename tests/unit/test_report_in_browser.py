"""The page in a real browser: nothing missing, nothing cut off, at any width, by day and night."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pipeline.reports.gesture_page import render_gestures
from tests.fixtures.browser import DARK, LIGHT, WIDTHS, look
from tests.fixtures.reported import LABELS, SECTIONS, facts, verdict

LONG_NAME = "a_run_with_a_name_as_long_as_names_may_be_in_all_that_is_written_here"


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
        assert len(view["pictures"]) == 8
        assert all(width > 200 and height > 80 for width, height in view["pictures"])
        assert all(length > 50 for length in view["lines"])
        assert view["cutOff"] == []


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
