"""The embedding: takes of one gesture lie close together, whatever the network has for features."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.config.gesture_settings import GestureConfig, load_gesture_config
from pipeline.core.artifacts import (
    EMBEDDING_DIMENSIONS,
    Float32,
    GestureEmbedding,
    Int32,
    SequenceDataset,
)
from pipeline.core.errors import PipelineError
from pipeline.core.project import CONFIGS, PROJECT
from pipeline.datasets.recordings import load_recordings
from pipeline.datasets.windows import make_dataset
from pipeline.training.embedding import (
    BACKGROUND_CENTRES,
    embed_gestures,
    features_of,
    fit_embedding,
    k_means,
    squared_distances,
)
from pipeline.training.gesture_task import fit_gestures
from pipeline.training.training_data import scale

pytestmark = pytest.mark.xdist_group("tensorflow")

SAMPLE = PROJECT / "data" / "sample"
REST = 3


def clusters(features: int, seed: int = 1, spread: float = 1.0) -> tuple[Float32, Int32]:
    """Three gestures and a background, each made in its own way, more or less strongly."""
    random = np.random.default_rng(0)
    ways, strength = random.normal(size=(REST + 1, features)), random.normal(size=features)
    random = np.random.default_rng(seed)
    targets = np.repeat(np.arange(REST + 1), 200).astype(np.int32)
    points = ways[targets] + spread * random.normal(size=(len(targets), 1)) * strength
    points += 0.2 * random.normal(size=points.shape)
    return points.astype(np.float32), targets


def nearest(embedding: GestureEmbedding, features: Float32) -> Int32:
    distances = squared_distances(embedding.of(features), embedding.centres)
    return embedding.classes[distances.argmin(axis=1)].astype(np.int32)


@pytest.mark.parametrize("features", [5, 60])
def test_windows_lie_nearest_to_the_centre_of_their_class(features: int) -> None:
    embedding = fit_embedding(*clusters(features), REST)
    others, targets = clusters(features, seed=2)
    assert np.mean(nearest(embedding, others) == targets) > 0.97
    assert embedding.matrix.shape == (EMBEDDING_DIMENSIONS, features)


def test_what_gestures_scatter_by_counts_little() -> None:
    """How strongly a gesture is made says nothing of which one it is."""
    features, targets = clusters(60, spread=8.0)
    of_features = np.array([features[targets == label].mean(axis=0) for label in range(REST + 1)])
    raw = squared_distances(features, of_features).argmin(axis=1)
    embedding = fit_embedding(features, targets, REST)
    assert np.mean(raw == targets) < 0.8
    assert np.mean(nearest(embedding, features) == targets) > 0.97


def test_rounding_to_int8_moves_no_point_far() -> None:
    """A feature that hardly varies would get a weight so large that the others were rounded off."""
    features, targets = clusters(60)
    features[:, 0] = 5 + features[:, 0] * 1e-3
    embedding = fit_embedding(features, targets, REST)
    steps = np.maximum(np.abs(embedding.matrix).max(axis=1), 1e-12) / 127
    rounded = np.rint(embedding.matrix / steps[:, np.newaxis]) * steps[:, np.newaxis]
    moved = features @ (rounded - embedding.matrix).T
    assert np.square(moved).sum(axis=1).mean() < 0.05 * embedding.own


def test_fewer_features_than_dimensions_leave_zeros() -> None:
    features, targets = clusters(5)
    embedding = fit_embedding(features, targets, REST)
    assert not embedding.matrix[5:].any()
    assert not embedding.of(features)[:, 5:].any()
    assert np.all(embedding.matrix[:5].any(axis=1))


def test_a_feature_that_never_varies_does_no_harm() -> None:
    features, targets = clusters(5)
    features[:, 4] = 7
    embedding = fit_embedding(features, targets, REST)
    assert np.mean(nearest(embedding, features) == targets) > 0.9


def test_without_background_there_are_only_centres_of_gestures() -> None:
    features, targets = clusters(5)
    gestures = targets != REST
    embedding = fit_embedding(features[gestures], targets[gestures], REST)
    assert embedding.classes.tolist() == [0, 1, 2]


def test_few_background_windows_have_few_centres() -> None:
    points = np.arange(6.0).reshape(3, 2)
    assert sorted(k_means(points, BACKGROUND_CENTRES).tolist()) == points.tolist()
    assert len(k_means(points[:0], BACKGROUND_CENTRES)) == 0


def test_a_file_gives_back_what_was_saved(tmp_path: Path) -> None:
    features, targets = clusters(5)
    saved = fit_embedding(features, targets, REST)
    saved.save(tmp_path / "one.npz")
    again = GestureEmbedding.load(tmp_path / "one.npz")
    for name, value in vars(saved).items():
        np.testing.assert_array_equal(getattr(again, name), value)
    with pytest.raises(PipelineError, match=r"two\.npz"):
        GestureEmbedding.load(tmp_path / "two.npz")


ROCKET = "model={kind: rocket, kernels: 32, dilations: [1, 2]}"
CONV = "model={kind: conv1d, convolutions: [{filters: 24, pool: 2}]}"
FEATURES = {"gesture_rocket": 2 * 32 + 32, "gesture_conv1d": 24}


def settings(name: str, network: str) -> GestureConfig:
    more = [f"data.path={SAMPLE}", "augment.passes=1", "fit.epochs=2", network]
    return load_gesture_config(CONFIGS / f"{name}.yaml", more)


@pytest.fixture(scope="module", params=[("gesture_rocket", ROCKET), ("gesture_conv1d", CONV)])
def case(request: pytest.FixtureRequest) -> tuple[str, GestureConfig, SequenceDataset]:
    name, network = request.param
    config = settings(name, network)
    return name, config, make_dataset(load_recordings(SAMPLE), config)


def test_takes_of_a_network_lie_nearest_to_their_own_gesture(
    case: tuple[str, GestureConfig, SequenceDataset],
) -> None:
    name, config, dataset = case
    fitted, scaling = fit_gestures(dataset, config, lambda _: None)
    first, again = (
        embed_gestures(fitted.model, dataset, scaling, config.data.background) for _ in range(2)
    )
    assert first is not None
    assert again is not None
    for kind, value in vars(first).items():
        np.testing.assert_array_equal(getattr(again, kind), value)
    assert first.matrix.shape[1] == FEATURES[name]
    assert set(first.classes.tolist()) == set(range(len(dataset.labels)))
    inputs, targets = dataset.part("test")
    found = nearest(first, features_of(fitted.model, scale(inputs, scaling)))
    assert np.mean(found == targets) > 0.8
