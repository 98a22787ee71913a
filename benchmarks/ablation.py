"""What each way of varying the training data brings to people it has not seen:
`python -m benchmarks.ablation`.

Each variant is PLAIN, what the defaults were before, with one thing changed, trained anew on every
fold and asked as the float model; the same windows are also asked turned by 30 degrees, each about
axes of its own. What is done is kept in build/ablation: interrupted, the same command goes on
after it. Training is shortened (QUICK) to make a hundred of them affordable: compare the rows, not
other tables."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, astuple, dataclass, replace
from typing import Any

import numpy as np

from benchmarks.ablation_table import AREA, figure_name
from benchmarks.datasets import ROOT, dataset
from benchmarks.results_file import Row, record, row
from pipeline.config.gesture_settings import GestureConfig, load_gesture_config
from pipeline.core.artifacts import Float32, Recording, SequenceDataset
from pipeline.core.files import save_json
from pipeline.datasets.augment import TRIADS, Rotations, rotate
from pipeline.datasets.disturb import rotate_windows
from pipeline.datasets.protocols import protocol_folds
from pipeline.datasets.recordings import fingerprint, load_recordings
from pipeline.datasets.windows import make_dataset, usable_recordings
from pipeline.training.gesture_task import fit_gestures
from pipeline.training.training_data import scale

UP = np.array([0.0, 0.0, 1.0])
LEAST_G = 0.05  # with less than this no direction can be told


def gravity_aligned(windows: Float32, channels: Sequence[str]) -> Float32:
    """Turn each window so that its mean acceleration points along z.

    That is gravity where the hand is not thrown about. The turn about z is whatever the shortest
    way leaves.

    Args:
        windows: float32 [n, T, channels]; a window without gravity in it is left as it is.
        channels: names of the channels.
    """
    columns = [channels.index(axis) for axis in TRIADS[0]]
    means = windows[..., columns].mean(axis=1, dtype=np.float64)  # [n, 3]
    return rotate(windows, channels, _shortest_turns(means))


def _shortest_turns(directions: np.ndarray) -> Rotations:
    """[n, 3, 3] that turn each direction, [n, 3], to z the shortest way (Rodrigues' formula)."""
    lengths = np.linalg.norm(directions, axis=1, keepdims=True)
    known = lengths[:, 0] > LEAST_G
    unit = np.where(known[:, None], directions / np.maximum(lengths, LEAST_G), UP)
    x, y, z = unit.T
    zero = np.zeros_like(x)
    axis = np.moveaxis(np.array([[zero, zero, -x], [zero, zero, -y], [x, y, zero]]), -1, 0)
    rotations: Rotations = np.eye(3) + axis + axis @ axis / np.maximum(1 + z, 1e-6)[:, None, None]
    return rotations


WORK = ROOT / "build" / "ablation"
COMMAND = "python -m benchmarks.ablation"
QUICK = ("augment.passes=4", "fit.epochs=10")
PLAIN = (
    *("augment.rotation_deg=10", "augment.gain=0.1"),
    *("window.motion=1", "window.seen=0.85", "window.unseen=0.4"),
)
TURN_DEG = 30.0
TURNS = 5  # axes that each window is turned about
NOTHING = ("rotation_deg", "mounting_deg", "gain", "stretch", "warp", "shift")

Front = Callable[[Float32, Sequence[str]], Float32]


@dataclass(frozen=True)
class Data:
    """folds: how many of the protocol's are asked."""

    name: str
    config: str
    protocol: str
    folds: int
    settings: tuple[str, ...]


@dataclass(frozen=True)
class Variant:
    """front: what is done to every window before the network, in training and asked.
    on: the datasets that it changes anything about."""

    name: str
    settings: tuple[str, ...] = ()
    front: Front | None = None
    on: tuple[str, ...] = ("punch_flex", "spells", "uhh_imu")


DATA = (
    Data(
        "punch_flex",
        "gesture_conv1d",
        "lopo",
        3,
        ("data.labels=[punch, flex]", "window.hop=16", "unknown.share=0.5"),
    ),
    Data(
        "spells",
        "gesture_conv1d",
        "kfold",
        2,
        ("split.folds=2", "window.hop=16", "unknown.share=0.5"),
    ),
    Data("uhh_imu", "uhh_imu", "lopo", 2, ("window.hop=8",)),
)
VARIANTS = (
    Variant("plain"),
    Variant("nothing varied", tuple(f"augment.{switch}=0" for switch in NOTHING)),
    Variant("without rotation", ("augment.rotation_deg=0",)),
    Variant("without gain", ("augment.gain=0",)),
    Variant("without stretch", ("augment.stretch=0",)),
    Variant("without shift", ("augment.shift=0",), on=("uhh_imu",)),
    Variant("rotation 30 deg", ("augment.rotation_deg=30",)),
    Variant("mounting 180 deg", ("augment.mounting_deg=180",)),
    Variant("gain 0.3", ("augment.gain=0.3",)),
    Variant("stretch 0.3", ("augment.stretch=0.3",)),
    Variant("warp 0.3", ("augment.warp=0.3",)),
    Variant("jitter 0.05 g", ("augment.jitter_g=0.05",)),
    Variant("drift 0.05 g", ("augment.drift_g=0.05",)),
    Variant("axis dropout 0.2", ("augment.axis_dropout=0.2",)),
    Variant("idle mix 0.5", ("augment.idle_mix=0.5",), on=("uhh_imu",)),
    Variant("warp 0.3 for stretch", ("augment.warp=0.3", "augment.stretch=0")),
    Variant(
        "warp 0.3 for stretch, drift 0.05 g",
        ("augment.warp=0.3", "augment.stretch=0", "augment.drift_g=0.05"),
    ),
    Variant("motion 0.96 in view", ("window.motion=0.96",), on=("punch_flex", "spells")),
    Variant("gravity front", (), gravity_aligned, ("punch_flex", "spells")),
)


@dataclass(frozen=True)
class Asked:
    """Test windows, and how many of them were called right; then those that show gestures, and
    how many are right where only gestures are to choose from. turned: the same, windows turned by
    TURN_DEG, a mean over TURNS."""

    windows: int
    right: float
    gestures: int
    named: float
    turned_right: float
    turned_named: float

    def shares(self) -> dict[str, float]:
        return {
            "": self.right / self.windows,
            " among gestures": self.named / self.gestures,
            " turned": self.turned_right / self.windows,
            " turned among gestures": self.turned_named / self.gestures,
        }


def main() -> None:
    for variant, data in itertools.product(VARIANTS, DATA):
        if data.name in variant.on:
            print(f"{variant.name}, {data.name}: {judged(variant, data)}", flush=True)
    record(AREA, [figure for data in DATA for figure in rows(data)])


def rows(data: Data) -> Iterator[Row]:
    """A row for each variant on these data."""
    settings = ", ".join((*QUICK, *PLAIN, *data.settings))
    for variant in (variant for variant in VARIANTS if data.name in variant.on):
        asked = judged(variant, data)
        shown = f"{asked.windows} windows, {asked.gestures} of gestures"
        note = f"{data.protocol}, {data.folds} folds, float, {shown}; {settings}"
        for what, share in asked.shares().items():
            name = figure_name(data.name, what, variant.name)
            yield row(name, round(share, 4), "", COMMAND, note)


def judged(variant: Variant, data: Data) -> Asked:
    """Over the dataset's folds, from what was kept or trained now."""
    config = load_gesture_config(
        ROOT / "configs" / f"{data.config}.yaml",
        [f"data.path={dataset(data.name)}", *QUICK, *PLAIN, *data.settings, *variant.settings],
    )
    recordings = load_recordings(config.data.path)
    folds = protocol_folds(recordings, config, data.protocol)[: data.folds]
    return total([_fold(fold, recordings, variant.front) for fold in folds])


def total(parts: Sequence[Asked]) -> Asked:
    """The sums of several parts."""
    return Asked(*(sum(column) for column in zip(*map(astuple, parts), strict=True)))


def _fold(config: GestureConfig, recordings: Sequence[Recording], front: Front | None) -> Asked:
    data = fingerprint(usable_recordings(recordings, config))
    what = [config.hash(), data, front.__name__ if front else ""]
    kept = WORK / f"{hashlib.sha256(' '.join(what).encode()).hexdigest()[:16]}.json"
    if kept.is_file():
        return Asked(**json.loads(kept.read_text("utf-8")))
    asked = _ask(make_dataset(recordings, config), config, front or _as_it_is)
    save_json(kept, asdict(asked))
    return asked


def _ask(made: SequenceDataset, config: GestureConfig, front: Front) -> Asked:
    channels = config.data.channels
    windows = front(made.sequences(np.arange(len(made.starts))), channels)  # each for itself
    apart = np.arange(len(windows)) * made.length
    fronted = replace(made, samples=windows.reshape(-1, windows.shape[-1]), starts=apart)
    fitted, scaling = fit_gestures(fronted, config, lambda _: None)
    windows, targets = made.part("test")
    gestures = [i for i, label in enumerate(made.labels) if label != config.data.background]
    shown = np.isin(targets, gestures)  # gestures come first: see make_dataset
    random = np.random.default_rng(config.fit.seed)

    def right(asked: Float32) -> tuple[int, int]:
        scaled = scale(front(asked, channels), scaling)
        scores: Any = fitted.model.predict(scaled, verbose=0)  # [n, K]
        called, named = scores.argmax(axis=1), scores[:, gestures].argmax(axis=1)
        return int((called == targets).sum()), int((named == targets)[shown].sum())

    upright = right(windows)
    shaken = [right(rotate_windows(windows, channels, TURN_DEG, random)) for _ in range(TURNS)]
    means = np.mean(shaken, axis=0).tolist()
    return Asked(len(targets), upright[0], int(shown.sum()), upright[1], *means)


def _as_it_is(windows: Float32, _channels: Sequence[str]) -> Float32:
    return windows


if __name__ == "__main__":
    main()
