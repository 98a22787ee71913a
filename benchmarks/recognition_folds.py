"""Folds of the catalogue's datasets, trained once and kept in build/recognition."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.chain import RECORDINGS, ROOT
from pipeline.datasets.fetching import fetch_dataset
from pipeline.stages.evaluation import ProtocolScore, evaluate

WORK = ROOT / "build" / "recognition"


def dataset(name: str) -> Path:
    """The folder of a dataset of the catalogue, fetched unless it is there."""
    folder = WORK / "data" / name
    if not folder.is_dir():
        fetch_dataset(name, RECORDINGS, folder)
    return folder


def judged(name: str, config: str, protocol: str, settings: Sequence[str] = ()) -> ProtocolScore:
    """A dataset by one protocol, with configs/`config`.yaml."""
    path = f"data.path={dataset(name)}"
    file = ROOT / "configs" / f"{config}.yaml"
    evaluation = evaluate(file, [path, *settings], [protocol], print, WORK)
    return evaluation.protocols[0]
