"""The page in a real browser: nothing missing, nothing cut off, at any width, by day and night."""

from __future__ import annotations

import html
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pipeline.reports.page import render
from tests.fixtures.reported import LABELS, SECTIONS, facts, verdict

WIDTHS = (360, 760, 1280)
TIMEOUT_S = 120
DARK, LIGHT = 0, 1  # as Chromium numbers them
LONG_NAME = "a_run_with_a_name_as_long_as_names_may_be_in_all_that_is_written_here"

LOOK = """
const seen = [];
const problems = [];
function look(frame) {
  const page = frame.contentDocument, view = frame.contentWindow;
  const box = (one) => one.getBoundingClientRect();
  const pictures = [...page.querySelectorAll('svg')];
  seen.push({
    width: frame.clientWidth,
    overflow: page.documentElement.scrollWidth - page.documentElement.clientWidth,
    sections: [...page.querySelectorAll('section')].map((one) => [one.id, box(one).height]),
    paper: view.getComputedStyle(page.querySelector('section')).backgroundColor,
    ink: view.getComputedStyle(page.body).color,
    pictures: pictures.map((one) => [box(one).width, box(one).height]),
    lines: pictures.map((one) => Math.max(...[...one.querySelectorAll('polyline')].map(
      (line) => line.getTotalLength()))),
    cutOff: pictures.flatMap((one) => [...one.querySelectorAll('text')].filter((text) => {
      const inner = box(text), outer = box(one);
      return inner.left < outer.left - 1 || inner.right > outer.right + 1 ||
        inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1;
    }).map((text) => text.textContent)),
    captions: [...page.querySelectorAll('caption')].filter(
      (one) => box(one).right > box(one.closest('section')).right).map((one) => one.textContent),
    broken: [...page.querySelectorAll('nav a')].filter(
      (one) => !page.querySelector(one.getAttribute('href'))).length,
  });
}
addEventListener('error', (event) => problems.push(event.message));
addEventListener('load', () => {
  document.querySelectorAll('iframe').forEach(look);
  document.querySelector('pre').textContent = JSON.stringify({seen, problems});
});
"""


def look(chromium: str, page: str, theme: int, folder: Path) -> tuple[list[dict[str, Any]], str]:
    """What is measured of `page` at each of WIDTHS, and what the browser's console says."""
    framed = html.escape(page)
    frames = "".join(
        f'<iframe style="width:{width}px;height:900px;border:0" srcdoc="{framed}"></iframe>'
        for width in WIDTHS
    )
    harness = folder / "harness.html"
    harness.write_text(
        f"<!doctype html><meta charset=utf-8><script>{LOOK}</script><pre></pre>{frames}", "utf-8"
    )
    words = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
    words += [f"--blink-settings=preferredColorScheme={theme}", f"--user-data-dir={folder / 'own'}"]
    ended = subprocess.run(
        [chromium, *words, "--dump-dom", harness.as_uri()],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    found = re.search(r"<pre>(.+?)</pre>", ended.stdout, re.DOTALL)
    assert found is not None, ended.stderr[-2000:]
    told = json.loads(html.unescape(found.group(1)))
    assert told["problems"] == []
    console = [line for line in ended.stderr.splitlines() if "CONSOLE" in line]
    return told["seen"], "\n".join(console)


@pytest.fixture(scope="module", params=[DARK, LIGHT], ids=["dark", "light"])
def seen(
    request: pytest.FixtureRequest, chromium: str, tmp_path_factory: pytest.TempPathFactory
) -> Any:
    page = render(facts(name=LONG_NAME, run=f"runs/{LONG_NAME}"))
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
    decision = facts().contract.decision.model_copy(update={"thresholds": (0.5,) * 17})
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
    page = render(facts(contract=contract, verdict=wide, evaluated=False, **nothing))
    views, console = look(chromium, page, LIGHT, tmp_path)
    assert console == ""
    assert [view["overflow"] for view in views] == [0, 0, 0]
