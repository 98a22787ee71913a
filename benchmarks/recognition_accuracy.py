"""How many windows of people, sessions and takes that were held out are told apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.recognition_folds import among_gestures, judged, listed
from benchmarks.results_file import Row, load, row

COMMAND = "python -m benchmarks.recognition accuracy"
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
    told: str
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
    Data("uhh_imu", "uhh leave-one-person-out", "uhh_imu", "lopo", ">= 0.98", "five people"),
    Data(
        "watch",
        "seglearn leave-one-person-out",
        "watch",
        "lopo",
        ">= 0.9",
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
    worst_s = max(fold.train_s for fold in score.folds)
    folds = f"float {score.float_accuracy:.4f}; folds {listed(score)}"
    note = f"{folds}; {data.told}{_beside(data.called)}"
    name, value = f"{data.called} int8 accuracy", round(score.int8_accuracy, 4)
    yield row(name, value, "", COMMAND, f"{note}; {worst_s:.0f} s a fold", data.bound)
    lost = round(score.float_accuracy - score.int8_accuracy, 4)
    told = "below 0: int8 has more windows right"
    yield row(f"{data.called} accuracy lost by int8", lost, "", COMMAND, told, "<= 0.005")
    if data.background:
        named, told = round(among_gestures(score), 4), "asked which of the gestures it was"
        yield row(f"{name} among gestures", named, "", COMMAND, told, data.named)
    if data.unvalidated:
        yield from _by_validation_and_chance(data, name)
    leaky = judged(data.name, data.config, "leaky", [*data.settings, LEAKY])
    told = "windows at random, pieces of one take on both sides: what not to believe"
    yield row(f"{data.name} leaky int8 accuracy", round(leaky.int8_accuracy, 4), "", COMMAND, told)


def _by_validation_and_chance(data: Data, name: str) -> Iterator[Row]:
    held = judged(data.name, data.config, data.protocol, ["split.validation=0.1"])
    told = f"split.validation: 0.1, as usual; folds {listed(held)}"
    value = round(held.int8_accuracy, 4)
    yield row(f"{name} with validation people held out", value, "", COMMAND, told)
    seeded = [
        judged(data.name, data.config, data.protocol, [f"fit.seed={seed}"]).int8_accuracy
        for seed in SEEDS
    ]
    each = ", ".join(
        f"{accuracy:.4f} with {seed}" for accuracy, seed in zip(seeded, SEEDS, strict=True)
    )
    told = f"fit.seed changed alone: {each}"
    yield row(f"{name} over three seeds", round(sum(seeded) / len(SEEDS), 4), "", COMMAND, told)


def _beside(called: str) -> str:
    """What benchmarks.baseline made of the same windows, where it was asked."""
    name = f"{called} ExtraTrees accuracy with background"
    found = [known["value"] for known in load("recognition") if known["name"] == name]
    return f"; ExtraTrees on the same windows: {found[0]:.2f}" if found else ""
