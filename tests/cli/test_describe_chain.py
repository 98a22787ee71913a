"""From takes to words about a recording: captions, questions, and what cannot be described."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from pipeline.boards.supervisor import start
from pipeline.capture.client import BoardClient
from pipeline.capture.ports import open_port
from pipeline.capture.protocol import Message
from pipeline.core.errors import ExitCode
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.recordings import load_recording, load_recordings, save_recording
from pipeline.datasets.resampling import at_rate
from pipeline.datasets.streams import join_takes
from tests.cli.commands import gesture
from tests.noted import note_all

pytestmark = pytest.mark.xdist_group("texts")

BOUTS = "{seconds: 6, parts: 2, repeats: 1, training: 40, testing: 10}"
ENCODER = "{kind: conv_gru, units: [8], convolutions: [{filters: 4, pool: 4}]}"
DATA = "{path: sample, rate_hz: 25, labels: [punch, wave]}"
CONFIGS = {
    "caption": f"{{task: caption, data: {DATA}, bouts: {BOUTS}, fit: {{epochs: 2}}, "
    f"model: {{encoder: {ENCODER}, context: 8, decoder: {{units: [8]}}}}}}",
    "question": f"{{task: question, data: {DATA}, bouts: {BOUTS}, fit: {{epochs: 2}}, "
    f"model: {ENCODER}}}",
}


@pytest.fixture(scope="module")
def stream(work: Path) -> Path:
    """Some takes one after the other: more than a bout."""
    takes = load_recordings(work / "data" / "sample", ["punch", "wave"])[:6]
    file = work / "stream.csv"
    save_recording(join_takes(takes, (0.5, 0.5), 1), file)
    return file


def trained(work: Path, task: str) -> Path:
    file, run = work / f"{task}.yaml", work / "runs" / task
    file.write_text(CONFIGS[task])
    result = gesture("train", file, "--run", run, cwd=work)
    assert f"gesture {'ask' if task == 'question' else task}" in result.said
    return run


@pytest.fixture(scope="module")
def captions(work: Path) -> Path:
    return trained(work, "caption")


@pytest.fixture(scope="module")
def questions(work: Path) -> Path:
    return trained(work, "question")


def test_a_recording_is_described(work: Path, captions: Path, stream: Path) -> None:
    (one,) = gesture("caption", captions, stream, "--json", cwd=work).json["captions"]
    assert one["read_s"] == pytest.approx(6, abs=0.5)
    assert one["left_out_s"] > 3
    printed = gesture("caption", captions, stream, "--beam", "2", cwd=work)
    assert "s before were left out" in printed.said
    take = next((work / "data" / "sample" / "punch").glob("*.csv"))
    (short,) = gesture("caption", captions, take, "--json", cwd=work).json["captions"]
    assert short["left_out_s"] == 0
    assert not one["note"]
    assert not short["note"]


def test_a_recording_that_is_too_slow_for_the_network_is_said(
    work: Path, captions: Path, stream: Path
) -> None:
    slow = work / "slow.csv"
    whole = load_recording(stream)
    save_recording(at_rate(whole, 10.0), slow)
    (one,) = gesture("caption", captions, slow, "--json", cwd=work).json["captions"]
    assert "has 10 Hz" in one["note"]
    assert one["note"] in gesture("caption", captions, slow, cwd=work).said


def test_a_question_is_answered(work: Path, questions: Path, stream: Path) -> None:
    answer = gesture("ask", questions, stream, "How many punch?", "--json", cwd=work).json
    assert answer["answer"] in ("0", "1", "2", "yes", "no", "punch", "wave")
    assert 0 < answer["probability"] <= 1
    printed = gesture("ask", questions, stream, "how many apples?", cwd=work)
    assert "not known to it: apples" in printed.said
    for guess in ("how many apples?", "which came second?", "punch"):
        assert (
            "training never asked this" in gesture("ask", questions, stream, guess, cwd=work).said
        )
    for asked in ("how many punch?", "WAS THERE A WAVE", "which came last?"):
        said = gesture("ask", questions, stream, asked, cwd=work).said
        assert "training never asked this" not in said
    report = (questions / "report.html").read_text("utf-8")
    assert "which came first?" in report


@pytest.mark.parametrize(
    ("question", "said"),
    [("?!", "There is no question in '?!'"), ("is it " * 9, "has 18 words")],
)
def test_what_is_no_question_is_said(
    work: Path, questions: Path, stream: Path, question: str, said: str
) -> None:
    assert said in gesture("ask", questions, stream, question, cwd=work, code=ExitCode.USAGE).said


def test_questions_stay_on_this_computer(work: Path, questions: Path) -> None:
    for command in ("convert", "deploy"):
        output = gesture(command, questions, cwd=work, code=ExitCode.USAGE)
        assert "cannot run on a board: it is a run for question" in output.said
        assert "works without conversion" in output.said


def test_attention_stays_on_this_computer(work: Path, captions: Path) -> None:
    output = gesture("convert", captions, cwd=work, code=ExitCode.USAGE)
    assert "its decoder has attention" in output.said
    assert "for a board train with model.attention=false" in output.said
    assert "`gesture caption` works without conversion" in output.said


BOARD_ENCODERS = {  # the first two pause between columns, or read all in one go
    "gru": "{kind: gru, downsample: 5, units: [9]}",
    "conv_gru": ENCODER,
    "conv1d": "{kind: conv1d, convolutions: [{filters: 6, kernel: 5, pool: 4}]}",
}


def for_board(work: Path, name: str, encoder: str, *settings: str) -> Path:
    file, run = work / f"{name}.yaml", work / "runs" / name
    file.write_text(CONFIGS["caption"].replace(ENCODER, encoder))
    sets = [word for one in ("model.attention=false", *settings) for word in ("--set", one)]
    gesture("train", file, *sets, "--run", run, cwd=work)
    return run


@pytest.mark.parametrize("name", BOARD_ENCODERS)
def test_a_board_describes_as_this_computer_does(
    work: Path, stream: Path, qemu: None, name: str
) -> None:
    """Conversion compares the C with its references, deployment the board with the C."""
    run = for_board(work, f"board_{name}", BOARD_ENCODERS[name])
    (by_float,) = gesture("caption", run, stream, "--json", cwd=work).json["captions"]
    assert not by_float["int8"]
    assert gesture("convert", run, "--json", cwd=work).json["vectors"] == 1000
    take = next((work / "data" / "sample" / "wave").glob("*.csv"))
    here = gesture("caption", run, stream, take, "--json", cwd=work).json["captions"]
    assert all(one["int8"] for one in here)
    deployed = gesture("deploy", run, "--board", "virtual", "--json", cwd=work)
    image = Path(deployed.json["image"]["path"])
    with start("virtual", image, fast=True) as running:
        asked = (run, stream, take, "--port", running.port)
        there = gesture("caption", *asked, "--json", cwd=work).json["captions"]
    assert there == here
    report = (run / "report.html").read_text("utf-8")
    assert "The board's own C gets" in report
    assert "<td>encoder</td>" in report


def test_a_board_describes_what_it_felt_itself(work: Path, stream: Path, qemu: None) -> None:
    run = work / "runs" / "board_gru"
    image = Path(json.loads((run / "firmware.json").read_text())["path"])
    with start("virtual", image, load_recording(stream), fast=True) as running:
        wait_until_stopped(running.port)
        asked = (run, "--port", running.port)
        (felt,) = gesture("caption", *asked, "--json", cwd=work).json["captions"]
        shown = gesture("caption", *asked, cwd=work)
    assert felt["file"] is None
    assert felt["read_s"] == 6
    assert shown.out.strip() == felt["text"]
    assert "of the board's last 6 s" in shown.err


def wait_until_stopped(port: str) -> None:
    """Until the board has played its recording."""
    with open_port(port) as connection:
        for item in BoardClient(connection).items(600):
            if isinstance(item, Message) and item.words[:1] == ("sensor-stopped",):
                return
    raise AssertionError("the board did not play its recording to the end")


def test_channels_that_no_board_gives_are_refused_before_training(work: Path) -> None:
    file = work / "channels.yaml"
    file.write_text(CONFIGS["caption"])
    words = ("train", file, "--set", "data.channels=[gx, gy, gz]")
    output = gesture(*words, cwd=work, code=ExitCode.USAGE)
    assert "a board gives its network ax, ay, az, gx, gy, gz" in output.said
    assert "fault of the program" not in output.said


def test_a_run_of_an_earlier_version_describes_and_is_not_converted(
    work: Path, captions: Path, stream: Path
) -> None:
    """Its contract has the facts about its samples itself, and there are no windows."""
    run = work / "runs" / "earlier"
    shutil.copytree(captions, run)
    folder = RunFolder(run)
    contract = folder.contract()
    own = {name: getattr(contract.samples, name) for name in type(contract.samples).model_fields}
    changes = {**own, "hop": own["window"], "mode": "window", "encoder": None}
    contract.model_copy(update=changes).save(folder.contract_file)
    folder.windows_file.unlink()
    note_all(folder)
    (now,) = gesture("caption", captions, stream, "--json", cwd=work).json["captions"]
    (then,) = gesture("caption", run, stream, "--json", cwd=work).json["captions"]
    assert then == now
    output = gesture("convert", run, cwd=work, code=ExitCode.USAGE)
    assert "its contract does not say what its encoder reads" in output.said
    assert "train it again" in output.said


def test_nothing_to_describe_is_said(work: Path, captions: Path, stream: Path) -> None:
    nothing = gesture("caption", captions, cwd=work, code=ExitCode.USAGE)
    assert "There is nothing to describe" in nothing.said
    beam = ("caption", captions, stream, "--beam", "2", "--port", "auto")
    assert "A board cannot search with a beam" in gesture(*beam, cwd=work, code=ExitCode.USAGE).said


def test_another_run_or_file_is_refused(
    work: Path, captions: Path, questions: Path, stream: Path
) -> None:
    refused = gesture("caption", questions, stream, cwd=work, code=ExitCode.USAGE)
    assert "is a run for question, and `gesture caption` needs one for caption" in refused.said
    missing = gesture("caption", captions, work / "none.csv", cwd=work, code=None)
    assert missing.code
    assert "none.csv" in missing.said
    assert "Traceback" not in missing.said
    features = work / "features.npy"
    np.save(features, np.ones(4))
    other = gesture("caption", captions, features, cwd=work, code=None)
    assert other.code
    assert "Traceback" not in other.said
