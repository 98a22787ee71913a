"""`gesture enrol`: a person's takes make a deployed model recognize them, here and on a board."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.boards.supervisor import start
from pipeline.capture.client import BoardClient
from pipeline.capture.ports import open_port
from pipeline.core.artifacts import Recording
from pipeline.core.contract import Contract
from pipeline.core.enrolment import Enrolment
from pipeline.core.errors import ExitCode
from pipeline.core.locks import Lock
from pipeline.core.run_folder import RunFolder, RunHashes, note
from pipeline.datasets.recordings import load_recordings, save_recording
from pipeline.datasets.streams import join_takes
from tests.cli.commands import PROJECT, gesture
from tests.cli.conftest import UNTUNED

SAMPLE = PROJECT / "data" / "sample"
GESTURES = {"circle", "flex", "punch", "wave"}
REST_S = (1.4, 1.5)


@pytest.fixture
def run(converted_run: Path, tmp_path: Path) -> Path:
    return shutil.copytree(converted_run, tmp_path / "run")


def held_otherwise(recording: Recording) -> Recording:
    """The board is turned by half around x: y and z point the other way."""
    turn = np.array([1, -1, -1, 1, -1, -1], np.float32)
    turned = recording.samples * turn
    return Recording(**{**vars(recording), "samples": turned, "person": "bea", "name": ""})


@pytest.fixture(scope="module")
def bea(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Takes of one person, who holds the board in a way the model has never seen."""
    folder = tmp_path_factory.mktemp("bea")
    takes = [one for one in load_recordings(SAMPLE) if one.person == "sim1" and one.label != "idle"]
    for recording in takes:
        name = f"{recording.label}/{recording.name.split('/')[1]}.csv"
        save_recording(held_otherwise(recording), folder / name)
    return folder


SMALL = ("model={kind: rocket, kernels: 32, dilations: [1, 2]}", f"data.path={SAMPLE}", UNTUNED)


@pytest.fixture(scope="module")
def rocket_run(tmp_path_factory: pytest.TempPathFactory, host_compiler: None) -> Path:
    """A network that knows its people well."""
    run = tmp_path_factory.mktemp("rocket") / "run"
    words = [word for setting in SMALL for word in ("--set", setting)]
    gesture("train", "gesture_rocket", "--hold-out", *words, "--run", run, cwd=run.parent)
    gesture("convert", run, cwd=run.parent)
    return run


def kept(run: Path) -> Enrolment:
    contract = Contract.load(run / "contract.json")
    content = (run / "enrolment.bin").read_bytes()
    return Enrolment.from_bytes(content, contract.hash(), len(contract.labels))


def test_a_new_person_is_recognized_by_their_takes(rocket_run: Path, bea: Path) -> None:
    run = rocket_run
    found = gesture("enrol", run, "--person", "bea", "--dataset", bea, "--json", cwd=run).json
    assert set(found["takes"]) == GESTURES
    assert found["before"]["count"] == found["after"]["count"] == sum(found["takes"].values())
    assert found["before"]["right"] < 0.7 * found["before"]["count"]
    assert found["after"]["right"] > 0.85 * found["after"]["count"]
    assert found["others_after"]["count"] == found["others_before"]["count"] > 0
    enrolment = kept(run)
    assert enrolment.people == ("bea",)
    assert enrolment.person == "bea"
    assert len(enrolment.centres) == len(GESTURES)
    assert "enrolment.bin" in RunHashes.load(RunFolder(run)).files


def test_people_are_listed_replaced_and_removed(run: Path, bea: Path) -> None:
    for person in ("sim2", "sim3", "sim2"):
        gesture("enrol", run, "--person", person, "--dataset", SAMPLE, cwd=run)
    words = ("--person", "Tömas of Nowhere", "--dataset", bea)  # all takes are of one
    said = gesture("enrol", run, *words, cwd=run).said
    assert "Tömas of Nowhere is enrolled" in said
    assert "are of bea; they count as Tömas of Nowhere's" in said
    listed = gesture("enrol", run, "--list", "--json", cwd=run).json
    assert set(listed["people"]) == {"sim2", "sim3", "Tomas_of_Nowher"}
    assert set(listed["people"]["Tomas_of_Nowher"]) == GESTURES
    assert listed["person"] == "Tomas_of_Nowher"
    said = gesture("enrol", run, "--remove", "sim3", cwd=run).said
    assert "Tömas of Nowhere" in said
    assert "sim3" not in said
    assert kept(run).people == ("sim2", "Tomas_of_Nowher")
    (run / "enrolment.bin").write_bytes(replace(kept(run), contract="f" * 64).to_bytes())
    note(RunFolder(run), "enrol")
    assert "enrol everybody again" in gesture("enrol", run, "--list", cwd=run).said


def test_a_board_is_looked_for_before_the_run_is_locked(run: Path, bea: Path) -> None:
    """One that is being started needs the run too, and is waited for."""
    words = ("--person", "bea", "--dataset", bea, "--port", "/dev/nowhere")
    with Lock(run, "board start"):
        gesture("enrol", run, *words, cwd=run, code=ExitCode.NO_BOARD)


def test_a_board_keeps_it_and_its_own_counts(run: Path, bea: Path, native_of_run: Path) -> None:
    """What the board has is changed, not replaced by what the run has."""
    gesture("enrol", run, "--person", "sim2", "--dataset", SAMPLE, cwd=run)
    with start("native", native_of_run, None, fast=True) as board:
        listed = gesture("enrol", run, "--list", "--port", board.port, "--json", cwd=run).json
        assert listed["people"] == {}
        words = ("--person", "bea", "--dataset", bea, "--port", board.port)
        gesture("enrol", run, *words, cwd=run)
        with open_port(board.port) as connection:
            answer = BoardClient(connection).command("people")
        assert answer.fields == {"active": "bea", "people": "sim2,bea", "learned": "-"}
        (run / "enrolment.bin").unlink()
        gesture("enrol", run, "--person", "tom", "--dataset", bea, cwd=run)
        removed = gesture("enrol", run, "--remove", "bea", "--port", board.port, cwd=run)
        assert "enrol them again: tom" in removed.said
        assert kept(run).people == ("sim2",)


def test_takes_are_captured_from_the_board_that_then_keeps_them(
    run: Path, native_of_run: Path, tmp_path: Path
) -> None:
    """Whatever the sensor feels counts as the gesture that is asked for: only the way is tested."""
    waves = [one for one in load_recordings(SAMPLE) if one.label == "wave"][:4]
    stream = join_takes(waves, REST_S, seed=1)
    with start("native", native_of_run, stream, fast=True, loop=True) as board:
        words = ("--person", "bea", "--takes", "1", "--port", board.port, "--json")
        enrolled = gesture("enrol", run, *words, cwd=tmp_path).json
    assert enrolled["takes"] == dict.fromkeys(sorted(GESTURES), 1)
    assert enrolled["sent"]
    assert len(load_recordings(tmp_path / "data" / "enrolled")) == len(GESTURES)
    assert kept(run).people == ("bea",)


@pytest.mark.parametrize(
    ("words", "says", "code"),
    [
        ((), "It is not clear what to do", ExitCode.USAGE),
        (("--person", "bea", "--list"), "It is not clear what to do", ExitCode.USAGE),
        (("--person", "bea"), "There are no takes of bea", ExitCode.USAGE),
        (("--person", "b/a", "--dataset", SAMPLE), "no recording of b/a", ExitCode.USAGE),
        (("--person", "bea", "--dataset", SAMPLE), "no recording of bea", ExitCode.USAGE),
        (("--remove", "bea"), "bea is not enrolled", ExitCode.USAGE),
        (("--list", "--dataset", SAMPLE), "No takes are needed", ExitCode.USAGE),
    ],
)
def test_what_cannot_be_done_is_refused(
    words: tuple[str | Path, ...], says: str, code: ExitCode, converted_run: Path
) -> None:
    ended = gesture("enrol", converted_run, *words, cwd=converted_run, code=code)
    assert says in ended.said
    assert not (converted_run / "enrolment.bin").exists()


def test_a_run_without_an_embedding_is_refused(run: Path, bea: Path) -> None:
    (run / "embedding_features.npz").unlink()
    hashes = RunHashes.load(RunFolder(run))
    files = {name: one for name, one in hashes.files.items() if not name.startswith("embedding_")}
    RunHashes(files).save(RunFolder(run))
    words = ("enrol", run, "--person", "bea", "--dataset", bea)
    said = gesture(*words, cwd=run, code=ExitCode.USAGE).said
    assert "Nobody can be enrolled" in said
