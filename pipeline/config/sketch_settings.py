"""Settings of `task: sketch`: drawings, a pen's move at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline.config.sections import (
    MOST_SAMPLES,
    ClipNorm,
    Dropout,
    Epochs,
    FitConfig,
    LearningRate,
    Section,
    Seed,
    Share,
    TaskConfig,
    Units,
)


class SketchDataConfig(Section):
    """The drawings."""

    path: Path = Field(
        description="an .npz file with train_points [N, 3] (dx, dy, pen lifted), train_starts, and "
        "the same of valid and test"
    )
    max_points: int = Field(
        250, gt=1, le=MOST_SAMPLES, description="longer drawings are left out, and none is drawn"
    )


class SketchAugmentConfig(Section):
    """Random changes of the drawings of training (Ha and Eck 2017, arXiv:1704.03477)."""

    passes: int = Field(
        4,
        gt=0,
        le=100,
        description="how often an epoch has each drawing; all but the first time it is changed",
    )
    scale: float = Field(
        0.1, ge=0, lt=1, description="wider and higher, or less so, at most by this share"
    )
    drop: Share = Field(0.1, description="chance of a point within a stroke to be left out")
    seed: Seed = 1


class SketchModelConfig(Section):
    """A recurrent network whose outputs are a mixture of normal distributions of the next move."""

    kind: Literal["gru", "lstm"] = Field("lstm", description="which cell")
    units: Units = (256,)
    dropout: Dropout = 0.1
    mixtures: int = Field(20, gt=0, le=100, description="normal distributions of the next move")
    latent: int = Field(
        0,
        ge=0,
        le=1024,
        description="values by which an encoder describes a whole drawing, for the network to draw "
        "it; 0: no encoder",
    )
    encoder: Units = Field(
        (128,), description="units of the layers of the encoder, which reads from both ends"
    )
    kl_weight: float = Field(
        0.5, ge=0, le=100, description="how much the divergence of the latent values counts"
    )
    kl_floor: float = Field(
        0.2, ge=0, le=100, description="below it the divergence costs nothing, in nats a value"
    )


class SketchFitConfig(FitConfig):
    """How a sketch network is fitted."""

    epochs: Epochs = 10
    learning_rate: LearningRate = 0.003
    clip_norm: ClipNorm = 1.0


class SketchConfig(TaskConfig):
    """A config of `task: sketch`."""

    task: Literal["sketch"] = Field("sketch", description="which task")
    data: SketchDataConfig
    augment: SketchAugmentConfig = SketchAugmentConfig()
    model: SketchModelConfig = SketchModelConfig()
    fit: SketchFitConfig = SketchFitConfig()
