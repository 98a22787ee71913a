"""From takes to words about a recording: captions, questions, and what cannot be described."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.core.errors import ExitCode
from pipeline.datasets.recordings import load_recordings, save_recording
from pipeline.datasets.streams import join_takes
from tests.cli.commands import gesture

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


def test_a_question_is_answered(work: Path, questions: Path, stream: Path) -> None:
    answer = gesture("ask", questions, stream, "How many punch?", "--json", cwd=work).json
    assert answer["answer"] in ("0", "1", "2", "yes", "no", "punch", "wave")
    assert 0 < answer["probability"] <= 1
    printed = gesture("ask", questions, stream, "how many apples?", cwd=work)
    assert "not known to it: apples" in printed.said
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


@pytest.mark.parametrize("task", CONFIGS)
def test_it_stays_on_this_computer(work: Path, captions: Path, questions: Path, task: str) -> None:
    run = {"caption": captions, "question": questions}[task]
    output = gesture("convert", run, cwd=work, code=ExitCode.USAGE)
    assert f"cannot run on a board: it is a run for {task}" in output.said
    assert "works without conversion" in output.said


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
