"""What commands of benchmarks run, and the figures they record."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest

from benchmarks import ablation_table, sequence
from benchmarks.ablation import gravity_aligned
from benchmarks.baseline import statistics
from benchmarks.deploy_core import Built, rows_of
from benchmarks.results_file import FOLDER, chosen, load, row
from benchmarks.trust_widths import faults_in
from pipeline.core.artifacts import IMU_CHANNELS
from pipeline.core.project import PROJECT
from pipeline.datasets.disturb import rotate_windows
from tests.fixtures.arduino_sources import Complaints

PARTS = ("imdb gru", "imdb lstm", "spells gru", "spells gru streaming", "shakespeare")


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ([], list(PARTS)),
        (["imdb"], ["imdb gru", "imdb lstm"]),
        (["gru"], ["imdb gru", "spells gru"]),
        (["shakespeare", "imdb gru"], ["imdb gru", "shakespeare"]),
        (["gru streaming"], ["spells gru streaming"]),
    ],
)
def test_a_part_is_named_whole_by_its_first_word_or_by_the_rest(
    words: list[str], parts: list[str]
) -> None:
    assert chosen(PARTS, words) == parts


@pytest.mark.parametrize("words", [["imbd"], ["imdb", "gur"], ["im"], ["streaming"], ["imdb x"]])
def test_the_error_of_a_misspelt_part_lists_those_there_are(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        chosen(PARTS, words)
    message = str(ended.value)
    assert f"'{words[-1]}'" in message
    assert all(f"\n  {part}" in message for part in PARTS)


@pytest.mark.parametrize("area", sorted(path.stem for path in FOLDER.glob("*.json")))
def test_every_figure_is_made_by_the_makefile_quoted_or_by_hand(area: str) -> None:
    made = set(re.findall(r"python -m benchmarks\.\w+", (PROJECT / "Makefile").read_text("utf-8")))
    for figure in load(area):
        module = " ".join(figure["command"].split()[:3])
        by_hand = module == "none" and figure["note"].startswith(("quoted:", "by hand:"))
        assert module in made or by_hand, figure["name"]


def test_every_network_of_the_table_has_a_config() -> None:
    names = {path.stem for path in (PROJECT / "configs").glob("sentiment_*.yaml")}
    assert names == {f"sentiment_{name}" for name in (*sequence.NETWORKS, "board")}


def test_the_best_is_of_the_networks_alone() -> None:
    rows = [
        row("imdb gru accuracy", 0.87, "", "c"),
        row("imdb conv1d accuracy", 0.89, "", "c"),
        row("imdb best accuracy", 0.99, "", "c"),
        row("imdb gru minutes", 4.0, "min", "c"),
    ]
    best = sequence.best_of(rows)
    assert (best["value"], best["note"]) == (0.89, "imdb conv1d accuracy")
    assert best["bound"] == ">= 0.88"


@pytest.mark.usefixtures("qemu")
@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Built("a", Complaints(0, 0, 0), 1, 1), (0, 0)),
        (Built("a", Complaints(2, 0, 0), None, None, "it failed"), (2, 0)),
        (Built("a", Complaints(0, 3, 0), None, None, "it failed"), (0, 3)),
        (Built("a", Complaints(0, 0, 0), None, None, "it was stopped"), (1, 0)),
    ],
)
def test_no_failed_build_passes_for_a_success(found: Built, expected: tuple[int, int]) -> None:
    values = {row["name"]: row["value"] for row in rows_of([found])}
    assert (values["real core build errors"], values["real core link errors"]) == expected
    assert ("a flash" in values) == (found.flash is not None)


PIPED = """\
label   person   takes   seconds
circle  sim1     6       5.7
/tmp/a/path-that-is-long.csv of 0123456789abcdef cannot be read
"""
BROKEN, LOST = "broken paths and hashes", "words of columns lost"
WIDE = "rows wider than the terminal"


@pytest.mark.parametrize(
    ("shown", "found"),
    [
        (PIPED, {}),
        (PIPED.replace("that-is", "that-\nis"), {BROKEN: 1}),
        (PIPED.replace("89ab", "89\nab"), {BROKEN: 1}),
        (PIPED.replace("seconds", "sec…"), {LOST: 1}),
        (PIPED.replace("6       ", ""), {LOST: 1}),
        (PIPED.replace("sim1 ", "sim1" + " " * 50), {WIDE: 1}),
        ("circle\n  label person takes seconds\n  sim1 6 5.7\n" + PIPED.splitlines()[2], {}),
    ],
)
def test_faults_are_counted(shown: str, found: dict[str, int]) -> None:
    assert faults_in(shown, PIPED, 60) == Counter(found)


WINDOWS = np.random.default_rng(3).normal(0.2, 1, (7, 112, 6)).astype(np.float32)


def test_statistics_of_a_window_are_its_own_and_finite() -> None:
    found = statistics(WINDOWS)
    assert found.shape == (7, 10 * 6 + 15)
    assert np.isfinite(statistics(np.zeros((1, 20, 6), np.float32))).all()
    np.testing.assert_allclose(statistics(WINDOWS[2:3])[0], found[2], rtol=1e-5)
    np.testing.assert_allclose(found[:, :6], WINDOWS.mean(axis=1), rtol=1e-5)
    correlations = [np.corrcoef(window.T)[np.triu_indices(6, k=1)] for window in WINDOWS]
    np.testing.assert_allclose(found[:, -15:], correlations, atol=1e-5)


def test_windows_are_aligned_by_gravity_however_the_board_is_held() -> None:
    held = WINDOWS * np.float32([0.2, 0.2, 0.2, 50, 50, 50]) + np.float32([0, 0, 1, 0, 0, 0])
    for angle in (0.0, 30.0, 150.0):
        found = gravity_aligned(
            rotate_windows(held, IMU_CHANNELS, angle, np.random.default_rng(1)), IMU_CHANNELS
        )
        means = found[..., :3].mean(axis=1)
        np.testing.assert_allclose(means[:, :2], 0, atol=1e-5)
        assert (means[:, 2] > 0.8).all()
        np.testing.assert_allclose(
            np.linalg.norm(found[..., 3:], axis=2), np.linalg.norm(held[..., 3:], axis=2), rtol=1e-4
        )
    np.testing.assert_array_equal(gravity_aligned(held * 0, IMU_CHANNELS), held * 0)


def test_the_ablation_is_a_table_with_what_all_is_compared_with_first() -> None:
    def figure(name: str, value: float) -> dict[str, object]:
        return row(name, value, "", "command", "quick")

    rows = [
        figure("spells: without gain", 0.75),
        figure("spells: axis dropout", 0.9),
        figure("spells: nothing varied", 0.6),
        figure("spells: plain", 0.8),
        figure("spells among gestures: plain", 0.85),
        figure("spells turned among gestures: plain", 0.7),
        figure("uhh: plain", 0.95),
    ]
    lines = ablation_table.section(rows)
    table = [line for line in lines if line.startswith("|")]
    assert table[0] == "| variant | spells | uhh |"
    assert table[2:] == [
        "| plain | 0.800 / 0.850 / 0.700 | 0.950 |",
        "| nothing varied | 0.600 |  |",
        "| axis dropout | 0.900 |  |",
        "| without gain | 0.750 |  |",
    ]
    assert lines[-1] == "`command`. spells: quick. uhh: quick."
