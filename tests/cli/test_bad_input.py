"""Wrong input: an exit code, what happened, why, and what to do; never a traceback."""

from __future__ import annotations

import fcntl
import os
import pty
import shutil
from pathlib import Path

import pytest

from pipeline.core.errors import ExitCode
from tests.cli.commands import PROJECT, Ended, gesture

CONFIG = PROJECT / "configs" / "gesture_conv1d.yaml"
SAMPLE = PROJECT / "data" / "sample"


def assert_refused(ended: Ended, *words: str) -> None:
    assert "Traceback" not in ended.said
    assert "should not have" not in ended.said, ended.said
    for part in ("error", "why", "next", *words):
        assert part in ended.said


def test_missing_port(tmp_path: Path) -> None:
    ended = gesture("monitor", "--port", "/dev/ttyNOWHERE", cwd=tmp_path, code=ExitCode.NO_BOARD)
    assert_refused(ended, "no port /dev/ttyNOWHERE")


def test_port_in_use(tmp_path: Path) -> None:
    master, other_program = pty.openpty()
    fcntl.flock(other_program, fcntl.LOCK_EX)
    ended = gesture(
        "monitor", "--port", os.ttyname(other_program), cwd=tmp_path, code=ExitCode.NO_BOARD
    )
    os.close(master)
    os.close(other_program)
    assert_refused(ended, "is open in")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("deploy", "--board", "virtual", "--port", "/dev/ttyACM0"), "is not at /dev/ttyACM0"),
        (("deploy", "--board", "nano33ble_tflm", "--profile"), "cannot be counted"),
        (("deploy", "--board", "nano33"), "no board `nano33`"),
        (("board", "build", "nano44ble"), "no board `nano44ble`"),
        (("board", "build", "sketch"), "cannot be built without a run"),
        (("board", "start", "nano33ble"), "no emulated board `nano33ble`"),
    ],
)
def test_a_board_that_is_not_meant(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    assert_refused(gesture(*words, cwd=tmp_path, code=ExitCode.USAGE), said)


def test_unknown_config_key(tmp_path: Path) -> None:
    ended = gesture("train", CONFIG, "--set", "fit.epoch=3", cwd=tmp_path, code=ExitCode.USAGE)
    assert_refused(ended, "fit.epoch: unknown key", "did you mean `fit.epochs`?")
    assert ended.said.startswith("error")  # no bar of a training that was never begun


@pytest.mark.parametrize("label", ["../punch", "a/b", "/punch", "..", ""])
def test_label_with_a_path_in_it(tmp_path: Path, label: str) -> None:
    ended = gesture(
        "capture", "--label", label, "--port", "/dev/null", cwd=tmp_path, code=ExitCode.USAGE
    )
    assert_refused(ended, "cannot be used as a label")
    assert not list(tmp_path.iterdir())


def test_empty_dataset(tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    ended = gesture(
        "train", CONFIG, "--set", "data.path=nothing", cwd=tmp_path, code=ExitCode.FAILED
    )
    assert_refused(ended, "nothing is empty", "gesture capture")
    assert not (tmp_path / "runs").exists()


def test_one_class_dataset(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE / "punch", tmp_path / "one" / "punch")
    ended = gesture("train", CONFIG, "--set", "data.path=one", cwd=tmp_path, code=ExitCode.FAILED)
    assert_refused(ended, "only one class: punch", "second gesture")
    assert not (tmp_path / "runs").exists()


def test_nan_samples(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path / "damaged")
    victim = sorted((tmp_path / "damaged" / "punch").glob("*.csv"))[0]
    lines = victim.read_text("utf-8").splitlines(keepends=True)
    lines[20] = "8,67227,nan,0.0,1.0,0.0,0.0,0.0\n"
    victim.write_text("".join(lines), encoding="utf-8")
    ended = gesture(
        "train", CONFIG, "--set", "data.path=damaged", cwd=tmp_path, code=ExitCode.FAILED
    )
    assert_refused(ended, f"{victim.name}:21", "ax is 'nan'")


def test_wrong_words_are_usage_errors(tmp_path: Path) -> None:
    gesture("trian", cwd=tmp_path, code=ExitCode.USAGE)
    gesture("train", cwd=tmp_path, code=ExitCode.USAGE)
    ended = gesture("deploy", PROJECT, "--board", "virtaul", cwd=tmp_path, code=ExitCode.USAGE)
    assert_refused(ended, "no board `virtaul`", "virtual")


def test_a_seed_that_no_board_takes(tmp_path: Path) -> None:
    ended = gesture(
        "generate", "run", "--prompt", "a", "--seed", str(2**32), cwd=tmp_path, code=ExitCode.USAGE
    )
    assert "4294967295" in ended.said


def test_runs_in_the_wrong_state(tmp_path: Path) -> None:
    assert_refused(gesture("convert", "runs/none", cwd=tmp_path, code=ExitCode.USAGE), "no run at")
    (tmp_path / "runs" / "half").mkdir(parents=True)
    ended = gesture("convert", "runs/half", cwd=tmp_path, code=ExitCode.FAILED)
    assert_refused(ended, "gesture train")


@pytest.mark.xdist_group("converted")
def test_truncated_keras_model(converted_run: Path, tmp_path: Path) -> None:
    run = copy_of(converted_run, tmp_path)
    cut_short(run / "model.keras")
    ended = gesture("convert", run, cwd=tmp_path, code=ExitCode.MISMATCH)
    assert_refused(ended, "model.keras")


@pytest.mark.xdist_group("converted")
def test_truncated_contract(converted_run: Path, tmp_path: Path) -> None:
    run = copy_of(converted_run, tmp_path)
    cut_short(run / "contract.json")
    ended = gesture("deploy", run, "--board", "native", cwd=tmp_path, code=ExitCode.MISMATCH)
    assert_refused(ended, "contract.json is not a contract")


@pytest.mark.xdist_group("converted")
def test_a_finished_run_is_never_written_over(converted_run: Path, work: Path) -> None:
    before = (converted_run / "contract.json").read_bytes()
    ended = gesture("train", CONFIG, "--run", "runs/quick", cwd=work, code=ExitCode.USAGE)
    assert_refused(ended, "exists already")
    assert (converted_run / "contract.json").read_bytes() == before


@pytest.mark.parametrize("words", [("data", "lint", ""), ("train", ""), ("compile", "x", "")])
def test_an_empty_path_is_not_the_current_folder(words: tuple[str, ...], tmp_path: Path) -> None:
    ended = gesture(*words, cwd=tmp_path, code=ExitCode.USAGE)
    assert "is empty, and a path is wanted" in ended.said


def test_errors_as_json(tmp_path: Path) -> None:
    ended = gesture("convert", "runs/none", "--json", cwd=tmp_path, code=ExitCode.USAGE)
    assert ended.json["error"]["exit_code"] == ExitCode.USAGE
    assert set(ended.json["error"]) == {"what", "why", "next", "exit_code"}


def copy_of(run: Path, folder: Path) -> Path:
    return Path(shutil.copytree(run, folder / "run", ignore=shutil.ignore_patterns("build")))


def cut_short(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
