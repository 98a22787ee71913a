"""Takes recognised against usual classifiers, on the same folds, over five split seeds:
`python -m benchmarks.recognition_takes`.

All learn from every recording that is not tested. Answers of a fold are kept in
build/recognition/takes: interrupted, the same command goes on after them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks.datasets import FETCHED, ROOT
from benchmarks.open_data import open_dataset
from benchmarks.results_file import Row, record, row
from pipeline.config.gesture_settings import GestureConfig, load_gesture_config
from pipeline.core.artifacts import Float32, Int64, Recording, SequenceDataset
from pipeline.core.shares import share_interval
from pipeline.datasets.protocols import protocol_folds
from pipeline.datasets.recordings import load_recordings
from pipeline.datasets.windows import make_dataset, make_takes_dataset
from pipeline.training.gesture_task import fit_gestures
from pipeline.training.paired import paired_difference
from pipeline.training.run_files import CALIBRATION_WINDOWS, evenly_spaced
from pipeline.training.training_data import scale
from pipeline.training.yardsticks import YARDSTICKS

COMMAND = "python -m benchmarks.recognition_takes"
WORK = FETCHED.parent / "takes"
NETWORK = "gesture_rocket"
SEEDS = (1, 2, 3, 4, 5)
FEW = (3, 5, 10)
EVERY = 0  # as a number of takes to learn from


@dataclass(frozen=True)
class Data:
    """name: of the dataset; called: of the figure; settings: beside those of the network."""

    name: str
    called: str
    protocol: str
    bound: str
    settings: tuple[str, ...] = ()
    few: bool = False


AT_50_HZ = ("data.rate_hz=50", "window.hop=8")
DATA = (
    Data("spells", "spells 5-fold over five seeds", "kfold", ">= 0.965", few=True),
    Data(
        "waves_flicks",
        "waves_flicks 5-fold",
        "kfold",
        ">= 0.995",
        (*AT_50_HZ, "window.length=80"),
        few=True,
    ),
    Data(
        "utd",
        "utd 21 gestures leave-one-person-out",
        "lopo",
        ">= 0.912",
        (*AT_50_HZ, "window.length=200"),
    ),
)


@dataclass(frozen=True)
class Answers:
    """names: of the takes; right: by classifier, whether each take is recognised."""

    names: list[str]
    right: dict[str, list[bool]]


def rows() -> Iterator[list[Row]]:
    """Rows of accuracies and leads, figure by figure."""
    for data in DATA:
        answers = [_of_seed(data, seed, EVERY) for seed in SEEDS]
        yield list(_compared(data.called, answers, data.bound))
    for takes in FEW:
        answers = [_of_seed(data, seed, takes) for data in DATA if data.few for seed in SEEDS]
        yield list(_compared(f"takes {takes}", answers, ""))


def _compared(called: str, answers: Sequence[Answers], bound: str) -> Iterator[Row]:
    own = np.concatenate([one.right["network"] for one in answers])
    others = {
        name: np.concatenate([one.right[name] for one in answers]).mean() for name in YARDSTICKS
    }
    low, high = share_interval(int(own.sum()), len(own))
    beside = ", ".join(f"{name} {value:.3f}" for name, value in others.items())
    note = f"int8; {len(own)} takes, 95 % interval {low:.3f} to {high:.3f}; {beside}"
    yield row(called, round(float(own.mean()), 4), "", COMMAND, note, bound)
    for name in YARDSTICKS:
        lead = _lead(answers, name)
        low, high = lead.interval
        said = f"{lead.verdict}; 95 % interval {low:+.3f} to {high:+.3f}"
        yield row(f"{called}, lead over {name}", round(lead.mean, 4), "", COMMAND, said)
        said = "lower end of its 95 % interval: a lead that may be chance is none"
        least = round(low, 3)
        yield row(f"{called}, least lead over {name}", least, "", COMMAND, said, "> 0")


def _lead(answers: Sequence[Answers], name: str) -> Any:
    units = sorted({take for one in answers for take in one.names})
    lead, counts = np.zeros((2, len(answers), len(units)))
    for number, one in enumerate(answers):
        places = np.searchsorted(units, one.names)
        difference = np.array(one.right["network"], float) - np.array(one.right[name], float)
        np.add.at(lead[number], places, difference)
        np.add.at(counts[number], places, 1)
    return paired_difference(lead, counts)


def _of_seed(data: Data, seed: int, takes: int) -> Answers:
    path = open_dataset(data.name)
    recordings = load_recordings(path)
    settings = [f"data.path={path}", f"split.seed={seed}", f"fit.seed={seed}", *data.settings]
    config = load_gesture_config(
        ROOT / "configs" / f"{NETWORK}.yaml", [*settings, "split.validation=0"]
    )
    folds = protocol_folds(recordings, config, data.protocol)
    parts = []
    for number, fold in enumerate(folds[:1] if takes else folds):
        file = WORK / f"{data.name}-{takes}-{seed}-{number}-{config.hash()[:12]}.json"
        if not file.is_file():
            file.parent.mkdir(parents=True, exist_ok=True)
            answers = _of_fold(recordings, fold, takes)
            file.write_text(json.dumps(vars(answers)), "utf-8")
            print(
                file.name, {name: np.mean(one) for name, one in answers.right.items()}, flush=True
            )
        parts.append(json.loads(file.read_text("utf-8")))
    return Answers(
        [name for part in parts for name in part["names"]],
        {
            name: [one for part in parts for one in part["right"][name]]
            for name in parts[0]["right"]
        },
    )


def _of_fold(recordings: Sequence[Recording], config: GestureConfig, takes: int) -> Answers:
    known = make_takes_dataset(recordings, config)
    dataset = make_dataset(recordings, config)
    if takes != EVERY:
        chosen = _few(known, takes, config.split.seed)
        known, dataset = _only(known, chosen), _only(dataset, chosen)
    fitted, scaling = fit_gestures(dataset, config, lambda _: None)
    inputs, targets = dataset.part("test")
    test = scale(inputs, scaling)
    calibration = dataset.sequences(evenly_spaced(dataset.splits["train"], CALIBRATION_WINDOWS))
    right = {"network": (_int8(fitted.model, scale(calibration, scaling), test) == targets)}
    train, labels = known.part("train")
    for name, ask in YARDSTICKS.items():
        right[name] = ask(scale(train, scaling), labels, test, config.split.seed) == targets
    return Answers(
        [dataset.groups[index] for index in dataset.splits["test"]],
        {name: one.tolist() for name, one in right.items()},
    )


def _few(known: SequenceDataset, takes: int, seed: int) -> set[str]:
    """The names of some takes of each label to learn from."""
    label_of: dict[str, int] = {}
    for index in known.splits["train"]:
        name, target = known.groups[index], int(known.targets[index])
        label_of[name] = min(target, label_of.get(name, target))  # rests have the background
    chosen: set[str] = set()
    for label in set(label_of.values()):
        of_label = sorted(name for name, own in label_of.items() if own == label)
        order = np.random.default_rng(seed).permutation(len(of_label))[:takes]
        chosen.update(of_label[index] for index in order)
    return chosen


def _only(dataset: SequenceDataset, chosen: set[str]) -> SequenceDataset:
    """The dataset with the training windows of some recordings."""
    train = [index for index in dataset.splits["train"] if dataset.groups[index] in chosen]
    return replace(dataset, splits={**dataset.splits, "train": np.array(train, np.int64)})


def _int8(model: Any, calibration: Float32, test: Float32) -> Int64:
    """The answers of the int8 network, which the compiled C gives to the byte."""
    import tensorflow as tf

    from pipeline.conversion.quantize_child import int8_flatbuffer, with_batch_of_one

    content = int8_flatbuffer(with_batch_of_one(model), calibration)
    network = tf.lite.Interpreter(model_content=content)
    network.allocate_tensors()
    source, output = network.get_input_details()[0], network.get_output_details()[0]
    factor, zero = source["quantization"]
    answers = []
    for window in test:
        steps = np.clip(np.rint(window / factor) + zero, -128, 127).astype(np.int8)
        network.set_tensor(source["index"], steps[np.newaxis])
        network.invoke()
        answers.append(int(network.get_tensor(output["index"])[0].argmax()))
    return np.array(answers, np.int64)


def main() -> None:
    """Record all rows."""
    for figure in rows():
        record("recognition", figure)


if __name__ == "__main__":
    main()
