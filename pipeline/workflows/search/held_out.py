"""The recordings that a search may see, and those that test what it has found.

Nested cross-validation (Varma and Simon, BMC Bioinformatics 7, 2006): the test part of the config
is held out from the search, and each trial is scored on folds of what is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pipeline.config.gesture_settings import GestureConfig, SplitConfig
from pipeline.core.errors import UsageError
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.labels import labels_of
from pipeline.datasets.protocols import protocol_folds
from pipeline.datasets.splits import (
    choose_by,
    group_names,
    split_everyday,
    split_recordings,
    split_units,
)
from pipeline.datasets.windows import LEAKY, recorded_only, usable_recordings
from pipeline.workflows.decision import Events, outcome
from pipeline.workflows.fold import GestureData, train_fold
from pipeline.workflows.jobs.job import Job, Report


@dataclass(frozen=True)
class HeldOut:
    """A dataset of which a search does not see a part.

    Args:
        whole: all recordings; long ones that a split cuts are in pieces.
        seen: without all recordings of the test people, sessions or takes.
        test: names of the recordings of the test part.
        split: of the whole; it says what the parts are of.
        inner: of what is seen, each fold.
        labels: classes of the network.
    """

    whole: GestureData
    seen: GestureData
    test: tuple[str, ...]
    split: SplitConfig
    inner: tuple[SplitConfig, ...]
    labels: int

    @classmethod
    def of(cls, data: GestureData, config: GestureConfig) -> HeldOut:
        """Hold the test part of a config out.

        Raises:
            PipelineError: the recordings do not suffice for a split within a split.
        """
        if config.split.by == LEAKY:
            raise UsageError(
                "A search does not fit `split.by: leaky`.",
                "the test part would have pieces of takes that the search has seen",
                "set split.by to take, session or person",
            )
        usable = usable_recordings(data.recordings, config)
        recorded = recorded_only(usable)
        by = config.split.by or choose_by(recorded, config.data.background)
        split = config.split.model_copy(update={"by": by})
        cut = split_units(recorded, config.model_copy(update={"split": split})).units
        names = {one.name for one in recorded}
        # A piece is not its recording, whose hash it would keep.
        units = [one if one.name in names else replace(one, digest=b"") for one in cut]
        others = [one for one in usable if one.pulled is not None or one.everyday]
        parts = split_recordings(units, split, config.data.background)
        whole = [*units, *others]
        groups = group_names(whole, by)
        tested = {groups[index] for index in parts.test}
        daily = {id(one) for one in split_everyday(usable, config)["test"]}
        seen = [
            one
            for one, group in zip(whole, groups, strict=True)
            if group not in tested and id(one) not in daily
        ]
        within = config.model_copy(update={"split": split})
        return cls(
            GestureData(tuple(whole), data.names),
            GestureData(tuple(seen), data.names),
            tuple(units[index].name for index in parts.test),
            split,
            tuple(one.split for one in protocol_folds(seen, within, "kfold")),
            len(labels_of(usable, config)),
        )


def inner_job(config: GestureConfig, split: SplitConfig, data: str, name: str) -> Job:
    """The job that trains a trial on one of the inner folds, and scores it.

    Args:
        data: the fingerprint of what the search sees.
    """
    fold = config.model_copy(update={"split": split})
    return Job(f"{__name__}:score_fold", fold.plain(), data, config.fit.seed, name=name)


def score_fold(job: Job, data: GestureData, folder: Path, report: Report) -> Mapping[str, Any]:
    """The work of the job. Of hundreds of trials no run is kept, only these figures."""
    with TemporaryDirectory(dir=folder.parent) as place:
        run = RunFolder(Path(place) / "run")
        run.path.mkdir()
        figures = train_fold(job, data, run.path, report)
        gestures = outcome([Events.load(run.events_file)]).gestures
    return {"f1": gestures.f1, "int8": figures["int8"], "windows": figures["windows"]}
