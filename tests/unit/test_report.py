"""The page a newcomer reads: whole, true, and safe to open."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from pipeline.artifacts import IMU_CHANNELS, RunFolder
from pipeline.training.evaluate import measure
from pipeline.training.fit import Epoch
from pipeline.training.pictures import confusion_picture, learning_picture, signal_picture
from pipeline.training.report import MISTAKES_SHOWN, Mistake, Report, write_report

LABELS = ("flex", "punch", "wave", "idle")
WAS = np.array([0, 0, 0, 1, 1, 1, 1, 3], np.int32)
CALLED = np.array([0, 0, 1, 1, 1, 1, 0, 3], np.int64)
SAMPLES = np.random.default_rng(1).normal(0, 1, (60, 6)).astype(np.float32)
EPOCHS = tuple(Epoch(n, 3, 1 / n, 1.1 / n, 0.5) for n in (1, 2, 3))
HOSTILE = "<script src=http://evil.example/x.js>$\\frac$</script>\"'&"
PNG = b"\x89PNG\r\n"

REPORT = Report(
    title="spells",
    labels=LABELS,
    channels=IMU_CHANNELS,
    rate_hz=119.0,
    split="by take, fold 1 of 5",
    metrics=measure(WAS, CALLED, LABELS),
    epochs=EPOCHS,
    mistakes=(
        Mistake("flex/anna-1-003", "flex", "punch", SAMPLES),
        Mistake("punch/ben-1-007", "punch", "flex", SAMPLES),
    ),
    parameters=12345,
    provenance={"data": "d" * 64, "seed": "1"},
    settings={"fit": {"epochs": 3}},
)


class Page(HTMLParser):
    """Tags, the addresses in them, and the text a reader sees."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] != ["style"]:
            self.words += f" {' '.join(data.split())}"


def written(report: Report, folder: Path) -> str:
    run = RunFolder(folder / "my-run")
    write_report(report, run)
    return run.report_file.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    return written(REPORT, tmp_path_factory.mktemp("report"))


def test_the_page_needs_no_other_file(text: str) -> None:
    page = Page(text)
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert len(page.addresses) == 4  # confusion, learning, two mistakes
    assert all(address.startswith("data:image/png;base64,") for address in page.addresses)
    assert "://" not in text
    assert not re.search(r"url\(|@import", text)


def test_the_page_says_how_good_and_how_that_is_known(text: str) -> None:
    words = Page(text).words
    assert "75.0 %" in words  # 6 of 8
    assert "of 8 held-out windows" in words
    assert "2 were not" in words
    assert f"{100 * (2 / 3 + 3 / 4 + 1) / 3:.1f} %" in words
    assert "by take, fold 1 of 5" in words
    assert "12,345 parameters" in words
    assert "d" * 64 in words
    assert "epochs: 3" in words


def test_the_page_has_a_row_for_every_label(text: str) -> None:
    rows = {row.split("</td>")[0]: row for row in text.split("<tr><td>")[1:]}
    assert set(LABELS) <= set(rows)
    assert "<td>3</td>" in rows["flex"]
    assert "0.667" in rows["flex"]
    assert "none held out" in rows["wave"]


def test_the_page_shows_each_mistake(text: str) -> None:
    words = Page(text).words
    assert re.search(r"flex +called +punch +flex/anna-1-003", words)
    assert re.search(r"punch +called +flex +punch/ben-1-007", words)


def test_many_mistakes_are_counted_and_some_shown(tmp_path: Path) -> None:
    many = tuple(replace(REPORT.mistakes[0], name=f"flex/a-1-{n:03d}") for n in range(11))
    words = Page(written(replace(REPORT, mistakes=many), tmp_path)).words
    assert "11 were not" in words
    assert f"and {11 - MISTAKES_SHOWN} more." in words
    assert f"flex/a-1-{MISTAKES_SHOWN - 1:03d}" in words
    assert f"flex/a-1-{MISTAKES_SHOWN:03d}" not in words


def test_no_mistakes_are_said_to_be_none(tmp_path: Path) -> None:
    perfect = replace(REPORT, metrics=measure(WAS, WAS.astype(np.int64), LABELS), mistakes=())
    words = Page(written(perfect, tmp_path)).words
    assert "100.0 %" in words
    assert "None on the held-out windows." in words


def test_a_hostile_name_is_only_text(tmp_path: Path) -> None:
    labels = (HOSTILE, *LABELS[1:])
    text = written(
        replace(
            REPORT,
            title=HOSTILE,
            labels=labels,
            metrics=measure(WAS, CALLED, labels),
            mistakes=(Mistake(HOSTILE, HOSTILE, "punch", SAMPLES),),
            provenance={HOSTILE: HOSTILE},
            settings={HOSTILE: HOSTILE},
        ),
        tmp_path,
    )
    page = Page(text)
    assert "script" not in page.tags
    assert all(address.startswith("data:") for address in page.addresses)
    assert page.words.count("evil.example") >= 6


def test_the_same_report_gives_the_same_bytes(text: str, tmp_path: Path) -> None:
    assert written(REPORT, tmp_path) == text
    picture = tmp_path / "my-run" / "confusion_matrix.png"
    assert picture.read_bytes() == confusion_picture(REPORT.metrics.confusion, LABELS)
    assert {path.name for path in picture.parent.iterdir()} == {picture.name, "report.html"}


@pytest.mark.parametrize("count", [1, 2, 3, 60])
def test_epochs_are_whole_numbers(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.figure import Figure

    ticks: list[float] = []
    save = Figure.savefig

    def look(figure: Figure, *args: object, **options: object) -> None:
        low, high = figure.axes[0].get_xlim()
        ticks.extend(tick for tick in figure.axes[0].get_xticks() if low <= tick <= high)
        save(figure, *args, **options)

    monkeypatch.setattr(Figure, "savefig", look)
    epochs = [Epoch(n, count, 1 / n, 1 / n, 0.5) for n in range(1, count + 1)]
    assert learning_picture(epochs).startswith(PNG)
    assert ticks
    assert all(tick == round(tick) for tick in ticks)


@pytest.mark.parametrize("channels", [IMU_CHANNELS, IMU_CHANNELS[:3], IMU_CHANNELS[:1]])
def test_signals_of_any_sensor_can_be_drawn(channels: tuple[str, ...]) -> None:
    assert signal_picture(SAMPLES[:, : len(channels)], channels, 119.0).startswith(PNG)
