"""A fold as a job: a model is trained without a part of the recordings, and tested on it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.config.gesture_settings import GestureConfig
from pipeline.core.artifacts import Recording
from pipeline.core.files import load_json
from pipeline.core.original_names import OriginalNames, load_names
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.recordings import fingerprint, training_recordings
from pipeline.training.fit import Epoch
from pipeline.workflows.convert import convert_locked
from pipeline.workflows.jobs.job import Job, Report
from pipeline.workflows.train import train_on


@dataclass(frozen=True)
class GestureData:
    """The recordings that a config names, and what people wrote for their names."""

    recordings: tuple[Recording, ...]
    names: OriginalNames

    @classmethod
    def load(cls, config: GestureConfig) -> GestureData:
        """Read the dataset of a config."""
        return cls(tuple(training_recordings(config)), load_names(config.data.path))

    def fingerprint(self) -> str:
        """SHA-256 of the recordings, and of their names where they have any."""
        recordings = fingerprint(self.recordings)
        if not self.names.texts:
            return recordings
        texts = repr(sorted((kind, sorted(of.items())) for kind, of in self.names.texts.items()))
        return hashlib.sha256(f"{recordings} {texts}".encode()).hexdigest()


def fold_job(config: GestureConfig, data: str, name: str) -> Job:
    """The job of a fold.

    Args:
        config: which says what is held out.
        data: the fingerprint of a GestureData.
        name: for people.
    """
    return Job(f"{__name__}:train_fold", config.plain(), data, config.fit.seed, name=name)


def train_fold(job: Job, data: GestureData, folder: Path, report: Report) -> Mapping[str, Any]:
    """The work of a fold: a converted run with its scores and events, and its accuracies."""
    run = RunFolder(folder)
    config = GestureConfig.model_validate(job.config)

    def on_epoch(epoch: Epoch) -> None:
        report(f"epoch {epoch.number} of at most {epoch.of}", epoch.number / epoch.of)

    report("training", 0.0)
    if data.names.texts:
        data.names.save(folder)
    trained = train_on(data.recordings, config, run, on_epoch)
    converted = convert_locked(run, None, lambda step: report(step, 0.0))
    return {
        "float": trained.accuracy,
        "int8": converted.int8_accuracy,
        "how": converted.decided and converted.decided.how,
        "test": load_json(run.splits_file, "train")["test"],
        "windows": trained.test_windows,
    }
