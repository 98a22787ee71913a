"""Datasets of the catalogue, and configs trained on them: each made once and kept in build.

What was published lies outside the project: `gesture data get` has it from the folder that
GESTURE_DATA names, ../shared/data where it is not set.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.core.run_folder import RunFolder
from pipeline.datasets.fetch import fetch_dataset
from pipeline.workflows import train
from pipeline.workflows.run_facts import optional_json
from pipeline.workflows.train import load_task_config

if TYPE_CHECKING:
    from pipeline.training.fit import Epoch

ROOT = Path(__file__).resolve().parent.parent
RECORDINGS = Path(os.environ.get("GESTURE_DATA", ROOT.parent / "shared" / "data"))
FETCHED = ROOT / "build" / "recognition" / "data"


def dataset(name: str) -> Path:
    """The folder of a dataset of the catalogue, fetched unless it is there."""
    folder = FETCHED / name
    if not folder.is_dir():
        fetch_dataset(name, RECORDINGS, folder)
    return folder


def trained(
    config: str,
    settings: Sequence[str],
    path: Path,
    on_epoch: Callable[[Epoch], None] = lambda _: None,
) -> RunFolder:
    """The run at `path` of configs/`config`.yaml: trained, unless it is there with these settings.

    One of other settings is deleted.
    """
    run, file = RunFolder(path), ROOT / "configs" / f"{config}.yaml"
    contract = optional_json(run.contract_file, "train")
    if contract is None or contract["hashes"]["config"] != load_task_config(file, settings).hash():
        shutil.rmtree(path, ignore_errors=True)
        train.train(file, settings, path, on_epoch)
    return run
