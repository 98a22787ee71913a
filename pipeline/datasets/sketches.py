"""The dataset of drawings: moves of a pen, from an .npz file without pickled objects."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from pipeline.config.sketch_settings import SketchAugmentConfig, SketchConfig
from pipeline.core.artifacts import Float32
from pipeline.core.errors import UsageError
from pipeline.core.files import unzipped, why_missing
from pipeline.core.sketches import SketchDataset, side

FEWEST_DRAWINGS = 10  # of training
PARTS = {"train": "train", "valid": "validation", "test": "test"}  # by their name in the file
NEEDED = [f"{part}_{what}" for part in PARTS for what in ("points", "starts")]
LARGEST_MOVE = 1e6  # in the unit of the file


def sketch_dataset(config: SketchConfig) -> SketchDataset:
    """Read drawings in the parts that the file has, and change copies of those of training."""
    path, most = config.data.path, config.data.max_points
    arrays = _load(path)
    whole = {name: _drawings(path, arrays, part) for part, name in PARTS.items()}
    drawings = {
        name: [drawing for drawing in part if len(drawing) <= most] for name, part in whole.items()
    }
    left_out = sum(map(len, whole.values())) - sum(map(len, drawings.values()))
    _require_enough(path, drawings)
    return SketchDataset(
        drawings=drawings,
        augmented=_augmented(drawings["train"], config.augment),
        scale=_scale(path, drawings["train"]),
        size=float(np.median([side(drawing) for drawing in drawings["train"]])),
        fingerprint=_fingerprint(arrays),
        split_note="the drawings of the test part of the file",
        note=f"{left_out} drawings of {path} have more than {most} points and are left out."
        if left_out
        else "",
    )


def _load(path: Path) -> dict[str, NDArray[Any]]:
    if not path.is_file():
        raise UsageError(
            f"There is no file of drawings {path}.",
            why_missing(path, "file", "the path is misspelt, or relative to another folder"),
            "set data.path to an .npz file; docs/sketch.md says what is in it",
        )
    try:
        with np.load(unzipped(path)) as content:
            missing = [name for name in NEEDED if name not in content]
            if missing:
                raise _unusable(path, f"it has no {', '.join(missing)}")
            return {name: content[name] for name in NEEDED}
    except UsageError:
        raise
    except Exception as error:  # a damaged zip raises ten kinds
        raise _unusable(path, _reason(error)) from None


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    if "allow_pickle" in text:
        return "it has pickled objects, which could run any program when they are read"
    return text or type(error).__name__


def _drawings(path: Path, arrays: Mapping[str, NDArray[Any]], part: str) -> list[Float32]:
    """The drawings of a part: moves [n, 3] each."""
    points, starts = arrays[f"{part}_points"], arrays[f"{part}_starts"]
    numbers = (np.integer, np.floating)
    if points.ndim != 2 or points.shape[1] != 3 or not issubclass(points.dtype.type, numbers):
        shape = f"{points.dtype} {list(points.shape)}"
        raise _unusable(path, f"{part}_points is {shape}, not [N, 3] numbers")
    if starts.ndim != 1 or not issubclass(starts.dtype.type, np.integer):
        raise _unusable(path, f"{part}_starts is no list of whole numbers")
    if (
        not len(starts)
        or starts[0] != 0
        or starts[-1] != len(points)
        or (np.diff(starts) < 1).any()
    ):
        raise _unusable(
            path, f"{part}_starts do not rise from 0 to the {len(points)} rows of {part}_points"
        )
    if not (np.abs(points[:, :2].astype(np.float64)) <= LARGEST_MOVE).all():
        raise _unusable(path, f"{part}_points has moves that are no numbers, or beyond a million")
    if not np.isin(points[:, 2], (0, 1)).all():
        raise _unusable(path, f"the third column of {part}_points is not 0 or 1 everywhere")
    drawings: list[Float32] = np.split(points.astype(np.float32), starts[1:-1])
    return drawings


def _unusable(path: Path, fault: str) -> UsageError:
    return UsageError(
        f"{path} is no file of drawings: {fault}.",
        "the file is damaged, or of another kind; the published files of sketch-rnn have pickled "
        "objects",
        "docs/sketch.md says what is in it, and how to make it of drawings of yours or a published "
        "file",
    )


def _require_enough(path: Path, drawings: Mapping[str, Sequence[Float32]]) -> None:
    for name, part in drawings.items():
        fewest = FEWEST_DRAWINGS if name == "train" else 1
        if len(part) < fewest:
            raise UsageError(
                f"{path} has {len(part)} drawings for {name}; {fewest} are needed at least.",
                "possibly the others have more points than data.max_points",
                "add drawings, or set data.max_points higher",
            )


def _scale(path: Path, drawings: Sequence[Float32]) -> float:
    scale = float(np.concatenate(drawings)[:, :2].std())
    if scale == 0:
        raise _unusable(path, "no pen moves in train_points")
    return scale


def _fingerprint(arrays: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name in NEEDED:
        digest.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()


def _augmented(drawings: Sequence[Float32], config: SketchAugmentConfig) -> list[Float32]:
    random = np.random.default_rng(config.seed)
    return [
        _changed(drawing, config, random) for _ in range(config.passes - 1) for drawing in drawings
    ]


def _changed(drawing: Float32, config: SketchAugmentConfig, random: Generator) -> Float32:
    """Another scale of each axis, and fewer points: a move is added to the one before it."""
    factors = np.append(1 + config.scale * random.uniform(-1, 1, 2), 1)
    within = drawing[:, 2] == 0
    within[0] = False  # it has none before it
    within[1:] &= drawing[:-1, 2] == 0
    dropped = within & (random.random(len(drawing)) < config.drop)
    places = np.flatnonzero(~dropped)
    moves: Float32 = np.add.reduceat(drawing, places, axis=0) * factors
    return moves.astype(np.float32)
