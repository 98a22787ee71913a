"""`gesture data import`: what was understood is said, asked about, and only then written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.cli import app, importing
from pipeline.core.errors import ExitCode
from pipeline.datasets.recordings import load_recordings
from tests.cli.commands import gesture

ROWS = 60


def write_takes(folder: Path, header: str = "ax,ay,az") -> Path:
    random = np.random.default_rng(1)
    folder.mkdir()
    for name in ("wave_1.csv", "wave_2.csv"):
        rows = random.normal(size=(ROWS, 3)) * 0.02 + (0, 0, 1)
        lines = "\n".join(",".join(f"{value:.3f}" for value in row) for row in rows)
        (folder / name).write_text(f"{header}\n{lines}\n")
    return folder


def test_a_dry_run_says_it_and_writes_nothing(tmp_path: Path) -> None:
    write_takes(tmp_path / "in")
    words = ("data", "import", "in", "--dataset", "mine", "--rate-hz", "50", "--dry-run")
    ended = gesture(*words, cwd=tmp_path)
    assert "found 2 takes of 60 rows in 2 files, a file each, at 50.0 Hz" in ended.said
    assert not (tmp_path / "data").exists()
    said = gesture(*words, "--json", cwd=tmp_path).json
    assert said["questions"] == said["left_out"] == []
    assert "labels from the names of the files: wave" in said["understood"][0]


def test_several_paths_are_read_as_one_folder_with_them(tmp_path: Path) -> None:
    for person in ("anna", "ben"):
        write_takes(tmp_path / person)
    told = ("--rate-hz", "50", "--person-from", "folder")
    files = [f"{person}/wave_{number}.csv" for person in ("anna", "ben") for number in (1, 2)]
    gesture("data", "import", *files, "anna/wave_1.csv", "--dataset", "mine", *told, cwd=tmp_path)
    gesture("data", "import", "anna", "ben", "--dataset", "folders", *told, cwd=tmp_path)
    for dataset in ("mine", "folders"):
        takes = load_recordings(tmp_path / "data" / dataset)
        people = sorted((take.person, take.label) for take in takes)
        assert people == [("anna", "wave")] * 2 + [("ben", "wave")] * 2
    missing = ("data", "import", "anna", "eva", "--dataset", "none", "--rate-hz", "50")
    assert "no file or folder eva" in gesture(*missing, cwd=tmp_path, code=ExitCode.USAGE).said


def test_a_separator_is_one_character(tmp_path: Path) -> None:
    write_takes(tmp_path / "in")
    words = ("data", "import", "in", "--dataset", "mine", "--separator", ";;")
    assert "';;' is no separator" in gesture(*words, cwd=tmp_path, code=ExitCode.USAGE).said


def test_what_is_open_is_refused_in_a_script_with_the_option(tmp_path: Path) -> None:
    write_takes(tmp_path / "in")
    words = ("data", "import", "in", "--dataset", "mine")
    ended = gesture(*words, cwd=tmp_path, code=ExitCode.FAILED)
    assert "give --rate-hz" in ended.said
    assert "ax,ay,az" in ended.said
    ended = gesture(*words, "--dry-run", cwd=tmp_path, code=ExitCode.LEFT_OUT)
    assert "give --rate-hz" in ended.said


def test_options_are_kept_in_a_layout_and_used_again(tmp_path: Path) -> None:
    write_takes(tmp_path / "in", "u,v,w")
    words = ("data", "import", "in", "--dataset")
    said = ("--columns", "ax,ay,az", "--rate-hz", "50", "--units", "g")
    gesture(*words, "one", *said, "--save-layout", "mine.yaml", cwd=tmp_path)
    gesture(*words, "two", "--layout", "mine.yaml", cwd=tmp_path)
    one, two = (load_recordings(tmp_path / "data" / name) for name in ("one", "two"))
    assert len(one) == len(two) == 2
    assert {recording.rate_hz for recording in (*one, *two)} == {50.0}


@pytest.mark.parametrize(("answers", "takes"), [(["50", "y"], 2), (["50", "n"], 0)])
def test_on_a_terminal_it_asks_what_is_open_and_before_it_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: list[str], takes: int
) -> None:
    write_takes(tmp_path / "in")
    monkeypatch.chdir(tmp_path)
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return answers[len(asked) - 1]

    monkeypatch.setattr(importing, "can_ask", lambda _: True)
    monkeypatch.setattr(importing, "answer_to", answer)
    monkeypatch.setattr(importing, "is_confirmed", lambda question: answer(question) == "y")
    app.app(["data", "import", "in", "--dataset", "mine"], standalone_mode=False)
    assert "--rate-hz" in asked[0]
    assert asked[1] == "Save this in mine?"
    assert len(list(tmp_path.glob("data/mine/*/*.csv"))) == takes
