"""Words about motion: `python -m benchmarks.caption [PART ...]`, both where none.

captions: sentences about bouts of the first eight wrist actions of UTD-MHAD, of people left out.
questions: answers about such bouts, beside the most frequent answer to each kind of question.
Runs are kept in build/sequence. Settings were chosen on the people of validation.
"""

from __future__ import annotations

from benchmarks.datasets import trained
from benchmarks.open_data import open_dataset
from benchmarks.results_file import Row, record_parts, row
from benchmarks.sequence import FOLDER
from pipeline.core.run_folder import RunFolder
from pipeline.workflows.run_facts import load_metrics

COMMAND = "python -m benchmarks.caption"
ACTIONS = 8
BOUTS = ("bouts.seconds=20", "bouts.training=3000", "bouts.testing=300")
CAPTIONS = ("fit.epochs=25",)
QUESTIONS = (
    "model={kind: conv_gru, units: [96], dropout: 0.1, convolutions: "
    "[{filters: 24, kernel: 9, pool: 4}, {filters: 32, kernel: 5, pool: 4}]}",
    "fit.epochs=18",
    "fit.batch_size=32",
    "fit.learning_rate=0.004",
    "fit.clip_norm=1.0",
)


def main() -> None:
    record_parts("sequence", {"captions": captions, "questions": questions})


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
