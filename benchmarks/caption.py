"""Words about motion: `python -m benchmarks.caption [PART ...]`, all where none.

board: that a board, the twin and the reference agree on each word of captions of
configs/caption_board.yaml, and what they cost. Its settings were not chosen by its test.
captions: sentences about bouts of the first eight wrist actions of UTD-MHAD, of people left out.
questions: answers about such bouts, beside the most frequent answer to each kind of question.
Runs are kept in build/sequence. Settings were chosen on the people of validation.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.datasets import trained
from benchmarks.open_data import open_dataset
from benchmarks.results_file import Row, record_parts, row
from benchmarks.sequence import FOLDER
from benchmarks.translation import differences, unlike_reference
from pipeline.boards.supervisor import start
from pipeline.capture.client import BoardClient
from pipeline.capture.ports import open_port
from pipeline.capture.requests import describe_recording
from pipeline.core.artifacts import Int8, Recording
from pipeline.core.costs import NetworkCost, cycles_of_instructions, seconds_of_cycles
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.intervals import part_of
from pipeline.twin.library import Twin
from pipeline.twin.text_twin import TextTwin
from pipeline.workflows import convert, deploy
from pipeline.workflows.generated import run_twin
from pipeline.workflows.run_facts import held_out_bouts, int8_exact, load_metrics

COMMAND = "python -m benchmarks.caption"
ANSWERS = 1000
ACTIONS = 8
BOUTS = ("bouts.seconds=20", "bouts.testing=300")
CAPTIONS = ("bouts.training=6000", "fit.epochs=16")
QUESTIONS = (
    "model={kind: conv_gru, units: [96], dropout: 0.2, convolutions: "
    "[{filters: 24, kernel: 9, pool: 4}, {filters: 32, kernel: 5, pool: 4}]}",
    "bouts.training=12000",
    "fit.epochs=14",
    "fit.batch_size=32",
    "fit.learning_rate=0.004",
    "fit.clip_norm=1.0",
)


def main() -> None:
    record_parts("sequence", {"board": board, "captions": captions, "questions": questions})


def board() -> list[Row]:
    """Captions of the virtual board, of the twin and by the reference; flash and time."""
    run = trained("caption_board", (), FOLDER / "caption_board", print)
    if run.contract().quantization is None:
        convert.convert(run.path, None, print)
    image = deploy.build_only("virtual", run.path)
    command = f"{COMMAND} board"
    exact, metrics = int8_exact(run, run.contract()), load_metrics(run)
    note = f"int8; float {metrics['exact_match']:.4f}; {metrics['pairs']} {metrics['split']}"
    return [
        _unequal(run, Path(image.path), command),
        row("caption on a board exact match", round(exact or 0.0, 4), "", command, note),
        row(
            "caption flash",
            image.flash_bytes,
            "B",
            command,
            "the whole firmware of the virtual board, with both networks and the vocabulary",
            "< 200000",
        ),
        _time(run, command),
    ]


def _unequal(run: RunFolder, image: Path, command: str) -> Row:
    """Characters in which board and twin differ, and words of the twin unlike the reference's."""
    library = run_twin(run)
    twin, bouts = TextTwin(library), _asked(run)
    by_twin = [twin.describe(bout, 0.0, 1) for bout in bouts]
    with start("virtual", image, fast=True) as running, open_port(running.port) as port:
        client = BoardClient(port)
        client.wait_ready()
        by_board = [describe_recording(client, bout, 0.0, 1) for bout in bouts]
    inputs = [_window(library, bout, run.contract().samples.window) for bout in bouts]
    differing = sum(map(differences, by_board, by_twin)) + unlike_reference(run, inputs, by_twin)
    note = (
        f"{ANSWERS:,} answers of QEMU and of the twin, {len(set(by_twin))} different ones, and "
        "each word of the twin's as the likeliest by the integers that define the cells"
    )
    return row("caption unequal tokens", differing, "tokens", command, note, "== 0")


def _asked(run: RunFolder) -> list[Recording]:
    """Bouts of the test, and beginnings of them: recordings that are shorter than a bout."""
    bouts = held_out_bouts(run, run.contract(), ANSWERS)
    length = len(bouts[0])
    return [
        part_of(bouts[at % len(bouts)], 0, length // (1 + at // len(bouts)))
        for at in range(ANSWERS)
    ]


def _window(library: Twin, bout: Recording, length: int) -> Int8:
    """What the encoder reads, int8 [length, channels]: the hand held still before it began."""
    inputs = library.quantize(bout.thousandths)
    return np.concatenate([np.repeat(inputs[:1], length - len(inputs), axis=0), inputs])


def _time(run: RunFolder, command: str) -> Row:
    """The longest answer, by the slowest of what the chip may need for an instruction."""
    contract, cost = run.contract(), NetworkCost.load(run.cost_file)
    assert contract.encoder is not None  # of a converted caption run
    feeds = contract.samples.window // (contract.encoder.feed or 1)
    instructions = feeds * cost.encoder_instructions + contract.window * cost.instructions
    bounds = seconds_of_cycles(cycles_of_instructions(instructions))
    note = (
        f"{contract.samples.window} samples read and {contract.window} words written, "
        f"{instructions:,} instructions estimated at conversion; {bounds.lower:.3f} s at best, on "
        "an nRF52840"
    )
    return row("caption answer", round(bounds.upper, 3), "s", command, note, "<= 1")


def captions() -> list[Row]:
    """Captions of bouts of people left out."""
    run = _trained("caption_bouts", CAPTIONS)
    metrics = load_metrics(run)
    note = f"{metrics['pairs']} {_about(run)}; perplexity {metrics['perplexity']:.3f} a word"
    command = f"{COMMAND} captions"
    return [
        row("caption exact match", round(metrics["exact_match"], 4), "", command, note),
        row("caption BLEU", round(metrics["bleu"], 1), "", command, f"of the same {note}"),
    ]


def questions() -> list[Row]:
    """Answers about bouts of people left out."""
    run = _trained("question_bouts", QUESTIONS)
    metrics = load_metrics(run)
    kinds = "; ".join(
        f"{kind['example']} {kind['accuracy']:.2f}, usual answer {kind['usual_accuracy']:.2f}"
        for kind in metrics["kinds"]
    )
    note = (
        f"{metrics['questions']} questions, {_about(run)}; always the most frequent answer to each "
        f"kind of question {metrics['usual_accuracy']:.4f}; by kind: {kinds}"
    )
    accuracy = round(metrics["accuracy"], 4)
    return [row("question accuracy", accuracy, "", f"{COMMAND} questions", note, ">= 0.9")]


def _trained(config: str, settings: tuple[str, ...]) -> RunFolder:
    labels = ", ".join(f"action{number:02d}" for number in range(1, ACTIONS + 1))
    data = (f"data.path={open_dataset('utd')}", f"data.labels=[{labels}]", "data.rate_hz=null")
    return trained(config, (*data, *BOUTS, *settings), FOLDER / config, print)


def _about(run: RunFolder) -> str:
    return f"{load_metrics(run)['split']}, of 8; {ACTIONS} wrist actions, 1 to 3 parts of 1 to 3"


if __name__ == "__main__":
    main()
