"""Datasets: how their files are named, and that all of them are read and none is mixed up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.core.errors import ExitCode, PipelineError
from pipeline.datasets.recordings import (
    check_name,
    fingerprint,
    load_recordings,
    new_recording_paths,
    recording_path,
    save_recording,
)
from tests.refusals import refuses
from tests.takes import take


@pytest.mark.parametrize("name", ["punch", "up-per_2", "7", "x" * 32])
def test_good_names_are_kept(name: str) -> None:
    assert check_name("label", name) == name


@pytest.mark.parametrize(
    ("kind", "name", "part"),
    [
        ("label", "../etc", "'.' '/'"),
        ("label", "a/b", "'/'"),
        ("label", "a\\b", r"'\\'"),
        ("label", "punch\n", r"'\n'"),
        ("label", "\x1b[31m", r"'\x1b'"),
        ("label", "käse", "'ä'"),
        ("label", "two words", "' '"),
        ("label", "", "it is empty"),
        ("label", "-x", "it starts with '-'"),
        ("label", "_x", "it starts with '_'"),
        ("label", "x" * 33, "it has 33 characters"),
        ("person", "anna-maria", "'-'"),
        ("session", "../1", "'.' '/'"),
        ("dataset", "/tmp/x", "'/'"),
    ],
)
def test_bad_names_say_which_characters_are_allowed(kind: str, name: str, part: str) -> None:
    with pytest.raises(PipelineError) as caught:
        check_name(kind, name)
    assert caught.value.exit_code == ExitCode.USAGE
    assert part in caught.value.what
    assert kind in caught.value.what
    assert "letters (a-z, A-Z)" in caught.value.next_step


def test_a_path_in_a_label_never_leaves_the_dataset(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="cannot be used as a label"):
        recording_path(tmp_path, "../../x", "anna", "1", 1)
    with pytest.raises(PipelineError, match="cannot be used as a label"):
        save_recording(take("../x"), tmp_path / "r.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_number_is_never_used_twice(tmp_path: Path) -> None:
    for _ in range(3):
        path = next(new_recording_paths(tmp_path, "punch", "anna", "2"))
        save_recording(take("punch"), path)
    names = sorted(path.name for path in (tmp_path / "punch").iterdir())
    assert names == ["anna-2-001.csv", "anna-2-002.csv", "anna-2-003.csv"]
    (tmp_path / "punch" / "anna-2-001.csv").unlink()
    (tmp_path / "punch" / "anna-2-x.csv").touch()
    assert next(new_recording_paths(tmp_path, "punch", "anna", "2")).name == "anna-2-004.csv"
    assert next(new_recording_paths(tmp_path, "punch", "anna", "3")).name == "anna-3-001.csv"


def make_dataset(folder: Path) -> None:
    for label in ("punch", "flex"):
        for n in (2, 10, 1):
            save_recording(take(label, n), recording_path(folder, label, "anna", "2", n))


def test_a_dataset_loads_in_the_same_order_everywhere(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    (tmp_path / "punch" / "._anna-2-001.csv").write_bytes(b"\x00")  # what macOS leaves about
    (tmp_path / "punch" / "notes.txt").touch()
    names = [recording.name for recording in load_recordings(tmp_path)]
    assert names == [f"{label}/anna-2-{n:03d}" for label in ("flex", "punch") for n in (1, 2, 10)]
    assert len(load_recordings(tmp_path, ["flex"])) == 3


def test_an_unknown_label_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    with refuses(why="misspelt for 'punch'", next_step="flex, punch"):
        load_recordings(tmp_path, ["flex", "punsh"])


def test_an_empty_dataset_names_the_next_step(tmp_path: Path) -> None:
    with refuses("is empty", what=str(tmp_path), next_step="gesture capture"):
        load_recordings(tmp_path)
    with pytest.raises(PipelineError, match="There is no dataset"):
        load_recordings(tmp_path / "none")
    (tmp_path / "punch.csv").write_text("aX,aY,aZ,gX,gY,gZ\n")
    with pytest.raises(PipelineError, match=r"only files such as punch\.csv"):
        load_recordings(tmp_path)


def test_a_file_in_the_folder_of_another_label_is_not_believed(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    (tmp_path / "punch" / "anna-2-001.csv").rename(tmp_path / "flex" / "anna-3-001.csv")
    with pytest.raises(PipelineError, match=r"has `# label: punch`, but is in flex/"):
        load_recordings(tmp_path)


def test_the_fingerprint_follows_the_data_not_its_order(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    recordings = load_recordings(tmp_path)
    known = fingerprint(tmp_path)
    assert len(known) == 64
    assert fingerprint(recordings[::-1]) == known
    changed = recordings[0].samples.copy()
    changed[3, 1] += 0.001
    assert fingerprint([replace(recordings[0], samples=changed), *recordings[1:]]) != known
    assert fingerprint([replace(recordings[0], person="ben"), *recordings[1:]]) != known
    assert fingerprint(recordings[1:]) != known
