"""The live view: whole at any width, still at rest, the called gesture large."""

from __future__ import annotations

import io
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.capture.link_statistics import LinkStatistics, Smoothing
from pipeline.capture.protocol import Sample
from pipeline.capture.stream_decoder import StreamDecoder
from pipeline.cli.capture import _numbers
from pipeline.cli.monitor import SMOOTHED_MARK, THRESHOLD_MARK, _screen
from pipeline.cli.terminal import SafeConsole
from pipeline.cli.traces import BLOCKS, SHOWN_SAMPLES, traces
from pipeline.core.artifacts import ENVIRONMENT_CHANNELS, IMU_CHANNELS
from pipeline.workflows.capture import _captured
from pipeline.workflows.monitor import _run_of
from tests.tiny_model import CONTRACT

TITLE = "nano33ble at /dev/ttyACM0, run runs/mine; keys record to data/mine"
LABELS = ("idle", "punch", "a_gesture_with_a_long_name")
MIDDLE = BLOCKS[len(BLOCKS) // 2]
widths = st.integers(30, 220)


def lines(thing: object, width: int) -> list[str]:
    said = io.StringIO()
    SafeConsole(file=said, width=width).print(thing)
    return said.getvalue().splitlines()


def drawn(rows: list[tuple[int, ...]], width: int = 80) -> dict[str, str]:
    """The blocks of each channel."""
    shown = lines(traces(IMU_CHANNELS, rows), width)
    return {line.split()[0]: "".join(one for one in line if one in BLOCKS) for line in shown}


def test_clipping_is_a_fault_of_a_capture() -> None:
    decoder = StreamDecoder()
    assert "nothing lost" in _numbers(decoder)
    decoder.clipping.samples = 25
    assert _numbers(decoder).endswith("Hz, clipped 25")
    captured = _captured(
        cast("Any", SimpleNamespace(decoders=[decoder], take_counts={}, has_limit=False)),
        cast("Any", SimpleNamespace(files={})),
        [],
        False,
        Path("d"),
    )
    assert captured.faults == {"clipped": 25}


def some_statistics(samples: int) -> LinkStatistics:
    statistics = LinkStatistics()
    for number in range(samples):
        statistics.add(Sample(number, number * 10_000, (20, -30, 1000, 500, -800, 90_000)), 0)
    statistics.scores = (0.1, 0.7, 0.2)
    return statistics


@given(widths, st.integers(0, 600), st.sampled_from(("", *LABELS)))
def test_the_view_fits_any_width_and_fills_it(width: int, samples: int, called: str) -> None:
    shown = lines(_screen(TITLE, called, some_statistics(samples), LABELS), width)
    assert max(map(len, shown)) <= width
    words = " ".join(" ".join(shown).split())
    assert "lost 0 of" in words
    assert "Ctrl-C ends" in words
    if samples >= SHOWN_SAMPLES:
        traced = [line for line in shown if line.startswith(IMU_CHANNELS)]
        assert len(traced) == len(IMU_CHANNELS)
        assert all(len(line) >= width - 1 for line in traced)


@given(widths, st.integers(0, 1_000_000))
def test_a_board_at_rest_is_drawn_flat(width: int, seed: int) -> None:
    """Noise as that of a Nano's sensor, and gravity."""
    noise = random.Random(seed)
    rest = [
        (*(round(noise.gauss(g, 8)) for g in (0, 0, 1000)), *(noise.randint(-900, 900),) * 3)
        for _ in range(SHOWN_SAMPLES)
    ]
    for name, blocks in drawn(rest, width).items():
        assert len(set(blocks)) == 1
        assert (blocks[0] == MIDDLE) == (name != "az")


def test_a_movement_stands_out_and_sensors_share_an_axis() -> None:
    rows = [(0, 100, 1000, 0, 0, 0)] * 240 + [(5000, 100, 1000, 0, 0, 900_000)] * 240
    shown = drawn(rows)
    assert shown["ax"][0] == MIDDLE
    assert BLOCKS.index(shown["ax"][-1]) >= 5
    assert set(shown["ay"]) == {MIDDLE}  # 0.1 g of 6 g
    assert [line.split()[-2:] for line in lines(traces(IMU_CHANNELS, rows), 80)] == [
        *([["g", "±6"]] * 3),
        *([["deg/s", "±1200"]] * 3),
    ]


def test_readings_of_the_environment_are_drawn_around_what_they_are() -> None:
    rows = [(21_500, 1_013_000, 40_000), (21_510, 1_013_020, 40_050)]
    shown = lines(traces(ENVIRONMENT_CHANNELS, rows), 80)
    assert all(MIDDLE in line for line in shown)


def test_the_run_on_a_board_is_found_by_its_contract(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("broken", "mine"):
        (tmp_path / "runs" / name).mkdir(parents=True)
    (tmp_path / "runs" / "broken" / "contract.json").write_text("{")
    CONTRACT.save(tmp_path / "runs" / "mine" / "contract.json")
    (tmp_path / "runs" / "latest").symlink_to("mine")
    assert _run_of(CONTRACT.hash()) == "run runs/mine"
    assert _run_of("none") == "no model"
    assert _run_of("ab" * 32) == "a run that is not here (abababababab)"


@pytest.mark.parametrize("width", [30, 60, 140])
def test_the_called_gesture_is_large_and_moves_nothing(width: int) -> None:
    statistics = some_statistics(480)
    before = lines(_screen(TITLE, "", statistics, LABELS), width)
    called = lines(_screen(TITLE, "punch", statistics, LABELS), width)
    assert len(before) == len(called)
    assert [line.strip() for line in called].count("P U N C H") == 1
    assert TITLE in " ".join(called)[: 2 * len(TITLE)] or width < len(TITLE)


@given(widths, st.floats(0, 1), st.floats(0, 1), st.booleans())
def test_the_threshold_and_the_smoothed_score_are_marked_in_the_bar(
    width: int, threshold: float, smoothed: float, is_background: bool
) -> None:
    statistics = some_statistics(0)
    statistics.scores = (0.5,)
    statistics.smoothing = Smoothing(1, 0 if is_background else None, (round(255 * threshold),), 10)
    statistics.smoothing.add(0, np.array([round(255 * smoothed) - 128], np.int8))
    shown = lines(_screen(TITLE, "", statistics, ("up",)), width)
    (bar,) = (line for line in shown if line.startswith("up "))
    room = width - len("up ") - len(" 0.50")
    assert len(bar) == width
    assert abs(bar.index(SMOOTHED_MARK) - len("up ") - room * smoothed) <= 1.5
    if is_background or bar.find(THRESHOLD_MARK) < 0:
        assert is_background or abs(threshold - smoothed) * room <= 2
    else:
        assert abs(bar.index(THRESHOLD_MARK) - len("up ") - room * threshold) <= 1.5


def test_what_was_called_is_counted() -> None:
    shown = lines(_screen(TITLE, "", some_statistics(1), LABELS, {"punch": 3, "idle": 1}), 100)
    assert "4 called (idle 1, punch 3)" in shown
    nothing_yet = lines(_screen(TITLE, "", some_statistics(1), LABELS), 100)
    assert len(nothing_yet) == len(shown)
