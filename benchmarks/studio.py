"""What the studio is like to use: `python -m benchmarks.studio [PART …]`, all parts without one.

start: seconds until the page is served. live: pictures a second and delay of the traces, four
boards at once. way: a newcomer's whole way at a person's pace, from nothing to gestures that are
called, and pictures of it for the docs. hour: memory during an hour of live view.
A Chromium of this computer is needed. Figures go to area `studio`.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, expect

from benchmarks.results_file import Row, record_parts, row
from pipeline.core.artifacts import Recording
from pipeline.core.project import PROJECT
from pipeline.datasets.recordings import load_recordings, takes_in
from tests.fixtures import newcomer
from tests.fixtures.newcomer import a_browser, go, open_page
from tests.fixtures.studio import RunningStudio, running_studio

COMMAND = "python -m benchmarks.studio"
STARTS = 5
BOARDS = 4
LIVE_S = 20
CLOSED_S = 20  # without a tab
ENDING_S = 60
HOUR_S = 3600
SETTLED_S = 300  # of memory: what is loaded once
GESTURES = ("punch", "flex", "wave")
TAKES = 8
CALLED = 20
PACE_MS = 700.0  # between two clicks of a person
PICTURES = PROJECT / "docs"


def start() -> list[Row]:
    """Seconds from the command to the address that is served."""
    with TemporaryDirectory() as folder:
        seconds = []
        for _ in range(STARTS):
            with running_studio(Path(folder)) as studio:
                seconds.append(studio.started_s)
    note = f"median of {STARTS} starts, without importing TensorFlow"
    found = round(statistics.median(seconds), 2)
    return [row("studio start seconds", found, "s", f"{COMMAND} start", note, "<= 2")]


def live() -> list[Row]:
    """Rows of a recording of four boards at once, as the browser draws it."""
    with TemporaryDirectory() as folder, _opened(Path(folder)) as (page, _):
        for _ in range(BOARDS):
            newcomer.start_board(page)
        expect(page.get_by_role("checkbox", checked=True)).to_have_count(BOARDS, timeout=20_000)
        _record_continuously(page, LIVE_S + CLOSED_S)
        speeds = [_speed(page) for _ in range(LIVE_S)]
        page.close()
        takes = _takes_of_all_boards(Path(folder) / "data" / "mine")
        lost = sum(gap.missing for take in takes for gap in take.gaps)
    fps = statistics.median(speed[0] for speed in speeds)
    delay_ms = statistics.median(speed[1] for speed in speeds)
    note = f"{BOARDS} native boards, six traces each at 119 Hz, {LIVE_S} s, headless Chromium"
    command = f"{COMMAND} live"
    return [
        row("live view frames per second", fps, "", command, note, ">= 30"),
        row("delay of the trace", delay_ms, "ms", command, f"{note}; median", "<= 150"),
        row(
            "samples lost while the browser was busy and closed",
            lost,
            "",
            command,
            f"{note}; then {CLOSED_S} s with its tab closed",
            "== 0",
        ),
    ]


def _takes_of_all_boards(dataset: Path) -> list[Recording]:
    """Wait until the recording has ended."""
    deadline_s = time.monotonic() + 2 * CLOSED_S + ENDING_S
    while len(takes_in(dataset)) < BOARDS and time.monotonic() < deadline_s:
        time.sleep(0.5)
    takes = load_recordings(dataset)
    assert len(takes) == BOARDS, f"{len(takes)} of {BOARDS} boards were recorded"
    return takes


def way() -> list[Row]:
    """A newcomer's way on boards that play one gesture after the other."""
    with TemporaryDirectory() as folder:
        project = Path(folder)
        _put_single_gestures(project)
        with _opened(project, PACE_MS) as (page, _):
            began_s = time.monotonic()
            for gesture in GESTURES:
                newcomer.start_board(page, plays=f"only-{gesture}")
                newcomer.record(page, "motion", gesture, TAKES)
                _picture(page, "record")
                newcomer.stop_board(page)
            go(page, "Data")
            page.get_by_role("heading", name="Map of all takes").wait_for()
            _picture(page, "data")
            newcomer.train(page, "gesture_rocket", "mine")
            newcomer.deploy(page, "virtual")
            _picture(page, "deploy")
            newcomer.start_board(page, "mine", "runs/gesture_rocket", "virtual")
            newcomer.watch(page, calls=1)
            minutes = (time.monotonic() - began_s) / 60
            events = page.get_by_role("list", name="What was called").get_by_role("listitem")
            events.nth(CALLED - 1).wait_for(timeout=newcomer.LONG_MS)
            _picture(page, "try")
            newcomer.mark_wrong(page)
            page.get_by_role("button", name="End", exact=True).click()
            newcomer.train(page, "gesture_rocket", "mine")
    note = (
        f"{len(GESTURES)} x {TAKES} takes, trained, converted, put on the virtual board; a script "
        f"that clicks every {PACE_MS / 1000:g} s; then {CALLED} gestures called, one marked wrong, "
        "trained again"
    )
    found = round(minutes, 2)
    return [row("minutes to the first called gesture", found, "", f"{COMMAND} way", note, "<= 5")]


def hour() -> list[Row]:
    """Memory of the server and of the page after an hour of live view, beside five minutes."""
    with TemporaryDirectory() as folder, _opened(Path(folder)) as (page, studio):
        newcomer.start_board(page)
        _record_continuously(page, HOUR_S + 60)
        page.wait_for_timeout(SETTLED_S * 1000)
        before = _memory(page, studio)
        page.wait_for_timeout((HOUR_S - SETTLED_S) * 1000)
        after = _memory(page, studio)
    growth = max(late / early for late, early in zip(after, before, strict=True)) - 1
    note = (
        f"server {before[0]:.0f} to {after[0]:.0f} MB, scripts of the page {before[1]:.1f} to "
        f"{after[1]:.1f} MB; from {SETTLED_S / 60:g} to {HOUR_S / 60:g} minutes"
    )
    name = "memory growth in an hour of live view"
    return [row(name, round(growth, 3), "", f"{COMMAND} hour", note, "<= 0.1")]


@contextmanager
def _opened(folder: Path, pace_ms: float = 0) -> Iterator[tuple[Page, RunningStudio]]:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("There is no Chromium here; `apt-get install chromium` brings one.")
    with (
        running_studio(folder) as studio,
        a_browser(chromium, pace_ms) as browser,
        open_page(browser, studio.address) as page,
    ):
        yield page, studio


def _record_continuously(page: Page, seconds: int) -> None:
    go(page, "Record")
    page.get_by_label("Way", exact=True).select_option("continuous")
    page.get_by_label("Gestures", exact=True).fill("day")
    page.get_by_label("Seconds", exact=True).fill(str(seconds))
    page.get_by_role("button", name="Record", exact=True).click()
    page.get_by_text("pictures a second").wait_for()
    page.wait_for_timeout(3000)


def _speed(page: Page) -> tuple[float, float]:
    page.wait_for_timeout(1000)
    shown = page.get_by_text("pictures a second")
    return tuple(float(shown.get_attribute(f"data-{key}") or "nan") for key in ("fps", "delay-ms"))  # type: ignore[return-value]


def _memory(page: Page, studio: RunningStudio) -> tuple[float, float]:
    """In MB: of the server, and of the page's scripts."""
    status = Path(f"/proc/{studio.process.pid}/status").read_text()
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    heap = float(page.evaluate("performance.memory.usedJSHeapSize"))
    return float(resident.split()[1]) / 1e3, heap / 1e6


def _put_single_gestures(project: Path) -> None:
    """A dataset for each gesture, so that a board plays that one alone."""
    for gesture in GESTURES:
        source = PROJECT / "data" / "sample" / gesture
        shutil.copytree(source, project / "data" / f"only-{gesture}" / gesture)


def _picture(page: Page, name: str) -> None:
    page.wait_for_timeout(500)
    page.screenshot(path=PICTURES / f"studio-{name}.png")


def main() -> None:
    """Measure the parts that the command line names, and record them."""
    record_parts("studio", {"start": start, "live": live, "way": way, "hour": hour})


if __name__ == "__main__":
    main()
