"""An encoder and a decoder from pairs of texts to a board, which answers as this computer does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.boards.supervisor import start
from pipeline.core.errors import ExitCode
from pipeline.core.run_folder import RunFolder
from tests.cli.commands import gesture

pytestmark = pytest.mark.xdist_group("texts")

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
CONFIG = (
    "{{task: translation, data: {{path: {path}}}, text: {{max_len: 24, max_written: 5, "
    "embedding: 8}}, fit: {{epochs: 3, batch_size: 32}}, model: {{context: 13, "
    "encoder: {{kind: {encoder}, units: {units}}}, decoder: {{kind: {decoder}, units: [17]}}}}}}"
)


@pytest.fixture(scope="module")
def numbers(work: Path) -> Path:
    table = work / "numbers.tsv"
    lines = [
        f"{' '.join(DIGITS[int(digit)] for digit in str(number))}\t{number}\n"
        for number in range(100, 400)
    ]
    table.write_text("source\ttarget\n" + "".join(lines))
    return table


def trained(work: Path, numbers: Path, name: str, cells: tuple[str, str, str]) -> RunFolder:
    encoder, units, decoder = cells
    file = work / f"{name}.yaml"
    file.write_text(CONFIG.format(path=numbers, encoder=encoder, units=units, decoder=decoder))
    gesture("train", file, "--run", work / "runs" / name, "--json", cwd=work)
    return RunFolder(work / "runs" / name)


@pytest.fixture(scope="module")
def run(work: Path, numbers: Path, host_compiler: None) -> RunFolder:
    folder = trained(work, numbers, "numbers", ("gru", "[15, 11]", "gru"))
    gesture("convert", folder.path, "--json", cwd=work)
    return folder


def translations(*words: str | Path, work: Path) -> list[dict[str, object]]:
    answer: list[dict[str, object]] = gesture("translate", *words, "--json", cwd=work).json[
        "translations"
    ]
    return answer


def test_a_board_translates_as_this_computer_does(work: Path, run: RunFolder) -> None:
    texts = ("three two one", "one nine five", "two two")
    here = translations(run.path, *texts, work=work)
    assert all(one["int8"] for one in here)
    deployed = gesture("deploy", run.path, "--board", "native", "--json", cwd=work)
    drawn = ("--temperature", "1.5", "--seed", "7")
    with start("native", Path(deployed.json["image"]["path"]), fast=True) as running:
        there, at_random = (
            translations(run.path, *texts, *how, "--port", running.port, work=work)
            for how in ((), drawn)
        )
    assert [one["text"] for one in there] == [one["text"] for one in here]
    expected = translations(run.path, *texts, *drawn, work=work)
    assert [one["text"] for one in at_random] == [one["text"] for one in expected]


def test_the_report_and_the_cost_say_what_the_encoder_takes(run: RunFolder) -> None:
    cost = json.loads(run.cost_file.read_text())
    assert cost["encoder_bytes"] > 2000
    assert cost["encoder_instructions"] > 1000
    page = run.report_file.read_text("utf-8")
    assert "The board's own C gets" in page
    assert "<td>encoder</td>" in page


def test_an_lstm_reads_for_an_lstm(work: Path, numbers: Path, host_compiler: None) -> None:
    """Conversion compares the C with its reference, so that it ends well is what is asked."""
    folder = trained(work, numbers, "lstms", ("lstm", "[9]", "lstm"))
    before = translations(folder.path, "one two", "--beam", "3", work=work)
    assert not before[0]["int8"]
    result = gesture("convert", folder.path, "--json", cwd=work).json
    assert result["vectors"] == 1000


def test_another_encoder_is_refused(work: Path, run: RunFolder) -> None:
    content = run.encoder_file.read_bytes()
    run.encoder_file.write_bytes(content[:-1] + b"\1")
    try:
        output = gesture("translate", run.path, "one", cwd=work, code=ExitCode.MISMATCH)
    finally:
        run.encoder_file.write_bytes(content)
    assert "encoder.tflite" in output.said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("one", ""), "There is nothing to translate in '' (text 2 of 2)"),
        (("one", "--beam", "2", "--port", "auto"), "A board cannot search with a beam"),
        (
            ("one", "--beam", "2", "--temperature", "1"),
            "--beam and --temperature cannot",
        ),
        (("one", "--temperature", "9"), "A temperature of 9 is out of range"),
    ],
)
def test_what_cannot_be_translated_is_said(
    work: Path, run: RunFolder, words: tuple[str, ...], said: str
) -> None:
    output = gesture("translate", run.path, *words, cwd=work, code=ExitCode.USAGE)
    assert said in output.said


def test_a_run_is_listed_and_compared_by_both_of_its_networks(work: Path, run: RunFolder) -> None:
    listed = gesture("runs", "list", "--json", cwd=work).json["runs"]
    (own,) = [one for one in listed if one["run"].endswith("/numbers")]
    assert own["model"] == "gru and gru"
    gesture("runs", "compare", run.path, run.path, cwd=work)


def test_hold_out_is_for_gestures(work: Path, numbers: Path) -> None:
    file = work / "held.yaml"
    file.write_text(CONFIG.format(path=numbers, encoder="gru", units="[8]", decoder="gru"))
    ended = gesture("train", file, "--hold-out", cwd=work, code=ExitCode.USAGE)
    assert "--hold-out is for gestures" in ended.said


def test_attention_stays_on_this_computer(work: Path, numbers: Path) -> None:
    file = work / "attention.yaml"
    file.write_text(CONFIG.format(path=numbers, encoder="gru", units="[8]", decoder="gru"))
    folder = work / "runs" / "attention"
    more = ("--set", "model.attention=true", "--set", "fit.epochs=1")
    gesture("train", file, *more, "--run", folder, cwd=work)
    assert translations(folder, "one two", work=work)
    output = gesture("convert", folder, cwd=work, code=ExitCode.USAGE)
    assert "its decoder has attention" in output.said
    assert "model.attention=false" in output.said
