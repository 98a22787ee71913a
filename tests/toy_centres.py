"""A model with centres whose points can be worked out by hand: the mean of each channel."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.conversion.centres_source import centres_source
from pipeline.conversion.contract_source import contract_source
from pipeline.core.artifacts import EMBEDDING_DIMENSIONS, GestureEmbedding, Int8, Recording
from pipeline.core.centres import Centres, quantized_centres
from pipeline.core.contract import FeatureScale
from pipeline.core.enrolment import LEARNED
from pipeline.core.files import save_text_files
from tests.tiny_model import CONTRACT, RATE_HZ, WINDOW, swings

NETWORK = Path(__file__).parent / "fixtures" / "toy_centres_model"
FEATURES = (FeatureScale(4, 1 / 64, 0), FeatureScale(2, 1 / 64, 0))
PLACES = np.array([[0, 0], [1.5, 0], [-1.5, 0]])  # of ax and ay: idle, up, down


def toy_centres() -> Centres:
    """Points that are the means of the six channels, a step for each 1.5 / 127 of them."""
    matrix = np.zeros((EMBEDDING_DIMENSIONS, 6))
    matrix[:6, :6] = np.eye(6)
    centres = np.zeros((3, EMBEDDING_DIMENSIONS))
    centres[:, :2] = PLACES
    embedding = GestureEmbedding(
        matrix, np.zeros(EMBEDDING_DIMENSIONS), centres, np.arange(3), 0.05
    )
    assert CONTRACT.decision is not None
    policy = CONTRACT.decision.model_copy(
        update={"thresholds": (0.5,) * (len(CONTRACT.labels) + LEARNED)}
    )
    return quantized_centres(embedding, FEATURES, background=0, policy=policy)


def features_of(inputs: Int8) -> Int8:
    """What model_network.c keeps of windows int8 [n, WINDOW * 6]: int8 [n, 6]."""
    sums = inputs.reshape(len(inputs), WINDOW, 6).astype(np.int64).sum(axis=1)
    towards_zero = np.abs(sums) // WINDOW * np.sign(sums)
    means: Int8 = towards_zero.astype(np.int8)
    return means


def write_toy_centres(folder: Path) -> Path:
    """The model as `gesture convert` would leave it."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in NETWORK.iterdir():
        shutil.copy(file, folder)
    save_text_files(folder, contract_source(CONTRACT, 0, LEARNED))
    save_text_files(folder, centres_source(toy_centres(), FEATURES, CONTRACT.labels))
    return folder


def moves(levels_g: list[float], axis: int) -> Recording:
    """Rest, then to each level of an axis and back in a sixth of a second, with rest between."""
    parts = [np.zeros(150)]
    for level_g in levels_g:
        parts += [level_g * np.sin(np.linspace(0, np.pi, 16)) ** 0.2, np.zeros(150)]
    level = np.concatenate(parts)
    samples = np.random.default_rng(5).normal(0, 0.02, (len(level), 6))
    samples[:, axis] += level
    samples[:, 3:] *= 100
    return replace(
        swings(len(level) / RATE_HZ), samples=(np.rint(samples * 1000) / 1000).astype(np.float32)
    )
