"""Text on the one core: `python -m benchmarks.sequence [PART …]`, all where none.

imdb: film reviews, every network of the table and what a board has room for, or 'imdb gru' alone.
shakespeare: what writes best. deployed: what writes on a board, by its own C. colors: names that
are learned in a minute. segmentation: a gesture or none at each sample of uhh_imu, one person left
out at a time, by a GRU whose state is kept.
Runs are kept in build/sequence: a part that is asked for by name is trained anew. What a character
costs on a board, benchmarks.sequence_deployed counts.
"""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.datasets import ROOT, dataset, trained
from benchmarks.recognition_folds import judged
from benchmarks.results_file import Row, chosen, load, record, row, show
from pipeline.core.errors import PipelineError
from pipeline.core.run_folder import RunFolder
from pipeline.workflows import convert
from pipeline.workflows.run_facts import load_metrics

AREA = "sequence"
FOLDER = ROOT / "build" / "sequence"
NETWORKS = {
    "simple_rnn": "SimpleRNN",
    "deep_rnn": "three layers of SimpleRNN",
    "gru": "GRU",
    "stacked_gru": "two layers of GRU",
    "lstm": "LSTM",
    "conv1d": "Conv1D",
}
SEGMENTATION = (
    "window.mode=streaming",
    "window.hop=1",
    "model={kind: gru, downsample: 1, units: [48]}",
    "fit.batch_size=16",
    "fit.epochs=50",
)
ACCURACY_BOUNDS = {"gru": ">= 0.87"}


def main() -> None:
    parts: dict[str, Callable[[str], list[Row]]] = {
        **{f"imdb {name}": partial(imdb_rows, name) for name in NETWORKS},
        "imdb board": board_rows,
        "shakespeare": shakespeare_rows,
        "deployed": deployed_rows,
        "colors": colors_rows,
        "segmentation": segmentation_rows,
    }
    for part in chosen(parts, sys.argv[1:]):
        rows = parts[part](f"python -m benchmarks.sequence {shlex.quote(part)}")
        record(AREA, rows)
        show(rows)


def imdb_rows(name: str, command: str) -> list[Row]:
    """Rows of a sentiment network on IMDB."""
    run, minutes = trained_anew(f"sentiment_{name}", "imdb")
    metrics = load_metrics(run)
    accuracy = round(metrics["accuracy"], 4)
    facts = run.contract()
    words = facts.vocabulary.size if facts.vocabulary is not None else 0
    note = (
        f"{NETWORKS[name]}: float, 25,000 reviews, the last {facts.window} words of each, a "
        f"vocabulary of {words:,}; epoch {_kept(metrics)} of {len(metrics['epochs'])} was kept"
    )
    rows = [
        row(f"imdb {name} accuracy", accuracy, "", command, note, ACCURACY_BOUNDS.get(name, "")),
        row(f"imdb {name} minutes", minutes, "min", command, "from texts to report", "<= 15"),
        row(f"imdb {name} parameters", metrics["parameters"], "", command, "embedding included"),
    ]
    return [*rows, best_of([*load(AREA), *rows])]


def board_rows(command: str) -> list[Row]:
    """Rows of the sentiment network for a board."""
    run, minutes = trained_anew("sentiment_board", "imdb")
    accuracy = convert.convert(run.path, None, print).int8_accuracy or 0.0
    note = (
        f"25,000 reviews by the compiled C, the last {run.contract().window} words of each; float "
        f"{load_metrics(run)['accuracy']:.4f}; {minutes} minutes to train"
    )
    return [row("deployed imdb accuracy", round(accuracy, 4), "", command, note)]


def best_of(rows: list[Row]) -> Row:
    """The row of the best accuracy."""
    accuracies = {found["name"]: found["value"] for found in rows if _is_of_a_network(found)}
    name = max(accuracies, key=lambda name: accuracies[name])
    command = "python -m benchmarks.sequence imdb"
    return row("imdb best accuracy", accuracies[name], "", command, name, ">= 0.88")


def _is_of_a_network(found: Row) -> bool:
    return found["name"] in {f"imdb {name} accuracy" for name in NETWORKS}


def shakespeare_rows(command: str) -> list[Row]:
    """Rows of text generation."""
    run, minutes = trained_anew("generation_shakespeare", "tinyshakespeare")
    metrics = load_metrics(run)
    note = (
        f"the last tenth, {metrics['characters']:,} characters read in one go, float; in windows "
        f"of 100 that each begin anew {_lowest(metrics):.3f}; "
        f"{metrics['parameters']:,} parameters"
    )
    loss, unit = round(metrics["loss"], 4), "nats a character"
    return [
        row("shakespeare validation loss", loss, unit, command, note, "<= 1.60"),
        row("shakespeare minutes", minutes, "min", command, "from text to report", "<= 60"),
    ]


def deployed_rows(command: str) -> list[Row]:
    """Rows of text generation on a board."""
    run, minutes = trained_anew("generation_board", "tinyshakespeare")
    converted = convert.convert(run.path, None, print)
    (loss,) = (figure.value for figure in converted.figures)
    note = (
        f"the last tenth, read in one go by the compiled C; float {load_metrics(run)['loss']:.4f}; "
        f"{minutes} minutes to train"
    )
    name, unit = "deployed shakespeare loss", "nats a character"
    return [row(name, round(loss, 4), unit, command, note, "<= 1.80")]


def colors_rows(command: str) -> list[Row]:
    """Not where the names are to be had nowhere."""
    try:
        dataset("color_names")
    except PipelineError as error:
        print(f"left out: {error.what}")
        return []
    run, minutes = trained_anew("generation_colors", "color_names")
    bits = round(load_metrics(run)["bits_per_character"], 3)
    return [row("colors minutes", minutes, "min", command, f"{bits} bits a character")]


def segmentation_rows(command: str) -> list[Row]:
    """Events of a network with a label at each sample, beside those of windows."""
    score = judged("uhh_imu", "uhh_imu", "lopo", SEGMENTATION)
    called = score.called.gestures
    windowed = next(one for one in load("recognition") if one["name"] == "uhh event F1")
    note = (
        f"a GRU of 48 units with a label every 20 ms, int8: {called.found} of {called.takes} "
        f"found, {called.wrong} by a wrong name; the windowed Conv1D, with a label every 80 ms: "
        f"{windowed['value']}; policies chosen on validation takes"
    )
    return [row("segmentation event F1", round(called.f1, 4), "", command, note)]


def trained_anew(config: str, data: str) -> tuple[RunFolder, float]:
    """A run of configs/`config`.yaml, and the minutes that it took."""
    path, settings = FOLDER / config, [f"data.path={dataset(data)}"]
    shutil.rmtree(path, ignore_errors=True)
    started = time.monotonic()
    run = trained(config, settings, path, lambda epoch: print(epoch, flush=True))
    return run, round((time.monotonic() - started) / 60, 1)


def _lowest(metrics: dict[str, Any]) -> float:
    return min(float(epoch["validation_loss"]) for epoch in metrics["epochs"])


def _kept(metrics: dict[str, Any]) -> int:
    losses = [epoch["validation_loss"] for epoch in metrics["epochs"]]
    return losses.index(min(losses)) + 1


if __name__ == "__main__":
    main()
