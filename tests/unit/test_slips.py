"""What a person types wrongly is not taken for something else without a word."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.cli.text import show_judgements
from pipeline.config.forecast_settings import SeriesConfig
from pipeline.core.contract import Contract
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.core.tokens import Vocabulary
from pipeline.datasets.importers import ImportOptions
from pipeline.datasets.recording_file import check_name
from pipeline.datasets.similar_labels import check_new_label, is_slip
from pipeline.datasets.tables.series import read_series
from pipeline.workflows import monitor
from pipeline.workflows.capture import CaptureOptions, capture
from pipeline.workflows.datasets import relabel, save_import, understand_import
from pipeline.workflows.monitor import PullOptions, pull
from pipeline.workflows.predict import Judgement, _judgement
from tests.fixtures.hostile_world import all_commands
from tests.refusals import refuses
from tests.takes import save_all, takes

COMMANDS = [(words, command) for words, command in all_commands()]
SINGLE = [
    (words, one.opts[0], max(1, one.nargs))
    for words, command in COMMANDS
    for one in command.params
    if one.param_type_name == "option" and not one.multiple and not one.is_flag
]


@pytest.mark.parametrize(("words", "option", "values"), SINGLE)
def test_an_option_that_takes_one_value_takes_it_once(
    words: list[str], option: str, values: int
) -> None:
    twice = [*words, option, *["1"] * values, option, *["2"] * values]
    ended = CliRunner().invoke(app, twice)
    assert ended.exit_code == ExitCode.USAGE
    assert f"Option '{option}' is there twice" in ended.output


def test_what_may_be_there_often_may() -> None:
    ended = CliRunner().invoke(app, ["capture", "--label", "up", "--label", "down"])
    assert isinstance(ended.exception, PipelineError)
    assert "2 labels were given" in ended.exception.what


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_one_key_is_set_once(command: str) -> None:
    words = [command, "gesture_conv1d", "--set", "fit.epochs=3", "--set", "fit.epochs=4"]
    ended = CliRunner().invoke(app, words)
    assert isinstance(ended.exception, PipelineError)
    assert ended.exception.what == "`--set fit.epochs=...` is there 2 times."
    assert ended.exception.exit_code == ExitCode.USAGE


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return save_all(tmp_path / "data" / "mine", takes(["punch", "left_1", "up"], each=1))


def test_a_name_that_cannot_be_used_is_shown_as_it_was_typed() -> None:
    with pytest.raises(PipelineError, match="'Pünch' cannot be used as a label: it contains 'ü'"):
        check_name("label", "Pünch")
    with pytest.raises(PipelineError) as refused:
        check_name("label", "\x1b[2J")
    assert "\x1b" not in refused.value.what


@pytest.mark.parametrize("label", ["pucnh", "punc", "punchh", "ponch", "Punch", "unch", "lefft_1"])
def test_a_label_that_is_nearly_one_that_is_there_is_asked_about(dataset: Path, label: str) -> None:
    with refuses(r"is new in .*, and similar to ", ExitCode.USAGE, next_step="--new-label"):
        check_new_label(dataset, label, is_meant=False)
    assert check_new_label(dataset, label, is_meant=True) == label


@pytest.mark.parametrize("label", ["punch", "flex", "left_2", "up2", "ups", "punch_left", "idle"])
def test_another_gesture_is_taken(dataset: Path, label: str) -> None:
    assert check_new_label(dataset, label, is_meant=False) == label


@given(st.text(st.sampled_from("abcdefgh"), min_size=4, max_size=12), st.data())
def test_any_single_slip_is_found(label: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(label) - 2))
    slip = data.draw(
        st.sampled_from(
            [
                label[:at] + label[at + 1] + label[at] + label[at + 2 :],
                label[:at] + "z" + label[at:],
                label[:at] + "z" + label[at + 1 :],
            ]
        )
    )
    assert is_slip(slip, label)


class View:
    """Notes what it reports."""

    live = True
    update_every_s = 0.1

    def __init__(self) -> None:
        self.reports: list[str] = []

    def report(self, text: str) -> None:
        self.reports.append(text)


def test_every_command_that_is_reported_a_label_asks(dataset: Path) -> None:
    take = next(dataset.glob("up/*.csv"))
    for said in (
        lambda: capture(
            CaptureOptions(labels=("pucnh",), ports=("/dev/none",)), cast("Any", View())
        ),
        lambda: relabel([take], "pucnh", new_label=False),
        lambda: pull("/dev/none", "pucnh", PullOptions("me", "1", "mine", "idle", 2.5)),
    ):
        with pytest.raises(PipelineError, match="similar to punch"):
            said()
    assert take.exists()


@pytest.mark.parametrize("place", ["column", "name"])
def test_an_import_asks_about_labels_that_its_files_have(dataset: Path, place: str) -> None:
    rows = [f"{n / 100:.2f},{n % 7 / 7},0,1,{n % 5},0,0" for n in range(100)]
    file = dataset.parent / ("a.csv" if place == "column" else "pucnh.csv")
    more = ("label", "pucnh") if place == "column" else ("", "")
    head = "t [s],ax [g],ay [g],az [g],gx [deg/s],gy [deg/s],gz [deg/s]"
    file.write_text("\n".join([f"{head},{more[0]}", *(f"{row},{more[1]}" for row in rows)]))
    understood = understand_import([file], "mine", ImportOptions())
    with pytest.raises(PipelineError, match="similar to punch"):
        save_import(understood, "mine")
    assert save_import(understood, "mine", new_label=True).total == 1
    assert save_import(understood, "mine").total == 1


@pytest.mark.parametrize(("labels", "known"), [(("idle", "up"), "1 to 1"), ((), "none")])
def test_a_key_of_no_gesture_is_reported(labels: Sequence[str], known: str) -> None:
    view = View()
    pulling = PullOptions("me", "1", "mine", "idle", 2.5)
    options = monitor.MonitorOptions("", None, None, False, pulling)
    watch = monitor._Watch(options, cast("Any", view), cast("Any", None), None)
    watch._labels = tuple(labels)
    for key in "097":
        watch._press(key)
    assert [f"no gesture has the number {key}; the board's are {known}" in said
            for key, said in zip("097", view.reports, strict=True)] == [True] * 3  # fmt: skip


CONTRACT = cast("Contract", SimpleNamespace(labels=("bad", "good"), window=8))
SCORES = np.array([0.023, 0.977], np.float32)


@pytest.mark.parametrize(
    ("text", "said"), [("ÄÖ", "not known  ÄÖ"), ("aÖ", "good 97.7%  aÖ"), ("ab", "good 97.7%  ab")]
)
def test_a_text_of_which_nothing_is_known_has_no_verdict(
    text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = _judgement(text, Vocabulary("characters", ["a", "b"]), CONTRACT, SCORES, True)
    show_judgements([found], as_json=False)
    assert capsys.readouterr().out == said + "\n"
    assert isinstance(found, Judgement)


def series(folder: Path, values: Sequence[float]) -> Any:
    file = folder / "a.csv"
    rows = "".join(f"{n},{value!r}\n" for n, value in enumerate(values))
    file.write_text(f"t_s,a\n{rows}")
    return read_series(file, SeriesConfig(path=file, channels=("a",), targets=("a",)))


@pytest.mark.parametrize(
    "values",
    [
        [0.0004, 0.0001, 0.0003] * 5,
        [1e-9 * n for n in range(20)],
        [0.0001] * 20,
        [5 + 0.0005 * (n % 3) for n in range(20)],
    ],
)
def test_a_column_that_thousandths_cannot_say_is_refused(
    tmp_path: Path, values: Sequence[float]
) -> None:
    with pytest.raises(PipelineError, match="would be rounded away"):
        series(tmp_path, values)


@given(st.lists(st.integers(-5000, 5000), min_size=3, max_size=40))
def test_a_column_of_thousandths_is_taken(values: list[int]) -> None:
    with TemporaryDirectory() as folder:
        read = series(Path(folder), [value / 1000 for value in values])
    assert (read.thousandths(()).ravel() == values).all()


def test_a_column_that_never_changes_is_taken(tmp_path: Path) -> None:
    assert not series(tmp_path, [0.0] * 9).values.any()
    assert len(series(tmp_path, [21.500000001] * 9)) == 9
