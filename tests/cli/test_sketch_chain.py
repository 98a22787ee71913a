"""A network that draws: trained, drawing, completing a drawing, and what it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from pipeline.boards.supervisor import start
from pipeline.core.errors import ExitCode
from pipeline.core.run_folder import RunFolder
from tests.cli.commands import gesture
from tests.drawings import save_squares

pytestmark = pytest.mark.xdist_group("texts")

CONFIG = (
    "{{task: sketch, data: {{path: {path}}}, model: {{units: [16], mixtures: 3}}, "
    "fit: {{epochs: 8, batch_size: 32, learning_rate: 0.02}}}}"
)
BEGUN = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 60 60">'
    '<polyline points="5,5 55,5 55,55"/>{more}</svg>'
)


@pytest.fixture(scope="module")
def config(work: Path) -> Path:
    file = work / "squares.yaml"
    file.write_text(CONFIG.format(path=save_squares(work / "squares.npz")))
    return file


BOARD = (
    "{{task: sketch, data: {{path: {path}}}, model: {{kind: gru, units: [12], mixtures: 2}}, "
    "fit: {{epochs: 4, batch_size: 32, learning_rate: 0.02}}}}"
)


@pytest.fixture(scope="module")
def converted(work: Path, config: Path) -> RunFolder:
    file = work / "board.yaml"
    file.write_text(BOARD.format(path=work / "squares.npz"))
    run = RunFolder(work / "runs" / "board")
    gesture("train", file, "--run", run.path, cwd=work)
    said = gesture("convert", run.path, cwd=work).said
    assert re.search(r"int8 negative log-likelihood +-?\d+\.\d+ nats a point", said)
    assert "cost for each move" in said
    return run


@pytest.fixture(scope="module")
def run(work: Path, config: Path) -> RunFolder:
    folder = work / "runs" / "squares"
    said = gesture("train", config, "--run", folder, cwd=work).said
    assert "nats a point" in said
    assert f"gesture draw {folder}" in said, "most drawings stay on this computer"
    return RunFolder(folder)


def test_drawings_are_written_the_same_for_a_seed(work: Path, run: RunFolder) -> None:
    words = ("draw", run.path, "--count", "4", "--seed", "7", "--json")
    drawn = gesture(*words, "--out", "one.svg", cwd=work).json
    gesture(*words, "--out", "two.svg", cwd=work)
    picture = (work / "one.svg").read_text()
    assert len(drawn["points"]) == 4
    assert max(drawn["points"]) <= 6
    assert picture == (work / "two.svg").read_text()
    assert picture.startswith("<svg")
    gesture(*words[:-1], "--out", "one.png", "--temperature", "0.2", cwd=work)
    assert (work / "one.png").read_bytes().startswith(b"\x89PNG")


def test_a_drawing_is_completed(work: Path, run: RunFolder) -> None:
    (work / "begun.svg").write_text(BEGUN.format(more=""))
    words = ("draw", run.path, "--begin", "begun.svg", "--out", "whole.svg", "--json")
    drawn = gesture(*words, cwd=work).json
    assert drawn["begun"] == 2
    assert drawn["points"][0] > 2
    begun, rest = re.findall(r' d="(.*?)"', (work / "whole.svg").read_text())
    corners = [tuple(map(float, place.split(","))) for place in begun[1:].split(" L")]
    steps = np.diff(corners, axis=0)
    assert steps[:, 0].nonzero()[0].tolist() == [0], "first to the right"
    assert steps[:, 1].nonzero()[0].tolist() == [1], "then down"
    assert "L" in rest


def test_what_is_not_understood_in_a_beginning_is_said(work: Path, run: RunFolder) -> None:
    (work / "curved.svg").write_text(BEGUN.format(more='<path d="M0 0Q1 1 2 2"/>'))
    words = ("draw", run.path, "--begin", "curved.svg", "--out", "left_out.svg")
    ended = gesture(*words, cwd=work, code=ExitCode.LEFT_OUT)
    assert "1 <path> with Q" in ended.said
    assert (work / "left_out.svg").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--temperature", "0"), "A temperature of 0 is out of range"),
        (("--count", "0"), "0 drawings cannot be made at once"),
        (("--out", "drawing.gif"), "drawing.gif is no name of a picture"),
        (("--begin", "none.svg"), "none.svg cannot be read"),
        (("--begin", "squares.yaml"), "it is no XML"),
        (("--begin", "drawing.svg"), "drawing.svg would be overwritten"),
        (("--begin", "long.svg"), "The drawing has 11 points"),
        (("--begin", "long.svg", "--port", "auto"), "A board cannot complete a drawing"),
    ],
)
def test_what_cannot_be_drawn_is_said(
    work: Path, run: RunFolder, words: tuple[str, ...], said: str
) -> None:
    zigzag = " ".join(f"{50 * (at % 2)},{5 * at}" for at in range(12))
    (work / "long.svg").write_text(f'<svg viewBox="0 0 60 60"><polyline points="{zigzag}"/></svg>')
    assert said in gesture("draw", run.path, *words, cwd=work, code=ExitCode.USAGE).said


def test_the_report_shows_drawings_and_nothing_of_a_board(run: RunFolder) -> None:
    page = run.report_file.read_text("utf-8")
    assert page.count("<svg") >= 3
    assert "nats a point" in page
    assert "Cost on the board" not in page
    assert json.loads(run.metrics_file.read_text())["weakness"] == ""


def test_the_list_of_runs_has_its_figure(work: Path, run: RunFolder) -> None:
    assert "nats a point" in gesture("runs", "compare", run.path, run.path, cwd=work).said


def test_a_published_file_with_pickles_is_refused(work: Path, config: Path) -> None:
    path = save_squares(work / "pickled.npz", test_points=np.array([{}, None]))
    words = ("train", config, "--set", f"data.path={path}")
    said = gesture(*words, cwd=work, code=ExitCode.USAGE).said
    assert "it has pickled objects" in said
    assert "docs/sketch.md" in said


def test_a_converted_network_is_nearly_as_good(converted: RunFolder) -> None:
    by_float = json.loads(converted.metrics_file.read_text())["nats_a_point"]
    by_int8 = float(np.load(converted.scores_file)["nats_a_point"])
    assert by_int8 == pytest.approx(by_float, abs=0.1)
    page = converted.report_file.read_text("utf-8")
    assert "To the board's own C, in int8" in page
    assert "Cost on the board" in page


@pytest.mark.usefixtures("qemu")
def test_a_board_draws_what_this_computer_does(work: Path, converted: RunFolder) -> None:
    deployed = ("deploy", converted.path, "--board", "virtual")
    assert "gesture draw runs/board" in gesture(*deployed, cwd=work).said
    image = Path(json.loads(converted.firmware_file.read_text())["path"])
    words = ("draw", converted.path, "--count", "3", "--seed", "4294967295", "--json")
    here = gesture(*words, "--out", "here.svg", cwd=work).json
    assert here["int8"]
    with start("virtual", image, fast=True) as running:
        to_board = ("--out", "there.svg", "--port", running.port)
        there = gesture(*words, *to_board, cwd=work).json
    assert {**there, "file": ""} == {**here, "file": ""}
    assert (work / "here.svg").read_text() == (work / "there.svg").read_text()


def test_a_beginning_is_completed_by_the_float_network(work: Path, converted: RunFolder) -> None:
    (work / "corner.svg").write_text(BEGUN.format(more=""))
    words = ("draw", converted.path, "--begin", "corner.svg", "--out", "corner_whole.svg", "--json")
    assert gesture(*words, cwd=work).json["int8"] is False


@pytest.mark.parametrize(
    ("change", "said", "remedy"),
    [
        ("model.latent=2", "an encoder describes whole drawings", "model.latent=0"),
        ("model.mixtures=31", "it has mixtures of 31, and a board of 30", "model.mixtures=30"),
    ],
)
def test_conversion_says_what_no_board_can_draw(
    work: Path, converted: RunFolder, change: str, said: str, remedy: str
) -> None:
    folder = work / "runs" / change.partition("=")[0]
    one_epoch = ("--set", change, "--set", "fit.epochs=1", "--run", folder)
    gesture("train", work / "board.yaml", *one_epoch, cwd=work)
    refused = gesture("convert", folder, cwd=work, code=ExitCode.USAGE).said
    assert said in refused
    assert remedy in refused
    assert "`gesture draw` works without conversion" in refused
    assert not (folder / "model.tflite").exists()
