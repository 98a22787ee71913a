"""Every file in configs/, dry: its data are read, split and cut, and its network learns a step."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from pipeline.config.budget import load_budget
from pipeline.config.gesture_settings import DecisionConfig, GestureConfig, load_gesture_config
from pipeline.config.sections import SECTIONS, ConvolutionalConfig, kinds_of
from pipeline.core.artifacts import NO_TARGET, Recording, SequenceDataset
from pipeline.core.errors import PipelineError
from pipeline.datasets.catalogue import CATALOGUE
from pipeline.datasets.fetch import fetch_dataset
from pipeline.datasets.protocols import protocol_folds
from pipeline.datasets.recordings import load_recordings
from pipeline.datasets.windows import make_dataset
from pipeline.training.gesture_task import fit_gestures
from pipeline.training.models import check_hop, nearest_window
from pipeline.workflows.train import load_task_config

PROJECT = Path(__file__).resolve().parent.parent.parent
BOARDS = [PROJECT / "configs" / "nano33ble.yaml"]  # budgets; all others are trained with
TRAINED_WITH = sorted(set((PROJECT / "configs").glob("*.yaml")) - set(BOARDS))
CONFIGS = [path for path in TRAINED_WITH if load_task_config(path).task == "gesture"]
NOWHERE = "http://127.0.0.1:9"  # the discard port: nobody listens

pytestmark = pytest.mark.xdist_group("tensorflow")


@pytest.fixture(scope="session")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fetched")


def dataset_of(path: Path, fetched: Path, shared_data: Path) -> Path:
    """What ships, or a published dataset from the shared folder or an earlier download."""
    if path.name not in {entry.name for entry in CATALOGUE}:
        return PROJECT / path
    if not (fetched / path.name).exists():
        try:
            fetch_dataset(path.name, shared_data, fetched / path.name)
        except PipelineError as error:
            pytest.skip(f"{error.what} `gesture data get {path.name}` keeps it for the tests")
    return fetched / path.name


@cache
def last_fold(folder: Path, config: GestureConfig) -> tuple[list[Recording], SequenceDataset]:
    """The same windows serve all networks."""
    recordings = load_recordings(folder)
    folds = protocol_folds(recordings, config, "lopo")
    people = {recording.person for recording in recordings}
    assert len(folds) == len(people) > 1
    return recordings, make_dataset(recordings, folds[-1])


def a_step_of(dataset: SequenceDataset) -> SequenceDataset:
    """Few windows of each part, of every label."""
    splits = {part: some[:: max(len(some) // 32, 1)] for part, some in dataset.splits.items()}
    return replace(dataset, splits=splits)


def one_step(config: GestureConfig) -> GestureConfig:
    return config.model_copy(update={"fit": config.fit.model_copy(update={"epochs": 1})})


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
def test_a_shipped_budget_is_one_of_a_board(path: Path) -> None:
    budget = load_budget(path)
    assert 0 < budget.ram_bytes <= 256 * 1024
    assert 0 < budget.flash_bytes <= 1024 * 1024


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_shipped_config_has_people_it_can_leave_out_and_a_network_that_fits(
    path: Path, fetched: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for scheme in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(scheme, NOWHERE)
    config = load_gesture_config(path)
    recordings, dataset = last_fold(
        dataset_of(config.data.path, fetched, shared_data),
        config.model_copy(update={"model": ConvolutionalConfig(), "decision": DecisionConfig()}),
    )
    person_of = {recording.name: recording.person for recording in recordings}
    names = {
        part: {dataset.groups[index] for index in indices}
        for part, indices in dataset.splits.items()
    }
    assert len({person_of[name] for name in names["test"]}) == 1
    assert not names["train"] & names["validation"]
    assert not (names["train"] | names["validation"]) & names["test"]
    asked = names if config.split.validation else ("train", "test")
    for part in asked:
        shown = set(dataset.part(part)[1].ravel().tolist()) - {NO_TARGET}
        assert shown == set(range(len(dataset.labels)))
    fitted, _ = fit_gestures(a_step_of(dataset), one_step(config), lambda _: None)
    assert len(fitted.epochs) == 1
    assert np.isfinite(fitted.epochs[0].loss)
    assert fitted.model.output_shape == (None, len(dataset.labels))


def test_every_kind_of_network_has_a_shipped_config() -> None:
    shipped = {load_gesture_config(path).model.kind for path in CONFIGS}
    kinds = {kind for section in SECTIONS for kind in kinds_of(section)}
    assert kinds - shipped == {"simple_rnn"}, "worse than a GRU of its cost: docs/models.md"


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_config_fits_its_network(path: Path) -> None:
    shipped = load_gesture_config(path)
    check_hop(shipped.model, shipped.window.hop)
    assert nearest_window(shipped.model, shipped.window.length) == shipped.window.length
