"""Files that are made to fill the memory, to be waited for, or to be worked on for ever."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.capture.segmentation import CaptureInfo, CapturePlan
from pipeline.capture.write_ahead_log import WriteAheadLog
from pipeline.cli.console import show_failure
from pipeline.config.file import MOST_BYTES, MOST_DEPTH, read_settings
from pipeline.config.gesture_settings import load_gesture_config
from pipeline.config.text_settings import SentimentDataConfig
from pipeline.core import files
from pipeline.core.contract import Contract
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.core.files import load_arrays, load_json
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.characters import read_text
from pipeline.datasets.environment_series import series_in
from pipeline.datasets.importers import ImportOptions, import_files
from pipeline.datasets.labelled_texts import read_texts
from pipeline.datasets.recordings import load_recording, load_recordings
from pipeline.datasets.tables import sources
from pipeline.datasets.text_files import text_files
from pipeline.training.metrics import MANY, poisson_interval
from pipeline.workflows.compare import BrokenRun, RunSummary, list_runs
from pipeline.workflows.recover import head_of, recover_captures
from tests import toy_text
from tests.noted import note_all

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(12)
)


def refused(folder: Path, text: str, *overrides: str) -> str:
    file = folder / "config.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(PipelineError) as caught:
        read_settings(file, overrides)
    assert caught.value.exit_code == ExitCode.USAGE
    return caught.value.what


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, "an alias such as *name is not supported"),
        ("a: &a {b: *a}\n", "an alias such as *name is not supported"),
        (f"a: {'[' * 5000}{']' * 5000}", f"nested more than {MOST_DEPTH} deep"),
        ("{a: " * 900, f"nested more than {MOST_DEPTH} deep"),
        ("a: " + "x" * MOST_BYTES, "settings have few"),
        ("fit: {epochs: 3}\nfit: {epochs: 4}\n", "`fit` is there twice"),
        ("fit:\n  epochs: 3\n  epochs: 4\n", "`epochs` is there twice"),
        ('a: "\\e]52;c;aa\\a"\n', "cannot be printed"),
        ('"\\0": 1\n', "cannot be printed"),
        ('a: "\\ud800"\n', "cannot be printed"),
        ("a: " + "9" * 5000 + "\n", "not readable as YAML"),
        ("? [a]\n: 1\n", "not readable as YAML"),
    ],
    ids=lambda text: ascii(text[:24]),
)
def test_settings_that_are_none_are_refused(tmp_path: Path, text: str, said: str) -> None:
    assert said in refused(tmp_path, text)


def test_so_are_those_of_the_command_line(tmp_path: Path) -> None:
    assert "`a` is there twice" in refused(tmp_path, "x: 1\n", "fit={a: 1, a: 2}")
    assert "alias" in refused(tmp_path, "x: 1\n", "fit=[&a 1, *a]")


yamls = st.text(
    st.sampled_from("{}[]:&*!?|>-,'\"%@`# \nab1.~<=\\\t\0\x1b\u2028\ud800"), max_size=60
)


@given(yamls)
def test_any_text_is_read_or_refused(text: str) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "any.yaml"
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            found: object = read_settings(file)
        except PipelineError as error:
            found = error
    assert isinstance(found, dict | PipelineError)


READERS: dict[str, Callable[[Path], Any]] = {
    "a recording": load_recording,
    "a dataset": lambda path: load_recordings(path.parent.parent),
    "an import": lambda path: import_files(
        path, path.parent.parent / "out", ImportOptions(rate_hz=119.0, take_rows=119)
    ),
    "series": lambda path: series_in(path.parent) or _nothing(),
    "a text": read_text,
    "settings": load_gesture_config,
    "a contract": Contract.load,
    "JSON": lambda path: load_json(path, "train"),
    "arrays": lambda path: load_arrays(path, "train", set()),
}


def _nothing() -> None:
    raise PipelineError("no series", "", "")


@pytest.mark.parametrize("kind", READERS)
def test_a_pipe_is_no_file_and_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    """A thread reads it; were it opened, it would stay there."""
    pipe = tmp_path / "up" / "me-1-001.csv"
    pipe.parent.mkdir()
    os.mkfifo(pipe)
    ended: list[BaseException] = []

    def read() -> None:
        try:
            READERS[kind](pipe)
        except PipelineError as error:
            ended.append(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(20)
    assert ended, "it waits for the pipe"


def test_what_unfolds_to_more_than_a_computer_should_hold_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (files, sources):
        monkeypatch.setattr(module, "MOST_UNPACKED", 100_000)
    arrays, texts = tmp_path / "windows.npz", tmp_path / "train.jsonl.gz"
    np.savez_compressed(arrays, zeros=np.zeros(200_000, np.uint8))
    texts.write_bytes(gzip.compress(b" " * 200_000))
    assert arrays.stat().st_size + texts.stat().st_size < 2_000
    with pytest.raises(PipelineError, match="would unpack to"):
        load_arrays(arrays, "train", set())
    with pytest.raises(PipelineError, match="would unpack to"):
        read_texts(text_files(texts), "train", SentimentDataConfig(path=texts))


def test_deep_nesting_is_no_text(tmp_path: Path) -> None:
    texts = tmp_path / "train.jsonl"
    texts.write_text("[" * 100_000, "utf-8")
    with pytest.raises(PipelineError, match="cannot be used"):
        read_texts(text_files(texts), "train", SentimentDataConfig(path=texts))


LINES = ('["heard", [9, 5, 1]]', '["heard", 1]', '["wish", "zzz"]', '["back", [7]]', "[1, 2]", "{}")


@pytest.mark.parametrize("line", LINES)
def test_a_log_that_was_edited_is_refused(tmp_path: Path, line: str) -> None:
    folder = tmp_path / "mine"
    head = head_of(CapturePlan("motion", ("up",)), CaptureInfo("me", "1"), ["a port"])
    with WriteAheadLog(folder, head) as log:
        left = log.folder
        shutil.copytree(left, tmp_path / "copy")
    shutil.copytree(tmp_path / "copy", left)
    with (left / "log").open("a") as log:
        log.write(f"\n{line}\n")
    try:
        assert recover_captures(folder) == []
    except PipelineError as error:
        said = error.what
    else:
        said = "cannot be finished here"
    assert "cannot be finished here" in said


def test_a_memory_that_is_too_small_is_no_fault(capsys: pytest.CaptureFixture[str]) -> None:
    assert show_failure(MemoryError(), as_json=False) == ExitCode.FAILED
    assert "memory of this computer" in capsys.readouterr().err


NUMBERS = (0, -1, 10**9, 10**18, 10**300, -0.5, 1e308, float("nan"), float("inf"), True, "x", None)


def edited(content: Any, numbers: Any, place: int) -> tuple[Any, int]:
    """The content with its number `place` replaced; how many numbers were counted on the way."""
    if isinstance(content, dict):
        changed = {}
        for key, value in content.items():
            changed[key], place = edited(value, numbers, place)
        return changed, place
    if isinstance(content, list):
        parts = []
        for value in content:
            part, place = edited(value, numbers, place)
            parts.append(part)
        return parts, place
    is_number = isinstance(content, int | float) and not isinstance(content, bool)
    return (numbers, -1) if is_number and place == 0 else (content, place - is_number)


EVENTS = {
    "streams": {
        name: [
            {
                "takes": 3, "found": 2, "right": 2, "wrong": 0, "again": 0, "false": 1,
                "seconds": 60.0, "latencies_s": [0.1, 0.2], "called": [],
            }
        ]
        for name in ("gestures", "rest", "unknown", "unseen")
    }
}  # fmt: skip


def runs_in(folder: Path) -> list[Path]:
    """Two runs as far as a list looks at them."""
    paths = []
    for name in ("one", "two"):
        path = folder / name
        path.mkdir(parents=True)
        toy_text.writer().contract.save(path / "contract.json")
        (path / "metrics.json").write_text(json.dumps({"loss": 1.5, "split": "a"}), "utf-8")
        (path / "config.yaml").write_text("{data: {path: data/a.txt}, model: {kind: gru}}")
        (path / "cost.json").write_text('{"instructions": 9, "flash_bytes": 8, "ram_bytes": 7}')
        (path / "events.json").write_text(json.dumps(EVENTS))
        np.savez(path / "scores.npz", likelihoods=np.full((2, 3), -2, np.float32))
        note_all(RunFolder(path))
        paths.append(path)
    return paths


@pytest.mark.slow
@pytest.mark.parametrize("name", ["contract.json", "metrics.json", "cost.json", "events.json"])
def test_no_number_of_a_run_holds_up_the_list_of_all(tmp_path: Path, name: str) -> None:
    one, _ = runs_in(tmp_path)
    whole = (one / name).read_text("utf-8")
    content = json.loads(whole)
    assert [type(run) for run in list_runs(tmp_path)] == [RunSummary, RunSummary]
    for place in range(400):
        for number in NUMBERS:
            changed, left = edited(content, number, place)
            if left >= 0:
                return
            (one / name).write_text(json.dumps(changed), "utf-8")
            note_all(RunFolder(one))  # who edits one file may edit what is noted of it
            first, second = list_runs(tmp_path)
            assert isinstance(first, RunSummary | BrokenRun)
            assert isinstance(second, RunSummary)


def test_both_ways_to_an_interval_agree_where_they_meet() -> None:
    exact, by_root = poisson_interval(MANY), poisson_interval(MANY + 1)
    for one, other in zip(exact, by_root, strict=True):
        assert other - one == pytest.approx(1, abs=0.02)


def test_an_interval_of_any_count_is_found_at_once() -> None:
    low, high = poisson_interval(10**12)
    assert low < 10**12 < high
