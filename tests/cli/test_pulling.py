"""The loop closes: what a board calls falsely is pulled, learned from, and called no more."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.boards.supervisor import start
from pipeline.capture.client import BoardClient
from pipeline.capture.link_statistics import watch
from pipeline.capture.ports import open_port
from pipeline.config.gesture_settings import load_gesture_config
from pipeline.core.artifacts import Recording
from pipeline.core.errors import PipelineError
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.held_out_recordings import held_out
from pipeline.datasets.recordings import load_recordings, save_recording, takes_in
from pipeline.datasets.streams import join_takes
from pipeline.datasets.windows import make_dataset
from pipeline.deployment.platformio import build_firmware
from pipeline.twin.library import Twin
from tests.cli.commands import PROJECT, gesture

pytestmark = pytest.mark.xdist_group("pulling")
SAMPLE = PROJECT / "data" / "sample"
CONFIG = PROJECT / "configs" / "gesture_conv1d.yaml"
LEARNED = ("circle", "punch", "idle")
NEVER_LEARNED = "wave"
LIMIT_S = 300.0
REST_S = (1.5, 2.5)
PULLED_TAKES = 5
QUICK = ("fit.epochs=5", "augment.passes=2", "model.convolutions=[{filters: 16, pool: 2}]")


def trained(work: Path, name: str) -> RunFolder:
    words = [word for setting in ("data.path=data/mine", *QUICK) for word in ("--set", setting)]
    for step in (
        ("train", CONFIG, "--hold-out", *words, "--run", f"runs/{name}"),
        ("convert", f"runs/{name}"),
    ):
        gesture(*step, cwd=work)
    return RunFolder(work / "runs" / name)


def false_alarms(run: RunFolder, stream: Recording) -> int:
    """All that is called: nothing in the stream is a gesture the model knows."""
    return len(Twin(run.sources, run.build).replay(stream).events)


def play_to_its_end(port: str) -> None:
    """Else a board that has just been switched on has kept next to nothing."""
    with open_port(port) as connection:
        assert any(seen.sensor_stopped for seen in watch(BoardClient(connection), (), LIMIT_S))


@pytest.fixture(scope="module")
def waves() -> list[Recording]:
    return load_recordings(SAMPLE, [NEVER_LEARNED])


@pytest.mark.soak
@pytest.mark.usefixtures("host_compiler")
def test_false_alarms_fall_after_pulling_and_training_again(
    tmp_path: Path, waves: list[Recording]
) -> None:
    mine = tmp_path / "data" / "mine"
    for label in LEARNED:
        shutil.copytree(SAMPLE / label, mine / label)
    pulled_from, never_pulled = waves[::2], waves[1::2]
    stream = join_takes(never_pulled, REST_S, seed=2)

    before = trained(tmp_path, "before")
    called_before = false_alarms(before, stream)
    assert called_before >= len(never_pulled) // 3

    log = before.build / "build-native.log"
    image = build_firmware("native", before.sources, PROJECT, log, 300.0).path
    for take in pulled_from[:PULLED_TAKES]:
        with start("native", image, join_takes([take], REST_S, seed=3), fast=True) as board:
            play_to_its_end(board.port)
            words = ("--label", "idle", "--seconds", "4", "--port", board.port)
            gesture("pull", *words, cwd=tmp_path)

    after = trained(tmp_path, "after")
    assert false_alarms(after, stream) < called_before / 2


@pytest.fixture
def mixed(tmp_path: Path) -> list[Recording]:
    """Takes of four people, one of whom has a pulled one too, as has somebody else."""
    takes = [take for take in load_recordings(SAMPLE) if take.label in LEARNED]
    wrong = load_recordings(SAMPLE, [NEVER_LEARNED])[0]
    folder = tmp_path / "pulled"
    for person in ("sim1", "me"):
        pulled = replace(wrong, label="idle", person=person, pulled="false-alarm")
        save_recording(pulled, folder / "idle" / f"{person}-9-001.csv")
    pulled = load_recordings(folder)
    assert [take.pulled for take in pulled] == ["false-alarm"] * 2
    return [*takes, *pulled]


@pytest.mark.parametrize("times", [0, 3])
def test_what_was_pulled_trains_as_often_as_asked_and_is_never_tested_on(
    mixed: list[Recording], times: int
) -> None:
    settings = [f"augment.pulled={times}", "augment.passes=2", "split.by=take"]
    settings.append("augment.stretch=0")  # so that each has room for one window
    dataset = make_dataset(mixed, load_gesture_config(CONFIG, settings))
    in_part = {
        part: [dataset.groups[index] for index in indices]
        for part, indices in dataset.splits.items()
    }
    for part in ("test", "validation"):
        assert not [name for name in in_part[part] if "-9-" in name]
    found = {name for name in in_part["train"] if "-9-" in name}
    assert found == ({"idle/me-9-001", "idle/sim1-9-001"} if times else set())
    assert in_part["train"].count("idle/me-9-001") == 2 * times


def test_what_was_pulled_from_a_tested_person_is_left_out(mixed: list[Recording]) -> None:
    base = ["split.by=person", "split.folds=null", "augment.passes=1"]
    for fold in range(4):
        config = load_gesture_config(CONFIG, [*base, f"split.fold={fold}"])
        dataset = make_dataset(mixed, config)
        tested = {dataset.groups[i].split("/")[1].split("-")[0] for i in dataset.splits["test"]}
        names = {dataset.groups[i] for i in dataset.splits["train"]}
        assert "idle/me-9-001" in names
        assert ("idle/sim1-9-001" in names) == ("sim1" not in tested)


def test_what_a_run_holds_out_is_what_its_dataset_does(mixed: list[Recording]) -> None:
    config = load_gesture_config(CONFIG, ["split.by=take"])
    dataset = make_dataset(mixed, config)
    tested = {dataset.groups[index] for index in dataset.splits["test"]}
    held = held_out(mixed, config)
    assert {recording.name for recording in held.test} == tested
    assert not [take for take in (*held.test, *held.validation, *held.unseen) if take.pulled]


def test_a_mark_that_was_edited_is_reported(tmp_path: Path, waves: list[Recording]) -> None:
    path = tmp_path / "wave" / "me-1-001.csv"
    save_recording(replace(waves[0], pulled="missed"), path)
    path.write_text(path.read_text().replace("# pulled: missed", "# pulled: perhaps"))
    with pytest.raises(PipelineError, match="pulled: perhaps"):
        load_recordings(tmp_path)
    assert takes_in(tmp_path) == [path]
