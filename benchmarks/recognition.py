"""How well gestures are recognised: `python -m benchmarks.recognition [PART …]`, all where none.

accuracy: of windows held out, of all datasets, beside a leaky split. events: uhh_imu, continuous,
one person left out at a time. alarms: spells, hours of rest and of motion that is no gesture.
unseen: spells, a gesture left out of training. replay: how fast the twin hears.
training: how long a model takes, and how much memory ten hours of recordings.
Folds are kept in build/recognition: interrupted, the same command goes on after them."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.datasets import FETCHED, ROOT, dataset
from benchmarks.recognition_folds import among_gestures, judged, listed
from benchmarks.results_file import Row, load, record_parts, row
from pipeline.core.artifacts import Recording
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.recordings import load_recordings
from pipeline.datasets.simulate import simulate_dataset
from pipeline.datasets.synthetic_negatives import synthetic_negatives
from pipeline.training.fit import quiet_keras
from pipeline.training.metrics import EventScore, poisson_interval
from pipeline.twin.library import Twin
from pipeline.workflows import convert, train
from pipeline.workflows.evaluate import ProtocolScore

LEAKY = "split.folds=2"  # each of two models is tested on half of all windows
SEEDS = (1, 2, 3)


@dataclass(frozen=True)
class Data:
    """called: in the results; background: whether its last label is one; told: of the bound;
    named: the bound among gestures; unvalidated: whether its config holds nobody out for
    validation, and what that and chance do to it is asked too."""

    name: str
    called: str
    config: str
    protocol: str
    bound: str
    said: str
    settings: tuple[str, ...] = ()
    background: bool = True
    named: str = ""
    unvalidated: bool = False


DATA = (
    Data(
        "spells",
        "spells 5-fold",
        "gesture_conv1d",
        "kfold",
        ">= 0.975",
        "published, without an idle class: 0.88; one deal of one person's takes, others come to "
        "less (spells conv1d int8 accuracy over three other deals); some takes hardly move",
        ("split.folds=5",),
    ),
    Data(
        "punch_flex",
        "punch_flex leave-one-person-out",
        "gesture_conv1d",
        "lopo",
        ">= 0.1",
        "called `idle` where missed",
        ("data.labels=[punch, flex]",),
        named=">= 0.76",
    ),
    Data("uhh_imu", "uhh leave-one-person-out", "uhh_imu", "lopo", ">= 0.985", "five people"),
    Data(
        "watch",
        "seglearn leave-one-person-out",
        "watch",
        "lopo",
        ">= 0.92",
        "published: CRNN 0.889, of 20 people; nobody but who is asked is held out; one person "
        "costs two points",
        background=False,
        unvalidated=True,
    ),
)


def accuracy_rows() -> list[Row]:
    """Rows of the accuracy of all protocols."""
    return [figure for data in DATA for figure in _rows(data)]


def _rows(data: Data) -> Iterator[Row]:
    score = judged(data.name, data.config, data.protocol, data.settings)
    worst_s = max(fold.seconds for fold in score.folds)
    folds = f"float {score.float_accuracy:.4f}; folds {listed(score)}"
    note = f"{folds}; {data.said}{_beside(data.called)}"
    name, value = f"{data.called} int8 accuracy", round(score.int8_accuracy, 4)
    yield row(name, value, "", f"{COMMAND} accuracy", f"{note}; {worst_s:.0f} s a fold", data.bound)
    lost = round(score.float_accuracy - score.int8_accuracy, 4)
    said = "below 0: int8 has more windows right"
    yield row(
        f"{data.called} accuracy lost by int8", lost, "", f"{COMMAND} accuracy", said, "<= 0.005"
    )
    if data.background:
        named, said = round(among_gestures(score), 4), "asked which of the gestures it was"
        yield row(f"{name} among gestures", named, "", f"{COMMAND} accuracy", said, data.named)
    if data.unvalidated:
        yield from _by_validation_and_chance(data, name)
    leaky = judged(data.name, data.config, "leaky", [*data.settings, LEAKY])
    said = "windows at random, pieces of one take on both sides: what not to believe"
    yield row(
        f"{data.name} leaky int8 accuracy",
        round(leaky.int8_accuracy, 4),
        "",
        f"{COMMAND} accuracy",
        said,
    )


def _by_validation_and_chance(data: Data, name: str) -> Iterator[Row]:
    held = judged(data.name, data.config, data.protocol, ["split.validation=0.1"])
    said = f"split.validation: 0.1, as usual; folds {listed(held)}"
    value = round(held.int8_accuracy, 4)
    yield row(f"{name} with validation people held out", value, "", f"{COMMAND} accuracy", said)
    seeded = [
        judged(data.name, data.config, data.protocol, [f"fit.seed={seed}"]).int8_accuracy
        for seed in SEEDS
    ]
    each = ", ".join(
        f"{accuracy:.4f} with {seed}" for accuracy, seed in zip(seeded, SEEDS, strict=True)
    )
    said = f"fit.seed changed alone: {each}"
    yield row(
        f"{name} over three seeds",
        round(sum(seeded) / len(SEEDS), 4),
        "",
        f"{COMMAND} accuracy",
        said,
    )


def _beside(called: str) -> str:
    """What benchmarks.baseline made of the same windows, where it was asked."""
    name = f"{called} ExtraTrees accuracy with background"
    found = [known["value"] for known in load("recognition") if known["name"] == name]
    return f"; ExtraTrees on the same windows: {found[0]:.2f}" if found else ""


PUBLISHED = "published: LSTM 0.87, echo-state network 0.88"


def events_rows() -> list[Row]:
    """Rows of events on test streams."""
    score = judged("uhh_imu", "uhh_imu", "lopo")
    called, rest = score.called.gestures, score.called.rest
    command = f"{COMMAND} events"
    note = f"{_told(called)}; people {_each(score)}; {PUBLISHED}; {_deciding(score)}"
    late = f"from a gesture's end to its event, median {called.latency_median_s:.2f} s"
    low, high = rest.false_alarms_interval
    still = (
        f"{rest.false} in {rest.hours:.1f} h put together from the recorded rests of people left "
        f"out, 95 % interval {low:.1f} to {high:.1f}"
    )
    return [
        row("uhh event F1", round(called.f1, 4), "", command, note, ">= 0.95"),
        row("uhh event latency", round(called.latency_p95_s, 2), "s", command, f"95 %; {late}"),
        row(
            "uhh false alarms per hour of rest",
            round(rest.false_alarms_per_hour, 2),
            "1/h",
            command,
            still,
        ),
    ]


def alarms_rows() -> list[Row]:
    """Rows of false alarms."""
    score = judged("spells", "gesture_conv1d", "kfold")
    called, unknown, rest = score.called.gestures, score.called.unknown, score.called.rest
    command = f"{COMMAND} alarms"
    false, hours = unknown.false + rest.false, unknown.hours + rest.hours
    low, high = (limit / hours for limit in poisson_interval(false))
    lowest, highest = unknown.false_alarms_interval
    note = (
        f"{false} in {hours:.1f} h, 95 % interval {low:.1f} to {high:.1f}: {rest.false} in "
        f"{rest.hours:.1f} h of rest, {unknown.false} in {unknown.hours:.1f} h with a bout of "
        "motion every 17 seconds, made of pieces of takes that no fold learned from, as quick "
        f"and strong as gestures; {_deciding(score)}"
    )
    restless = f"the bouts alone; 95 % interval {lowest:.1f} to {highest:.1f}"
    recall = f"spells, 5-fold by take, the same networks and policies; {_told(called)}"
    return [
        row("false alarms per hour", round(false / hours, 2), "1/h", command, note, "<= 1"),
        row(
            "false alarms per hour of unknown motion",
            round(unknown.false_alarms_per_hour, 2),
            "1/h",
            command,
            restless,
        ),
        row("recall at these false alarms", round(called.recall, 4), "", command, recall, ">= 0.9"),
    ]


def unseen_rows() -> list[Row]:
    """Rows of people that were not in the training data."""
    score = judged("spells", "gesture_conv1d", "unseen")
    takes = sum(one.takes for one in score.unseen)
    called = sum(one.called for one in score.unseen)
    each = ", ".join(f"{one.label} {one.called} of {one.takes}" for one in score.unseen)
    note = f"takes of a spell that was left out of training and are called something; {each}"
    share = round(called / takes, 4)
    return [row("unseen gestures called something", share, "", f"{COMMAND} unseen", note)]


def _told(score: EventScore) -> str:
    return (
        f"{score.found} of {score.takes} found, {score.wrong} by a wrong name, {score.again} "
        f"called again, {score.false} where nothing was"
    )


def _each(score: ProtocolScore) -> str:
    return ", ".join(f"{fold.called.gestures.f1:.2f}" for fold in score.folds)


def _deciding(score: ProtocolScore) -> str:
    ways = sorted({fold.how for fold in score.folds})
    return "policy " + " or ".join(ways)


CONFIG = ROOT / "configs" / "gesture_conv1d.yaml"
SECONDS = 1200.0
REPEATS = 5


def replay_rows() -> list[Row]:
    """Rows of the speed of replay."""
    folder = dataset("spells")
    with tempfile.TemporaryDirectory(prefix="replay-") as work:
        twin = _twin(folder, RunFolder(Path(work) / "run"))
        stream = synthetic_negatives(load_recordings(folder), "idle", SECONDS, seed=1)
        best_s = min(_processor_s(twin, stream) for _ in range(REPEATS))
    seconds = len(stream) / stream.rate_hz
    note = f"{seconds:.0f} s at 119 Hz, default network; processor time, best of {REPEATS}"
    value = round(seconds / best_s)
    return [row("replay times real time", value, "", f"{COMMAND} replay", note, ">= 2000")]


def _twin(data: Path, run: RunFolder) -> Twin:
    """Of the default network; what it has learned does not matter to its speed."""
    settings = [f"data.path={data}", "fit.epochs=1", "augment.passes=1", "unknown.share=0"]
    train.train(CONFIG, settings, run.path, lambda _: None)
    convert.convert(run.path, None, lambda _: None)
    return Twin(run.sources, run.build)


def _processor_s(twin: Twin, stream: Recording) -> float:
    started = time.process_time()
    twin.replay(stream)
    return time.process_time() - started


USUAL = ROOT / "configs" / "gesture_rocket.yaml"


def training_rows() -> list[Row]:
    """Rows of the time of a training."""
    settings = [f"data.path={dataset('spells')}"]
    with tempfile.TemporaryDirectory(prefix="training-") as work:
        started = time.monotonic()
        quiet_keras(seed=1)
        imported = time.monotonic()
        trained = train.train(USUAL, settings, Path(work) / "run", lambda _: None)
        ended = time.monotonic()
    cores = f"on a machine of {os.cpu_count()} cores"
    note = f"gesture_rocket, {cores}; tested on {trained.accuracy:.2f}, then on all; float"
    after = f"the same without {imported - started:.1f} s in which TensorFlow is loaded"
    command = f"{COMMAND} training"
    return [
        row("spells training", round(ended - started, 1), "s", command, note, "<= 60"),
        row("training seconds", round(ended - imported, 1), "s", command, after, "<= 10"),
    ]


PEOPLE, TAKES = 100, 60  # of each of four gestures, a second each, and of two seconds of idle


def memory_rows() -> list[Row]:
    """The most that `gesture train` holds in memory at once, on ten hours of recordings."""
    folder = FETCHED.parent / "ten_hours"
    if not folder.is_dir():
        simulate_dataset(folder, PEOPLE, TAKES, seed=1)
    with tempfile.TemporaryDirectory(prefix="ten-hours-") as work:
        settings = (f"data.path={folder}", "fit.epochs=1")
        options = [word for setting in settings for word in ("--set", setting)]
        words = ["train", str(CONFIG), *options, "--run", f"{work}/run"]
        subprocess.run([Path(sys.executable).with_name("gesture"), *words], check=True)
    peak_gb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e9
    note = f"{PEOPLE} simulated people, {PEOPLE * TAKES * 5:,} takes; one epoch, default config"
    command = f"{COMMAND} memory"
    return [row("training memory of ten hours", round(peak_gb, 2), "GB", command, note, "<= 4")]


COMMAND = "python -m benchmarks.recognition"
PARTS: dict[str, Callable[[], list[Row]]] = {
    "accuracy": accuracy_rows,
    "events": events_rows,
    "alarms": alarms_rows,
    "unseen": unseen_rows,
    "replay": replay_rows,
    "training": training_rows,
    "memory": memory_rows,
}


def main() -> None:
    record_parts("recognition", PARTS)


if __name__ == "__main__":
    main()
